package dev.anechoic.tensor.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class WorkloadTest {
  private static Backend reference() {
    return Backends.open("reference", BackendOptions.DEFAULT).backend();
  }

  /** Rows of a softmax sum to 1; its inputs are those of the table. */
  @Test
  void callComputesTheOpOnTheValuesOfTheTable() {
    OpCase c = OpTable.named("softmax").at(new int[] {3, 5, 1, 0}, false, 1);
    try (Backend backend = reference();
        Workload workload = new Workload(c, backend)) {
      workload.run();
      double[] x = workload.get(c.operand("x")).toDoubles();
      double[] y = workload.get(c.operand("y")).toDoubles();
      assertEquals(c.operand("x").values()[7], x[7]);
      assertEquals(1, Arrays.stream(y, 5, 10).sum(), 1e-12);
    }
  }

  @Test
  void savedOperandsComeFromTheForwardKernel() {
    OpCase c = OpTable.named("attentionBackward").at(new int[] {1, 7, 2, 2, 8, 1}, false, 1);
    try (Backend backend = reference();
        Workload workload = new Workload(c, backend)) {
      workload.run();
      assertNotEquals(0, workload.get(c.operand("lse")).toDoubles()[0]);
      for (double gradient : workload.get(c.operand("dQkv")).toDoubles()) {
        assertEquals(gradient, gradient, "no NaN");
      }
    }
  }

  @Test
  void largeOperandsRepeatAndKeepNoTwoRowsAlike() {
    OpCase c = OpTable.named("scale").at(new int[] {300, 512}, false, 1);
    try (Backend backend = reference();
        Workload workload = new Workload(c, backend)) {
      Tensor x = workload.get(c.operand("x"));
      double[] values = x.toDoubles();
      assertEquals(values[0], values[65_521]);
      assertNotEquals(values[0], values[65_536]);
    }
  }
}
