package dev.anechoic.tensor.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.reference.ReferenceBackend;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Each broken backend here breaks one promise; the conformance run must say which. */
class ConformanceCatchesTest {
  /** One part in a billion: far below a float's rounding, but other bits. */
  private static final double OTHER_BITS = 1 + 1e-9;

  /** What a wasteful kernel leaves behind; visible to others, so that no compiler leaves it out. */
  private static volatile byte[] garbage = {};

  /** What the kernel does wrong, after the right call. */
  @FunctionalInterface
  private interface Damage {
    void apply(Backend backend, Object[] arguments);
  }

  private static Backend broken(String kernel, Damage damage) {
    return Spy.on(
        new ReferenceBackend(),
        (backend, method, arguments) -> {
          Object result = method.invoke(backend, arguments);
          if (method.getName().equals(kernel)) {
            damage.apply(backend, arguments);
          }
          return result;
        });
  }

  /** Calls the kernel with other arguments instead. */
  private static Backend replaced(
      String kernel, java.util.function.UnaryOperator<Object[]> change) {
    return Spy.on(
        new ReferenceBackend(),
        (backend, method, arguments) ->
            method.invoke(
                backend,
                method.getName().equals(kernel) ? change.apply(arguments.clone()) : arguments));
  }

  private static ConformanceReport run(Backend subject, String op) {
    Conformance.Options options = Conformance.Options.QUICK.withOp(op).withAllocations(false);
    try (Conformance conformance = new Conformance(subject, null, null, options)) {
      return conformance.run();
    }
  }

  private static Set<String> properties(ConformanceReport report) {
    return report.failures().stream()
        .map(ConformanceReport.Failure::property)
        .collect(Collectors.toSet());
  }

  private static void assertCaught(ConformanceReport report, String property) {
    assertTrue(
        properties(report).stream().anyMatch(p -> p.contains(property)),
        () -> "expected a failure of: " + property + "\n" + report);
  }

  private static void multiply(Backend backend, Tensor t, double factor) {
    backend.scale(t, factor, t, false);
  }

  @Test
  void wrongResult() {
    Backend wrong = broken("gelu", (k, a) -> multiply(k, (Tensor) a[1], 1 + 1e-4));

    assertCaught(run(wrong, "gelu"), "parity");
  }

  @Test
  void writeBehindItsOutput() {
    Backend wrong =
        broken(
            "softmax",
            (k, a) -> {
              Tensor y = (Tensor) a[1];
              k.copyBlock(y, 0, 1, y, y.size(), 1, y.size() == 0 ? 0 : 1, 1, false);
            });

    assertCaught(run(wrong, "softmax"), "writes its outputs alone");
  }

  @Test
  void writeToItsInput() {
    Backend wrong = broken("silu", (k, a) -> multiply(k, (Tensor) a[0], OTHER_BITS));

    assertCaught(run(wrong, "silu"), "writes its outputs alone");
  }

  @Test
  void accumulateFlagIgnored() {
    assertCaught(
        run(
            replaced(
                "siluBackward",
                a -> {
                  a[3] = false;
                  return a;
                }),
            "siluBackward"),
        "parity");
    assertCaught(
        run(
            replaced(
                "siluBackward",
                a -> {
                  a[3] = true;
                  return a;
                }),
            "siluBackward"),
        "parity");
  }

  @Test
  void bitsThatChangeFromRunToRun() {
    AtomicInteger calls = new AtomicInteger();
    Backend wrong =
        broken(
            "rmsNorm",
            (k, a) ->
                multiply(k, (Tensor) a[3], calls.incrementAndGet() % 2 == 0 ? OTHER_BITS : 1));

    assertCaught(run(wrong, "rmsNorm"), "second run");
  }

  @Test
  void bitsThatDependOnTheBatch() {
    Backend wrong =
        broken(
            "layerNorm",
            (k, a) -> multiply(k, (Tensor) a[4], ((Tensor) a[4]).rows() > 4 ? OTHER_BITS : 1));

    Set<String> properties = properties(run(wrong, "layerNorm"));

    assertTrue(properties.stream().allMatch(p -> p.contains("alone equal those in the batch")));
    assertTrue(!properties.isEmpty());
  }

  @Test
  void bitsThatDependOnPadding() {
    Backend wrong =
        broken(
            "attention",
            (k, a) -> multiply(k, (Tensor) a[4], ((Tensor) a[0]).dim(1) > 16 ? OTHER_BITS : 1));

    assertCaught(run(wrong, "attention"), "equals the padded one");
  }

  @Test
  void bitsThatDependOnThreads() {
    Backend many = broken("sumRows", (k, a) -> multiply(k, (Tensor) a[1], OTHER_BITS));
    Conformance.Options options =
        Conformance.Options.QUICK.withOp("sumRows").withAllocations(false);
    try (Conformance conformance = new Conformance(many, new ReferenceBackend(), null, options)) {
      assertEquals(Set.of("same bits on one thread"), properties(conformance.run()));
    }
  }

  @Test
  void bitsThatDependOnTheCache() {
    Backend wrong =
        broken(
            "attentionCached",
            (k, a) -> multiply(k, (Tensor) a[8], ((Tensor) a[0]).dim(1) == 1 ? OTHER_BITS : 1));

    assertCaught(run(wrong, "attentionCached"), "1 tokens at a time, has the bits of attention");
  }

  @Test
  void sampledLogprobsThatDifferFromTraining() {
    Backend wrong = broken("sample", (k, a) -> multiply(k, (Tensor) a[8], OTHER_BITS));

    assertCaught(run(wrong, "sample"), "bits of tokenLogProbs");
  }

  @Test
  void wrongTokens() {
    Backend wrong =
        replaced(
            "sample",
            a -> {
              Object samples = a[5]; // other numbers: samples and positions change places
              a[5] = a[6];
              a[6] = samples;
              return a;
            });

    assertCaught(run(wrong, "sample"), "parity");
  }

  @Test
  void maskedRowsThatAreRead() {
    Backend wrong =
        broken(
            "crossEntropy",
            (k, a) -> {
              double[] loss = ((Tensor) a[2]).toDoubles();
              double[] logits = ((Tensor) a[0]).toDoubles();
              int columns = ((Tensor) a[0]).columns();
              for (int n = 0; n < loss.length; n++) {
                double first = logits[n * columns];
                loss[n] += Double.isInfinite(first) ? 0 : 0 * first;
              }
              k.write((Tensor) a[2], loss, 0);
            });

    assertCaught(run(wrong, "crossEntropy"), "NaN in masked rows");
  }

  @Test
  void swallowedNan() {
    Backend wrong =
        broken(
            "policyLoss",
            (k, a) -> {
              double[] loss = ((Tensor) a[5]).toDoubles();
              for (int n = 0; n < loss.length; n++) {
                loss[n] = Double.isNaN(loss[n]) ? 0 : loss[n];
              }
              k.write((Tensor) a[5], loss, 0);
            });

    assertCaught(run(wrong, "policyLoss"), "shows where the reference has it");
  }

  @Test
  void uncheckedIndices() {
    Backend wrong =
        replaced(
            "embedding",
            a -> {
              Tensor indices = (Tensor) a[1];
              int[] clamped = indices.toInts();
              int last = ((Tensor) a[0]).dim(0) - 1;
              for (int n = 0; n < clamped.length; n++) {
                clamped[n] = Math.clamp(clamped[n], 0, last);
              }
              a[1] = indices.arena().of(clamped, indices.shape().toArray());
              return a;
            });

    assertCaught(run(wrong, "embedding"), "refuses indices");
  }

  @Test
  void exceptionInOneCase() {
    Backend wrong =
        broken(
            "permute",
            (k, a) -> {
              if (((Tensor) a[0]).size() > 500) {
                throw new IllegalStateException("too large for me");
              }
            });

    ConformanceReport report = run(wrong, "permute");

    assertCaught(report, "runs");
    assertTrue(report.toString().contains("too large for me"));
    assertEquals(OpTable.named("permute").count(false), report.cases(), "the run goes on");
  }

  @Test
  void worseThanTwiceTheNaiveLoops() {
    double error = 6 * Values.F32_EPSILON; // within the rounding model, but six times the floor
    Backend wrong = broken("mul", (k, a) -> multiply(k, (Tensor) a[2], 1 + error));
    Conformance.Options options = Conformance.Options.QUICK.withOp("mul").withAllocations(false);
    try (Conformance conformance = new Conformance(wrong, null, new ReferenceBackend(), options)) {
      assertEquals(
          Set.of("at most twice the error of naive float loops"), properties(conformance.run()));
    }
  }

  @Test
  void garbageOnTheHeap() {
    Backend wrong = broken("add", (k, a) -> garbage = new byte[64]);
    Conformance.Options options = Conformance.Options.QUICK.withOp("add").withWarmUpMillis(50);
    try (Conformance conformance = new Conformance(wrong, null, null, options)) {
      assertEquals(Set.of("allocates nothing"), properties(conformance.run()));
    }
  }

  @Test
  void guardsAreSeenThroughEveryType() {
    Backend wrong =
        broken(
            "fill",
            (k, a) -> {
              Tensor x = (Tensor) a[0];
              if (x.dtype() == DType.I32 && x.size() > 0) {
                k.copyBlock(x, 0, 1, x, x.size() + 3, 1, 1, 1, false);
              }
            });

    assertCaught(run(wrong, "fill"), "writes its outputs alone");
  }
}
