package dev.anechoic.tensor.spec;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Concat;
import dev.anechoic.tensor.op.Gelu;
import dev.anechoic.tensor.op.MatMul;
import dev.anechoic.tensor.op.Mul;
import dev.anechoic.tensor.op.Scale;
import dev.anechoic.tensor.op.Slice;
import dev.anechoic.tensor.op.Sum;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class GradientCheckTest {
  private static final double SMOOTH = 1e-6;
  private static final int DIRECTIONS = 2;

  /** Elements in all operands; the rest of the grid adds time, not branches. */
  private static final long MOST_ELEMENTS = 6_000;

  private final GradientCheck check = new GradientCheck();

  @AfterEach
  void close() {
    check.close();
  }

  @TestFactory
  List<DynamicTest> gradientsOfEveryOpEqualCentralDifferences() {
    return differentiable()
        .map(spec -> DynamicTest.dynamicTest(spec.name(), () -> checkOp(spec)))
        .toList();
  }

  /** Kernels with an op over them, at some point of their grid at least. */
  private static Stream<OpSpec> differentiable() {
    return OpTable.all().stream()
        .filter(spec -> spec.cases(false, 1).stream().anyMatch(c -> c.tapeCall() != null));
  }

  @Test
  void noOpWithAGradientIsLeftOut() throws Exception {
    Set<String> checked = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    differentiable().map(OpSpec::name).forEach(checked::add);
    checked.addAll(List.of("sum", "concat", "slice")); // over sumColumns; over copyBlock, below
    checked.add("checkpoint"); // TapeTest compares its bits with those of the block

    for (OpSpec spec : OpTable.all()) {
      if (spec.name().endsWith("Backward")) {
        assertTrue(checked.contains(spec.name().replace("Backward", "")), spec.name());
      }
    }
    for (String op : opsThatRecord()) {
      assertTrue(checked.contains(op), op + " has a backward pass that no test checks");
    }
  }

  /** Names of the classes of the op package that leave a node on the tape. */
  private static List<String> opsThatRecord() throws Exception {
    Path classes = Path.of(Gelu.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<String> ops = new ArrayList<>();
    try (var files = Files.list(classes.resolve(Gelu.class.getPackageName().replace('.', '/')))) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString().replace(".class", "");
        Class<?> type = Class.forName(Gelu.class.getPackageName() + "." + name);
        if (Node.class.isAssignableFrom(type)) {
          ops.add(name);
        }
      }
    }
    assertTrue(ops.size() > 20, "found " + ops);
    return ops;
  }

  private void checkOp(OpSpec spec) {
    int cases = 0;
    double worst = 0;
    for (OpCase opCase : spec.cases(false, Conformance.DEFAULT_SEED)) {
      boolean small = opCase.bytes(4) <= 4 * MOST_ELEMENTS && opCase.flops() < 4e5;
      if (small && !opCase.accumulate() && GradientCheck.applies(opCase)) {
        double error = check.worstError(opCase, DIRECTIONS);
        assertTrue(error <= SMOOTH, () -> opCase + ": relative error " + error);
        worst = Math.max(worst, error);
        cases++;
      }
    }
    System.out.printf(
        "gradient of %-14s %3d cases, worst relative error beyond rounding %.1e%n",
        spec.name(), cases, worst);
    assertTrue(cases >= 4, spec.name() + " was checked at " + cases + " points only");
  }

  private Tensor input(int... dims) {
    Tensor t = check.inputs().tensor(check.inputs().backend().floatType(), dims[0], dims[1]);
    double[] values = new double[Math.toIntExact(t.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Domain.normal(1).at(5, dims[0], i);
    }
    check.inputs().backend().write(t, values, 0);
    return t;
  }

  private void assertGradient(List<Tensor> inputs, GradientCheck.Function f) {
    double error = check.worstError(inputs, f, 8, 3, false);
    assertTrue(error <= SMOOTH, "relative error " + error);
  }

  @Test
  void concatOnEitherAxis() {
    Tensor a = input(3, 4);
    Tensor b = input(5, 4);
    Tensor c = input(3, 2);

    assertGradient(List.of(a, b), tape -> Concat.forward(tape, a, b, 0));
    assertGradient(List.of(a, c), tape -> Concat.forward(tape, a, c, -1));
  }

  @Test
  void sliceOnEitherAxis() {
    Tensor x = input(6, 7);

    assertGradient(List.of(x), tape -> Gelu.forward(tape, Slice.forward(tape, x, 0, 2, 5)));
    assertGradient(List.of(x), tape -> Gelu.forward(tape, Slice.forward(tape, x, 1, 1, 4)));
  }

  @Test
  void viewsShareTheGradientOfTheirBase() {
    Tensor x = input(6, 4);

    assertGradient(
        List.of(x),
        tape -> {
          Tensor y = Scale.forward(tape, x, 3);
          Tensor top = y.slice(0, 2);
          Tensor rest = y.slice(2, 6).reshape(4, 4);
          return MatMul.forward(tape, top, rest);
        });
  }

  @Test
  void oneTensorUsedTwice() {
    Tensor x = input(4, 4);

    assertGradient(List.of(x), tape -> Mul.forward(tape, x, x));
    assertGradient(List.of(x), tape -> MatMul.forward(tape, x, true, x, false, null));
  }

  @Test
  void meanOfRows() {
    Tensor x = input(3, 5);

    assertGradient(List.of(x), tape -> Sum.mean(tape, x));
  }

  @Test
  void aWrongGradientIsFound() {
    Tensor x = input(3, 4);

    // The seed of the backward pass and the objective see different functions.
    boolean[] recorded = {false};
    double error =
        check.worstError(
            List.of(x),
            tape -> {
              recorded[0] = tape.isRecording();
              return Scale.forward(tape, x, recorded[0] ? 1.001 : 1);
            },
            1,
            3,
            false);

    assertTrue(error > 1e-4, "relative error " + error);
  }
}
