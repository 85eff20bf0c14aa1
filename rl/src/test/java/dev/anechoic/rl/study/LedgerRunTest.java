package dev.anechoic.rl.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.runfolder.LedgerEntry;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.rl.runfolder.Sample;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ledger on a whole study of a few thousand parameters, in the precision of training. */
class LedgerRunTest {
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
      tokens = 65536
      batch = 8
      eval_every = 0
      model = { preset = "nano", context_length = 160, channels = 16, layers = 2, heads = 2 }
      [rl]
      steps = 3
      problems = 64
      prompts_per_step = 4
      samples_per_prompt = 4
      max_new_tokens = 24
      minibatch_tokens = 200
      epochs = 2
      entropy_coef = 0.01
      reward = "random"
      [kl]
      coef = 0.1
      placement = "loss"
      [eval]
      problems = 8
      samples = 4
      forced = false
      [ledger]
      probe_prompts = 5
      """;

  @TempDir Path folder;

  private void run(String algorithm, boolean ledger) {
    run(algorithm, ledger, ledger ? "with" : "without", StopSignal.manual(), quiet());
  }

  private static PrintStream quiet() {
    return new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
  }

  private void run(String algorithm, boolean ledger, String out, StopSignal stop, PrintStream log) {
    String toml = "algorithm = \"" + algorithm + "\"\n" + TINY + "enabled = " + ledger + "\n";
    study(Config.parse(StudyConfig.class, toml, "tiny.toml"), out, stop, log);
  }

  private void study(StudyConfig config, String out, StopSignal stop, PrintStream log) {
    new Study(
            config,
            folder.resolve(out),
            folder.resolve("shared"),
            new ProblemGenerator(config.corpus().generator()),
            "generated",
            "test",
            stop,
            new Say(log))
        .run();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ppo", "grpo", "expert_iteration"})
  void ledgerChangesNoBitAndItsPartsAddUp(String algorithm) throws Exception {
    run(algorithm, false);
    run(algorithm, true);
    String policy = "tiny/policy/model.safetensors";
    assertEquals(
        Hashing.sha256(folder.resolve("without").resolve(policy)),
        Hashing.sha256(folder.resolve("with").resolve(policy)),
        "the ledger must not change a bit of the training");
    assertFalse(Files.exists(folder.resolve("without/tiny").resolve(RunFolder.LEDGER)));

    RunFolder run = new RunFolder(folder.resolve("with/tiny"));
    List<LedgerEntry> entries = run.ledger();
    Set<String> ids = new HashSet<>();
    run.samples().stream().map(Sample::id).forEach(ids::add);
    assertTrue(entries.size() >= 4, entries.size() + " updates");
    for (LedgerEntry entry : entries) {
      assertTrue(entry.relativeError() <= 1e-5, "relative error " + entry.relativeError());
      for (LedgerEntry.Movement movement : entry.movements()) {
        double sum = movement.momentum() + movement.decay();
        double size = Math.abs(movement.momentum()) + Math.abs(movement.decay());
        for (LedgerEntry.Push push : entry.pushes()) {
          sum += push.on(movement.format());
          size += Math.abs(push.on(movement.format()));
        }
        assertEquals(sum, movement.predicted(), 1e-3 * size + 1e-7);
        // a small step moves as first order says
        assertEquals(movement.predicted(), movement.observed(), 0.2 * size + 1e-5);
      }
      entry.samples().forEach(s -> assertTrue(ids.contains(s.id()), s.id() + " can be read"));
    }
  }

  @Test
  void forcedFormatOpensEveryCompletionOfItsSteps() {
    String schedule =
        "[[interventions.schedule]]\naction = \"force\"\nformat = \"code\"\nfrom = 2\nto = 2\n";
    String toml = TINY + "enabled = false\n" + schedule;
    study(
        Config.parse(StudyConfig.class, toml, "tiny.toml"), "forced", StopSignal.manual(), quiet());
    for (Sample sample : new RunFolder(folder.resolve("forced/tiny")).samples()) {
      boolean opened = sample.completion().startsWith("def");
      assertTrue(sample.step() != 2 || opened, sample.completion());
    }
  }

  @Test
  void resumedRunGoesOnInTheSameLedger() {
    run("ppo", true);
    StopSignal stop = StopSignal.manual();
    run("ppo", true, "parts", stop, new StudyTest.StopAfter(stop, "rl   1/"));
    run("ppo", true, "parts", StopSignal.manual(), quiet());
    List<LedgerEntry> whole = new RunFolder(folder.resolve("with/tiny")).ledger();
    List<LedgerEntry> parts = new RunFolder(folder.resolve("parts/tiny")).ledger();
    assertEquals(updates(whole), updates(parts), "each update once");
    for (int i = 0; i < whole.size(); i++) {
      LedgerEntry.Movement a = whole.get(i).movements().getFirst();
      LedgerEntry.Movement b = parts.get(i).movements().getFirst();
      assertEquals(a.after(), b.after());
      assertEquals(a.predicted(), b.predicted());
    }
    assertTrue(
        parts.stream().anyMatch(e -> e.movements().getFirst().momentum() != 0),
        "momentum from before the stop has lost its source, and is said to have");
  }

  private static List<Integer> updates(List<LedgerEntry> entries) {
    return entries.stream().map(LedgerEntry::update).toList();
  }
}
