package dev.anechoic.rl.cli;

import dev.anechoic.rl.report.Printout;
import dev.anechoic.rl.report.Report;
import dev.anechoic.rl.report.RunData;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anechoic report}: one HTML page from one or several run folders. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = {
      "Makes one self-contained HTML page from run or study folders, several side by side.",
      "Beside it: the numbers as CSV, the figures before and after RL as a table in Markdown,",
      "and summary.json in each run folder."
    })
final class ReportCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(arity = "1..*", paramLabel = "DIR", description = "Run or study folders.")
  private List<Path> folders;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The page to write; report.html in the first folder by default.")
  private @Nullable Path out;

  @Option(names = "--title", description = "Title of the page; the folder's name by default.")
  private @Nullable String title;

  @SuppressWarnings("NullAway.Init") // picocli injects spec and folders
  ReportCommand() {}

  @Override
  public void run() {
    Path first = folders.getFirst().toAbsolutePath().normalize();
    Path name = first.getFileName();
    Report report =
        Report.of(title != null ? title : name == null ? "Report" : name.toString(), folders);
    Path file = out != null ? out : first.resolve("report.html");
    report.write(file);
    PrintWriter print = spec.commandLine().getOut();
    for (RunData run : report.runs()) {
      Printout.lines(run).forEach(print::println);
    }
    Printout.comparison(report.runs()).forEach(print::println);
    report.waiting().forEach(run -> print.printf("%-8s has no RL step yet%n", run));
    print.println("report   " + file);
    print.flush();
  }
}
