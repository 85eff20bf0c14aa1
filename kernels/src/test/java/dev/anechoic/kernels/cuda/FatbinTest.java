package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the build of the GPU code refuses. */
class FatbinTest {
  @TempDir private Path folder;

  @BeforeEach
  void needsNvcc() throws Exception {
    boolean found = run("nvcc --version").exitCode == 0;
    if (!found) {
      System.out.println("skipped: nvcc is not on the PATH");
    }
    assumeTrue(found, "nvcc is not on the PATH");
    KernelSources.writeTo(folder);
  }

  @Test
  void kernelThatSpillsFailsTheBuild() throws Exception {
    // 64 live values in each of 1024 threads, where two blocks leave room for 32 registers.
    Files.writeString(
        folder.resolve("spills.cu"),
        """
        extern "C" __global__ void __launch_bounds__(1024, 2) spills(float* x) {
          float v[64];
          #pragma unroll
          for (int i = 0; i < 64; i++) v[i] = x[i * 1024 + threadIdx.x];
          #pragma unroll
          for (int i = 0; i < 64; i++) v[i] = v[i] * v[(i * 7 + 1) % 64] + 1.0f;
          __syncthreads();
          #pragma unroll
          for (int i = 0; i < 64; i++) x[i * 1024 + threadIdx.x] = v[(i * 5 + 3) % 64];
        }
        """);
    Output output = build("spills.cu");
    assertNotEquals(0, output.exitCode);
    assertTrue(output.text.contains("spills registers"), output.text);
    assertTrue(output.text.contains("'spills'"), output.text);
    assertFalse(Files.exists(folder.resolve("build/spills.cu.fatbin")));
  }

  @Test
  void kernelThatFitsIsBuilt() throws Exception {
    Files.writeString(
        folder.resolve("fits.cu"), "extern \"C\" __global__ void fits(float* x) { x[0] = 1; }\n");
    Output output = build("fits.cu");
    assertEquals(0, output.exitCode, output.text);
    assertTrue(Files.exists(folder.resolve("build/fits.cu.fatbin")));
  }

  /** Only the assembler, as the driver has one, knows the function that sets a condition. */
  @Test
  void kernelOfWhileNodesIsAssembledForEveryArchitecture() throws Exception {
    byte[] program = WhileGraphs.PROGRAM;
    String ptx = new String(program, 0, program.length - 1, StandardCharsets.US_ASCII);
    Files.writeString(folder.resolve("condition.ptx"), ptx);
    String unknown = ptx.replace("cudaGraphSetConditional", "someOtherFunction");
    Files.writeString(folder.resolve("unknown.ptx"), unknown);
    for (String architecture : new String[] {"sm_80", "sm_86", "sm_90a", "sm_100"}) {
      String assemble = "ptxas -arch=" + architecture + " -o out.cubin ";
      Output output = run(assemble + "condition.ptx");
      assertEquals(0, output.exitCode, output.text);
      assertNotEquals(0, run(assemble + "unknown.ptx").exitCode);
    }
  }

  private record Output(int exitCode, String text) {}

  private Output build(String source) throws IOException, InterruptedException {
    return run("bash build.sh fatbin-of build " + source);
  }

  private Output run(String command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("bash", "-c", command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String text = new String(process.getInputStream().readAllBytes());
    return new Output(process.waitFor(), text);
  }
}
