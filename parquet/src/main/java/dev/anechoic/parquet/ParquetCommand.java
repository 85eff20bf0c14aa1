package dev.anechoic.parquet;

import dev.anechoic.model.io.JsonLines;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anechoic parquet FILE --out FILE.jsonl}: rows as the JSON Lines that commands read. */
@Command(
    name = "parquet",
    mixinStandardHelpOptions = true,
    description = {
      "Turns a Parquet file into JSON Lines, one object per row.",
      "A corpus needs the keys prompt, completion and format: --rename question=prompt"
    })
final class ParquetCommand implements Runnable {
  @Parameters(paramLabel = "FILE", description = "Parquet file")
  private Path file;

  @Option(names = "--out", required = true, description = "JSONL file to write")
  private Path out;

  @Option(
      names = "--rename",
      paramLabel = "COLUMN=KEY",
      description = "gives a column another key; may be given several times")
  private Map<String, String> renamed = new LinkedHashMap<>();

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  ParquetCommand() {}

  @Override
  public void run() {
    long rows = 0;
    try (ParquetRows reader = ParquetRows.open(file, renamed);
        JsonLines.Writer writer = JsonLines.replacing(out)) {
      while (reader.hasNext()) {
        writer.write(reader.next());
        rows++;
      }
      writer.commit();
    }
    PrintWriter print = spec.commandLine().getOut();
    print.printf("%,d rows to %s%n", rows, out);
    print.flush();
  }
}
