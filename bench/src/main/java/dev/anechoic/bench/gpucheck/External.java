package dev.anechoic.bench.gpucheck;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another program, run to its end or to a limit. */
final class External {
  /**
   * What came of it.
   *
   * @param status exit status, or -1 where it was ended at the limit
   * @param output standard output and error together
   */
  record Result(int status, String output) {
    /** The last lines of the output. */
    String tail() {
      List<String> lines = output.lines().toList();
      return String.join("\n", lines.subList(Math.max(0, lines.size() - 8), lines.size()));
    }
  }

  private External() {}

  /** Whether a program can be started and ends well. */
  static boolean works(List<String> command) {
    try {
      return run(command, 30).status() == 0;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  static Result run(List<String> command, int limitSeconds) {
    try {
      Path log = Files.createTempFile("anechoic-", ".log");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = false;
        try {
          ended = process.waitFor(limitSeconds, TimeUnit.SECONDS);
        } finally {
          if (!ended) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
          }
        }
        return new Result(ended ? process.exitValue() : -1, Files.readString(log));
      } finally {
        Files.deleteIfExists(log);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Result(-1, "interrupted");
    }
  }
}
