package dev.anechoic.kernels.emulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.spec.Conformance;
import dev.anechoic.tensor.spec.ConformanceReport;
import dev.anechoic.tensor.spec.OpTable;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The whole op table on the CUDA backend and kernels, emulated. */
class EmulatedConformanceTest {

  @AfterEach
  void forwardLanes() {
    System.clearProperty(EmulatedProvider.REVERSE_PROPERTY);
  }

  @Test
  void everyOpKeepsEveryPromise() {
    Emulated.assumeAvailable();
    check(Conformance.run("cuda-emulated", Conformance.Options.QUICK));
  }

  @Test
  void noOpDependsOnTheOrderOfLanes() {
    Emulated.assumeAvailable();
    System.setProperty(EmulatedProvider.REVERSE_PROPERTY, "true");
    check(Conformance.run("cuda-emulated", Conformance.Options.QUICK.withAllocations(false)));
  }

  @Test
  void theKernelsOfLongRowsKeepEveryPromise() {
    Emulated.assumeAvailable();
    Conformance.Options wide = Conformance.Options.QUICK.withAllocations(false).withWide(true);
    ConformanceReport report = Conformance.run("cuda-emulated", wide);
    assertTrue(report.cases() > 100, report.toString());
    assertEquals(List.of(), report.failures(), report.toString());
  }

  private static void check(ConformanceReport report) {
    assertEquals(OpTable.all().size(), report.ops().size());
    assertTrue(report.ops().stream().allMatch(op -> op.cases() > 0), "an op ran no case");
    assertEquals(List.of(), report.failures(), report.toString());
  }
}
