package dev.anechoic.bench.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.spec.OpSpec;
import dev.anechoic.tensor.spec.OpTable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OpRowsTest {
  /** 2 x 6144 x 384 x 128 FLOPs in a millisecond are 604 GFLOP/s. */
  @Test
  void rateOfAProductIsItsFlopsPerNanosecond() {
    OpRow row = new OpRow("matmul", List.of(6144, 384, 128, 0, 0, 0, 0));
    assertEquals(2.0 * 6144 * 384 * 128, row.amount());
    assertEquals("GFLOP/s", row.unit());
    assertEquals(603.98, row.rate(1e6), 0.01);
    assertEquals("[6144x128] x [128x384]", row.shape());
  }

  /** Softmax reads and writes 4 bytes per element. */
  @Test
  void rateOfARowKernelIsItsBytesPerNanosecond() {
    OpRow row = new OpRow("softmax", List.of(1000, 512, 1, 0));
    assertEquals(2.0 * 4 * 1000 * 512, row.amount());
    assertEquals("GB/s", row.unit());
    assertEquals(4.096, row.rate(1e6), 1e-9);
  }

  @Test
  void transposedOperandsAreNamedAsTheyLieInMemory() {
    OpRow row = new OpRow("matmul", List.of(128, 384, 6144, 1, 0, 0, 0));
    assertEquals("[6144x128]ᵀ x [6144x384]", row.shape());
  }

  @Test
  void everyOpOfTheTableIsMeasured() {
    Set<String> measured = new HashSet<>();
    OpRows.all().forEach(row -> measured.add(row.op()));
    for (OpSpec spec : OpTable.all()) {
      assertTrue(measured.contains(spec.name()), spec.name());
    }
  }

  @Test
  void everyRowIsALegalCaseThatMovesSomething() {
    for (OpRow row : OpRows.all()) {
      assertTrue(row.amount() > 0, row::id);
    }
  }

  @Test
  void idReadsBackAndNamesOneRow() {
    Set<String> ids = new HashSet<>();
    for (OpRow row : OpRows.all()) {
      assertEquals(row, OpRow.parse(row.id()));
      assertTrue(ids.add(row.id()), row::id);
    }
  }

  @Test
  void unknownAxisIsRefusedByName() {
    OpRow row = OpRows.products().getFirst();
    var e = assertThrows(IllegalArgumentException.class, () -> row.axis("Q"));
    assertEquals("matmul has no axis Q", e.getMessage());
  }
}
