package dev.anechoic.rl.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.rl.runfolder.RunFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepTableTest {
  @TempDir Path folder;

  private RunFolder run(String name, double text, long seed) {
    double[] q = {0.5, 0.4, text};
    return new RunFolder(SyntheticRun.write(folder.resolve(name).resolve("nano"), name, q, seed));
  }

  @Test
  void lineOfASettingIsTheMeanAndRangeOfItsRuns() {
    SweepTable table = new SweepTable();
    table.add("kl.coef=0", "000,seed=1,kl.coef=0", run("a", 0.2, 1));
    table.add("kl.coef=0", "001,seed=2,kl.coef=0", run("b", 0.9, 2));
    table.add("kl.coef=1", "002,seed=1,kl.coef=1", run("c", 0.2, 3));
    table.add("kl.coef=1", "003,seed=2,kl.coef=1", new RunFolder(folder.resolve("not run")));

    List<String> csv = table.csv();
    assertEquals(4, csv.size(), "a header and the complete runs");
    double first = shareAfter(csv.get(1));
    double second = shareAfter(csv.get(2));
    List<String> lines = table.markdown();
    assertEquals(4, lines.size(), "header, rule, and a line per setting");
    String spread =
        String.format(
            Locale.ROOT,
            "%.1f (%.1f to %.1f) %%",
            50 * (first + second),
            100 * Math.min(first, second),
            100 * Math.max(first, second));
    String[] cells = lines.get(2).split("\\|");
    assertEquals("kl.coef=0", cells[1].strip());
    assertEquals("code 1, text 1", cells[3].strip());
    // The CSV rounds to a tenth of a percent, so the mean may differ in its last digit.
    assertTrue(Math.abs(number(cells[5]) - number(spread)) < 0.11, lines::toString);
    assertEquals(spread.replaceAll(".*\\(", ""), cells[5].strip().replaceAll(".*\\(", ""));
    assertTrue(lines.get(3).startsWith("| kl.coef=1 |"), lines::toString);
  }

  private static double shareAfter(String csvLine) {
    return Double.parseDouble(csvLine.split(",")[4]);
  }

  private static double number(String cell) {
    return Double.parseDouble(cell.strip().split(" ")[0]);
  }
}
