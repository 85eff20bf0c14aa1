package dev.anechoic.kernels.emulated;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.anechoic.kernels.cuda.KernelSources;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The emulation against what the hardware documents, before anything is tested by it. */
class EmulationSelfTest {
  @TempDir private Path folder;

  @Test
  void emulationDoesWhatTheHardwareDocuments() throws Exception {
    Emulated.assumeAvailable();
    KernelSources.writeTo(folder);
    Process process =
        new ProcessBuilder("bash", "build.sh", "selftest")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), text);
  }
}
