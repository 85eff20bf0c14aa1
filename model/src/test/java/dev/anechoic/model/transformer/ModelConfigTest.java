package dev.anechoic.model.transformer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Config;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelConfigTest {
  @Test
  void papersModelsHaveThePapersParameterCounts() {
    assertEquals(162_398_208L, Preset.named("150m").config(32_000, 2048).parameterCount());
    assertEquals(1_139_277_824L, Preset.named("1b").config(32_000, 2048).parameterCount());
  }

  @Test
  void groupedHeadsNormWeightsAndPositionsAreCounted() {
    ModelConfig config =
        ModelConfig.of(10, 7, 16, 2, 4)
            .withKvHeads(2)
            .withNorm(Norm.RMS)
            .withPositions(Positions.LEARNED);
    long block = 16 * (4 + 2 * 2) * 4 + 16 * 16 + 16 * 128 + 64 * 16 + 2 * 16;
    assertEquals(2 * block + 2 * 10 * 16 + 7 * 16 + 16, config.parameterCount());
  }

  @Test
  void impossibleShapesAreRefused() {
    var error = assertThrows(IllegalArgumentException.class, () -> ModelConfig.of(10, 8, 30, 1, 4));
    assertTrue(error.getMessage().contains("channels (30)"), error::getMessage);
    assertThrows(
        IllegalArgumentException.class, () -> ModelConfig.of(10, 8, 32, 1, 4).withKvHeads(3));
  }

  @Test
  void impossibleSettingsAreRefusedWithTheirPlace() {
    for (String set : List.of("heads=3", "kv_heads=4", "channels=0", "layers=-1", "heads=64")) {
      List<String> overrides = List.of("preset=nano", set);
      var error =
          assertThrows(
              UserError.class, () -> Config.load(ModelSettings.class, null, overrides), set);
      assertTrue(error.getMessage().contains("where:"), error::getMessage);
    }
    Config.load(ModelSettings.class, null, List.of("preset=nano", "heads=4", "kv_heads=2"));
  }

  @Test
  void unknownPresetNamesTheKnownOnes() {
    var error = assertThrows(UserError.class, () -> Preset.named("nanoo"));
    assertTrue(error.getMessage().contains("nano, micro"), error::getMessage);
  }
}
