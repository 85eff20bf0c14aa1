package dev.anechoic.rl.cli;

import dev.anechoic.rl.report.LedgerTable;
import dev.anechoic.rl.report.RunData;
import dev.anechoic.rl.runfolder.RunFolder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anechoic ledger}: what the ledgers of finished runs say, as a table. */
@Command(
    name = "ledger",
    mixinStandardHelpOptions = true,
    description = {
      "Prints what the ledgers of runs say, as a Markdown table: the gain split into selection and",
      "improvement within formats, and how well the pushes predict the movement."
    })
final class LedgerCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(arity = "1..*", paramLabel = "DIR", description = "Run or study folders.")
  private List<Path> folders;

  @SuppressWarnings("NullAway.Init") // picocli injects spec and folders
  LedgerCommand() {}

  @Override
  public void run() {
    PrintWriter print = spec.commandLine().getOut();
    List<RunData> runs = RunFolder.find(folders).stream().map(RunData::new).toList();
    LedgerTable.markdown(runs).forEach(print::println);
    print.flush();
  }
}
