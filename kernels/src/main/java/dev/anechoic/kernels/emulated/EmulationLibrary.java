package dev.anechoic.kernels.emulated;

import dev.anechoic.kernels.cuda.DriverException;
import dev.anechoic.kernels.cuda.KernelSources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/**
 * The kernels as a shared library for this CPU, built by g++ at first use and kept in {@code
 * ~/.cache/anechoic} under the hash of its sources.
 *
 * <p>The system property {@code anechoic.emulation.library} names a library to use instead, for
 * example one with the address sanitizer.
 */
public final class EmulationLibrary {
  /** Path of a library to use as it is. */
  public static final String LIBRARY_PROPERTY = "anechoic.emulation.library";

  private static final String FILE = "libanechoic-emulated.so";

  private EmulationLibrary() {}

  /** Why there can be no library here, in one sentence, or null where there can. */
  public static @Nullable String unavailableBecause() {
    String given = System.getProperty(LIBRARY_PROPERTY);
    if (given != null) {
      return Files.isReadable(Path.of(given))
          ? null
          : LIBRARY_PROPERTY + " names " + given + ", which is not there";
    }
    if (Files.exists(cached())) {
      return null;
    }
    if (!System.getProperty("os.name").equals("Linux")) {
      return "the emulated kernels are built on Linux only";
    }
    return hasCompiler()
        ? null
        : "g++ and bash, which build the emulated kernels at first use, are not on the PATH";
  }

  private static boolean hasCompiler() {
    try {
      Process process =
          new ProcessBuilder("bash", "-c", "g++ --version")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * The library, built where need be; that takes some seconds.
   *
   * @throws DriverException where the build fails, with the compiler's words
   */
  public static Path get() {
    String given = System.getProperty(LIBRARY_PROPERTY);
    if (given != null) {
      return Path.of(given).toAbsolutePath();
    }
    Path folder = cached();
    if (!Files.exists(folder)) {
      build(folder);
    }
    return folder.resolve(FILE);
  }

  private static Path cached() {
    return KernelSources.cacheFolder().resolve("emulation-" + KernelSources.hash());
  }

  /** Builds beside the cache and moves the result there whole: two programs may build at once. */
  private static void build(Path folder) {
    try {
      Path cache = folder.resolveSibling("");
      Files.createDirectories(cache);
      Path work = Files.createTempDirectory(cache, "building-");
      Path log = work.resolve("build.log");
      KernelSources.writeTo(work);
      Process process =
          new ProcessBuilder("bash", work.resolve("build.sh").toString(), "emulation")
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (process.waitFor() != 0) {
        throw new DriverException(
            "g++ refuses the emulated kernels; the whole log is " + log + ":\n" + tail(log));
      }
      Path ready = work.resolve("ready");
      Files.createDirectory(ready);
      Files.move(work.resolve("build").resolve(FILE), ready.resolve(FILE));
      moveUnlessThere(ready, folder);
      deleteTree(work);
    } catch (IOException e) {
      throw new UncheckedIOException("building the emulated kernels in " + folder, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DriverException("interrupted while g++ was building the emulated kernels");
    }
  }

  private static void moveUnlessThere(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
      return; // another program was first, with the same result
    }
  }

  private static String tail(Path log) throws IOException {
    String text = Files.readString(log);
    return text.substring(Math.max(0, text.length() - 2000));
  }

  private static void deleteTree(Path root) throws IOException {
    try (var paths = Files.walk(root)) {
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
