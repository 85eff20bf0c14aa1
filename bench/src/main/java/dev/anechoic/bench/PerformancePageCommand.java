package dev.anechoic.bench;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.AtomicFiles;
import dev.anechoic.model.io.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code anechoic bench page}: writes the measured part of {@code docs/performance.md}. */
@Command(
    name = "page",
    mixinStandardHelpOptions = true,
    description = "Writes the tables of docs/performance.md; runs/performance.sh calls it.")
final class PerformancePageCommand implements Runnable {
  static final String BEGIN = "<!-- measured: written by runs/performance.sh -->";
  static final String END = "<!-- end of measured -->";

  @Option(names = "--ops", required = true, paramLabel = "FILE", description = "rows of bench ops")
  private Path ops;

  @Option(names = "--peers", paramLabel = "FILE", description = "rows of bench peers")
  private @Nullable Path peers;

  @Option(names = "--launches", paramLabel = "FILE", description = "counts of runs/launches.sh")
  private @Nullable Path launches;

  @Option(names = "--page", required = true, paramLabel = "FILE", description = "the page")
  private Path page;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  PerformancePageCommand() {}

  @Override
  public void run() {
    PerformancePage content =
        new PerformancePage(
            Json.read(ops).items(),
            peers == null ? List.of() : Json.read(peers).items(),
            launches == null ? null : Json.read(launches));
    try {
      String text = replaced(Files.readString(page), content.markdown());
      AtomicFiles.write(page, text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The page with other text between its marks. */
  String replaced(String text, String measured) {
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    if (begin < 0 || end < begin) {
      throw UserError.what("The page has no place for the measured part")
          .where(page)
          .expected("a line '" + BEGIN + "' and a later one '" + END + "'")
          .remedy("Write these two lines where the tables shall be.");
    }
    return text.substring(0, begin + BEGIN.length()) + "\n" + measured + text.substring(end);
  }
}
