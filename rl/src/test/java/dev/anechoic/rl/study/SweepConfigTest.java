package dev.anechoic.rl.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Config;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SweepConfigTest {
  private static final String GRID =
      """
      study = "demo.toml"
      set = ["threads=1"]
      [grid]
      seed = ["1", "2"]
      algorithm = ["ppo", "grpo"]
      [when]
      """;

  private static SweepConfig sweep(String when) {
    return Config.parse(SweepConfig.class, GRID + when, "sweep.toml");
  }

  @Test
  void settingOfTheGridBringsItsOwnSettingsAlong() {
    SweepConfig sweep = sweep("\"algorithm=grpo\" = [\"rl.steps=3\", \"rl.epochs=2\"]");
    assertEquals(List.of("threads=1", "seed=1", "algorithm=ppo"), sweep.overrides(0));
    assertEquals(
        List.of("threads=1", "seed=2", "algorithm=grpo", "rl.steps=3", "rl.epochs=2"),
        sweep.overrides(3));
    assertEquals(List.of("seed=2", "algorithm=grpo"), sweep.own(3), "what names the cell stays");
  }

  @Test
  void conditionThatNoCellMeetsIsAnError() {
    for (String condition : List.of("algorithm=grpoo", "algorithms=grpo", "grpo")) {
      UserError error =
          assertThrows(UserError.class, () -> sweep("\"" + condition + "\" = [\"rl.steps=3\"]"));
      assertTrue(error.getMessage().contains("'" + condition + "'"), error.getMessage());
    }
  }

  /** What the head of configs/sweep-algorithm.toml says. */
  @Test
  void algorithmsOfTheSweepSampleTheSameNumberOfCompletions() {
    Path configs = configs();
    SweepConfig sweep =
        Config.load(SweepConfig.class, configs.resolve("sweep-algorithm.toml"), List.of());
    for (int cell = 0; cell < sweep.cells(); cell++) {
      StudyConfig study =
          Config.load(StudyConfig.class, configs.resolve(sweep.study()), sweep.overrides(cell));
      var rl = study.rlOf(study.models().values().iterator().next());
      assertEquals(15_360, rl.steps() * rl.promptsPerStep() * rl.samplesPerPrompt());
    }
  }

  private static Path configs() {
    Path inModule = Path.of("../configs");
    return Files.isDirectory(inModule) ? inModule : Path.of("configs");
  }
}
