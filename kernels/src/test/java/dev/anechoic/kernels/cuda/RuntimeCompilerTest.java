package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.emulated.EmulationLibrary;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A build without nvcc on a machine with a driver: NVRTC compiles the kernels, or is asked for. */
class RuntimeCompilerTest {
  @TempDir Path folder;

  private ChildJvm child(boolean compiler) throws Exception {
    String problem = EmulationLibrary.unavailableBecause();
    assumeTrue(problem == null, problem);
    ChildJvm.assumeLinuxWithGcc();
    ChildJvm child = new ChildJvm(folder);
    child.fakeDriver();
    child.withoutProgram();
    if (compiler) {
      child.library("libnvrtc.so", ChildJvm.resource("fake_nvrtc.c"));
    }
    return child;
  }

  private String run(ChildJvm child, Map<String, String> settings, String backend)
      throws Exception {
    Map<String, String> environment = new TreeMap<>(settings);
    environment.put("FAKE_EMULATION", EmulationLibrary.get().toString());
    String cache = "-D" + KernelSources.CACHE_PROPERTY + "=" + folder.resolve("cache");
    environment.put("JAVA_TOOL_OPTIONS", cache);
    return child.run(FakeDriverTest.Child.class, environment, "gelu", backend);
  }

  @Test
  void theKernelsAreCompiledForTheDeviceOnceAndKept() throws Exception {
    ChildJvm child = child(true);
    String first = run(child, Map.of(), "cuda-f32");
    assertTrue(first.contains("nvrtc: kernels.cu, with what it includes"), first);
    assertTrue(
        first.contains("compiles with --gpu-architecture=sm_85 --std=c++17 --fmad=false"), first);
    assertFalse(first.contains("error"), first);
    String second = run(child, Map.of(), "cuda-f32");
    assertTrue(second.contains("reason") && !second.contains("nvrtc:"), second);
    String other = run(child, Map.of("FAKE_MAJOR", "9"), "cuda-f32");
    assertTrue(other.contains("--gpu-architecture=sm_95a"), other);
  }

  @Test
  void whatTheCompilerRefusesIsSaidInItsWords() throws Exception {
    String said = run(child(true), Map.of("FAKE_REFUSES", "1"), "cuda-f32");
    assertTrue(said.contains("NVRTC refuses the kernels for sm_85"), said);
    assertTrue(said.contains("common.cuh(7): error: made up"), said);
    assertTrue(said.contains("--backend cpu runs without a GPU"), said);
  }

  @Test
  void withoutProgramAndCompilerTheMessageNamesBothAndAutoTakesTheCpu() throws Exception {
    assumeTrue(RuntimeCompiler.libraryName() == null, "NVRTC is installed");
    ChildJvm child = child(false);
    String message =
        "this build has no compiled kernels (nvcc was missing) and libnvrtc is not installed";
    String named = run(child, Map.of(), "cuda-f32");
    assertTrue(named.contains(message), named);
    String auto = run(child, Map.of(), "auto");
    assertTrue(auto.contains("reason") && auto.contains("not cuda: " + message), auto);
  }

  @Test
  void theRealCompilerTakesTheSourcesWhereItIsInstalled() {
    assumeTrue(RuntimeCompiler.libraryName() != null, "NVRTC is not installed");
    for (int major : new int[] {8, 9}) {
      String image = new String(RuntimeCompiler.compile(major, 0), StandardCharsets.ISO_8859_1);
      assertEquals("\u007fELF", image.substring(0, 4));
      assertTrue(image.contains(".text.sample") && image.contains(".text.matmulBf16_64x64_NN"));
      assertEquals(major == 9, image.contains(".text.matmulSm90_64x32"));
    }
  }
}
