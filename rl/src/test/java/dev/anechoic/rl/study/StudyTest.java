package dev.anechoic.rl.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.corpus.ProblemSource;
import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.runfolder.Metrics;
import dev.anechoic.rl.runfolder.RunFolder;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole chain on a model of a few thousand parameters. */
class StudyTest {
  private static final String TINY =
      """
      threads = 1
      checkpoint_every = 1
      [corpus]
      unit = "documents"
      block_size = 300
      blocks = 1
      evaluation = 32
      [tokenizer]
      vocab_size = 320
      [models.tiny]
      tokens = 16384
      batch = 8
      eval_every = 0
      model = { preset = "nano", context_length = 160, channels = 16, layers = 1, heads = 2 }
      [rl]
      steps = 4
      problems = 64
      prompts_per_step = 4
      samples_per_prompt = 4
      max_new_tokens = 24
      minibatch_tokens = 200
      epochs = 2
      [eval]
      problems = 8
      samples = 4
      """;

  @TempDir Path folder;

  private static StudyConfig config(String more) {
    return Config.parse(StudyConfig.class, more + "\n" + TINY, "tiny.toml");
  }

  private static Path run(StudyConfig config, Path out, StopSignal stop, PrintStream log) {
    return new Study(
            config,
            out,
            null,
            new ProblemGenerator(config.corpus().generator()),
            "generated",
            "test",
            stop,
            new Say(log))
        .run();
  }

  private static PrintStream quiet() {
    return new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
  }

  private static String policyHash(Path out) {
    return Hashing.sha256(out.resolve("tiny/policy/model.safetensors"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ppo", "grpo"})
  void firstUpdateSeesTheSamplersOwnLogProbs(String algorithm) {
    String once = TINY.replace("minibatch_tokens = 200", "minibatch_tokens = 0");
    StudyConfig config =
        Config.parse(
            StudyConfig.class,
            "algorithm = \"" + algorithm + "\"\n" + once.replace("epochs = 2", "epochs = 1"),
            "tiny.toml");
    run(config, folder, StopSignal.manual(), quiet());
    Metrics metrics = new RunFolder(folder.resolve("tiny")).metrics("rl");
    for (int step = 0; step < metrics.size(); step++) {
      assertEquals(0.0, metrics.column("rollout/logprob_mismatch")[step]);
      assertEquals(0.0, metrics.column("ppo/clipfrac")[step]);
    }
    assertEquals(0.0, metrics.column("kl/sequence")[0], "policy and base are the same at first");
    assertEquals(0.0, metrics.column("kl/k3")[0]);
  }

  /** A nucleus is renormalised in float, so beyond its bound rounding is left. */
  @ParameterizedTest
  @CsvSource({"1.0, 0", "0.8, 1e-5"})
  void expertIterationMeasuresThePolicyAndNotItsNucleus(double topP, double rounding) {
    StudyConfig config =
        config("algorithm = \"expert_iteration\"\nexpert = { top_p = " + topP + " }");
    run(config, folder, StopSignal.manual(), quiet());
    Metrics metrics = new RunFolder(folder.resolve("tiny")).metrics("rl");
    assertEquals(0.0, metrics.column("kl/sequence")[0], "policy and base are the same at first");
    assertEquals(0.0, metrics.column("kl/k3")[0]);
    for (int step = 0; step < metrics.size(); step++) {
      assertEquals(0.0, metrics.column("rollout/logprob_mismatch")[step], rounding);
      assertTrue(metrics.column("entropy")[step] > 0);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ppo", "grpo", "expert_iteration"})
  void stoppedStudyGoesOnToTheSameBits(String algorithm) {
    StudyConfig config = config("algorithm = \"" + algorithm + "\"");
    Path whole = folder.resolve("whole");
    assertNotNull(run(config, whole, StopSignal.manual(), quiet()));

    Path parts = folder.resolve("parts");
    StopSignal stop = StopSignal.manual();
    assertNull(run(config, parts, stop, new StopAfter(stop, "rl   1/")));
    assertNotNull(run(config, parts, StopSignal.manual(), quiet()));
    assertEquals(policyHash(whole), policyHash(parts));
    assertEquals(rewards(whole), rewards(parts), "the metrics of all steps, each of them once");
  }

  @Test
  void expertIterationTakesItsBatchesFromTheSameFourWords() {
    String settings = "algorithm = \"expert_iteration\"\n" + TINY;
    settings = settings.replace("minibatch_tokens = 200", "minibatch_tokens = 0");
    settings = settings.replace("[eval]", "reward = \"random\"\n[eval]");
    StudyConfig config = Config.parse(StudyConfig.class, settings, "tiny.toml");
    String log = logOf(config);
    String arithmetic =
        "expert_iteration: 4 steps of 4 prompts x 4 samples = 16 completions, 64 in all;"
            + " 2 epochs over what is kept, one update per epoch";
    assertTrue(log.contains(arithmetic), log);
    Metrics metrics = new RunFolder(folder.resolve("tiny")).metrics("rl");
    assertEquals(4, metrics.size());
    for (int step = 0; step < metrics.size(); step++) {
      assertEquals(16, metrics.column("rollout/completions")[step]);
      double kept = metrics.column("expert/kept")[step];
      assertEquals(kept == 0 ? 0 : 2, metrics.column("optim/updates")[step], "of " + kept);
      double byFormat = 0;
      for (String format : List.of("code", "tool", "text", "mixed", "none")) {
        byFormat += metrics.column("format/" + format + "/kept")[step];
      }
      assertEquals(kept, byFormat, "every kept completion is in one class");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "rounds, rl.steps",
    "prompts_per_round, rl.prompts_per_step",
    "samples_per_prompt, rl.samples_per_prompt",
    "sft_epochs, rl.epochs",
    "sft_batch, rl.minibatch_tokens"
  })
  void formerWordOfExpertIterationNamesItsReplacement(String former, String word) {
    UserError error =
        assertThrows(
            UserError.class,
            () -> Config.load(StudyConfig.class, null, List.of("expert." + former + "=4")));
    assertTrue(error.getMessage().contains("'" + former + "'"), error.getMessage());
    assertTrue(error.getMessage().contains("Use '" + word + "'."), error.getMessage());
    Config.load(StudyConfig.class, null, List.of(word + "=4")); // which is a key
  }

  @ParameterizedTest
  @CsvSource({
    "eval.top_p=0, eval.top_p",
    "expert.top_p=0, expert.top_p",
    "rl.steps=0, rl.steps",
    "models.tiny.model.heads=3, heads (3)",
    "models.tny.tokens=5, Did you mean 'tiny'?",
    "models.big.tokens=5 models.big.batch=2, one of tiny",
    "rl.reward=format_only rl.reward_format=poem, rl.reward_format is poem",
    "models.tiny.stop_accuracy=0.5, models.tiny.stop_format",
    "algorithm=grpo rl.samples_per_prompt=1, at least 2",
    "'interventions.kl_coef={ poem = 1.0 }', poem",
    "algorithm=expert_iteration interventions.normalise_advantages=true, expert iteration",
  })
  void impossibleSettingsAreOneClearErrorBeforeAnyWork(String overrides, String named) {
    Path file = folder.resolve("tiny.toml");
    Studies.write(file, TINY);
    List<String> set = overrides.startsWith("inter") ? List.of(overrides) : words(overrides);
    UserError error =
        assertThrows(UserError.class, () -> Config.load(StudyConfig.class, file, set), overrides);
    assertTrue(error.getMessage().contains(named), error.getMessage());
  }

  @Test
  void anOverrideMayAddAModelThatItDescribes() {
    Path file = folder.resolve("tiny.toml");
    Studies.write(file, TINY);
    List<String> set = List.of("models.big.model.preset=micro", "models.big.tokens=5");
    StudyConfig study = Config.load(StudyConfig.class, file, set);
    assertEquals(5, study.models().get("big").tokens());
    assertTrue(study.models().containsKey("tiny"));

    StudyConfig standard = Config.load(StudyConfig.class, null, List.of("models.nano.tokens=5"));
    assertEquals(List.of("nano"), List.copyOf(standard.models().keySet()));
    assertThrows(
        UserError.class,
        () -> Config.load(StudyConfig.class, null, List.of("models.micro.tokens=5")));
  }

  private static List<String> words(String text) {
    return List.of(text.split(" "));
  }

  private static List<Double> rewards(Path out) {
    Metrics metrics = new RunFolder(out.resolve("tiny")).metrics("rl");
    List<Double> rows = new ArrayList<>();
    List<String> keys =
        List.of("reward", "length", "entropy", "kl/sequence", "compute/flops", "price/selection");
    for (String key : keys) {
      for (double value : metrics.column(key)) {
        rows.add(value);
      }
    }
    return rows;
  }

  /** The measures that are asked for at every step, by their keys. */
  @Test
  void everyStepHasEveryMeasure() throws Exception {
    String random = TINY.replace("[eval]", "reward = \"random\"\n[eval]");
    run(Config.parse(StudyConfig.class, random, "tiny.toml"), folder, StopSignal.manual(), quiet());
    RunFolder run = new RunFolder(folder.resolve("tiny"));
    Metrics metrics = run.metrics("rl");
    List<String> keys =
        new ArrayList<>(
            List.of(
                "reward kl/sequence kl/k1 kl/k3 kl/first_token entropy length ppo/clipfrac"
                    .split(" ")));
    keys.addAll(List.of("ppo/explained_variance", "optim/grad_norm", "optim/lr"));
    for (String phase : "rollout reward reference value forward backward optimizer".split(" ")) {
      keys.add("time/" + phase);
    }
    keys.addAll(List.of("throughput/tokens_per_second", "rollout/logprob_mismatch"));
    keys.addAll(List.of("entropy/sequence", "entropy/format", "entropy/within"));
    keys.addAll(List.of("group/zero_advantage", "group/zero_advantage_expected"));
    String header = Files.readAllLines(run.file("metrics.csv")).getFirst();
    for (String key : keys) {
      assertTrue(List.of(header.split(",")).contains(key), key);
      for (double value : metrics.column(key)) {
        assertTrue(Double.isFinite(value), key);
      }
    }
    for (String format : metrics.formats()) {
      double[] share = metrics.column("format/" + format + "/share");
      assertTrue(metrics.has("format/" + format + "/advantage_mass"), format);
      for (String measure : "reward length entropy kl zero_advantage".split(" ")) {
        double[] column = metrics.column("format/" + format + "/" + measure);
        for (int t = 0; t < share.length; t++) {
          assertEquals(share[t] > 0, Double.isFinite(column[t]), format + "/" + measure);
        }
      }
    }
    assertEquals(List.of("code", "tool", "text", "mixed", "none"), metrics.formats());
  }

  @Test
  void partsOfThePriceSplitSumToEachStepsChangeInReward() {
    String random = TINY.replace("[eval]", "reward = \"random\"\n[eval]");
    run(Config.parse(StudyConfig.class, random, "tiny.toml"), folder, StopSignal.manual(), quiet());
    Metrics metrics = new RunFolder(folder.resolve("tiny")).metrics("rl");
    double[] reward = metrics.column("reward");
    double moved = 0;
    for (int t = 1; t < reward.length; t++) {
      double sum = 0;
      for (String part : List.of("selection", "within", "cross")) {
        sum += metrics.column("price/" + part)[t];
      }
      assertEquals(reward[t] - reward[t - 1], sum, 1e-12);
      moved += Math.abs(sum);
    }
    assertTrue(moved > 0, "a random reward moves");
    assertTrue(Double.isNaN(metrics.column("price/selection")[0]), "nothing is before step 1");
  }

  @Test
  void resultDoesNotDependOnTheNumberOfThreads() {
    run(config(""), folder.resolve("one"), StopSignal.manual(), quiet());
    StudyConfig two =
        Config.parse(StudyConfig.class, TINY.replace("threads = 1", "threads = 2"), "tiny.toml");
    run(two, folder.resolve("two"), StopSignal.manual(), quiet());
    assertEquals(policyHash(folder.resolve("one")), policyHash(folder.resolve("two")));
  }

  @Test
  void unchangedStudyIsSkippedAndAChangedSettingRunsWhatDependsOnIt() {
    run(config(""), folder, StopSignal.manual(), quiet());
    String again = logOf(config(""));
    assertTrue(again.contains("corpus   unchanged") && again.contains("rl       unchanged"), again);
    String changed = logOf(config("kl = { coef = 0.5 }"));
    assertTrue(changed.contains("base     unchanged"), changed);
    assertTrue(changed.contains("rl       done"), changed);
  }

  @Test
  void anotherEvaluationDoesNotRepeatRl() {
    run(config(""), folder, StopSignal.manual(), quiet());
    String policy = policyHash(folder);
    String renamed = logOf(config("name = \"renamed\""));
    assertTrue(renamed.contains("eval-before unchanged") && !renamed.contains("done"), renamed);

    String more = TINY.replace("\nsamples = 4\n", "\nsamples = 6\n");
    String changed = logOf(Config.parse(StudyConfig.class, more, "tiny.toml"));
    assertTrue(changed.contains("rl       unchanged"), changed);
    assertTrue(changed.contains("eval-before done"), changed);
    assertTrue(changed.contains("eval-after done"), changed);
    assertEquals(policy, policyHash(folder));
    RunFolder run = new RunFolder(folder.resolve("tiny"));
    assertEquals(6, run.evalBefore().orElseThrow().problems().getFirst().samples().size());
    assertEquals(6, run.evalAfter().orElseThrow().problems().getFirst().samples().size());
  }

  @Test
  void secondProcessOnAFolderSaysThatItWaits() throws Exception {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    Say say = new Say(new PrintStream(log, true, StandardCharsets.UTF_8));
    try (FolderLock _ = FolderLock.take(folder, say)) {
      assertEquals("", log.toString(StandardCharsets.UTF_8), "nobody was there");
      String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
      Process other =
          new ProcessBuilder(
                  java,
                  "-cp",
                  System.getProperty("java.class.path"),
                  LockedFolder.class.getName(),
                  folder.toString())
              .redirectErrorStream(true)
              .start();
      try (var lines = other.inputReader(StandardCharsets.UTF_8)) {
        assertEquals("waiting for another process that works in " + folder, lines.readLine());
      } finally {
        other.destroyForcibly();
      }
    }
  }

  /** A process that takes the lock of a folder and ends. */
  static final class LockedFolder {
    private LockedFolder() {}

    public static void main(String[] arguments) {
      FolderLock.take(Path.of(arguments[0]), new Say(System.out)).close();
    }
  }

  private String logOf(StudyConfig config) {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    run(config, folder, StopSignal.manual(), new PrintStream(log, true, StandardCharsets.UTF_8));
    return log.toString(StandardCharsets.UTF_8);
  }

  @Test
  void reportAndManifestNameTheRun() throws Exception {
    Path report = run(config(""), folder, StopSignal.manual(), quiet());
    assertTrue(Files.readString(report).contains("tiny"));
    RunFolder run = new RunFolder(folder.resolve("tiny"));
    assertEquals(List.of("code", "tool", "text"), run.manifest().orElseThrow().formats());
    assertEquals(8, run.evalAfter().orElseThrow().problems().size());
    double[] shares = new double[3];
    int f = 0;
    for (String format : List.of("code", "tool", "text")) {
      shares[f++] = run.metrics("rl").column("format/" + format + "/share")[0];
    }
    double rest =
        run.metrics("rl").column("format/mixed/share")[0]
            + run.metrics("rl").column("format/none/share")[0];
    assertEquals(1.0, shares[0] + shares[1] + shares[2] + rest, 1e-12);
  }

  @Test
  void rlOnACheckpointIsNotDoneTwiceButForOtherProblems() {
    StudyConfig config = config("");
    run(config, folder, StopSignal.manual(), quiet());
    Checkpoint base = Checkpoint.open(folder.resolve("tiny/base/checkpoint"));
    assertTrue(tune(config, base, "a").contains("rl   4/4"));
    String again = tune(config, base, "a");
    assertTrue(again.contains("unchanged, skipped") && !again.contains("rl   1/4"), again);
    assertTrue(tune(config, base, "b").contains("rl   4/4"));
  }

  private String tune(StudyConfig config, Checkpoint base, String problems) {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    Say say = new Say(new PrintStream(log, true, StandardCharsets.UTF_8));
    new Tuning(config, base, new ProblemGenerator(config.corpus().generator()), problems)
        .run(folder.resolve("tuned"), "test", StopSignal.manual(), say);
    return log.toString(StandardCharsets.UTF_8);
  }

  @Test
  void heldOutProblemsThatRepeatAreOneClearErrorBeforeAnyWork() {
    StudyConfig config = config("");
    ProblemGenerator generator = new ProblemGenerator(config.corpus().generator());
    ProblemSource five =
        new ProblemSource() {
          @Override
          public Problem training(long index) {
            return generator.training(index);
          }

          @Override
          public Problem evaluation(long index) {
            return generator.evaluation(index % 5);
          }
        };
    Path out = folder.resolve("out");
    StopSignal never = StopSignal.manual();
    Study study = new Study(config, out, null, five, "five", "test", never, new Say(quiet()));
    UserError error = assertThrows(UserError.class, study::run);
    assertTrue(error.getMessage().contains("at most 5"), error.getMessage());
    assertTrue(error.getMessage().contains("eval.problems"), error.getMessage());
    assertFalse(Files.exists(out));
  }

  /** Asks for a stop when a certain line is printed. */
  static final class StopAfter extends PrintStream {
    private final StopSignal stop;
    private final String line;

    StopAfter(StopSignal stop, String line) {
      super(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
      this.stop = stop;
      this.line = line;
    }

    @Override
    public void println(String text) {
      if (text.startsWith(line)) {
        stop.request();
      }
    }
  }
}
