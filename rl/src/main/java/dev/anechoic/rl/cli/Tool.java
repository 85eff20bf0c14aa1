package dev.anechoic.rl.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A program of the machine that {@code doctor} reports: where it is and which version. */
final class Tool {
  /** A version query that takes longer is stuck, on a hung network drive for instance. */
  private static final long TIMEOUT_SECONDS = 10;

  /** Where CUDA installs itself without touching the path. */
  private static final Path CUDA = Path.of("/usr/local/cuda/bin");

  private Tool() {}

  /**
   * One line: version and path, or that there is none.
   *
   * @param name the program
   * @param versionMark a word of the line of {@code --version} that holds the version
   */
  static String find(String name, String versionMark) {
    return locate(name)
        .map(program -> version(program, versionMark) + ", " + program)
        .orElse("not found on the path");
  }

  private static Optional<Path> locate(String name) {
    boolean windows = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("win");
    String file = windows ? name + ".exe" : name;
    Stream<Path> onPath =
        Stream.of(pathVariable().split(Pattern.quote(File.pathSeparator)))
            .filter(folder -> !folder.isBlank())
            .map(Path::of);
    return Stream.concat(onPath, Stream.of(CUDA))
        .map(folder -> folder.resolve(file))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static String pathVariable() {
    @Nullable String path = System.getenv("PATH");
    return path == null ? "" : path;
  }

  private static String version(Path program, String mark) {
    try {
      Process process =
          new ProcessBuilder(program.toString(), "--version").redirectErrorStream(true).start();
      process.getOutputStream().close();
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return "gives no version";
      }
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return output
          .lines()
          .filter(line -> line.contains(mark))
          .findFirst()
          .map(String::strip)
          .orElse("gives no version");
    } catch (IOException e) {
      return "does not start: " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "gives no version";
    }
  }
}
