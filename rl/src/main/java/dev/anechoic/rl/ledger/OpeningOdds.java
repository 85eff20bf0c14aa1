package dev.anechoic.rl.ledger;

import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Embedding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Log-odds from the exact probability of each format's opening up to its deciding token:
 *
 * <pre>
 * P = Π_j p_j        1 − P = Σ_j (Π_{i&lt;j} p_i) (1 − p_j)        ℓ = ln P − ln(1 − P)
 * ∂ℓ/∂z_j = (e_j − softmax(z_j)) / ((1 − P) T)
 * </pre>
 *
 * <p>with z_j the logits that choose the j-th token of the opening and T the temperature. Both
 * lines are evaluated on the host in double, 1 − p as a sum over the other tokens, so that a format
 * near probability 1 keeps its digits. One forward pass over the prompts serves all formats; a
 * gradient costs a backward pass per format.
 */
final class OpeningOdds implements FormatOdds {
  /** Tokens of one pass, padding included: as in the micro-batches of training. */
  private static final int PASS_TOKENS = 1024;

  private final Transformer model;
  private final Backend backend;
  private final double temperature;
  private final int formats;
  private final int prompts;
  private final List<Chunk> chunks = new ArrayList<>();
  private final Arena activations;
  private final Arena data;
  private final Tape tape;

  /** The tokens of one format's opening at one prompt: rows of the chunk's logits, and tokens. */
  private record Query(int format, int[] rows, int[] tokens) {}

  /** Some prompts in one pass. */
  private record Chunk(List<int[]> sequences, List<int[]> rows, List<Query> queries) {
    /** Index of the logits after {@code position} tokens of a context, made where it is new. */
    int row(int[] context, int position) {
      int sequence = sequence(context);
      for (int r = 0; r < rows.size(); r++) {
        if (rows.get(r)[0] == sequence && rows.get(r)[1] == position) {
          return r;
        }
      }
      rows.add(new int[] {sequence, position});
      return rows.size() - 1;
    }

    private int sequence(int[] context) {
      for (int s = 0; s < sequences.size(); s++) {
        if (Arrays.equals(sequences.get(s), context)) {
          return s;
        }
      }
      sequences.add(context);
      return sequences.size() - 1;
    }

    int time() {
      return sequences.stream().mapToInt(s -> s.length).max().orElse(0);
    }
  }

  /**
   * @param prompts token ids, none empty
   * @param openings which {@link Openings#separate}
   */
  OpeningOdds(
      Transformer model,
      List<int[]> prompts,
      Openings openings,
      double temperature,
      MemoryLedger ledger) {
    this.model = model;
    this.temperature = temperature;
    this.formats = openings.count();
    this.prompts = prompts.size();
    backend = model.backend();
    activations = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger);
    data = new Arena(backend, Arena.Tag.DATA, ledger);
    tape = new Tape(activations);
    for (int[] prompt : prompts) {
      Chunk last = chunks.isEmpty() ? newChunk() : chunks.getLast();
      int time = Math.max(last.time(), prompt.length + openings.count());
      boolean full = (last.sequences.size() + openings.count()) * time > PASS_TOKENS;
      add(full && !last.queries.isEmpty() ? newChunk() : last, prompt, openings);
    }
  }

  private Chunk newChunk() {
    Chunk chunk = new Chunk(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    chunks.add(chunk);
    return chunk;
  }

  private static void add(Chunk chunk, int[] prompt, Openings openings) {
    for (int f = 0; f < openings.count(); f++) {
      int[] tokens = openings.decided(f);
      int[] context = Arrays.copyOf(prompt, prompt.length + tokens.length - 1);
      System.arraycopy(tokens, 0, context, prompt.length, tokens.length - 1);
      int[] rows = new int[tokens.length];
      for (int j = 0; j < rows.length; j++) {
        rows[j] = chunk.row(context, prompt.length - 1 + j);
      }
      chunk.queries.add(new Query(f, rows, tokens));
    }
  }

  @Override
  public double[] logOdds() {
    double[] sums = new double[formats];
    boolean recording = tape.setRecording(false);
    for (Chunk chunk : chunks) {
      Tensor logits = forward(chunk);
      double[] z = logits.toDoubles();
      for (Query query : chunk.queries) {
        sums[query.format] += odds(query, z, logits.columns()).logOdds() / prompts;
      }
      tape.reset();
    }
    tape.setRecording(recording);
    return sums;
  }

  @Override
  public double[] withGradients(List<Tensor> gradients) {
    gradients.forEach(gradient -> backend.fill(gradient, 0));
    double[] sums = new double[formats];
    try (RedirectedGradient redirected = new RedirectedGradient(model.parameters().flat())) {
      for (Chunk chunk : chunks) {
        Tensor logits = forward(chunk);
        double[] z = logits.toDoubles();
        for (int f = 0; f < formats; f++) {
          double[] seed = new double[z.length];
          for (Query query : chunk.queries) {
            if (query.format == f) {
              sums[f] += seed(query, z, logits.columns(), seed) / prompts;
            }
          }
          redirected.to(gradients.get(f));
          tape.backward(logits, data.of(seed, logits.dim(0), logits.columns()));
        }
        tape.reset();
      }
    }
    return sums;
  }

  /** Logits [R,V] of the rows of a chunk. */
  private Tensor forward(Chunk chunk) {
    data.reset();
    int time = chunk.time();
    int[] tokens = new int[chunk.sequences.size() * time];
    for (int s = 0; s < chunk.sequences.size(); s++) {
      int[] sequence = chunk.sequences.get(s);
      System.arraycopy(sequence, 0, tokens, s * time, sequence.length);
    }
    int[] rows = chunk.rows.stream().mapToInt(r -> r[0] * time + r[1]).toArray();
    Tensor batch = data.of(tokens, chunk.sequences.size(), time);
    Tensor hidden = model.hidden(tape, batch, null);
    Tensor chosen = Embedding.forward(tape, hidden, data.of(rows, rows.length));
    return model.logits(tape, chosen);
  }

  /**
   * @param logOdds ℓ
   * @param complement 1 − P
   */
  private record Odds(double logOdds, double complement) {}

  private Odds odds(Query query, double[] z, int columns) {
    double logP = 0;
    double complement = 0;
    for (int j = 0; j < query.rows.length; j++) {
      int from = query.rows[j] * columns;
      double own = z[from + query.tokens[j]] / temperature;
      double others = logSumExpWithout(z, from, columns, query.tokens[j]);
      double all = logAdd(own, others);
      complement += Math.exp(logP + others - all);
      logP += own - all;
    }
    return new Odds(logP - Math.log(complement), complement);
  }

  /** Adds {@code ∂ℓ/∂z} over the number of prompts; returns ℓ. */
  private double seed(Query query, double[] z, int columns, double[] seed) {
    Odds odds = odds(query, z, columns);
    double scale = 1 / (odds.complement * temperature * prompts);
    for (int j = 0; j < query.rows.length; j++) {
      int from = query.rows[j] * columns;
      double others = logSumExpWithout(z, from, columns, query.tokens[j]);
      double all = logAdd(z[from + query.tokens[j]] / temperature, others);
      for (int v = 0; v < columns; v++) {
        seed[from + v] +=
            v == query.tokens[j]
                ? scale * Math.exp(others - all)
                : -scale * Math.exp(z[from + v] / temperature - all);
      }
    }
    return odds.logOdds;
  }

  private double logSumExpWithout(double[] z, int from, int columns, int token) {
    double max = Double.NEGATIVE_INFINITY;
    for (int v = 0; v < columns; v++) {
      max = v == token ? max : Math.max(max, z[from + v] / temperature);
    }
    double sum = 0;
    for (int v = 0; v < columns; v++) {
      sum += v == token ? 0 : Math.exp(z[from + v] / temperature - max);
    }
    return max + Math.log(sum);
  }

  private static double logAdd(double a, double b) {
    double max = Math.max(a, b);
    return max + Math.log1p(Math.exp(Math.min(a, b) - max));
  }

  @Override
  public void close() {
    tape.reset();
    activations.close();
    data.close();
  }
}
