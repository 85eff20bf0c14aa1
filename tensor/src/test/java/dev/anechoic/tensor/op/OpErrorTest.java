package dev.anechoic.tensor.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import dev.anechoic.tensor.TensorException.Kind;
import dev.anechoic.tensor.reference.ReferenceBackend;
import org.junit.jupiter.api.Test;

/** One typed exception for bad operands: it names the op, the operands with shapes, the remedy. */
class OpErrorTest {
  private final Arena arena =
      new Arena(new ReferenceBackend(), Arena.Tag.ACTIVATIONS, new MemoryLedger());
  private final Tape tape = new Tape(arena);

  private Tensor floats(int... dims) {
    return arena.zeros(DType.F64, dims);
  }

  private Tensor ints(int... dims) {
    return arena.zeros(DType.I32, dims);
  }

  /** Also: nothing was recorded or left half done. */
  private void assertRefused(Kind kind, Runnable op, String... mentioned) {
    int nodes = tape.size();
    TensorException e = assertThrows(TensorException.class, op::run);

    assertEquals(kind, e.kind(), e.getMessage());
    for (String part : mentioned) {
      assertTrue(e.getMessage().contains(part), () -> e.getMessage() + " lacks " + part);
    }
    assertEquals(nodes, tape.size());
  }

  @Test
  void matmulOfShapesThatDoNotMeet() {
    Tensor x = floats(3, 4).named("x");
    Tensor w = floats(5, 6).named("w");

    assertRefused(
        Kind.SHAPE,
        () -> MatMul.forward(tape, x, w),
        "matmul",
        "x F64[3, 4]",
        "w F64[5, 6]",
        "got 4 and 5");
    assertRefused(
        Kind.SHAPE, () -> MatMul.forward(tape, x, true, w, false, null), "matmul", "got 3 and 5");
    assertRefused(
        Kind.SHAPE,
        () -> MatMul.forward(tape, floats(2, 5), false, w, false, floats(5)),
        "bias with one element per column");
    assertRefused(Kind.SHAPE, () -> MatMul.forward(tape, x, floats(4)), "rank 2");
  }

  @Test
  void elementwiseOperandsOfDifferentShapes() {
    assertRefused(
        Kind.SHAPE, () -> Add.forward(tape, floats(2, 3), floats(2)), "add", "F64[2, 3]", "F64[2]");
    assertRefused(Kind.SHAPE, () -> Add.forward(tape, floats(3), floats(2, 3)), "add");
    assertRefused(
        Kind.SHAPE, () -> Mul.forward(tape, floats(2, 3), floats(3, 2)), "mul", "same shape");
  }

  @Test
  void integersWhereFloatsBelong() {
    assertRefused(Kind.DTYPE, () -> Softmax.forward(tape, ints(2, 3)), "softmax", "I32[2, 3]");
    assertRefused(Kind.DTYPE, () -> Add.forward(tape, floats(2), ints(2)), "add", "floating-point");
  }

  @Test
  void floatsWhereIndicesBelong() {
    assertRefused(
        Kind.DTYPE, () -> Embedding.forward(tape, floats(4, 2), floats(3)), "embedding", "I32");
    assertRefused(
        Kind.DTYPE, () -> CrossEntropy.forward(tape, floats(4, 2), floats(4)), "crossEntropy");
  }

  @Test
  void operandsOfDifferentFloatTypes() {
    Tensor half = arena.tensor(DType.BF16, 3);

    assertRefused(
        Kind.DTYPE, () -> Mul.forward(tape, floats(3), half), "mul", "BF16[3]", "one type");
  }

  @Test
  void indicesOutOfRange() {
    Tensor table = floats(4, 2);

    assertRefused(
        Kind.INDEX,
        () -> Embedding.forward(tape, table, arena.of(new int[] {0, 4}, 2)),
        "embedding",
        "indices[1] = 4",
        "[0, 4)");
    assertRefused(
        Kind.INDEX, () -> Embedding.forward(tape, table, arena.of(new int[] {-1}, 1)), "= -1");
    assertRefused(
        Kind.INDEX,
        () -> TokenLogProbs.forward(tape, table, arena.of(new int[] {0, 1, 2, 0}, 4), 1),
        "tokenLogProbs",
        "= 2");
  }

  @Test
  void rowCountsThatDiffer() {
    assertRefused(
        Kind.SHAPE, () -> CrossEntropy.forward(tape, floats(4, 3), ints(5)), "one target per row");
    assertRefused(
        Kind.SHAPE,
        () -> PolicyLoss.forward(tape, floats(4), floats(4), floats(3), 0.2, 0.2, floats(4)),
        "policyLoss");
    assertRefused(
        Kind.SHAPE, () -> ValueLoss.forward(tape, floats(4), floats(3), floats(4), 1), "valueLoss");
    assertRefused(Kind.SHAPE, () -> WeightedSum.forward(tape, floats(4), floats(3)), "weightedSum");
  }

  @Test
  void headsThatDoNotDivideTheWidth() {
    assertRefused(
        Kind.SHAPE, () -> Attention.forward(tape, floats(1, 2, 9), 2, 2), "attention", "H = 2");
    assertRefused(Kind.SHAPE, () -> Attention.forward(tape, floats(1, 2, 7), 3, 2), "K = 2");
    assertRefused(
        Kind.SHAPE,
        () -> Rotary.forward(tape, floats(1, 2, 4), null, floats(2, 3), 1, 3),
        "rotary",
        "even size");
    assertRefused(Kind.SHAPE, () -> Attention.forward(tape, floats(1, 2, 8), 0, 1), "H = 0");
    assertRefused(
        Kind.SHAPE,
        () -> Rotary.forward(tape, floats(2, 3, 4), ints(1), floats(9, 4), 1, 4),
        "I32[1]",
        "one start per sequence");
    assertRefused(
        Kind.INDEX,
        () -> Rotary.forward(tape, floats(1, 3, 4), arena.of(new int[] {7}, 1), floats(9, 4), 1, 4),
        "position 9",
        "[0, 9)");
    Tensor parameter = floats(1, 3, 4).requireGrad();
    parameter.setGrad(floats(1, 3, 4));
    assertRefused(
        Kind.SHAPE,
        () -> Rotary.forward(tape, parameter, null, floats(9, 4), 1, 4),
        "result of an op");
  }

  @Test
  void rowsWithoutElements() {
    Tensor none = floats(3, 0);

    assertRefused(Kind.SHAPE, () -> Softmax.forward(tape, none), "softmax", "at least one element");
    assertRefused(Kind.SHAPE, () -> LayerNorm.forward(tape, none, null, null, 1e-5), "layerNorm");
    assertRefused(Kind.SHAPE, () -> Entropy.forward(tape, none, 1), "entropy");
  }

  @Test
  void parametersOfNormsThatDoNotFit() {
    assertRefused(
        Kind.SHAPE,
        () -> LayerNorm.forward(tape, floats(2, 4), floats(3), null, 1e-5),
        "layerNorm",
        "one element per column");
    assertRefused(
        Kind.SHAPE, () -> RmsNorm.forward(tape, floats(2, 4), floats(5), 1e-5), "rmsNorm");
  }

  @Test
  void numbersOutsideTheirDomain() {
    assertRefused(Kind.SHAPE, () -> Dropout.forward(tape, floats(2, 2), 1, 1, 1, 1), "0 <= p < 1");
    assertRefused(Kind.SHAPE, () -> Entropy.forward(tape, floats(2, 2), 0), "temperature");
    assertRefused(Kind.SHAPE, () -> Entropy.forward(tape, floats(2, 2), Double.NaN), "temperature");
    assertRefused(Kind.SHAPE, () -> RmsNorm.forward(tape, floats(2, 2), null, -1), "eps");
    assertRefused(Kind.SHAPE, () -> LayerNorm.forward(tape, floats(2, 2), null, null, -1), "eps");
    assertRefused(
        Kind.SHAPE,
        () -> PolicyLoss.forward(tape, floats(2), floats(2), floats(2), -0.1, 0.2, floats(2)),
        "clips");
    assertRefused(
        Kind.SHAPE,
        () -> ValueLoss.forward(tape, floats(2), floats(2), floats(2), Double.NaN),
        "clip");
    assertRefused(Kind.SHAPE, () -> SwiGlu.forward(tape, floats(2, 3)), "swiglu", "even");
    assertRefused(Kind.SHAPE, () -> Permute.forward(tape, floats(2, 3), 0, 0), "permute");
    assertRefused(Kind.SHAPE, () -> Slice.forward(tape, floats(2, 3), 1, 2, 4), "slice", "[2, 4)");
    assertRefused(Kind.SHAPE, () -> Concat.forward(tape, floats(2, 3), floats(3, 3), 1), "concat");
  }

  @Test
  void tensorsThatAreGone() {
    Arena gone = new Arena(arena.backend(), Arena.Tag.DATA, new MemoryLedger());
    Tensor x = gone.zeros(DType.F64, 2, 3).named("x");
    gone.reset();

    assertRefused(Kind.CLOSED, () -> Softmax.forward(tape, x), "softmax", "reset or closed");
    assertRefused(Kind.CLOSED, () -> MatMul.forward(tape, x, floats(3, 1)), "matmul");
  }
}
