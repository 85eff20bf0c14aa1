package dev.anechoic.tensor.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.reference.ReferenceBackend;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class OpTableTest {
  @Test
  void everyKernelMethodHasExactlyOneSpec() {
    List<String> methods =
        Arrays.stream(Kernels.class.getMethods()).map(Method::getName).sorted().toList();
    List<String> specs = OpTable.all().stream().map(OpSpec::name).sorted().toList();

    assertEquals(methods, specs);
  }

  @Test
  void everySpecCallsTheKernelOfItsName() {
    for (OpSpec spec : OpTable.all()) {
      Set<String> called = new TreeSet<>();
      Backend spy =
          Spy.on(
              new ReferenceBackend(),
              (backend, method, arguments) -> {
                if (method.getDeclaringClass() == Kernels.class) {
                  called.add(method.getName());
                }
                return method.invoke(backend, arguments);
              });
      OpCase opCase = spec.cases(false, 1).getFirst();
      Arena arena = new Arena(spy, Arena.Tag.WORKSPACE, new MemoryLedger());
      opCase.computeSaved(arena);
      Binding binding = new Binding(opCase, arena, 0);
      binding.load();
      called.clear();
      binding.call();

      assertEquals(Set.of(spec.name()), called);
    }
  }

  @Test
  void gridsAreLargeEnough() {
    assertTrue(count(false) * 2 >= 3_000, "two backends run 3,000 cases, have " + count(false));
    assertTrue(count(true) >= 15_000, "the full grid has 15,000 cases, has " + count(true));
  }

  private static int count(boolean full) {
    return OpTable.all().stream().mapToInt(spec -> spec.count(full)).sum();
  }

  @Test
  void countsAreThoseOfTheCases() {
    for (OpSpec spec : OpTable.all()) {
      assertEquals(spec.count(false), spec.cases(false, 1).size(), spec.name());
      assertTrue(spec.count(false) > 0, spec.name());
    }
  }

  @Test
  void quickGridsReachTheEdges() {
    for (OpSpec spec : OpTable.all()) {
      List<OpCase> cases = spec.cases(false, 1);
      List<String> axes = spec.grid().names();
      if (axes.contains("R") && axes.contains("C")) {
        assertTrue(cases.stream().anyMatch(c -> c.d(0) == 0), spec.name() + " without rows");
        assertTrue(cases.stream().anyMatch(c -> c.d(1) == 1), spec.name() + " with one column");
        assertTrue(cases.stream().anyMatch(c -> c.d(1) > 512), spec.name() + " beyond a block");
        assertTrue(cases.stream().anyMatch(c -> c.d(1) % 16 != 0), spec.name() + " with a tail");
      }
    }
  }

  @Test
  void costsGrowWithTheShape() {
    OpSpec matmul = OpTable.named("matmul");
    OpCase small = matmul.at(new int[] {2, 3, 4, 0, 0, 0, 0}, false, 1);
    OpCase wide = matmul.at(new int[] {2, 6, 4, 0, 0, 0, 0}, false, 1);

    assertEquals(2 * 2 * 3 * 4, small.flops());
    assertEquals(2 * small.flops(), wide.flops());
    assertEquals(4 * (2 * 4 + 4 * 3 + 2 * 3), small.bytes(4));
    assertEquals(
        4 * (2 * 4 + 4 * 3 + 2 * 2 * 3),
        matmul.at(new int[] {2, 3, 4, 0, 0, 0, 0}, true, 1).bytes(4));
  }
}
