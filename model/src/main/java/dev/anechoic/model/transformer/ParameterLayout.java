package dev.anechoic.model.transformer;

import dev.anechoic.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where each parameter lies in the one flat tensor that holds them all. Parameters of one {@link
 * Kind} are neighbours, so that a decay group is a range, and the matrices of a block are
 * neighbours, so that a block is a range.
 *
 * <p>Each parameter starts at a multiple of {@link #ALIGNMENT} elements; the gaps hold zeros for
 * ever, since their gradient is zero.
 */
public final class ParameterLayout {
  /** Elements in a cache line of floats. */
  static final int ALIGNMENT = 16;

  /** What a parameter is, in the order of the flat tensor; optimizers decay by kind. */
  public enum Kind {
    /** Weights of the projections in the blocks. */
    MATRIX,
    /** Token table, position table, head. */
    EMBEDDING,
    /** Weights of norms. */
    NORM,
    /** Biases. */
    BIAS
  }

  /**
   * One parameter.
   *
   * @param name unique; the address of its initial values, and its key in optimizer checkpoints
   * @param from index of its first element in the flat tensor
   */
  public record Entry(String name, Kind kind, Shape shape, long from) {
    /** Index after its last element. */
    public long to() {
      return from + shape.size();
    }
  }

  /** Elements {@code from} to {@code to} (exclusive) of the flat tensor. */
  public record Range(long from, long to) {
    public long size() {
      return to - from;
    }
  }

  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private long end;

  /** Adds a parameter behind the others; kinds come in their order. */
  ParameterLayout add(String name, Kind kind, int... dims) {
    Shape shape = Shape.of(dims);
    entries.put(name, new Entry(name, kind, shape, end));
    end = (end + shape.size() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return this;
  }

  /**
   * The parameters of a transformer. Weights are [in, out]; embedding table and head are [V, C].
   */
  static ParameterLayout of(ModelConfig config) {
    int c = config.channels();
    ParameterLayout layout = new ParameterLayout();
    for (int i = 0; i < config.layers(); i++) {
      layout
          .add(Names.qkv(i), Kind.MATRIX, c, config.qkvChannels())
          .add(Names.attentionOut(i), Kind.MATRIX, c, c)
          .add(Names.gateUp(i), Kind.MATRIX, c, 2 * config.ffnChannels())
          .add(Names.down(i), Kind.MATRIX, config.ffnChannels(), c);
    }
    layout.add(Names.TOKENS, Kind.EMBEDDING, config.vocabSize(), c);
    if (config.positions() == Positions.LEARNED) {
      layout.add(Names.POSITIONS, Kind.EMBEDDING, config.contextLength(), c);
    }
    if (!config.tied()) {
      layout.add(Names.HEAD, Kind.EMBEDDING, config.vocabSize(), c);
    }
    if (config.norm() == Norm.RMS) {
      for (int i = 0; i < config.layers(); i++) {
        layout.add(Names.attentionNorm(i), Kind.NORM, c).add(Names.ffnNorm(i), Kind.NORM, c);
      }
      layout.add(Names.FINAL_NORM, Kind.NORM, c);
    }
    return layout;
  }

  /** All parameters, in the order of the flat tensor. */
  public List<Entry> entries() {
    return new ArrayList<>(entries.values());
  }

  /** The parameter of this name. */
  public Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new IllegalArgumentException("no parameter '" + name + "' in " + entries.keySet());
    }
    return entry;
  }

  /** The range that a kind occupies, possibly empty. */
  public Range range(Kind kind) {
    return spanning(entries.values().stream().filter(e -> e.kind() == kind).toList());
  }

  /** The range of the matrices of block {@code layer}. */
  public Range layer(int layer) {
    return spanning(
        entries.values().stream()
            .filter(e -> e.kind() == Kind.MATRIX && e.name().startsWith(Names.block(layer)))
            .toList());
  }

  private static Range spanning(List<Entry> neighbours) {
    return neighbours.isEmpty()
        ? new Range(0, 0)
        : new Range(neighbours.getFirst().from(), neighbours.getLast().to());
  }

  /** Number of parameters. */
  public long count() {
    return entries.values().stream().mapToLong(e -> e.shape().size()).sum();
  }

  /** Elements of the flat tensor: {@link #count} and the gaps. */
  public long flatSize() {
    return end;
  }

  /** The names of a transformer's parameters. */
  public static final class Names {
    public static final String TOKENS = "embed_tokens";
    public static final String POSITIONS = "embed_positions";
    public static final String HEAD = "lm_head";
    public static final String FINAL_NORM = "norm";

    private Names() {}

    static String block(int layer) {
      return "layers." + layer + ".";
    }

    /** [C, (H+2K) D]: queries, keys, values side by side. */
    public static String qkv(int layer) {
      return block(layer) + "qkv";
    }

    /** [H D, C]. */
    public static String attentionOut(int layer) {
      return block(layer) + "attention_out";
    }

    /** [C, 2F]: gate and up side by side. */
    public static String gateUp(int layer) {
      return block(layer) + "gate_up";
    }

    /** [F, C]. */
    public static String down(int layer) {
      return block(layer) + "down";
    }

    /** [C]. */
    public static String attentionNorm(int layer) {
      return block(layer) + "attention_norm";
    }

    /** [C]. */
    public static String ffnNorm(int layer) {
      return block(layer) + "ffn_norm";
    }
  }
}
