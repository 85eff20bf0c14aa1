package dev.anechoic.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.reference.ReferenceBackend;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArenaTest {
  private static final long MIB = 1L << 20;

  private final Backend backend = new ReferenceBackend();
  private final MemoryLedger ledger = new MemoryLedger();
  private final Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, ledger);

  private Tensor tensor(int... dims) {
    return arena.tensor(DType.F64, Shape.of(dims));
  }

  private static TensorException.Kind kindOf(Runnable action) {
    return assertThrows(TensorException.class, action::run).kind();
  }

  @Test
  void tensorsDoNotOverlap() {
    List<Tensor> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Tensor t = tensor(1 + 7 * i);
      backend.fill(t, i);
      all.add(t);
    }
    for (int i = 0; i < all.size(); i++) {
      for (double value : all.get(i).toDoubles()) {
        assertEquals(i, value);
      }
    }
  }

  @Test
  void offsetsAreAligned() {
    for (int i = 1; i < 40; i++) {
      assertEquals(0, tensor(i).offset() % backend.alignment());
    }
  }

  @Test
  void aRepeatedStepGetsTheSameHandlesAndNoNewMemory() {
    Tensor first = tensor(3, 5);
    Tensor second = tensor(7);
    Tensor view = first.slice(1, 2);
    long reserved = arena.reservedBytes();
    arena.reset();

    assertSame(first, tensor(3, 5));
    assertSame(second, tensor(7));
    assertSame(view, first.slice(1, 2));
    assertEquals(reserved, arena.reservedBytes());
  }

  @Test
  void aReleasedBlockServesTheNextRequestOfItsSize() {
    Tensor a = tensor(100);
    Tensor b = tensor(100);
    long offset = a.offset();
    arena.release(a);

    Tensor c = tensor(10, 10);

    assertEquals(offset, c.offset());
    assertEquals(Shape.of(10, 10), c.shape());
    assertTrue(b.isAlive());
  }

  @Test
  void liveBytesFollowAllocationReleaseAndReset() {
    Tensor a = tensor(16);
    tensor(32);
    assertEquals(8 * 48, arena.liveBytes());
    assertEquals(8 * 48, ledger.liveBytes(Arena.Tag.WORKSPACE));

    arena.release(a);
    assertEquals(8 * 32, arena.liveBytes());
    assertEquals(8 * 32, ledger.liveBytes(Arena.Tag.WORKSPACE));
    arena.reset();
    assertEquals(0, arena.liveBytes());
    assertEquals(0, ledger.liveBytes(Arena.Tag.WORKSPACE));
    assertEquals(8 * 48, ledger.peakBytes(Arena.Tag.WORKSPACE));
  }

  @Test
  void ledgerShowsPlanLiveAndPeak() {
    ledger.plan(Arena.Tag.WORKSPACE, 3 * MIB);
    tensor(1 << 17);

    assertTrue(
        ledger.toString().matches("(?s).*workspace +3\\.0 +1\\.0 +1\\.0.*"), ledger.toString());
  }

  @Test
  void usesAfterReleaseResetAndCloseAreErrors() {
    Tensor released = tensor(4);
    arena.release(released);
    assertEquals(TensorException.Kind.CLOSED, kindOf(() -> arena.release(released)));
    assertEquals(TensorException.Kind.CLOSED, kindOf(released::toDoubles));

    Tensor reset = tensor(5);
    arena.reset();
    assertFalse(reset.isAlive());
    assertEquals(TensorException.Kind.CLOSED, kindOf(() -> backend.fill(reset, 1)));
    assertEquals(TensorException.Kind.CLOSED, kindOf(() -> reset.reshape(1, 5)));

    arena.close();
    assertEquals(TensorException.Kind.CLOSED, kindOf(() -> tensor(1)));
    arena.close(); // again, without effect
  }

  @Test
  void viewsEndWithTheirTensor() {
    Tensor base = tensor(4, 6);
    Tensor rows = base.slice(1, 3);
    Tensor part = rows.reshape(12);
    arena.release(base);
    assertEquals(TensorException.Kind.CLOSED, kindOf(part::toDoubles));

    Tensor next = tensor(4, 6); // the same handle and memory, another tensor
    assertSame(base, next);
    assertFalse(rows.isAlive());
    assertEquals(TensorException.Kind.CLOSED, kindOf(() -> backend.fill(rows, 1)));
    assertTrue(next.slice(1, 3).isAlive());
  }

  @Test
  void anArenaTakesBackItsOwnTensorsOnly() {
    Arena other = new Arena(backend, Arena.Tag.DATA, ledger);
    Tensor foreign = other.tensor(DType.F64, 16);

    assertEquals(TensorException.Kind.CLOSED, kindOf(() -> arena.release(foreign)));
    assertTrue(foreign.isAlive());
    assertEquals(8 * 16, other.liveBytes());
  }

  @Test
  void theLimitIsAnErrorThatNamesItAndLeavesTheArenaUsable() {
    Arena limited = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger, 20 * MIB);
    Tensor kept = limited.tensor(DType.F64, 1000);
    backend.fill(kept, 7);

    TensorException e =
        assertThrows(TensorException.class, () -> limited.tensor(DType.F64, 5 << 20));

    assertEquals(TensorException.Kind.MEMORY, e.kind());
    assertTrue(e.getMessage().contains("ACTIVATIONS"), e.getMessage());
    assertTrue(e.getMessage().contains("20,971,520"), e.getMessage());
    Tensor small = limited.tensor(DType.F64, 1000);
    backend.fill(small, 8);
    assertEquals(7, kept.toDoubles()[999]);
    assertEquals(16 * MIB, limited.reservedBytes());
  }

  @Test
  void theLimitHoldsOverAllTypes() {
    Arena limited = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger, 16 * MIB + 64);
    limited.tensor(DType.F64, 10);

    limited.tensor(DType.I32, 16);
    assertEquals(TensorException.Kind.MEMORY, kindOf(() -> limited.tensor(DType.I32, 17)));
  }

  @Test
  void closeGivesAllMemoryBack() {
    int[] open = {0};
    Backend counting = Memory.counting(open);
    Arena counted = new Arena(counting, Arena.Tag.DATA, ledger);
    counted.tensor(DType.F64, 5 << 20);
    counted.tensor(DType.F64, 1);
    counted.tensor(DType.I32, 1);
    assertEquals(3, open[0]);

    counted.close();
    assertEquals(0, open[0]);
    assertEquals(0, counted.reservedBytes());
  }

  @Test
  void valuesMustFitTheShape() {
    assertArrayEquals(
        new double[] {1, 2, 3, 4}, arena.of(new double[] {1, 2, 3, 4}, 2, 2).toDoubles());
    assertEquals(TensorException.Kind.SHAPE, kindOf(() -> arena.of(new double[] {1, 2, 3}, 2, 2)));
    assertEquals(TensorException.Kind.SHAPE, kindOf(() -> tensor(2, -1)));
  }

  @Test
  void viewsStayWithinTheirTensor() {
    Tensor t = tensor(4, 6);

    assertEquals(TensorException.Kind.INDEX, kindOf(() -> t.slice(2, 5)));
    assertEquals(TensorException.Kind.INDEX, kindOf(() -> t.slice(-1, 2)));
    assertEquals(TensorException.Kind.INDEX, kindOf(() -> t.slice(3, 2)));
    assertEquals(TensorException.Kind.SHAPE, kindOf(() -> t.reshape(5, 5)));
    assertEquals(TensorException.Kind.SHAPE, kindOf(() -> t.reshape(2, 2)));
    assertEquals(TensorException.Kind.INDEX, kindOf(() -> t.dim(2)));
    assertEquals(TensorException.Kind.INDEX, kindOf(() -> t.dim(-3)));
    assertEquals(TensorException.Kind.SHAPE, kindOf(() -> t.view(20, Shape.of(5))));
    assertEquals(t.offset() + 12, t.slice(2, 4).offset());
  }

  @Test
  void moreElementsThanThereCanBe() {
    int large = 1 << 20;

    assertEquals(TensorException.Kind.SHAPE, kindOf(() -> tensor(large, large, large, large)));
    assertEquals(
        TensorException.Kind.SHAPE,
        kindOf(() -> arena.tensor(DType.F64, large, large, large, large)));
    assertEquals(TensorException.Kind.MEMORY, kindOf(() -> tensor(large, large)));
    assertEquals(8, tensor(2, 4).toDoubles().length);
  }

  @Test
  void arraysOnTheHostHoldEveryElement() {
    Tensor t = tensor(2, 3);

    assertEquals(TensorException.Kind.SHAPE, kindOf(() -> backend.write(t, new double[5], 0)));
    assertEquals(TensorException.Kind.SHAPE, kindOf(() -> backend.write(t, new float[9], 4)));
    assertEquals(TensorException.Kind.SHAPE, kindOf(() -> backend.read(t, new double[9], -1)));
    backend.write(t, new double[] {0, 1, 2, 3, 4, 5, 6, 7}, 2);
    assertArrayEquals(new double[] {2, 3, 4, 5, 6, 7}, t.toDoubles());
  }

  @Test
  void tensorsOfNoElementsAreLegal() {
    Tensor none = tensor(0, 7);

    assertEquals(0, none.toDoubles().length);
    assertEquals(0, arena.zeros(DType.F64, 3, 0).size());
  }
}
