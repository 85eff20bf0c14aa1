package dev.anechoic.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The sources of {@code cuda-src/}, carried in the jar under their relative paths. */
public final class KernelSources {
  private static final String FOLDER = "source/";
  private static final Pattern INCLUDE = Pattern.compile("^#include \"(.+)\"", Pattern.MULTILINE);

  /** Everything else is included by one of these. */
  private static final List<String> ROOTS =
      List.of(
          "kernels.cu",
          "emulation/emulation.cpp",
          "emulation/hopper.cpp",
          "emulation/selftest.cpp",
          "build.sh");

  private KernelSources() {}

  /** File contents by relative path, the emulation and the build script included. */
  public static Map<String, byte[]> all() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    ROOTS.forEach(root -> addWithIncludes(Path.of(root), files));
    return files;
  }

  private static void addWithIncludes(Path file, Map<String, byte[]> files) {
    String name = file.toString().replace('\\', '/');
    if (files.containsKey(name)) {
      return;
    }
    byte[] text = read(FOLDER + name);
    files.put(name, text);
    INCLUDE
        .matcher(new String(text, StandardCharsets.UTF_8))
        .results()
        .forEach(m -> addWithIncludes(file.resolveSibling(m.group(1)).normalize(), files));
  }

  private static byte[] read(String name) {
    try (InputStream in = KernelSources.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new DriverException(
            name + " is missing from the kernels jar; build it with ./mvnw package");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + name + " from the class path", e);
    }
  }

  /** Writes all sources below a folder. */
  public static void writeTo(Path folder) throws IOException {
    for (Map.Entry<String, byte[]> file : all().entrySet()) {
      Path to = folder.resolve(file.getKey());
      Files.createDirectories(to.getParent());
      Files.write(to, file.getValue());
    }
  }
}
