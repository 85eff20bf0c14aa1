package dev.anechoic.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.tensor.BackendProvider;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.spec.Conformance;
import dev.anechoic.tensor.spec.ConformanceReport;
import dev.anechoic.tensor.spec.OpTable;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole op table on the CPU backends; {@code -Pfull} for the full grid. */
class CpuConformanceTest {
  @ParameterizedTest
  @ValueSource(strings = {"cpu-scalar", "cpu"})
  void everyOpKeepsEveryPromise(String backend) {
    assumeAvailable(backend);
    boolean full = "full".equals(System.getProperty("anechoic.grid"));

    // The scalar loops serve clarity: they are the yardstick of rounding, and may allocate.
    Conformance.Options options =
        Conformance.Options.QUICK.withFull(full).withAllocations(!backend.equals("cpu-scalar"));
    ConformanceReport report = Conformance.run(backend, options);
    System.out.print(report);

    assertEquals(OpTable.all().size(), report.ops().size());
    for (ConformanceReport.OpResult op : report.ops()) {
      assertTrue(op.cases() > 0, op.op() + " ran no case");
    }
    assertEquals(List.of(), report.failures());
  }

  private static void assumeAvailable(String name) {
    for (BackendProvider provider : Backends.providers()) {
      if (provider.name().equals(name)) {
        String why = provider.unavailableBecause();
        if (why != null) {
          System.out.println("skipped: backend " + name + " cannot run here: " + why);
        }
        assumeTrue(why == null, why);
        return;
      }
    }
    throw new AssertionError("no provider of " + name + " is registered");
  }
}
