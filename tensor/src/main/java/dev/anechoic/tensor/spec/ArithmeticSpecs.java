package dev.anechoic.tensor.spec;

import static dev.anechoic.tensor.spec.Domain.normal;
import static dev.anechoic.tensor.spec.Domain.uniform;

import dev.anechoic.tensor.op.Add;
import dev.anechoic.tensor.op.Mul;
import dev.anechoic.tensor.op.Scale;
import dev.anechoic.tensor.op.Sum;
import dev.anechoic.tensor.op.WeightedSum;
import java.util.List;

/** Elementwise arithmetic, sums, and the clip by global norm. */
final class ArithmeticSpecs {
  private static final double FACTOR = 0.375;

  private ArithmeticSpecs() {}

  static List<OpSpec> all() {
    Grid sizes = Grid.of("N", OpTable.SIZES);
    return List.of(
        new OpSpec("add", OpTable.matrix().and("repeats", 0, 1), ArithmeticSpecs::add),
        new OpSpec("mul", OpTable.matrix(), ArithmeticSpecs::mul),
        new OpSpec(
            "mulBackward",
            OpTable.matrix().and("wanted", 3, 1, 2, 3),
            ArithmeticSpecs::mulBackward),
        new OpSpec("scale", OpTable.matrix(), ArithmeticSpecs::scale),
        new OpSpec("sumRows", OpTable.matrix(), ArithmeticSpecs::sumRows),
        new OpSpec("sumColumns", OpTable.matrix(), ArithmeticSpecs::sumColumns),
        new OpSpec("sumColumnsBackward", OpTable.matrix(), ArithmeticSpecs::sumColumnsBackward),
        new OpSpec("weightedSum", sizes, ArithmeticSpecs::weightedSum),
        new OpSpec("weightedSumBackward", sizes, ArithmeticSpecs::weightedSumBackward),
        new OpSpec("sumSquares", sizes, ArithmeticSpecs::sumSquares),
        new OpSpec(
            "clipFactor",
            Grid.of("variant", 0, 1, 2).and("repeat", 1, 2, 3, 4, 5, 6, 7, 8),
            ArithmeticSpecs::clipFactor),
        new OpSpec("countNotFinite", sizes, ArithmeticSpecs::countNotFinite));
  }

  private static void add(OpCase c) {
    Operand a = c.in("a [R,C]", normal(1), c.d(0), c.d(1)).rows().differentiable();
    Operand b =
        c.d(2) == 1
            ? c.in("b [C]", normal(1), c.d(1)).differentiable()
            : c.in("b [R,C]", normal(1), c.d(0), c.d(1)).rows().differentiable();
    Operand out = c.out("out [R,C]", c.d(0), c.d(1)).rows();
    c.run((k, t) -> k.add(t.get(a), t.get(b), t.get(out)));
    c.op((tape, t) -> Add.forward(tape, t.get(a), t.get(b)));
    c.flops("R C", (double) c.d(0) * c.d(1));
  }

  private static void mul(OpCase c) {
    Operand a = c.in("a [R,C]", normal(1), c.d(0), c.d(1)).rows().differentiable();
    Operand b = c.in("b [R,C]", normal(1), c.d(0), c.d(1)).rows().differentiable();
    Operand out = c.out("out [R,C]", c.d(0), c.d(1)).rows();
    c.run((k, t) -> k.mul(t.get(a), t.get(b), t.get(out)));
    c.op((tape, t) -> Mul.forward(tape, t.get(a), t.get(b)));
    c.flops("R C", (double) c.d(0) * c.d(1));
  }

  private static void mulBackward(OpCase c) {
    boolean wantA = (c.d(2) & 1) != 0;
    boolean wantB = (c.d(2) & 2) != 0;
    Operand a = c.in("a [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand b = c.in("b [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand dOut = c.in("dOut [R,C]", normal(1), c.d(0), c.d(1)).rows();
    Operand dA = wantA ? c.gradient("dA [R,C]", c.d(0), c.d(1)).rows() : null;
    Operand dB = wantB ? c.gradient("dB [R,C]", c.d(0), c.d(1)).rows() : null;
    c.run((k, t) ->
        k.mulBackward(
            t.get(a),
            t.get(b),
            t.get(dOut),
            t.maybe(dA),
            c.accumulate(),
            t.maybe(dB),
            c.accumulate()));
    c.flops("2 R C", 2.0 * c.d(0) * c.d(1));
  }

  private static void scale(OpCase c) {
    Operand x = c.in("x [R,C]", normal(1), c.d(0), c.d(1)).rows().differentiable();
    Operand out = c.gradient("out [R,C]", c.d(0), c.d(1)).rows();
    c.run((k, t) -> k.scale(t.get(x), FACTOR, t.get(out), c.accumulate()));
    c.op((tape, t) -> Scale.forward(tape, t.get(x), FACTOR));
    c.flops("R C", (double) c.d(0) * c.d(1));
  }

  private static void sumRows(OpCase c) {
    Operand x = c.in("x [R,C]", normal(1), c.d(0), c.d(1));
    Operand out = c.gradient("out [C]", c.d(1));
    c.run((k, t) -> k.sumRows(t.get(x), t.get(out), c.accumulate()));
    c.flops("R C", (double) c.d(0) * c.d(1));
    c.sums(c.d(0));
  }

  private static void sumColumns(OpCase c) {
    Operand x = c.in("x [R,C]", normal(1), c.d(0), c.d(1)).rows().differentiable();
    Operand out = c.out("out [R]", c.d(0)).rows();
    c.run((k, t) -> k.sumColumns(t.get(x), FACTOR, t.get(out)));
    c.op((tape, t) -> Sum.forward(tape, t.get(x)));
    c.flops("R C", (double) c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  private static void sumColumnsBackward(OpCase c) {
    Operand dOut = c.in("dOut [R]", normal(1), c.d(0)).rows();
    Operand dX = c.gradient("dX [R,C]", c.d(0), c.d(1)).rows();
    c.run((k, t) -> k.sumColumnsBackward(t.get(dOut), FACTOR, t.get(dX), c.accumulate()));
    c.flops("R C", (double) c.d(0) * c.d(1));
  }

  private static void weightedSum(OpCase c) {
    Operand x = c.in("x [N]", normal(1), c.d(0)).rows().differentiable();
    Operand weights = c.in("weights [N]", normal(1).orQuarter(0), c.d(0)).rows().masks();
    Operand out = c.out("out [1]", 1);
    c.run((k, t) -> k.weightedSum(t.get(x), t.get(weights), t.get(out)));
    c.op((tape, t) -> WeightedSum.forward(tape, t.get(x), t.get(weights)));
    c.flops("2 N", 2.0 * c.d(0));
    c.sums(c.d(0));
  }

  private static void weightedSumBackward(OpCase c) {
    Operand weights = c.in("weights [N]", normal(1).orQuarter(0), c.d(0)).rows();
    Operand dOut = c.in("dOut [1]", normal(1), 1);
    Operand dX = c.gradient("dX [N]", c.d(0)).rows();
    c.run((k, t) -> k.weightedSumBackward(t.get(weights), t.get(dOut), t.get(dX), c.accumulate()));
    c.flops("N", c.d(0));
  }

  private static void sumSquares(OpCase c) {
    Operand x = c.in("x [N]", normal(1), c.d(0));
    Operand out = c.gradient("out [1]", 1);
    c.run((k, t) -> k.sumSquares(t.get(x), t.get(out), c.accumulate()));
    c.flops("2 N", 2.0 * c.d(0));
    c.sums(c.d(0));
  }

  private static void clipFactor(OpCase c) {
    Domain domain =
        switch (c.d(0)) {
          case 0 -> uniform(0.01, 0.9); // below the limit: factor 1
          case 1 -> uniform(1.1, 100); // above: clipped
          default -> Domain.zero(); // no gradient at all: factor 1
        };
    Operand sumSquares = c.in("sumSquares [1]", domain, 1);
    Operand out = c.out("out [1]", 1);
    c.run((k, t) -> k.clipFactor(t.get(sumSquares), 1, t.get(out)));
    c.flops("2", 2);
  }

  private static void countNotFinite(OpCase c) {
    Domain domain = normal(1).orSixteenth(Double.NaN, 64).orSixteenth(Double.NEGATIVE_INFINITY, 5);
    Operand x = c.in("x [N]", domain, c.d(0));
    c.query((k, t) -> k.countNotFinite(t.get(x)));
    c.flops("N", c.d(0));
  }
}
