package dev.anechoic.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.simd.Lanes;
import dev.anechoic.tensor.BackendProvider;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.spec.Conformance;
import dev.anechoic.tensor.spec.ConformanceReport;
import dev.anechoic.tensor.spec.OpTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
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

  /** One case in five on vectors narrower than the machine's own. */
  @ParameterizedTest
  @ValueSource(ints = {128, 256})
  void narrowerVectorsKeepThePromisesToo(int bits) {
    assumeAvailable("cpu");
    assumeTrue(bits < Lanes.machineBits(), "the machine has no vectors wider than " + bits);
    String width = "-D" + Lanes.PROPERTY + "=" + bits;
    assertTrue(passesInAJvmOfItsOwn(List.of(width), "--every", "5", "--no-allocations"));
  }

  private static boolean passesInAJvmOfItsOwn(List<String> flags, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules=jdk.incubator.vector", "-Xmx1g"));
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Conformance.class.getName(), "cpu"));
    command.addAll(List.of(arguments));
    try {
      return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
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
