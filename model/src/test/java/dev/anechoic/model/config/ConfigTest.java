package dev.anechoic.model.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigTest {
  enum Schedule {
    COSINE,
    LINEAR_DECAY
  }

  @Moved(key = "warmup", to = "schedule.warmup_steps")
  record Optimizer(
      @Doc("peak learning rate") @Default("1e-3") @Range(min = 0) double lr,
      @Doc("decay rates of both moments") @Default("[0.9, 0.95]") @Range(min = 0, max = 1)
          List<Double> betas,
      @Doc("shape of the schedule") @Default("cosine") Schedule schedule) {}

  record FormatMix(
      @Doc("share of the tokens") @Default("0.5") @Range(min = 0, max = 1) double share,
      @Doc("label noise") @Default("0") float noise) {}

  record Stage(@Doc("name of the stage") String name, @Doc("steps") @Default("10") int steps) {}

  record Run(
      @Doc("title of the run") @Default("untitled") String title,
      @Doc("tokens in all") @Default("1e6") long tokens,
      @Doc("seed of all randomness") @Default("7") int seed,
      @Doc("where results go") @Default("out/run") Path out,
      @Doc("whether to resume") @Default("false") boolean resume,
      @Doc("base checkpoint") Optional<Path> base,
      @Doc("free remark") @Nullable String remark,
      @Doc("optimizer of the actor") Optimizer actor,
      @Doc("optimizer of the critic") @Default("{ lr = 7e-6 }") Optimizer critic,
      @Doc("mixture by format") Map<String, FormatMix> formats,
      @Doc("weights by schedule") @Default("{ cosine = 1 }") Map<Schedule, Double> weights,
      @Doc("stages in order") List<Stage> stages) {
    Run {
      if (tokens < seed) {
        throw new IllegalArgumentException("'tokens' is smaller than 'seed'");
      }
    }
  }

  @TempDir Path folder;

  @Test
  void emptyFileGivesTheDefaults() {
    Run run = Config.parse(Run.class, "", "empty.toml");
    assertEquals("untitled", run.title());
    assertEquals(1_000_000, run.tokens());
    assertEquals(Path.of("out/run"), run.out());
    assertEquals(Optional.empty(), run.base());
    assertNull(run.remark());
    assertEquals(1e-3, run.actor().lr());
    assertEquals(List.of(0.9, 0.95), run.actor().betas());
    assertEquals(7e-6, run.critic().lr());
    assertEquals(Schedule.COSINE, run.critic().schedule());
    assertEquals(Map.of(), run.formats());
    assertEquals(Map.of(Schedule.COSINE, 1.0), run.weights());
    assertEquals(Config.defaults(Run.class), run);
  }

  @Test
  void tablesListsAndMapsAreRead() {
    Run run =
        Config.parse(
            Run.class,
            """
            title = "demo"
            base = "checkpoints/a"
            [actor]
            lr = 2
            schedule = "linear_decay"
            [formats.text]
            share = 0.25
            [formats.code]
            [[stages]]
            name = "warm"
            [[stages]]
            name = "main"
            steps = 20
            """,
            "demo.toml");
    assertEquals(Optional.of(Path.of("checkpoints/a")), run.base());
    assertEquals(2.0, run.actor().lr());
    assertEquals(Schedule.LINEAR_DECAY, run.actor().schedule());
    assertEquals(List.of("text", "code"), List.copyOf(run.formats().keySet()));
    assertEquals(0.5, run.formats().get("code").share());
    assertEquals(List.of(new Stage("warm", 10), new Stage("main", 20)), run.stages());
  }

  @Test
  void overridesWinOverTheFileAndItsBase() throws IOException {
    Files.writeString(folder.resolve("base.toml"), "title = \"base\"\nseed = 1\n[actor]\nlr = 1\n");
    Path file = Files.writeString(folder.resolve("b.toml"), "extends = \"base.toml\"\nseed = 2\n");
    Run run =
        Config.load(
            Run.class,
            file,
            List.of("actor.schedule=linear_decay", "tokens=5e5", "formats.code.share=0.1"));
    assertEquals("base", run.title());
    assertEquals(2, run.seed());
    assertEquals(1.0, run.actor().lr());
    assertEquals(Schedule.LINEAR_DECAY, run.actor().schedule());
    assertEquals(500_000, run.tokens());
    assertEquals(0.1, run.formats().get("code").share());
  }

  @Test
  void bareWordsInOverridesAreStrings() {
    Run run = Config.load(Run.class, null, List.of("title=007", "out=a/b.c", "remark=\"quoted\""));
    assertEquals("007", run.title());
    assertEquals(Path.of("a/b.c"), run.out());
    assertEquals("quoted", run.remark());
  }

  @Test
  void writtenConfigurationReadsBackEqual() {
    Run run =
        new Run(
            "odd \"title\"\n\\ é",
            Long.MAX_VALUE,
            -3,
            Path.of("x y"),
            true,
            Optional.of(Path.of("base")),
            null,
            new Optimizer(1.0E-300, List.of(), Schedule.LINEAR_DECAY),
            new Optimizer(0.1 + 0.2, List.of(1.0), Schedule.COSINE),
            Map.of("a.b", new FormatMix(1, 1e-7f)),
            Map.of(),
            List.of(new Stage("s", 1), new Stage("t", 2)));
    String toml = Config.toToml(run);
    assertEquals(run, Config.parse(Run.class, toml, "written"), toml);
    assertTrue(toml.contains("# peak learning rate\nlr = 1e-300\n"), toml);
    assertTrue(toml.contains("# remark is not set\n"), toml);
  }

  @Test
  void everyKeyIsInTheHelp() {
    String help = Config.help(Run.class);
    for (String expected :
        List.of("actor.lr", "formats.NAME.share", "stages[].name", "(required)", "at least 0")) {
      assertTrue(help.contains(expected), help);
    }
    String critic = help.lines().filter(l -> l.startsWith("critic.lr")).findFirst().orElseThrow();
    assertTrue(critic.contains("7e-6"), critic);
  }

  @Test
  void unknownKeyNamesLineAndNearestKey() {
    assertError("\n[actor]\nlearning = 1\nlrr = 1", "run.toml:3", "[actor]", "'learning'");
    assertError("[actor]\nshedule = 1", "run.toml:2", "Did you mean 'schedule'?");
    assertError("[formats.code]\nshaer = 1", "run.toml:2", "[formats.code]", "'share'");
    assertOverrideError("actor.lrr=1", "--set actor.lrr=1", "'lrr'", "'lr'");
  }

  @Test
  void keyThatLiesElsewhereIsAnErrorThatNamesIt() {
    assertError(
        "[actor]\nwarmup = 1", "run.toml:2", "[actor]", "'warmup'", "'schedule.warmup_steps'");
  }

  @Test
  void wrongTypeSaysExpectedAndGot() {
    assertError("seed = \"x\"", "run.toml:1", "'seed'", "whole number", "the string \"x\"");
    assertError("seed = 1.5", "whole number", "1.5");
    assertError("seed = 3_000_000_000", "whole number", "3000000000");
    assertError("title = 1", "string", "1");
    assertError("actor = 1", "table", "1");
    assertError("[actor]\nbetas = [0.9,\n\"x\"]", "run.toml:3", "'actor.betas[1]'");
    assertError("[actor]\nschedule = \"cosin\"", "cosine, linear_decay", "Did you mean 'cosine'?");
    assertError("[formats]\ncode = 1", "'formats.code'", "table");
    assertError("[[stages]]\nsteps = 1", "run.toml:1", "'stages[0].name' is missing");
  }

  @Test
  void outOfRangeSaysTheRange() {
    assertError("[actor]\nlr = -1.0", "run.toml:2", "at least 0", "-1.0");
    assertError("[actor]\nbetas = [2]", "0 to 1", "2");
    assertError("[actor]\nlr = nan", "at least 0", "NaN");
  }

  @Test
  void constructorsRefusalReachesTheUser() {
    assertError("tokens = 1", "run.toml", "'tokens' is smaller than 'seed'");
  }

  @Test
  void brokenFilesAreOneClearError() throws IOException {
    assertError("title = demo", "run.toml:1", "Not valid TOML");
    assertOverrideError("no-equals-sign", "KEY=VALUE");
    assertOverrideError("=1", "KEY=VALUE");
    assertThrows(UserError.class, () -> Config.load(Run.class, Path.of("absent"), List.of()));
    Path file = Files.writeString(folder.resolve("loop.toml"), "extends = \"loop.toml\"");
    UserError error = assertThrows(UserError.class, () -> Config.load(Run.class, file, List.of()));
    assertTrue(error.getMessage().contains("circle"));
  }

  @Test
  void editDistanceCountsSwapsOnce() {
    assertEquals(1, EditDistance.between("shaer", "share"));
    assertEquals(3, EditDistance.between("kitten", "sitting"));
    assertNull(EditDistance.nearest("zzz", List.of("lr", "betas")));
    assertFalse(EditDistance.nearest("betsa", List.of("lr", "betas")) == null);
  }

  private static void assertError(String toml, String... parts) {
    assertParts(
        assertThrows(UserError.class, () -> Config.parse(Run.class, toml, "run.toml")), parts);
  }

  private static void assertOverrideError(String override, String... parts) {
    assertParts(
        assertThrows(UserError.class, () -> Config.load(Run.class, null, List.of(override))),
        parts);
  }

  private static void assertParts(UserError error, String... parts) {
    for (String part : parts) {
      assertTrue(error.getMessage().contains(part), () -> part + " not in " + error.getMessage());
    }
  }
}
