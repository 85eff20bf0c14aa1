package dev.anechoic.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The sources of {@code cuda-src/}, carried in the jar under their relative paths. */
public final class KernelSources {
  /** The system property that names another folder than {@code ~/.cache/anechoic}. */
  public static final String CACHE_PROPERTY = "anechoic.cache";

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

  /** A name for these sources: another one where a byte differs. */
  public static String hash() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Map.Entry<String, byte[]> file : all().entrySet()) {
        digest.update(file.getKey().getBytes(StandardCharsets.UTF_8));
        digest.update(file.getValue());
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  /** Where what is compiled of them at run time is kept. */
  public static Path cacheFolder() {
    String folder = System.getProperty(CACHE_PROPERTY);
    return folder != null
        ? Path.of(folder)
        : Path.of(System.getProperty("user.home"), ".cache", "anechoic");
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
