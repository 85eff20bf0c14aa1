package dev.anechoic.tensor.spec;

import static dev.anechoic.tensor.spec.Domain.normal;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Dropout;
import dev.anechoic.tensor.op.Gelu;
import dev.anechoic.tensor.op.Silu;
import dev.anechoic.tensor.op.SwiGlu;
import java.util.List;
import java.util.function.BiFunction;

/** Activations and dropout. */
final class ActivationSpecs {
  private static final int STREAM = 7;
  private static final int STEP = 3;

  private ActivationSpecs() {}

  @FunctionalInterface
  private interface Forward {
    void run(Backend backend, Tensor x, Tensor y);
  }

  @FunctionalInterface
  private interface Backward {
    void run(Backend backend, Tensor x, Tensor dY, Tensor dX, boolean accumulate);
  }

  static List<OpSpec> all() {
    Grid spread = OpTable.matrix().and("spread", 1, 6);
    Grid dropout = OpTable.matrix().and("p", 4, 1, 7); // eighths
    return List.of(
        new OpSpec("gelu", spread, c -> forward(c, "8 R C", 8, Backend::gelu, Gelu::forward)),
        new OpSpec("geluBackward", spread, c -> backward(c, "15 R C", 15, Backend::geluBackward)),
        new OpSpec("silu", spread, c -> forward(c, "4 R C", 4, Backend::silu, Silu::forward)),
        new OpSpec("siluBackward", spread, c -> backward(c, "8 R C", 8, Backend::siluBackward)),
        new OpSpec("swiglu", spread, ActivationSpecs::swiglu),
        new OpSpec("swigluBackward", spread, ActivationSpecs::swigluBackward),
        new OpSpec("dropout", dropout, ActivationSpecs::dropout),
        new OpSpec("dropoutBackward", dropout, ActivationSpecs::dropoutBackward));
  }

  private static void forward(
      OpCase c, String formula, int flops, Forward kernel, BiFunction<Tape, Tensor, Tensor> op) {
    Operand x = c.in("x [R,C]", normal(c.d(2)), c.d(0), c.d(1)).rows().differentiable();
    Operand y = c.out("y [R,C]", c.d(0), c.d(1)).rows();
    c.run((k, t) -> kernel.run(k, t.get(x), t.get(y)));
    c.op((tape, t) -> op.apply(tape, t.get(x)));
    c.carries((data, output, i) -> Math.abs(data[x.number][i]));
    c.flops(formula, (double) flops * c.d(0) * c.d(1));
  }

  private static void backward(OpCase c, String formula, int flops, Backward kernel) {
    Operand x = c.in("x [R,C]", normal(c.d(2)), c.d(0), c.d(1)).rows();
    Operand dY = c.in("dY [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand dX = c.gradient("dX [R,C]", c.d(0), c.d(1)).rows();
    c.run((k, t) -> kernel.run(k, t.get(x), t.get(dY), t.get(dX), c.accumulate()));
    c.carries((data, output, i) -> 2 * Math.abs(data[dY.number][i]) * slope(data[x.number][i]));
    c.flops(formula, (double) flops * c.d(0) * c.d(1));
  }

  /** Size of the terms that cancel in the slope of a gate that saturates: about 1 beyond 6. */
  private static double slope(double x) {
    return 1 + Math.min(6, Math.abs(x));
  }

  private static void swiglu(OpCase c) {
    Operand x = c.in("x [R,2F]", normal(c.d(2)), c.d(0), 2 * c.d(1)).rows().differentiable();
    Operand y = c.out("y [R,F]", c.d(0), c.d(1)).rows();
    c.run((k, t) -> k.swiglu(t.get(x), t.get(y)));
    c.op((tape, t) -> SwiGlu.forward(tape, t.get(x)));
    c.flops("5 R F", 5.0 * c.d(0) * c.d(1));
  }

  private static void swigluBackward(OpCase c) {
    Operand x = c.in("x [R,2F]", normal(c.d(2)), c.d(0), 2 * c.d(1)).rows();
    Operand dY = c.in("dY [R,F]", normal(1), c.d(0), c.d(1)).rows();
    Operand dX = c.gradient("dX [R,2F]", c.d(0), 2 * c.d(1)).rows();
    c.run((k, t) -> k.swigluBackward(t.get(x), t.get(dY), t.get(dX), c.accumulate()));
    c.carries((data, output, i) -> {
      int width = 2 * c.d(1);
      int gateAt = i / width * width + i % c.d(1);
      double gate = data[x.number][gateAt];
      double up = i % width < c.d(1) ? Math.abs(data[x.number][gateAt + c.d(1)]) : 1;
      return Math.abs(data[dY.number][gateAt / width * c.d(1) + i % c.d(1)]) * up * slope(gate);
    });
    c.flops("11 R F", 11.0 * c.d(0) * c.d(1));
  }

  private static void dropout(OpCase c) {
    double p = c.d(2) / 8.0;
    Operand x = c.in("x [R,C]", normal(1), c.d(0), c.d(1)).rows().differentiable();
    Operand y = c.out("y [R,C]", c.d(0), c.d(1)).rows();
    c.rowsFromStart();
    c.run((k, t) -> k.dropout(t.get(x), p, c.seed(), STREAM, STEP, t.get(y)));
    c.op((tape, t) -> Dropout.forward(tape, t.get(x), p, c.seed(), STREAM, STEP));
    c.flops("R C", (double) c.d(0) * c.d(1));
  }

  private static void dropoutBackward(OpCase c) {
    double p = c.d(2) / 8.0;
    Operand dY = c.in("dY [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand dX = c.gradient("dX [R,C]", c.d(0), c.d(1)).rows();
    c.rowsFromStart();
    c.run((k, t) ->
        k.dropoutBackward(t.get(dY), p, c.seed(), STREAM, STEP, t.get(dX), c.accumulate()));
    c.flops("R C", (double) c.d(0) * c.d(1));
  }
}
