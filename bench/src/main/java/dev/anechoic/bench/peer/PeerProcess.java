package dev.anechoic.bench.peer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A running {@link PeerWorker}, from the outside. */
public final class PeerProcess implements AutoCloseable {
  /**
   * Variables that would leave a library at less than its best, or at another number of threads
   * than was asked for.
   */
  private static final List<String> UNSET =
      List.of(
          "OPENBLAS_CORETYPE",
          "MKL_ENABLE_INSTRUCTIONS",
          "MKL_DEBUG_CPU_TYPE",
          "GOMP_CPU_AFFINITY",
          "KMP_AFFINITY");

  private static final int LAST_LINES = 30;

  private final String name;
  private final String version;
  private final Process process;
  private final BufferedReader answers;
  private final PrintWriter commands;

  /** What the process printed last besides answers, for the message when it ends. */
  private final Deque<String> printed = new ArrayDeque<>();

  /**
   * Starts a fresh JVM.
   *
   * @param jvmFlags before the class path
   */
  public PeerProcess(Peer peer, int threads, List<String> jvmFlags) {
    name = peer.name();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmFlags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(PeerWorker.class.getName(), name, Integer.toString(threads)));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    Map<String, String> environment = builder.environment();
    UNSET.forEach(environment::remove);
    environment.putAll(peer.environment(threads));
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    commands = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
    version = answer();
  }

  /** Column of the table. */
  public String name() {
    return name;
  }

  /** What the library says of itself. */
  public String version() {
    return version;
  }

  /**
   * Sets a piece of work up and warms it.
   *
   * @return its configuration, or null where the library has no such thing
   */
  public @Nullable String prepare(Work work, double seconds) {
    commands.println("prepare " + work.id() + " " + seconds);
    String answer = answer();
    return answer.equals("none") ? null : answer.substring("ready".length()).strip();
  }

  /** Seconds per run of what was prepared last. */
  public double measure(double seconds) {
    commands.println("measure " + seconds);
    return Double.parseDouble(answer());
  }

  private String answer() {
    try {
      for (String line = answers.readLine(); line != null; line = answers.readLine()) {
        if (line.startsWith(PeerWorker.ANSWER)) {
          return line.substring(PeerWorker.ANSWER.length());
        }
        printed.add(line);
        if (printed.size() > LAST_LINES) {
          printed.remove();
        }
      }
      throw new IllegalStateException(
          "the process of "
              + name
              + " ended with "
              + process.waitFor()
              + ":\n"
              + String.join("\n", printed));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    commands.close();
    process.destroy();
  }
}
