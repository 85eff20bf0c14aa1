package dev.anechoic.rl.report;

import java.nio.file.Path;
import java.util.List;

/** Writes the report of a synthetic study, to look at while working on its design. */
final class SyntheticReport {
  private SyntheticReport() {}

  public static void main(String[] args) {
    Path folder = Path.of(args[0]);
    SyntheticRun.study(folder);
    Report report = Report.of("Synthetic study", List.of(folder));
    report.write(folder.resolve("report.html"));
    report.runs().forEach(run -> Printout.lines(run).forEach(System.out::println));
    Printout.comparison(report.runs()).forEach(System.out::println);
  }
}
