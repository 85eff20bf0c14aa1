package dev.anechoic.bench;

import dev.anechoic.model.UserError;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags of the tables that have one row per op, shape and number of threads. */
final class TableOptions {
  @Option(
      names = "--threads",
      split = ",",
      paramLabel = "N",
      description = "numbers of threads, separated by commas (default: 1 and one per core)")
  private List<Integer> threads = List.of();

  @Option(
      names = "--filter",
      paramLabel = "REGEX",
      description = "only rows whose name and shape contain this")
  private String filter = "";

  @Option(names = "--json", paramLabel = "FILE", description = "where rows go as JSON")
  private @Nullable Path json;

  @Nullable Path json() {
    return json;
  }

  /** Numbers of threads in ascending order, each once. */
  List<Integer> threads() {
    int cores = Runtime.getRuntime().availableProcessors();
    return threads(List.of(1, cores));
  }

  /** As {@link #threads()}, with another default. */
  List<Integer> threads(List<Integer> byDefault) {
    int cores = Runtime.getRuntime().availableProcessors();
    for (int count : threads) {
      if (count < 1 || count > cores) {
        throw UserError.what("Too few or too many threads")
            .where("--threads")
            .expected("1 to " + cores + ", the cores of this machine")
            .got(count)
            .remedy("Leave it out for 1 and all cores.");
      }
    }
    return (threads.isEmpty() ? byDefault : threads).stream().distinct().sorted().toList();
  }

  /** The filter; matches everything where none was given. */
  Pattern filter() {
    try {
      return Pattern.compile(filter);
    } catch (PatternSyntaxException e) {
      throw UserError.what("Not a regular expression: " + e.getDescription())
          .where("--filter")
          .got(filter)
          .remedy("Quote brackets with a backslash, or filter by a plain word such as matmul.");
    }
  }

  /** Refuses a filter that leaves nothing. */
  void requireAny(Collection<?> rows) {
    if (rows.isEmpty()) {
      throw UserError.what("No row is left")
          .where("--filter")
          .got(filter)
          .remedy("Filter by a part of a name or shape, such as matmul or T512.");
    }
  }
}
