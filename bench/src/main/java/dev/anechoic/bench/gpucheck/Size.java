package dev.anechoic.bench.gpucheck;

import java.util.List;

/**
 * How much work the measurements are.
 *
 * @param ops of the op table; empty for all
 * @param matmul extent of the square products
 * @param ladder extent of the products of the teaching ladder, a multiple of 128
 * @param rows of the row kernels
 * @param columns of the row kernels
 * @param time positions of attention
 * @param heads of attention
 * @param decodeBatch sequences of attention over a cache
 * @param roundNanos least duration of a round
 * @param sweepRoundNanos the same where many choices are tried
 * @param seconds of each measurement of a model
 * @param lossSteps steps whose loss is held against the CPU's
 * @param lossPreset model of that
 * @param training models that are trained
 * @param rollouts models that are sampled from
 * @param ppoPreset model of the PPO step
 */
record Size(
    List<String> ops,
    int matmul,
    int ladder,
    int rows,
    int columns,
    int time,
    int heads,
    int decodeBatch,
    long roundNanos,
    long sweepRoundNanos,
    double seconds,
    int lossSteps,
    String lossPreset,
    List<Load> training,
    List<Load> rollouts,
    String ppoPreset) {

  /**
   * A model and its batch.
   *
   * @param preset of the model
   * @param vocabulary its tokens
   * @param batch sequences at once
   * @param time tokens per sequence; in a rollout half of them are drawn
   */
  record Load(String preset, int vocabulary, int batch, int time) {
    String name() {
      return "%s, vocabulary %d, %d x %d".formatted(preset, vocabulary, batch, time);
    }
  }

  /** For a GPU: every call is far longer than its launch. */
  static final Size FULL =
      new Size(
          List.of(),
          8192,
          4096,
          8192,
          32_000,
          8192,
          16,
          16,
          20_000_000L,
          5_000_000L,
          5,
          200,
          "micro",
          List.of(new Load("mini", 8192, 64, 256), new Load("150m", 32_000, 8, 1024)),
          List.of(
              new Load("micro", 512, 512, 128),
              new Load("mini", 8192, 512, 128),
              new Load("150m", 32_000, 128, 256)),
          "micro");

  /** For a CPU, to see that everything runs. */
  static final Size SMALL =
      new Size(
          List.of("matmul", "sample", "advance"),
          64,
          128,
          16,
          1100,
          64,
          2,
          2,
          1_000_000L,
          100_000L,
          0.01,
          6,
          "nano",
          List.of(new Load("nano", 64, 2, 16)),
          List.of(new Load("nano", 64, 3, 16)),
          "nano");
}
