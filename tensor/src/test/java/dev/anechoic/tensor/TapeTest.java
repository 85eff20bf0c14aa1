package dev.anechoic.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.op.Add;
import dev.anechoic.tensor.op.Checkpoint;
import dev.anechoic.tensor.op.MatMul;
import dev.anechoic.tensor.op.Mul;
import dev.anechoic.tensor.op.Scale;
import dev.anechoic.tensor.reference.ReferenceBackend;
import dev.anechoic.tensor.spec.FailingAllocations;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TapeTest {
  private final Backend backend = new ReferenceBackend();
  private final MemoryLedger ledger = new MemoryLedger();
  private final Arena parameters = new Arena(backend, Arena.Tag.PARAMETERS, ledger);
  private final Arena activations = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger);
  private final Tape tape = new Tape(activations);
  private final Tape inner = new Tape(new Arena(backend, Arena.Tag.WORKSPACE, ledger));
  private final TinyTransformer model = new TinyTransformer(backend, ledger);

  @AfterEach
  void close() {
    model.close();
    activations.close();
    parameters.close();
  }

  private Tensor parameter(double... values) {
    Tensor t = parameters.of(values, values.length);
    t.requireGrad().setGrad(parameters.zeros(DType.F64, values.length));
    return t;
  }

  private Tensor seed(int from, int to) {
    double[] seed = new double[TinyTransformer.ROWS];
    double[] weights = model.weights.toDoubles();
    System.arraycopy(weights, from, seed, from, to - from);
    return activations.of(seed, TinyTransformer.ROWS);
  }

  private static void assertClose(double[][] expected, double[][] actual) {
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(expected[i], actual[i], 1e-12);
    }
  }

  private static void assertBits(double[][] expected, double[][] actual) {
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(expected[i], actual[i]);
    }
  }

  // ---- hand-computed ------------------------------------------------------------------------

  @Test
  void productRuleByHand() {
    Tensor a = parameter(2, 3);
    Tensor b = parameter(5, 7);

    Tensor y = Mul.forward(tape, a, b);
    tape.backward(y, activations.of(new double[] {1, 10}, 2));

    assertArrayEquals(new double[] {10, 21}, y.toDoubles());
    assertArrayEquals(new double[] {5, 70}, a.grad().toDoubles());
    assertArrayEquals(new double[] {2, 30}, b.grad().toDoubles());
  }

  @Test
  void addSharesItsGradientUntilSomebodyChangesIt() {
    Tensor x = parameter(1, 2);
    Tensor u = Scale.forward(tape, x, 2);
    Tensor v = Scale.forward(tape, x, 3);
    Tensor sum = Add.forward(tape, u, v);
    Tensor y = Add.forward(tape, sum, u).retainGrad(); // u gets two contributions, v one
    tape.backward(y, activations.of(new double[] {1, 1}, 2));

    assertArrayEquals(new double[] {1, 1}, y.grad().toDoubles());
    assertArrayEquals(new double[] {7, 7}, x.grad().toDoubles());
  }

  @Test
  void addOfATensorToItself() {
    Tensor x = parameter(1, 2);
    tape.backward(Add.forward(tape, x, x), activations.of(new double[] {1, 10}, 2));

    assertArrayEquals(new double[] {2, 20}, x.grad().toDoubles());
  }

  @Test
  void viewsAddIntoTheGradientOfTheirBase() {
    Tensor x = parameter(1, 2, 3, 4);
    Tensor y = Scale.forward(tape, x, 1);
    Tensor product = Mul.forward(tape, y.slice(0, 2), y.slice(2, 4));
    tape.backward(product, activations.of(new double[] {1, 1}, 2));

    assertArrayEquals(new double[] {3, 4, 1, 2}, x.grad().toDoubles());
  }

  // ---- several passes -----------------------------------------------------------------------

  @Test
  void passesOverSubsetsOfRowsAddUpToTheWhole() {
    model.keepGradients();
    Tensor losses = model.losses(tape, null);
    tape.backward(losses, seed(0, TinyTransformer.ROWS));
    double[][] whole = model.gradients();

    model.zeroGradients();
    for (int row = 0; row < TinyTransformer.ROWS; row += 3) {
      tape.backward(losses, seed(row, Math.min(row + 3, TinyTransformer.ROWS)));
    }

    assertClose(whole, model.gradients());
  }

  @Test
  void aSecondPassAddsTheSameBitsAgain() {
    model.keepGradients();
    Tensor loss = model.loss(tape);
    tape.backward(loss);
    double[][] once = model.gradients();
    model.zeroGradients();
    tape.backward(loss);

    assertBits(once, model.gradients());
  }

  @Test
  void aRetainedGradientIsThatOfTheLastPass() {
    Tensor x = parameter(1, 2);
    Tensor between = Scale.forward(tape, x, 2).retainGrad();
    Tensor y = Scale.forward(tape, between, 3);
    tape.backward(y, activations.of(new double[] {1, 10}, 2));
    tape.backward(y, activations.of(new double[] {1, 0}, 2));

    assertArrayEquals(new double[] {3, 0}, between.grad().toDoubles());
    assertArrayEquals(new double[] {12, 60}, x.grad().toDoubles());
  }

  @Test
  void stepsAfterResetRepeatTheirBits() {
    model.keepGradients();
    tape.backward(model.loss(tape));
    double[][] first = model.gradients();
    int nodes = tape.size();
    long live = activations.liveBytes();
    tape.reset();
    assertEquals(0, activations.liveBytes());
    model.zeroGradients();
    tape.backward(model.loss(tape));

    assertBits(first, model.gradients());
    assertEquals(nodes, tape.size());
    assertEquals(live, activations.liveBytes());
  }

  @Test
  void gradientsOfIntermediateResultsAreGivenBackDuringTheWalk() {
    model.keepGradients();
    Tensor loss = model.loss(tape);
    long forward = activations.liveBytes();
    tape.backward(loss);

    assertEquals(forward, activations.liveBytes());
  }

  @Test
  void checkpointingEqualsNotCheckpointingBitForBit() {
    model.keepGradients();
    Tensor losses = model.losses(tape, null);
    double[] expectedLosses = losses.toDoubles();
    tape.backward(losses, seed(0, TinyTransformer.ROWS));
    double[][] expected = model.gradients();
    long live = activations.liveBytes();
    tape.reset();
    model.zeroGradients();

    Tensor checkpointed = model.losses(tape, inner);
    assertArrayEquals(expectedLosses, checkpointed.toDoubles());
    assertTrue(activations.liveBytes() < live, "the blocks' activations are not kept");
    tape.backward(checkpointed, seed(0, TinyTransformer.ROWS));

    assertBits(expected, model.gradients());
    assertEquals(0, inner.arena().liveBytes());
  }

  @Test
  void checkpointNeedsLastingGradientStorage() {
    Tensor w = parameters.of(new double[] {2}, 1, 1).requireGrad();
    Tensor x = activations.of(new double[] {3}, 1, 1);
    Tensor y = Checkpoint.forward(tape, inner, (t, in) -> MatMul.forward(t, in, w), x);

    TensorException e = assertThrows(TensorException.class, () -> tape.backward(y));
    assertTrue(e.getMessage().contains("setGrad"), e.getMessage());
    assertFalse(w.hasGrad());
  }

  // ---- recording ----------------------------------------------------------------------------

  @Test
  void nothingIsRecordedWithoutNeed() {
    Tensor constant = parameters.of(new double[] {1, 2}, 2);
    Scale.forward(tape, constant, 2);
    assertEquals(0, tape.size());

    tape.setRecording(false);
    Tensor y = Scale.forward(tape, parameter(1, 2), 2);
    assertEquals(0, tape.size());
    TensorException e = assertThrows(TensorException.class, () -> tape.backward(y, y));
    assertTrue(e.getMessage().contains("recording was off"), e.getMessage());
  }

  @Test
  void gradientsOnlyWhereTheyAreWanted() {
    Tensor a = parameter(1, 2);
    Tensor constant = parameters.of(new double[] {3, 4}, 2);
    tape.backward(Mul.forward(tape, a, constant), constant);

    assertArrayEquals(new double[] {9, 16}, a.grad().toDoubles());
    assertFalse(constant.hasGrad());
  }

  @Test
  void aGradientLentByTheTapeEndsWithIt() {
    Tensor x = parameters.of(new double[] {1, 2}, 2).requireGrad();
    for (int step = 0; step < 3; step++) {
      Tensor y = Scale.forward(tape, x, 4);
      tape.backward(y, activations.of(new double[] {1, 1}, 2));
      assertTrue(tape.lendsGradients());
      assertArrayEquals(new double[] {4, 4}, x.grad().toDoubles());

      tape.reset();
      assertFalse(x.hasGrad());
      assertFalse(tape.lendsGradients());
    }
  }

  @Test
  void wrongSeedsAndAbsentGradientsAreNamed() {
    Tensor x = parameter(1, 2);
    Tensor y = Scale.forward(tape, x, 2).named("y");

    assertTrue(
        assertThrows(TensorException.class, () -> tape.backward(y))
            .getMessage()
            .contains("y F64[2]"));
    assertEquals(
        TensorException.Kind.SHAPE,
        assertThrows(TensorException.class, () -> tape.backward(y, parameter(1))).kind());
    assertTrue(assertThrows(TensorException.class, y::grad).getMessage().contains("retainGrad"));
  }

  @Test
  void backwardAfterResetIsAnError() {
    Tensor y = Scale.forward(tape, parameter(1), 2);
    tape.reset();

    assertEquals(
        TensorException.Kind.CLOSED,
        assertThrows(TensorException.class, () -> tape.backward(y)).kind());
  }

  // ---- failure ------------------------------------------------------------------------------

  /** Allocation fails at every point of a step in turn; the engine must come back each time. */
  @Test
  void allocationFailureAtAnyPointOfAStepLeavesTheEngineUsable() {
    model.keepGradients();
    tape.backward(model.losses(tape, inner), seed(0, TinyTransformer.ROWS));
    double[][] expected = model.gradients();
    tape.reset();
    long parameterBytes = ledger.liveBytes(Arena.Tag.PARAMETERS);
    long reserved = activations.reservedBytes();

    int failures =
        FailingAllocations.atEveryIndex(
            ledger,
            () -> {
              assertEquals(0, activations.liveBytes());
              assertEquals(0, inner.arena().liveBytes());
              model.zeroGradients();
              try {
                tape.backward(model.losses(tape, inner), seed(0, TinyTransformer.ROWS));
                assertBits(expected, model.gradients());
              } finally {
                tape.reset();
                assertTrue(tape.isRecording() && inner.isRecording());
              }
            });
    assertTrue(failures > 80, "a step allocates often, failed at " + failures + " points");
    assertEquals(parameterBytes, ledger.liveBytes(Arena.Tag.PARAMETERS));
    assertEquals(reserved, activations.reservedBytes());
  }
}
