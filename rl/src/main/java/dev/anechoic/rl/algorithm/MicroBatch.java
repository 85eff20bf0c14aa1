package dev.anechoic.rl.algorithm;

import dev.anechoic.model.sample.PaddedPass;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A few completions on the backend: prompts and completions side by side, right-padded, and for
 * each completion token the row of the model's output that chose it.
 *
 * <p>N here is the number of completion tokens of the batch, in the order of its sequences. Since a
 * row's bits do not depend on the batch, the grouping decides speed alone: small enough for
 * activations to stay in the cache, of similar length to waste little on padding.
 */
public final class MicroBatch implements AutoCloseable {
  /** Padded tokens per micro-batch: activations of a small model near the cache; not swept. */
  private static final int TARGET_TOKENS = 1024;

  private final Backend backend;
  private final Arena data;

  /** Where tensors stay from load to load: the extents of all batches; otherwise null. */
  private final @Nullable Extents kept;

  private final List<Tensor> keptColumns = new ArrayList<>();
  private int columnsUsed;
  private List<Trajectory> sequences = List.of();
  private int tokenCount;
  private int paddedCount;
  private Tensor tokens;
  private Tensor rows;
  private Tensor targets;

  /**
   * How large the tensors of a batch are.
   *
   * @param sequences S
   * @param time T, at least the longest input
   * @param tokens N, at least the number of completion tokens; what is past them is masked
   */
  record Extents(int sequences, int time, int tokens) {
    static Extents of(List<Trajectory> group) {
      return new Extents(
          group.size(),
          group.stream().mapToInt(MicroBatch::inputLength).max().orElse(0),
          group.stream().mapToInt(Trajectory::length).sum());
    }
  }

  /** An empty batch; {@link #load} fills it. */
  public MicroBatch(Backend backend, MemoryLedger ledger) {
    this.backend = backend;
    kept = null;
    data = new Arena(backend, Arena.Tag.DATA, ledger);
    tokens = data.tensor(DType.I32, 0, 0);
    rows = data.tensor(DType.I32, 0);
    targets = data.tensor(DType.I32, 0);
  }

  /**
   * A batch whose tensors stay where they are, for recorded work: every load has to ask for the
   * same columns in the same order.
   *
   * @param arena holds the tensors, and is closed by its owner
   */
  MicroBatch(Arena arena, Extents extents) {
    backend = arena.backend();
    kept = extents;
    data = arena;
    tokens = data.tensor(DType.I32, extents.sequences, extents.time);
    rows = data.tensor(DType.I32, extents.tokens);
    targets = data.tensor(DType.I32, extents.tokens);
  }

  /** Groups completions of similar length; the same groups for the same list. */
  public static List<List<Trajectory>> split(List<Trajectory> all) {
    List<Trajectory> sorted = new ArrayList<>(all);
    sorted.removeIf(t -> t.length() == 0);
    sorted.sort(Comparator.comparingInt(MicroBatch::inputLength).reversed());
    List<List<Trajectory>> groups = new ArrayList<>();
    int from = 0;
    while (from < sorted.size()) {
      int to = PaddedPass.end(from, sorted.size(), TARGET_TOKENS, i -> inputLength(sorted.get(i)));
      groups.add(sorted.subList(from, to));
      from = to;
    }
    return groups;
  }

  /** Tokens that the model reads: all but the last, which it only has to predict. */
  static int inputLength(Trajectory t) {
    return t.promptTokens.length + t.length() - 1;
  }

  /** Puts these completions on the backend in place of the last ones. */
  public MicroBatch load(List<Trajectory> group) {
    Extents own = Extents.of(group);
    Extents extents = kept == null ? own : kept;
    sequences = group;
    tokenCount = own.tokens;
    paddedCount = extents.tokens;
    columnsUsed = 0;
    int time = extents.time;
    int[] hostTokens = new int[extents.sequences * time];
    int[] hostRows = new int[paddedCount];
    int[] hostTargets = new int[paddedCount];
    int n = 0;
    for (int s = 0; s < group.size(); s++) {
      Trajectory t = group.get(s);
      int prompt = t.promptTokens.length;
      int at = s * time;
      System.arraycopy(t.promptTokens, 0, hostTokens, at, prompt);
      System.arraycopy(t.tokens, 0, hostTokens, at + prompt, t.length() - 1);
      for (int i = 0; i < t.length(); i++, n++) {
        hostRows[n] = at + prompt - 1 + i;
        hostTargets[n] = t.tokens[i];
      }
    }
    Arrays.fill(hostTargets, n, paddedCount, -1);
    if (kept == null) {
      data.reset();
      tokens = data.tensor(DType.I32, extents.sequences, time);
      rows = data.tensor(DType.I32, paddedCount);
      targets = data.tensor(DType.I32, paddedCount);
    }
    backend.write(tokens, hostTokens, 0);
    backend.write(rows, hostRows, 0);
    backend.write(targets, hostTargets, 0);
    return this;
  }

  public List<Trajectory> sequences() {
    return sequences;
  }

  /** The completion tokens of the batch: N, but for padding where the tensors stay in place. */
  public int tokenCount() {
    return tokenCount;
  }

  /** I32 [S,T], right-padded with 0. */
  public Tensor tokens() {
    return tokens;
  }

  /** I32 [N], row of the flattened [S*T] output that chose each completion token. */
  public Tensor rows() {
    return rows;
  }

  /** I32 [N], the completion tokens. */
  public Tensor targets() {
    return targets;
  }

  /**
   * One number per completion token, [N]; {@code field} gives an array as long as the completion.
   */
  public Tensor column(Function<Trajectory, float[]> field) {
    float[] host = new float[paddedCount];
    int n = 0;
    for (Trajectory t : sequences) {
      float[] values = field.apply(t);
      System.arraycopy(values, 0, host, n, t.length());
      n += t.length();
    }
    return written(host);
  }

  /** The same number for all tokens of a completion, [N]. */
  public Tensor constant(ToDoubleFunction<Trajectory> perSequence) {
    float[] host = new float[paddedCount];
    int n = 0;
    for (Trajectory t : sequences) {
      Arrays.fill(host, n, n + t.length(), (float) perSequence.applyAsDouble(t));
      n += t.length();
    }
    return written(host);
  }

  /** Cuts a result [N] into one array per completion, in the order of {@link #sequences}. */
  public List<float[]> split(Tensor perToken) {
    float[] host = perToken.toFloats();
    List<float[]> parts = new ArrayList<>(sequences.size());
    int n = 0;
    for (Trajectory t : sequences) {
      parts.add(Arrays.copyOfRange(host, n, n + t.length()));
      n += t.length();
    }
    return parts;
  }

  private Tensor written(float[] host) {
    Tensor column = empty();
    backend.write(column, host, 0);
    return column;
  }

  /** A column [N], contents undefined, for an op to fill. */
  public Tensor empty() {
    if (kept == null) {
      return data.tensor(backend.floatType(), paddedCount);
    }
    if (columnsUsed == keptColumns.size()) {
      keptColumns.add(data.tensor(backend.floatType(), paddedCount));
    }
    return keptColumns.get(columnsUsed++);
  }

  @Override
  public void close() {
    if (kept == null) {
      data.close();
    }
  }
}
