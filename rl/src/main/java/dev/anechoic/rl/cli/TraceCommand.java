package dev.anechoic.rl.cli;

import dev.anechoic.rl.trace.ChromeTrace;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anechoic trace}: a Flight Recorder recording as a timeline for Perfetto. */
@Command(
    name = "trace",
    mixinStandardHelpOptions = true,
    description = {
      "Turns a Flight Recorder recording into a trace for https://ui.perfetto.dev or",
      "chrome://tracing: steps, phases, ops, worker threads and garbage collection on one clock.",
      "Record with: JDK_JAVA_OPTIONS=-XX:StartFlightRecording:filename=run.jfr anechoic ..."
    })
final class TraceCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "RECORDING", description = "The .jfr file.")
  private Path recording;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The trace to write; RECORDING with .json by default.")
  private @Nullable Path out;

  @SuppressWarnings("NullAway.Init") // picocli injects spec and recording
  TraceCommand() {}

  @Override
  public void run() {
    Path file = out;
    if (file == null) {
      String name = String.valueOf(recording.getFileName()).replaceFirst("\\.jfr$", "");
      file = recording.resolveSibling(name + ".json");
    }
    PrintWriter print = spec.commandLine().getOut();
    ChromeTrace.convert(recording, file).lines().forEach(print::println);
    print.println("trace    " + file);
    print.flush();
  }
}
