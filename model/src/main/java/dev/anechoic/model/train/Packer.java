package dev.anechoic.model.train;

import dev.anechoic.model.transformer.Streams;
import dev.anechoic.tensor.Philox;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns documents into rows of T inputs and T targets, for ever, in an order that depends on the
 * seed alone. A new epoch is a new order.
 *
 * <p>{@link Mode#WHOLE} keeps documents in one piece: of the next {@value #WINDOW} it puts the
 * longest that still fits into the row, until none fits, and masks the rest; a row so begins with a
 * question, as a prompt does, and little is wasted. {@link Mode#CHUNK} cuts the endless text into
 * rows, as OLMo and the paper do. Either way a target is the next token, also from one document to
 * the next, and attention sees the whole row. {@link Mode#SINGLE} gives each document its own row.
 */
public final class Packer {
  /** How documents share rows. */
  public enum Mode {
    /**
     * Each document has a row to itself, longest first: attention never sees another document, as
     * it never does when a question is answered, and no format is favoured at any place of a row.
     */
    SINGLE,
    /** Documents stay in one piece; one longer than a row is cut at its end. */
    WHOLE,
    /** Documents run on from row to row. */
    CHUNK
  }

  /**
   * Where a packer stands; enough to go on from.
   *
   * @param epoch times that all documents were taken
   * @param next place in the epoch's order
   * @param offset tokens already taken of the document under way (chunks)
   * @param window documents waiting for a row (whole)
   */
  public record Position(int epoch, int next, int offset, List<Integer> window) {
    public static final Position START = new Position(0, 0, 0, List.of());
  }

  /** A target without loss. */
  public static final int MASKED = -1;

  private static final int WINDOW = 64;

  private final Documents documents;
  private final Mode mode;
  private final long seed;
  private final int time;
  private final int[] order;
  private final int[] row;
  private final int[] window = new int[WINDOW];
  private int[] batch = {};
  private int waiting;
  private int epoch;
  private int next;
  private int offset;

  /**
   * @param time inputs per row (T)
   */
  public Packer(Documents documents, Mode mode, int time, long seed) {
    if (documents.count() == 0) {
      throw new IllegalArgumentException("there are no documents to pack");
    }
    this.documents = documents;
    this.mode = mode;
    this.seed = seed;
    this.time = time;
    order = new int[documents.count()];
    row = new int[time + 1];
    shuffle();
  }

  /** Fisher-Yates with addressed numbers. */
  private void shuffle() {
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    for (int i = order.length - 1; i > 0; i--) {
      int j = Philox.below(i + 1, seed, Streams.SHUFFLE, epoch, 0, i);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
  }

  /**
   * Fills {@code rows} rows.
   *
   * @param inputs at least rows * T long; token 0 where there is none
   * @param targets at least rows * T long; {@link #MASKED} where there is none
   * @return targets that are not masked
   */
  public int fill(int[] inputs, int[] targets, int rows) {
    int taken = 0;
    if (mode == Mode.SINGLE) {
      takeLongestFirst(rows);
    }
    for (int r = 0; r < rows; r++) {
      int length =
          switch (mode) {
            case SINGLE -> singleRow(r);
            case WHOLE -> wholeRow();
            case CHUNK -> chunkRow();
          };
      int at = r * time;
      for (int t = 0; t < time; t++) {
        inputs[at + t] = t < length - 1 ? row[t] : 0;
        targets[at + t] = t < length - 1 ? row[t + 1] : MASKED;
      }
      taken += length - 1;
    }
    return taken;
  }

  /**
   * The next documents in order, then sorted by length: rows of like length share a micro-batch.
   */
  private void takeLongestFirst(int rows) {
    if (batch.length != rows) {
      batch = new int[rows];
    }
    for (int r = 0; r < rows; r++) {
      int document = take();
      int at = r;
      while (at > 0 && documents.length(batch[at - 1]) < documents.length(document)) {
        batch[at] = batch[at - 1];
        at--;
      }
      batch[at] = document;
    }
  }

  private int singleRow(int r) {
    int count = Math.min(documents.length(batch[r]), row.length);
    documents.copy(batch[r], 0, count, row, 0);
    return count;
  }

  /** Fills the row with whole documents; returns its length, at most T + 1. */
  private int wholeRow() {
    int length = 0;
    while (true) {
      while (waiting < Math.min(WINDOW, order.length)) {
        window[waiting++] = take();
      }
      int best = longestThatFits(length == 0 ? Integer.MAX_VALUE : row.length - length);
      if (best < 0) {
        return length;
      }
      int document = window[best];
      int count = Math.min(documents.length(document), row.length - length);
      documents.copy(document, 0, count, row, length);
      length += count;
      System.arraycopy(window, best + 1, window, best, waiting - best - 1);
      waiting--;
    }
  }

  /** Index in the window, or -1; the oldest document starts a row, so that none waits for ever. */
  private int longestThatFits(int room) {
    if (room == Integer.MAX_VALUE) {
      return 0;
    }
    int best = -1;
    for (int i = 0; i < waiting; i++) {
      int length = documents.length(window[i]);
      if (length <= room && (best < 0 || length > documents.length(window[best]))) {
        best = i;
      }
    }
    return best;
  }

  /** Fills the row with the running text; the last token opens the next row as well. */
  private int chunkRow() {
    int length = 0;
    while (length < row.length) {
      int document = order[next];
      int count = Math.min(documents.length(document) - offset, row.length - length);
      documents.copy(document, offset, count, row, length);
      length += count;
      offset += count;
      if (offset == documents.length(document) && length < row.length) {
        offset = 0;
        take();
      }
    }
    offset--;
    return length;
  }

  /** The next document in order; a new epoch shuffles anew. */
  private int take() {
    int document = order[next++];
    if (next == order.length) {
      next = 0;
      epoch++;
      shuffle();
    }
    return document;
  }

  public int epoch() {
    return epoch;
  }

  /** Where it stands, to be stored with a checkpoint. */
  public Position position() {
    List<Integer> held = new ArrayList<>();
    for (int i = 0; i < waiting; i++) {
      held.add(window[i]);
    }
    return new Position(epoch, next, offset, held);
  }

  /** Goes on from a stored position over the same documents and seed. */
  public void restore(Position position) {
    epoch = position.epoch();
    next = position.next();
    offset = position.offset();
    waiting = 0;
    for (int document : position.window()) {
      window[waiting++] = document;
    }
    shuffle();
  }
}
