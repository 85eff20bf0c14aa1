package dev.anechoic.kernels.emulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.cuda.KernelSources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The address sanitizer over one of the emulated kernels; a job in CI runs it over all of them. */
class AddressSanitizerTest {
  private static final String SCRIPT = "conformance-asan.sh";
  private static final Set<String> KEPT = Set.of("softmax.cu", "fill.cu");
  private static final int ERROR_FOUND = 86;

  @TempDir Path folder;

  private Path log() {
    return folder.resolve("log");
  }

  private String text() throws IOException {
    return Files.readString(log());
  }

  /** The sources of a few kernels, quickly built. */
  private void writeSources() throws IOException {
    Emulated.assumeAvailable();
    boolean linux = System.getProperty("os.name").equals("Linux");
    assumeTrue(linux && Files.exists(Path.of("../cuda-src")), "needs Linux and the sources");
    KernelSources.writeTo(folder);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".cu")).toList()) {
        if (!KEPT.contains(file.getFileName().toString())) {
          Files.delete(file);
        }
      }
    }
    Path script = Path.of("../cuda-src").resolve(SCRIPT);
    Files.copy(script, folder.resolve(SCRIPT), StandardCopyOption.REPLACE_EXISTING);
  }

  private int run() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(
                    "bash",
                    folder.resolve(SCRIPT).toString(),
                    "cuda-emulated",
                    "--wide",
                    "--op",
                    "softmax"))
            .redirectErrorStream(true)
            .redirectOutput(log().toFile());
    builder.environment().put("CLASSES", System.getProperty("java.class.path"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    assertTrue(process.waitFor(180, TimeUnit.SECONDS), "not done after three minutes");
    assumeTrue(!text().contains("cannot find -lasan"), "g++ comes without the sanitizer");
    return process.exitValue();
  }

  @Test
  void aRightKernelPasses() throws Exception {
    writeSources();
    assertEquals(0, run(), text());
    assertTrue(text().contains("libanechoic-emulated-asan.so"), text());
  }

  @Test
  void anAccessOutsideSharedMemoryEndsTheRunAndNamesTheLine() throws Exception {
    writeSources();
    Path header = folder.resolve("common.cuh");
    String right = Files.readString(header);
    String wrong = right.replace("__shared__ float partial[32]", "__shared__ float partial[1]");
    assertTrue(!wrong.equals(right), "the sums of a block are kept elsewhere: adapt this test");
    Files.writeString(header, wrong);
    assertEquals(ERROR_FOUND, run(), text());
    assertTrue(text().contains("global-buffer-overflow"), text());
    assertTrue(text().contains("common.cuh:"), text());
  }
}
