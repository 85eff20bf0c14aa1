package dev.anechoic.tensor.spec;

import static dev.anechoic.tensor.spec.Domain.normal;
import static dev.anechoic.tensor.spec.Domain.uniform;

import dev.anechoic.tensor.op.LayerNorm;
import dev.anechoic.tensor.op.LogSoftmax;
import dev.anechoic.tensor.op.RmsNorm;
import dev.anechoic.tensor.op.Softmax;
import java.util.List;

/** Softmax and norms along the last axis. */
final class NormSpecs {
  private static final double EPS = 0x1p-17; // near 1e-5, and the same in float and double

  private NormSpecs() {}

  static List<OpSpec> all() {
    Grid spread = OpTable.matrix().and("spread", 1, 20).and("infinite", 0, 0, 1);
    Grid plain = OpTable.matrix().and("spread", 1, 20);
    Grid layerNorm = OpTable.matrix().and("weight", 0, 1).and("bias", 0, 1).and("offset", 0, 4);
    Grid layerNormBackward =
        OpTable.matrix().and("weight", 0, 1).and("bias", 0, 1).and("wanted", 7, 1, 6, 3);
    return List.of(
        new OpSpec("softmax", spread, NormSpecs::softmax),
        new OpSpec("softmaxBackward", plain, NormSpecs::softmaxBackward),
        new OpSpec("logSoftmax", spread, NormSpecs::logSoftmax),
        new OpSpec("logSoftmaxBackward", plain, NormSpecs::logSoftmaxBackward),
        new OpSpec("layerNorm", layerNorm, NormSpecs::layerNorm),
        new OpSpec("layerNormBackward", layerNormBackward, NormSpecs::layerNormBackward),
        new OpSpec("rmsNorm", OpTable.matrix().and("weight", 0, 1), NormSpecs::rmsNorm),
        new OpSpec(
            "rmsNormBackward",
            OpTable.matrix()
                .and("weight", 0, 1)
                .and("wanted", 3, 1, 2)
                .where(p -> p[2] == 1 || p[3] != 2),
            NormSpecs::rmsNormBackward));
  }

  /** Logits of a given spread, where asked with some at minus infinity (a forbidden token). */
  private static Domain logits(OpCase c) {
    Domain domain = normal(c.d(2));
    return c.d(3) == 1 ? domain.orSixteenth(Double.NEGATIVE_INFINITY, c.d(1)) : domain;
  }

  private static void softmax(OpCase c) {
    Operand x = c.in("x [R,C]", logits(c), c.d(0), c.d(1)).rows().differentiable();
    Operand y = c.out("y [R,C]", c.d(0), c.d(1)).rows();
    c.run((k, t) -> k.softmax(t.get(x), t.get(y)));
    c.op((tape, t) -> Softmax.forward(tape, t.get(x)));
    c.flops("5 R C", 5.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  private static void softmaxBackward(OpCase c) {
    Operand x = c.helper("x", normal(c.d(2)), c.d(0), c.d(1));
    Operand y = c.saved("y [R,C]", c.d(0), c.d(1)).rows();
    Operand dY = c.in("dY [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand dX = c.gradient("dX [R,C]", c.d(0), c.d(1)).rows();
    c.prepare((k, t) -> k.softmax(t.get(x), t.get(y)));
    c.run((k, t) -> k.softmaxBackward(t.get(y), t.get(dY), t.get(dX), c.accumulate()));
    c.flops("4 R C", 4.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  private static void logSoftmax(OpCase c) {
    Operand x = c.in("x [R,C]", logits(c), c.d(0), c.d(1)).rows().differentiable();
    Operand y = c.out("y [R,C]", c.d(0), c.d(1)).rows();
    c.run((k, t) -> k.logSoftmax(t.get(x), t.get(y)));
    c.op((tape, t) -> LogSoftmax.forward(tape, t.get(x)));
    c.carries((data, output, i) -> {
      double own = Math.abs(data[x.number][i]);
      return Double.isFinite(own) ? own + c.d(2) : 0;
    });
    c.flops("4 R C", 4.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  private static void logSoftmaxBackward(OpCase c) {
    Operand x = c.helper("x", normal(c.d(2)), c.d(0), c.d(1));
    Operand y = c.saved("y [R,C]", c.d(0), c.d(1)).rows();
    Operand dY = c.in("dY [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand dX = c.gradient("dX [R,C]", c.d(0), c.d(1)).rows();
    c.prepare((k, t) -> k.logSoftmax(t.get(x), t.get(y)));
    c.run((k, t) -> k.logSoftmaxBackward(t.get(y), t.get(dY), t.get(dX), c.accumulate()));
    c.flops("4 R C", 4.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  private static void layerNorm(OpCase c) {
    Domain domain = uniform(c.d(4) - 1.5, c.d(4) + 1.5);
    Operand x = c.in("x [R,C]", domain, c.d(0), c.d(1)).rows().differentiable();
    Operand weight = c.inIf(c.d(2) == 1, "weight [C]", uniform(0.5, 1.5), c.d(1));
    Operand bias = c.inIf(c.d(3) == 1, "bias [C]", normal(1), c.d(1));
    Operand y = c.out("y [R,C]", c.d(0), c.d(1)).rows();
    Operand mean = c.out("mean [R]", c.d(0)).rows();
    Operand rstd = c.out("rstd [R]", c.d(0)).rows();
    if (weight != null) {
      weight.differentiable();
    }
    if (bias != null) {
      bias.differentiable();
    }
    c.run((k, t) ->
        k.layerNorm(
            t.get(x), t.maybe(weight), t.maybe(bias), EPS, t.get(y), t.get(mean), t.get(rstd)));
    c.op((tape, t) -> LayerNorm.forward(tape, t.get(x), t.maybe(weight), t.maybe(bias), EPS));
    c.carries(
        (data, output, i) -> output == y ? shiftOverScale(data[x.number], i / c.d(1), c.d(1)) : 0);
    c.flops("8 R C", 8.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  /** The mean of a row, whose rounding remains, in units of the row's deviation. */
  private static double shiftOverScale(double[] x, int row, int columns) {
    double sum = 0;
    double squares = 0;
    for (int i = row * columns; i < (row + 1) * columns; i++) {
      sum += x[i];
      squares += x[i] * x[i];
    }
    double mean = sum / columns;
    return Math.abs(mean) / Math.sqrt(squares / columns - mean * mean + EPS);
  }

  private static void layerNormBackward(OpCase c) {
    Operand x = c.in("x [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand weight = c.inIf(c.d(2) == 1, "weight [C]", uniform(0.5, 1.5), c.d(1));
    Operand mean = c.saved("mean [R]", c.d(0)).rows();
    Operand rstd = c.saved("rstd [R]", c.d(0)).rows();
    Operand dY = c.in("dY [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand dX = (c.d(4) & 1) == 0 ? null : c.gradient("dX [R,C]", c.d(0), c.d(1)).rows();
    Operand dWeight =
        (c.d(4) & 2) == 0 || weight == null ? null : c.gradient("dWeight [C]", c.d(1));
    Operand dBias = (c.d(4) & 4) == 0 ? null : c.gradient("dBias [C]", c.d(1));
    Operand scratch = c.helper("scratch", Domain.zero(), c.d(0), c.d(1));
    c.prepare(
        (k, t) -> k.layerNorm(t.get(x), null, null, EPS, t.get(scratch), t.get(mean), t.get(rstd)));
    c.run((k, t) ->
        k.layerNormBackward(
            t.get(x),
            t.maybe(weight),
            t.get(mean),
            t.get(rstd),
            t.get(dY),
            t.maybe(dX),
            c.accumulate(),
            t.maybe(dWeight),
            c.accumulate(),
            t.maybe(dBias),
            c.accumulate()));
    c.flops("12 R C", 12.0 * c.d(0) * c.d(1));
    c.sums(Math.max(c.d(0), c.d(1)));
  }

  private static void rmsNorm(OpCase c) {
    Operand x = c.in("x [R,C]", normal(1), c.d(0), c.d(1)).rows().differentiable();
    Operand weight = c.inIf(c.d(2) == 1, "weight [C]", uniform(0.5, 1.5), c.d(1));
    Operand y = c.out("y [R,C]", c.d(0), c.d(1)).rows();
    Operand rstd = c.out("rstd [R]", c.d(0)).rows();
    if (weight != null) {
      weight.differentiable();
    }
    c.run((k, t) -> k.rmsNorm(t.get(x), t.maybe(weight), EPS, t.get(y), t.get(rstd)));
    c.op((tape, t) -> RmsNorm.forward(tape, t.get(x), t.maybe(weight), EPS));
    c.flops("4 R C", 4.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  private static void rmsNormBackward(OpCase c) {
    Operand x = c.in("x [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand weight = c.inIf(c.d(2) == 1, "weight [C]", uniform(0.5, 1.5), c.d(1));
    Operand rstd = c.saved("rstd [R]", c.d(0)).rows();
    Operand dY = c.in("dY [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand dX = (c.d(3) & 1) == 0 ? null : c.gradient("dX [R,C]", c.d(0), c.d(1)).rows();
    Operand dWeight =
        (c.d(3) & 2) == 0 || weight == null ? null : c.gradient("dWeight [C]", c.d(1));
    Operand scratch = c.helper("scratch", Domain.zero(), c.d(0), c.d(1));
    c.prepare((k, t) -> k.rmsNorm(t.get(x), null, EPS, t.get(scratch), t.get(rstd)));
    c.run((k, t) ->
        k.rmsNormBackward(
            t.get(x),
            t.maybe(weight),
            t.get(rstd),
            t.get(dY),
            t.maybe(dX),
            c.accumulate(),
            t.maybe(dWeight),
            c.accumulate()));
    c.flops("8 R C", 8.0 * c.d(0) * c.d(1));
    c.sums(Math.max(c.d(0), c.d(1)));
  }
}
