package dev.anechoic.bench.gpucheck;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Part 6: the op table in a JVM of its own under compute-sanitizer, once for accesses outside of
 * memory and once for races in shared memory. A run that is ended at its limit shows what it got
 * to.
 */
final class Sanitizer {
  private static final List<String> CHECKS = List.of("memcheck", "racecheck");
  private static final int ERRORS_FOUND = 86;

  /** The op table's own status, which part 2 looks into; also that of a JVM that does not start. */
  private static final int BROKEN_PROMISES = 1;

  /** The last line of the op table: it has run to its end. */
  private static final Pattern ENDED = Pattern.compile("\\d+ ops, \\d+ cases");

  /** What the sanitizer says of an error at once, so also where the run is ended at its limit. */
  private static final Pattern ERROR =
      Pattern.compile(
          "^========= .*(Invalid|Misaligned|Uninitialized|hazard|Race reported|Barrier error"
              + "|Program hit|ERROR SUMMARY: [1-9])",
          Pattern.MULTILINE);

  private final Report report;
  private final String program;

  Sanitizer(Report report, String program) {
    this.report = report;
    this.program = program;
  }

  void run(String backendName, Part part) {
    report.section("compute-sanitizer");
    if (!External.works(List.of(program, "--version"))) {
      report.skip("sanitizer: " + program + " is not on the PATH");
      return;
    }
    int seconds = part.limitSeconds / CHECKS.size() - 5;
    Map<String, Object> json = new LinkedHashMap<>();
    for (String check : CHECKS) {
      External.Result result = External.run(command(check, backendName), seconds);
      boolean ended =
          result.status() >= 0
              && result.status() <= BROKEN_PROMISES
              && ENDED.matcher(result.output()).find();
      boolean errors = result.status() == ERRORS_FOUND || ERROR.matcher(result.output()).find();
      boolean bad = errors || !(ended || result.status() == -1);
      String verdict =
          errors
              ? "errors found"
              : ended
                  ? "no error"
                  : result.status() == -1
                      ? "no error reported in the %d s it was given".formatted(seconds)
                      : "ended with status %d before its end".formatted(result.status());
      report.note(check + ": " + verdict);
      json.put(check, verdict);
      if (bad) {
        report.fail(check + ": " + verdict + "\n" + result.tail());
      }
    }
    report.put("sanitizer", json);
  }

  private List<String> command(String check, String backendName) {
    return List.of(
        program,
        "--tool",
        check,
        "--error-exitcode",
        String.valueOf(ERRORS_FOUND),
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "--add-modules=jdk.incubator.vector",
        "-Djava.library.path=" + System.getProperty("java.library.path"), // a pack's natives
        "-cp",
        System.getProperty("java.class.path"),
        "dev.anechoic.tensor.spec.Conformance",
        backendName,
        "--no-allocations");
  }
}
