package dev.anechoic.kernels.emulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.spec.Conformance;
import dev.anechoic.tensor.spec.ConformanceReport;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The tensor-core kernels, emulated. They keep every promise of the op table but its f32 tolerance:
 * operands are rounded to bf16, an error of up to 2^-9 each where f32 has 2^-25.
 */
class TensorCoreConformanceTest {
  private static final String PARITY = "parity with the reference";
  private static final String NAIVE = "at most twice the error of naive float loops";

  /** Rounding one operand to bf16 costs 2^16 roundings to f32; products and scores have several. */
  private static final double TOLERANCE_UNITS = 16 * 65536;

  @AfterEach
  void forwardLanes() {
    System.clearProperty(EmulatedProvider.REVERSE_PROPERTY);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"matmul", "attention", "attentionBackward", "attentionCached", "copySlots"})
  void keepsEveryPromiseAtTheTolerance(String op) {
    Emulated.assumeAvailable();
    check("cuda-emulated-bf16", op);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"matmul", "attention", "attentionBackward", "attentionCached", "copySlots"})
  void wgmmaKeepsEveryPromiseAtTheTolerance(String op) {
    Emulated.assumeAvailable();
    check("cuda-emulated-sm90", op);
  }

  @ParameterizedTest
  @ValueSource(strings = {"matmul", "attentionBackward", "attentionCached"})
  void wgmmaDoesNotDependOnTheOrderOfLanes(String op) {
    Emulated.assumeAvailable();
    System.setProperty(EmulatedProvider.REVERSE_PROPERTY, "true");
    check("cuda-emulated-sm90", op);
  }

  @Test
  void doesNotDependOnTheOrderOfLanes() {
    Emulated.assumeAvailable();
    System.setProperty(EmulatedProvider.REVERSE_PROPERTY, "true");
    check("cuda-emulated-bf16", "matmul");
    check("cuda-emulated-bf16", "attentionBackward");
    check("cuda-emulated-bf16", "attentionCached");
  }

  private static void check(String backend, String op) {
    ConformanceReport report = Conformance.run(backend, Conformance.Options.QUICK.withOp(op));
    List<ConformanceReport.Failure> others =
        report.failures().stream()
            .filter(f -> !f.property().equals(PARITY) && !f.property().equals(NAIVE))
            .toList();
    assertEquals(List.of(), others, report.toString());
    double worst = report.ops().getFirst().worst();
    assertTrue(worst < TOLERANCE_UNITS, op + ": " + worst + " units");
  }
}
