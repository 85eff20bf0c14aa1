package dev.anechoic.bench.peer;

import dev.anechoic.bench.peer.Peer.Prepared;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The process of one library: reads commands, one a line, and answers each with one line that
 * starts with {@link #ANSWER}; what a library prints by itself is passed over.
 *
 * <ul>
 *   <li>{@code prepare ID SECONDS}: sets the work up and runs it until it has got no faster for so
 *       long; the answer is {@code ready} and the configuration, or {@code none} where the library
 *       has no such thing.
 *   <li>{@code measure SECONDS}: seconds per run.
 * </ul>
 *
 * It ends with its input.
 */
public final class PeerWorker {
  static final String ANSWER = "@@ ";

  private PeerWorker() {}

  /** The library of this name. */
  static Peer named(String name) {
    if (name.equals(Engine.NAME)) {
      return new Engine();
    }
    for (Peer peer : ServiceLoader.load(Peer.class)) {
      if (peer.name().equals(name)) {
        return peer;
      }
    }
    throw new IllegalArgumentException("no peer " + name + " on the class path");
  }

  /** Arguments: name of the library, threads. */
  public static void main(String[] args) throws IOException {
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    Peer peer = named(args[0]);
    answers.println(ANSWER + peer.open(Integer.parseInt(args[1])));
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Prepared prepared = null;
    Stopwatch stopwatch = null;
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split(" ");
      if (words[0].equals("prepare")) {
        close(prepared);
        prepared = peer.prepare(Work.parse(words[1]));
        if (prepared == null) {
          answers.println(ANSWER + "none");
        } else {
          stopwatch = new Stopwatch(prepared::run);
          stopwatch.settle(Double.parseDouble(words[2]));
          answers.println(ANSWER + "ready " + prepared.configuration());
        }
      } else if (stopwatch != null) {
        answers.println(ANSWER + stopwatch.mean(Double.parseDouble(words[1])));
      }
    }
    close(prepared);
    System.exit(0); // a library's threads may not be daemons
  }

  private static void close(@Nullable Prepared prepared) {
    if (prepared != null) {
      prepared.close();
    }
  }
}
