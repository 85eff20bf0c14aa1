package dev.anechoic.tensor.spec;

import static dev.anechoic.tensor.spec.Domain.normal;

import dev.anechoic.tensor.DType;
import java.util.List;

/** Filling, copying and permuting. */
final class MoveSpecs {
  private static final DType[] SOURCE = {DType.F64, DType.F64, DType.BF16, DType.I32};
  private static final DType[] TARGET = {DType.F64, DType.BF16, DType.F64, DType.I32};

  private static final int[][] AXES = {
    {1, 0, 2, 3}, {0, 2, 1, 3}, {3, 2, 1, 0}, {0, 1, 3, 2}, {2, 0, 3, 1}, {0, 1, 2, 3}
  };

  private MoveSpecs() {}

  static List<OpSpec> all() {
    return List.of(
        new OpSpec("fill", Grid.of("N", OpTable.SIZES).and("integers", 0, 1), MoveSpecs::fill),
        new OpSpec("copy", Grid.of("N", OpTable.SIZES).and("types", 0, 1, 2, 3), MoveSpecs::copy),
        new OpSpec(
            "copyBlock",
            OpTable.matrix().and("gap", 0, 1, 13).and("integers", 0, 0, 1),
            MoveSpecs::copyBlock),
        new OpSpec(
            "permute",
            Grid.of("A", 1, 2, 3, 0)
                .and("B", 1, 5, 16)
                .and("C", 1, 3, 7, 33)
                .and("D", 1, 2, 16, 31)
                .and("axes", 0, 1, 2, 3, 4, 5)
                .and("rank", 4, 4, 3, 2),
            MoveSpecs::permute));
  }

  private static void fill(OpCase c) {
    Operand x = c.d(1) == 0 ? c.out("x [N]", c.d(0)) : c.out("x [N]", DType.I32, c.d(0));
    c.run((k, t) -> k.fill(t.get(x), -3));
  }

  private static void copy(OpCase c) {
    DType from = SOURCE[c.d(1)];
    Domain domain = from == DType.I32 ? Domain.index(1000) : normal(3);
    Operand src = c.in("src [N]", from, domain, c.d(0));
    Operand dst = c.out("dst [N]", TARGET[c.d(1)], c.d(0));
    c.run((k, t) -> k.copy(t.get(src), t.get(dst)));
  }

  private static void copyBlock(OpCase c) {
    int rows = c.d(0);
    int columns = c.d(1);
    int stride = columns + c.d(2);
    boolean integers = c.d(3) == 1 && !c.accumulate();
    DType dtype = integers ? DType.I32 : DType.F64;
    Domain domain = integers ? Domain.index(1000) : normal(1);
    Operand src = c.in("src [R,C+gap]", dtype, domain, rows, stride);
    Operand dst =
        integers
            ? c.out("dst [R,C+2gap]", dtype, rows, stride + c.d(2))
            : c.gradient("dst [R,C+2gap]", rows, stride + c.d(2));
    c.run((k, t) ->
        k.copyBlock(
            t.get(src),
            c.d(2),
            stride,
            t.get(dst),
            c.d(2),
            stride + c.d(2),
            rows,
            columns,
            c.accumulate()));
  }

  private static void permute(OpCase c) {
    int rank = c.d(5);
    int[] dims = new int[rank];
    for (int i = 0; i < rank; i++) {
      dims[i] = c.d(4 - rank + i);
    }
    int[] axes = shrunk(AXES[c.d(4)], rank);
    int[] permuted = new int[rank];
    for (int i = 0; i < rank; i++) {
      permuted[i] = dims[axes[i]];
    }
    Operand x = c.in("x [A,B,C,D]", normal(1), dims).differentiable();
    Operand out = c.gradient("out", permuted);
    c.run((k, t) -> k.permute(t.get(x), axes, t.get(out), c.accumulate()));
    c.op((tape, t) -> dev.anechoic.tensor.op.Permute.forward(tape, t.get(x), axes));
  }

  /** The permutation of the first {@code rank} axes in the order that they have in {@code axes}. */
  private static int[] shrunk(int[] axes, int rank) {
    return java.util.Arrays.stream(axes).filter(axis -> axis < rank).toArray();
  }
}
