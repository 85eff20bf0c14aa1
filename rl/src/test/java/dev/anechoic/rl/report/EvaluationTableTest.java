package dev.anechoic.rl.report;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.rl.runfolder.Evaluation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EvaluationTableTest {
  @TempDir Path folder;

  @Test
  void everyFigureOfAnEvaluationHasItsInterval() throws Exception {
    Path file = folder.resolve("eval.json");
    Files.writeString(
        file,
        """
        {"step": 0, "temperature": 0.7, "top_p": 0.95, "formats": ["code", "text"], "problems": [
          {"id": "a", "greedy": ["code", "correct", "1"],
           "samples": [["code", "correct", "1"], ["text", "incorrect", "2"]],
           "forced": {"code": ["code", "correct", "1"], "text": ["text", "incorrect", "2"]}},
          {"id": "b", "greedy": ["code", "incorrect", "3"],
           "samples": [["code", "incorrect", "3"], ["code", "incorrect", "3"]],
           "forced": {"code": ["code", "correct", "4"], "text": ["text", "incorrect", "2"]}}]}
        """);
    String table = String.join("\n", EvaluationTable.lines(Evaluation.read(file)));
    String interval = " \\[\\d\\.\\d\\d, \\d\\.\\d\\d]";
    for (String line :
        List.of(
            "code +0\\.750#.* 0\\.333#.* 1\\.000#",
            "text +0\\.250#.* 0\\.000#.* 0\\.000#",
            "greedy +0\\.500#",
            "pass@1 +0\\.250#.*maj@1 +0\\.250#",
            "pass@2 +0\\.500#.*maj@2 +0\\.250#")) {
      String pattern = "(?s).*" + line.replace("#", interval) + ".*";
      assertTrue(table.matches(pattern), line + " in\n" + table);
    }
  }
}
