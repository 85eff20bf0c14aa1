package dev.anechoic.tensor.spec;

import static dev.anechoic.tensor.spec.Domain.index;
import static dev.anechoic.tensor.spec.Domain.normal;
import static dev.anechoic.tensor.spec.Domain.uniform;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Philox;
import java.util.List;

/** Drawing tokens, and the optimizer's step. */
final class DrawAndStepSpecs {
  private static final int STREAM = 11;
  private static final int STEP = 5;

  /** Distance to a decision within which a sum of floats may fall on either side. */
  private static final double ROUNDING = 2e-6;

  private DrawAndStepSpecs() {}

  static List<OpSpec> all() {
    Grid draws =
        Grid.of("N", OpTable.ROWS)
            .and("V", OpTable.COLUMNS)
            .and("spread", 1, 4)
            .and("temperature", 4, 2, 8, 0) // quarters
            .and("topK", 0, 0, 1, 5, 40)
            .and("topP", 8, 8, 4, 7); // eighths
    return List.of(
        new OpSpec("sample", draws, DrawAndStepSpecs::sample),
        new OpSpec(
            "advance",
            Grid.of("R", 1, 2, 3, 7, 31, 32, 33, 65, 255, 257, 1030)
                .and("waiting", 0, 1, 5, 40, 2000)
                .and("refill", 1, 0, 1)
                .and("readouts", 0, 1),
            DrawAndStepSpecs::advance),
        new OpSpec(
            "adamW",
            Grid.of("N", OpTable.SIZES).and("step", 1, 2, 1000).and("factor", 0, 1),
            DrawAndStepSpecs::adamW));
  }

  private static void sample(OpCase c) {
    double temperature = c.d(3) / 4.0;
    int topK = c.d(4);
    double topP = c.d(5) / 8.0;
    Operand logits = c.in("logits [N,V]", normal(c.d(2)), c.d(0), c.d(1)).rows();
    int[] numbers = Philox.address(c.seed(), STREAM, STEP);
    Operand address =
        c.in("address [4]", DType.I32, (seed, operand, i) -> numbers[i], numbers.length);
    Operand samples = c.in("samples [N]", DType.I32, index(1000), c.d(0)).rows();
    Operand positions = c.in("positions [N]", DType.I32, index(1000), c.d(0)).rows();
    Operand tokens = c.out("tokens [N]", DType.I32, c.d(0)).rows();
    Operand logprobs = c.out("logprobs [N]", c.d(0)).rows();
    c.run((k, t) ->
        k.sample(
            t.get(logits),
            temperature,
            topK,
            topP,
            t.get(address),
            t.get(samples),
            t.get(positions),
            t.get(tokens),
            t.get(logprobs)));
    c.undecided((data, row) -> {
      int vocabulary = c.d(1);
      double[] scaled = new double[vocabulary];
      double t = temperature == 0 ? 1 : temperature;
      for (int v = 0; v < vocabulary; v++) {
        scaled[v] = data[logits.number][row * vocabulary + v] / t;
      }
      int sample = (int) data[samples.number][row];
      int position = (int) data[positions.number][row];
      double u = Philox.uniform(c.seed(), STREAM, STEP, sample, position);
      return temperature != 0 && isNearBoundary(scaled, topK, topP, u);
    });
    c.carries((data, output, i) -> {
      double largest = 0;
      for (int v = 0; v < c.d(1); v++) {
        largest = Math.max(largest, Math.abs(data[logits.number][i * c.d(1) + v]));
      }
      return largest / (temperature == 0 ? 1 : temperature) + Math.log(c.d(1));
    });
    c.flops("6 N V", 6.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  /**
   * Whether the uniform lies so close to a step of the cumulative distribution, or the mass so
   * close to topP, that rounding decides.
   */
  private static boolean isNearBoundary(double[] logits, int topK, double topP, double u) {
    Integer[] order = new Integer[logits.length];
    java.util.Arrays.setAll(order, v -> v);
    java.util.Arrays.sort(order, java.util.Comparator.comparingDouble(v -> -logits[v]));
    int kept = topK > 0 ? Math.min(topK, logits.length) : logits.length;
    double[] p = probabilities(logits, order, kept);
    double mass = 0;
    for (int i = 0; i < kept && topP < 1; i++) {
      mass += p[order[i]];
      if (Math.abs(mass - topP) < ROUNDING) {
        return true;
      }
      if (mass >= topP) {
        kept = i + 1;
      }
    }
    p = probabilities(logits, order, kept);
    double cumulative = 0;
    for (double share : p) {
      cumulative += share;
      if (share > 0 && Math.abs(cumulative - u) < ROUNDING) {
        return true;
      }
    }
    return false;
  }

  /** Softmax over the first {@code kept} of the order, 0 elsewhere. */
  private static double[] probabilities(double[] logits, Integer[] order, int kept) {
    double[] p = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < kept; i++) {
      p[order[i]] = Math.exp(logits[order[i]] - logits[order[0]]);
      sum += p[order[i]];
    }
    for (int i = 0; i < kept; i++) {
      p[order[i]] /= sum;
    }
    return p;
  }

  /** Few different tokens and counts, so that sequences stop, run out, go on and begin. */
  private static void advance(OpCase c) {
    int stopToken = 2;
    int rows = c.d(0);
    int requests = rows + c.d(1);
    boolean refill = c.d(2) == 1;
    int columns = 5;
    Operand drawn = c.in("drawn [R]", DType.I32, index(4), rows);
    Operand drawnLogprobs = c.in("drawnLogprobs [R]", normal(1), rows);
    boolean reads = c.d(3) == 1;
    Operand drawnReadouts = c.inIf(reads, "drawnReadouts [R]", normal(1), rows);
    // Limits are 4 and 5, and at most 4 remain.
    Domain requestOf =
        (seed, operand, i) ->
            i % 5 == 4 ? 4 + i / 5 % 2 : index(100).at(seed, operand, i) + (i % 5 == 1 ? 1 : 0);
    Operand queue = c.in("queue [N,5]", DType.I32, requestOf, requests, 5);
    int[] counts = {rows, requests, -1};
    Operand progress = c.inOut("progress [3]", DType.I32, (seed, operand, i) -> counts[i], 3);
    Domain stateOf =
        (seed, operand, i) ->
            switch (i / rows) {
              case 4 -> index(5).at(seed, operand, i);
              case 5 -> i % rows;
              default -> index(100).at(seed, operand, i);
            };
    Operand state = c.inOut("state [7,R]", DType.I32, stateOf, 7, rows);
    Operand tokens = c.inOut("tokens [N,M]", DType.I32, index(100), requests, columns);
    Operand logprobs = c.inOut("logprobs [N,M]", normal(1), requests, columns);
    Operand readouts = reads ? c.inOut("readouts [N,M]", normal(1), requests, columns) : null;
    c.run((k, t) ->
        k.advance(
            t.get(drawn),
            t.get(drawnLogprobs),
            t.maybe(drawnReadouts),
            stopToken,
            refill,
            t.get(queue),
            t.get(progress),
            t.get(state),
            t.get(tokens),
            t.get(logprobs),
            t.maybe(readouts)));
  }

  private static void adamW(OpCase c) {
    Operand param = c.inOut("param [N]", normal(1), c.d(0));
    Operand grad = c.in("grad [N]", normal(1), c.d(0));
    Operand m = c.inOut("m [N]", normal(0.1), c.d(0));
    Operand v = c.inOut("v [N]", uniform(0.001, 1), c.d(0));
    // Numbers that floats hold exactly, near the usual 0.9, 0.95, 1e-8, and rates of 1e-3 with 0.1.
    double beta1 = 0.875;
    double beta2 = 0.953125;
    double lr = 0x1p-10;
    float[] numbers = {
      (float) (lr / (1 - StrictMath.pow(beta1, c.d(1)))),
      (float) (1 / (1 - StrictMath.pow(beta2, c.d(1)))),
      (float) (lr * 0.125)
    };
    Operand rates = c.in("rates [3]", (seed, operand, i) -> numbers[i], 3);
    Operand factor = c.inIf(c.d(2) == 1, "gradFactor [1]", uniform(0.1, 1), 1);
    c.run((k, t) ->
        k.adamW(
            t.get(param),
            t.get(grad),
            t.get(m),
            t.get(v),
            t.get(rates),
            beta1,
            beta2,
            0x1p-27,
            t.maybe(factor)));
    c.flops("14 N", 14.0 * c.d(0));
  }
}
