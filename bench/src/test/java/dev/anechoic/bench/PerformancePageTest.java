package dev.anechoic.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class PerformancePageTest {
  private static final String OPS =
      """
      [{"name": "peak multiply-adds", "shape": "threads 1", "value": 100, "share_of_peak": 1,
        "allocated_bytes": 900},
       {"name": "matmul", "shape": "[256x256] x [256x256] threads 1", "value": 95,
        "share_of_peak": 0.95, "allocated_bytes": 0},
       {"name": "matmul", "shape": "[512x512] x [512x512] threads 1", "value": 80,
        "share_of_peak": 0.8, "allocated_bytes": 64},
       {"name": "matmul", "shape": "[64x64] x [64x64] threads 1", "value": 10,
        "share_of_peak": 0.1, "allocated_bytes": 0}]
      """;

  private static final String PEERS =
      """
      [{"name": "matmul", "shape": "a", "threads": 1, "value": 20, "unit": "GFLOP/s",
        "peers": {"mkl": {"value": 10, "best": 11}}, "best_peer": "mkl", "ratio": 2.0},
       {"name": "matmul", "shape": "b", "threads": 1, "value": 5, "unit": "GFLOP/s",
        "peers": {"mkl": {"value": 10, "best": 11}}, "best_peer": "mkl", "ratio": 0.5}]
      """;

  private static String page() {
    return new PerformancePage(
            Json.parse(OPS, "ops").items(),
            Json.parse(PEERS, "peers").items(),
            Json.parse("{\"launches\": 100, \"slow\": 3}", "launches"))
        .markdown();
  }

  /** Of the squares from 256 on the lowest share counts: 80 % where 90 % are asked for. */
  @Test
  void missedFloorSaysByHowMuch() {
    assertTrue(
        page().contains("lowest: 512 | 90.0 % | 80.0 % | 10.0 % short |"),
        PerformancePageTest::page);
  }

  @Test
  void geometricMeanAndSlowerShapesComeFromTheRatios() {
    assertTrue(page().contains("geometric mean | 1.15 times | 1.00 times | 0.15 times short |"));
    assertTrue(page().contains("| 0 | 1 of 2 | 1 |"), PerformancePageTest::page);
  }

  /** Ceilings are no kernels: what the harness allocates beside them does not count. */
  @Test
  void kernelsThatAllocateAreNamed() {
    assertTrue(
        page().contains("; matmul [512x512] x [512x512] threads 1 | 0 | 1 of 3 | 1 |"),
        PerformancePageTest::page);
  }

  @Test
  void slowLaunchesCountAgainstAll() {
    assertTrue(page().contains("| 100.0 of 100 | 97.0 of 100 | 3.00 of 100 short |"));
  }

  @Test
  void onlyTheTextBetweenTheMarksIsReplaced() {
    PerformancePageCommand command = command();
    String text = "a\n%s\nold\n%s\nb\n";
    String marked = text.formatted(PerformancePageCommand.BEGIN, PerformancePageCommand.END);
    assertEquals(marked.replace("old", "new"), command.replaced(marked, "new\n"));
  }

  @Test
  void pageWithoutMarksIsRefused() {
    var e = assertThrows(UserError.class, () -> command().replaced("nothing", "new"));
    assertTrue(e.getMessage().contains("page.md"), e.getMessage());
  }

  private static PerformancePageCommand command() {
    PerformancePageCommand command = new PerformancePageCommand();
    new CommandLine(command).parseArgs("--ops", "ops.json", "--page", "page.md");
    return command;
  }

  @Test
  void figuresKeepWhatMatters() {
    assertEquals(
        List.of("1.15", "95.0", "24,900"),
        List.of(
            PerformancePage.figure(1.149),
            PerformancePage.figure(95),
            PerformancePage.figure(24_900.4)));
  }
}
