package dev.anechoic.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes cuBLAS ready for JCublas2, which asks for {@code libcublas.so.12} by name. Where only
 * cuBLAS 13 is installed, a small library of the build ({@code build.sh cublas-shim}) takes that
 * name and passes every call on.
 */
@SuppressWarnings("restricted") // native calls are this class's purpose
final class CublasLibrary {
  private static final String WANTED = "libcublas.so.12";
  private static final String NEWER = "libcublas.so.13";
  private static final String SHIM = "shim/libanechoic-cublas-shim.so";

  /** Where a toolkit lies that is not on the loader's path. */
  private static final List<String> FOLDERS =
      List.of("", "/usr/local/cuda/lib64/", "/usr/lib/x86_64-linux-gnu/");

  private CublasLibrary() {}

  /** Asked once: a library stays loaded. */
  private static final class Probe {
    static final @Nullable String PROBLEM = load();
  }

  /** Why cuBLAS cannot be called, in one sentence, or null where it can. */
  static @Nullable String unavailableBecause() {
    return Probe.PROBLEM;
  }

  private static @Nullable String load() {
    if (isThere(WANTED)) {
      return null;
    }
    if (!isThere(NEWER)) {
      return "neither " + WANTED + " nor " + NEWER + " is installed";
    }
    try (InputStream shim = CublasLibrary.class.getResourceAsStream(SHIM)) {
      if (shim == null) {
        return "only "
            + NEWER
            + " is installed, and this build has no shim for it (gcc was missing)";
      }
      Path file = Files.createTempFile("anechoic-cublas-shim-", ".so");
      file.toFile().deleteOnExit();
      Files.copy(shim, file, StandardCopyOption.REPLACE_EXISTING);
      System.load(file.toString());
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException("unpacking the cuBLAS shim", e);
    } catch (UnsatisfiedLinkError e) {
      return "the cuBLAS shim does not load: " + e.getMessage();
    }
  }

  /** Loads a library for good, so that what asks for it by its plain name later finds it. */
  private static boolean isThere(String name) {
    for (String folder : FOLDERS) {
      try {
        SymbolLookup.libraryLookup(folder + name, Arena.global());
        return true;
      } catch (IllegalArgumentException e) {
        continue; // not in this folder
      }
    }
    return false;
  }
}
