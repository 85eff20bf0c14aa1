package dev.anechoic.bench.peer;

import dev.anechoic.bench.ops.OpRow;
import dev.anechoic.bench.ops.OpRows;
import dev.anechoic.model.transformer.Preset;
import java.util.ArrayList;
import java.util.List;

/** A piece of work that libraries are compared on; a word names it across processes. */
public sealed interface Work {
  /** Kind and sizes in one word. */
  String id();

  /** First column of the table. */
  String name();

  /** Second column of the table. */
  String shape();

  /** What {@link #rate} counts. */
  String unit();

  /** How much one run is: FLOPs, bytes or tokens; with {@link #perSecond} the rate. */
  double amount();

  /** What divides the amount per second: 1e9 for giga. */
  double scale();

  /** The rate of a run that takes so long. */
  default double rate(double seconds) {
    return amount() / seconds / scale();
  }

  /**
   * An op of the table.
   *
   * @param row which, and its sizes
   */
  record Op(OpRow row) implements Work {
    @Override
    public String id() {
      return "op:" + row.id();
    }

    @Override
    public String name() {
      return row.op();
    }

    @Override
    public String shape() {
      return row.shape();
    }

    @Override
    public String unit() {
      return row.unit();
    }

    @Override
    public double amount() {
      return row.amount();
    }

    @Override
    public double scale() {
      return 1e9;
    }
  }

  /** A step of pretraining: forward, backward, clip, AdamW. */
  record Train(Preset preset, int vocab, int batch, int time) implements Work {
    @Override
    public String id() {
      return "train:%s:%d:%d:%d".formatted(preset, vocab, batch, time);
    }

    @Override
    public String name() {
      return "train";
    }

    @Override
    public String shape() {
      return "%s %dx%d vocabulary %d".formatted(preset, batch, time, vocab);
    }

    @Override
    public String unit() {
      return "tokens/s";
    }

    @Override
    public double amount() {
      return (double) batch * time;
    }

    @Override
    public double scale() {
      return 1;
    }
  }

  /** Sampling with a key/value cache: prefill and decoding; drawn tokens count. */
  record Rollout(Preset preset, int vocab, int sequences, int prompt, int newTokens)
      implements Work {
    @Override
    public String id() {
      return "rollout:%s:%d:%d:%d:%d".formatted(preset, vocab, sequences, prompt, newTokens);
    }

    @Override
    public String name() {
      return "rollout";
    }

    @Override
    public String shape() {
      return "%s %d sequences, prompt %d, new %d".formatted(preset, sequences, prompt, newTokens);
    }

    @Override
    public String unit() {
      return "tokens/s";
    }

    @Override
    public double amount() {
      return (double) sequences * newTokens;
    }

    @Override
    public double scale() {
      return 1;
    }
  }

  /**
   * A step of PPO: rollout, reference log-probs, values, one epoch of {@value #MINIBATCHES}
   * updates.
   */
  record Ppo(Preset preset, int vocab, int completions, int prompt, int newTokens) implements Work {
    /** Updates of a step. */
    public static final int MINIBATCHES = 8;

    @Override
    public String id() {
      return "ppo:%s:%d:%d:%d:%d".formatted(preset, vocab, completions, prompt, newTokens);
    }

    @Override
    public String name() {
      return "ppo";
    }

    @Override
    public String shape() {
      return "%s %d completions, prompt %d, new %d"
          .formatted(preset, completions, prompt, newTokens);
    }

    @Override
    public String unit() {
      return "tokens/s";
    }

    @Override
    public double amount() {
      return (double) completions * newTokens;
    }

    @Override
    public double scale() {
      return 1;
    }
  }

  /** Everything that is compared. */
  static List<Work> all() {
    List<Work> works = new ArrayList<>();
    OpRows.comparable().forEach(row -> works.add(new Op(row)));
    works.add(new Train(Preset.MICRO, 512, 64, 96));
    works.add(new Train(Preset.MINI, 512, 64, 96));
    works.add(new Rollout(Preset.MICRO, 512, 256, 32, 64));
    works.add(new Ppo(Preset.MICRO, 512, 512, 32, 48));
    return works;
  }

  /** The work of an id. */
  static Work parse(String id) {
    String[] parts = id.split(":");
    return switch (parts[0]) {
      case "op" -> new Op(OpRow.parse(parts[1]));
      case "train" -> new Train(Preset.named(parts[1]), at(parts, 2), at(parts, 3), at(parts, 4));
      case "rollout" ->
          new Rollout(
              Preset.named(parts[1]), at(parts, 2), at(parts, 3), at(parts, 4), at(parts, 5));
      case "ppo" ->
          new Ppo(Preset.named(parts[1]), at(parts, 2), at(parts, 3), at(parts, 4), at(parts, 5));
      default -> throw new IllegalArgumentException("unknown work " + id);
    };
  }

  private static int at(String[] parts, int i) {
    return Integer.parseInt(parts[i]);
  }
}
