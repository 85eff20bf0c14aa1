package dev.anechoic.tensor.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The specification must keep its own promises: bits, guard bands, NaN, errors. */
class ReferenceConformanceTest {
  @Test
  void referenceKeepsEveryPromise() {
    Conformance.Options options =
        Conformance.Options.QUICK.withFull("full".equals(System.getProperty("anechoic.grid")));
    ConformanceReport report = Conformance.run("reference", options.withAllocations(false));
    System.out.print(report);

    assertEquals(List.of(), report.failures());
    for (ConformanceReport.OpResult op : report.ops()) {
      assertTrue(op.cases() > 0, op.op() + " ran no case");
    }
  }
}
