package dev.anechoic.bench.gpucheck;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Part 6: the op table in a JVM of its own under compute-sanitizer, once for accesses outside of
 * memory and once for races in shared memory. A run that is ended at its limit shows what it got
 * to.
 */
final class Sanitizer {
  private static final List<String> CHECKS = List.of("memcheck", "racecheck");
  private static final int ERRORS_FOUND = 86;

  /** The op table's own status, which part 2 looks into. */
  private static final int BROKEN_PROMISES = 1;

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
      String verdict =
          switch (result.status()) {
            case 0, BROKEN_PROMISES -> "no error";
            case -1 -> "no error reported in the %d s it was given".formatted(seconds);
            case ERRORS_FOUND -> "errors found";
            default -> "ended with status " + result.status();
          };
      boolean bad = result.status() > BROKEN_PROMISES;
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
        "-cp",
        System.getProperty("java.class.path"),
        "dev.anechoic.tensor.spec.Conformance",
        backendName,
        "--no-allocations");
  }
}
