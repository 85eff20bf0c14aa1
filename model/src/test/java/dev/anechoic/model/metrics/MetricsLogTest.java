package dev.anechoic.model.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_250L));

  @TempDir Path folder;

  @Test
  void threeFilesSayTheSame() throws IOException {
    try (MetricsLog log = MetricsLog.resume(folder, "rl", -1, CLOCK)) {
      log.write(1, row("reward", 0.1, "format/code/share", 1 / 3.0));
      log.write(300, row("reward", -2.5e-9, "rollout/completions", 256L));
    }
    assertEquals(
        """
        {"step":1,"stage":"rl","reward":0.1,"format/code/share":0.3333333333333333}
        {"step":300,"stage":"rl","reward":-2.5E-9,"rollout/completions":256}
        """,
        Files.readString(folder.resolve(MetricsLog.JSONL)));
    assertEquals(
        "step,stage,reward,format/code/share,rollout/completions\r\n"
            + "1,rl,0.1,0.3333333333333333,\r\n"
            + "300,rl,-2.5E-9,,256\r\n",
        Files.readString(folder.resolve(MetricsLog.CSV)));
    assertEquals(
        List.of(
            "1.70000000025E9 version brain.Event:2",
            "1.70000000025E9 1 {reward=0.1, format/code/share=0.33333334}",
            "1.70000000025E9 300 {reward=-2.5E-9, rollout/completions=256.0}"),
        events());
  }

  @Test
  void valuesThatAreNotFiniteAreLeftOut() throws IOException {
    try (MetricsLog log = MetricsLog.create(folder, "rl")) {
      log.write(0, row("loss", Double.NaN, "optim/grad_norm", Double.POSITIVE_INFINITY));
      log.write(1, row("loss", 1.0));
    }
    assertEquals(
        "{\"step\":0,\"stage\":\"rl\"}\n{\"step\":1,\"stage\":\"rl\",\"loss\":1.0}\n",
        Files.readString(folder.resolve(MetricsLog.JSONL)));
    assertTrue(events().get(1).endsWith(" 0 {}"), events()::toString);
  }

  @Test
  void resumeGivesTheFilesOfARunThatNeverStopped() throws IOException {
    Path whole = folder.resolve("whole");
    Path killed = folder.resolve("killed");
    try (MetricsLog log = MetricsLog.resume(whole, "rl", -1, CLOCK)) {
      writeSteps(log, 0, 20);
    }
    try (MetricsLog log = MetricsLog.resume(killed, "rl", -1, CLOCK)) {
      writeSteps(log, 0, 13);
    }
    for (Path file : files(killed)) { // a kill in the middle of a row
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, bytes.length - 5));
    }
    try (MetricsLog log = MetricsLog.resume(killed, "rl", 9, CLOCK)) {
      writeSteps(log, 10, 20);
      log.sync();
    }
    for (Path file : files(whole)) {
      assertArrayEquals(
          Files.readAllBytes(file),
          Files.readAllBytes(killed.resolve(whole.relativize(file))),
          file.toString());
    }
  }

  @Test
  void stagesKeepTheirRows() throws IOException {
    for (String loss : List.of("first", "again")) {
      try (MetricsLog log = MetricsLog.create(folder, "pretrain")) {
        log.write(5, row("loss/" + loss, 1));
      }
    }
    try (MetricsLog log = MetricsLog.create(folder, "rl")) {
      log.write(1, row("reward", 1));
    }
    assertEquals(
        "step,stage,loss/again,reward\r\n5,pretrain,1,\r\n1,rl,,1\r\n",
        Files.readString(folder.resolve(MetricsLog.CSV)));
    assertEquals(2, Files.list(folder.resolve(MetricsLog.TENSORBOARD)).count());
  }

  @Test
  void damagedRecordIsCutOff() throws IOException {
    try (MetricsLog log = MetricsLog.create(folder, "rl")) {
      writeSteps(log, 0, 3);
    }
    Path file = eventFile();
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 6] ^= 1;
    Files.write(file, bytes, StandardOpenOption.TRUNCATE_EXISTING);
    MetricsLog.resume(folder, "rl", 2).close();
    assertEquals(3, events().size()); // the version and two steps
  }

  @Test
  void badKeysAndStepsAreRefused() {
    try (MetricsLog log = MetricsLog.create(folder, "rl")) {
      log.write(1, row("loss", 1));
      assertThrows(IllegalArgumentException.class, () -> log.write(1, row("loss", 1)));
      for (String key : List.of("gradNorm", "a b", "ppo//kl", "/x", "")) {
        assertThrows(IllegalArgumentException.class, () -> log.write(2, row(key, 1)), key);
      }
    }
  }

  private static void writeSteps(MetricsLog log, int from, int to) {
    for (int step = from; step < to; step++) {
      Map<String, Number> row = row("loss", Math.sin(step), "throughput/tokens_per_second", step);
      if (step % 4 == 3) {
        row.put("eval/code/forced", step / 7.0);
      }
      log.write(step, row);
    }
  }

  private static Map<String, Number> row(Object... keysAndValues) {
    Map<String, Number> row = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      row.put((String) keysAndValues[i], (Number) keysAndValues[i + 1]);
    }
    return row;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  private Path eventFile() throws IOException {
    return files(folder.resolve(MetricsLog.TENSORBOARD)).getFirst();
  }

  private List<String> events() throws IOException {
    return EventFileReader.read(Files.readAllBytes(eventFile()));
  }
}
