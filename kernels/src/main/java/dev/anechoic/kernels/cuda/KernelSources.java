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
  private static final String ALL_KERNELS = "kernels.cu";
  private static final Pattern INCLUDE = Pattern.compile("#include \"(.+)\"");
  private static final List<String> BESIDE_KERNELS =
      List.of(
          ALL_KERNELS,
          "common.cuh",
          "build.sh",
          "emulation/emulation.h",
          "emulation/emulation.cpp",
          "emulation/fiber.h");

  private KernelSources() {}

  /** File contents by relative path, the emulation and the build script included. */
  public static Map<String, byte[]> all() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    BESIDE_KERNELS.forEach(file -> files.put(file, read(FOLDER + file)));
    String kernels = new String(files.get(ALL_KERNELS), StandardCharsets.UTF_8);
    INCLUDE
        .matcher(kernels)
        .results()
        .map(match -> match.group(1))
        .forEach(file -> files.put(file, read(FOLDER + file)));
    return files;
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
