package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.Bandit;
import dev.anechoic.rl.measure.FormatEntropy;
import dev.anechoic.rl.runfolder.Decision;
import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.runfolder.JsonLines;
import dev.anechoic.rl.runfolder.LedgerEntry;
import dev.anechoic.rl.runfolder.Manifest;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.rl.runfolder.Sample;
import dev.anechoic.tensor.Philox;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a run folder of invented numbers, so that the report can be tested without a training run:
 * a softmax bandit over three formats, noise from Philox. Nothing in it comes from a model, and
 * none of it may be shown as a result.
 */
final class SyntheticRun {
  static final List<String> FORMATS = List.of("code", "tool", "text");
  private static final int STEPS = 60;
  private static final int PROBLEMS = 120;
  private static final int SAMPLES = 16;
  private static final List<String> LAYERS = List.of("embed", "layers.0", "layers.1", "head");

  private final Path folder;
  private final String name;
  private final double[] q;
  private final long seed;
  private final double[][] shares = new double[STEPS + 1][];
  private final double[][] strengths = new double[STEPS + 1][];

  private SyntheticRun(Path folder, String name, double[] q, long seed) {
    this.folder = folder;
    this.name = name;
    this.q = q;
    this.seed = seed;
  }

  /**
   * Writes one run.
   *
   * @param q accuracy of code, tool and text at the start
   */
  static Path write(Path folder, String name, double[] q, long seed) {
    SyntheticRun run = new SyntheticRun(folder, name, q, seed);
    run.path();
    run.manifest();
    run.metrics();
    run.evaluation(0, RunFolder.EVAL_BEFORE);
    run.evaluation(STEPS, RunFolder.EVAL_AFTER);
    run.samples();
    run.ledger();
    run.decision();
    return folder;
  }

  /** A study of two runs whose winners differ. */
  static Path study(Path folder) {
    write(folder.resolve("nano"), "synthetic-nano", new double[] {0.48, 0.42, 0.18}, 1);
    write(folder.resolve("micro"), "synthetic-micro", new double[] {0.70, 0.66, 0.86}, 2);
    return folder;
  }

  private void path() {
    double[] z = {0.05, -0.05, 0};
    for (int t = 0; t <= STEPS; t++) {
      double progress = t / (double) STEPS;
      double[] now = q.clone();
      Arrays.setAll(now, f -> q[f] + 0.06 * progress);
      strengths[t] = now;
      shares[t] = Bandit.softmax(z);
      double[] step = Bandit.rewardGradient(shares[t], now);
      for (int f = 0; f < 3; f++) {
        z[f] += 3.2 * step[f] + 0.06 * noise(1, t, f);
      }
    }
  }

  private double noise(int stream, int step, int position) {
    return Philox.normal(seed, stream, step, 0, position);
  }

  private boolean chance(double p, int stream, int step, int sample, int position) {
    return Philox.uniform(seed, stream, step, sample, position) < p;
  }

  private void manifest() {
    Map<String, Map<String, Double>> dials = new LinkedHashMap<>();
    dials.put("code", Map.of("share", 0.34, "misconception", 0.2));
    dials.put("tool", Map.of("share", 0.33, "misconception", 0.2));
    dials.put("text", Map.of("share", 0.33, "misconception", 0.0));
    new Manifest(
            name,
            "grpo",
            seed,
            "anechoic synthetic",
            name.replace("synthetic-", ""),
            name.endsWith("nano") ? 115_000 : 623_000,
            FORMATS,
            dials,
            List.of(
                new Manifest.HashedFile("corpus", "corpus.jsonl", 1_234_567, "ab".repeat(32)),
                new Manifest.HashedFile("base checkpoint", "base", 460_000, "cd".repeat(32))),
            Map.of("jdk", "25"))
        .write(folder.resolve(RunFolder.MANIFEST));
    JsonLines.writeFile(
        folder.resolve(RunFolder.CONFIG), "# synthetic\n[rl]\nalgorithm = \"grpo\"\n");
  }

  private void metrics() {
    StringBuilder lines = new StringBuilder();
    for (int t = 0; t <= 100; t += 5) {
      lines.append(
          "{\"step\":%d,\"stage\":\"pretrain\",\"loss\":%s}\n"
              .formatted(t, 5.5 * Math.exp(-t / 30.0) + 0.6));
    }
    for (int t = 0; t < STEPS; t++) {
      lines.append(line(t)).append('\n');
    }
    JsonLines.writeFile(folder.resolve(RunFolder.METRICS), lines.toString());
  }

  private String line(int t) {
    Map<String, Double> values = new LinkedHashMap<>();
    double[] p = shares[t];
    double none = 0.03 * Math.exp(-t / 8.0);
    double reward = 0;
    for (int f = 0; f < 3; f++) {
      double share = (1 - none) * p[f];
      double accuracy = Math.clamp(strengths[t][f] + 0.03 * noise(2, t, f), 0, 1);
      values.put("format/" + FORMATS.get(f) + "/share", share);
      values.put("format/" + FORMATS.get(f) + "/reward", accuracy);
      values.put("format/" + FORMATS.get(f) + "/length", 40.0 + f);
      reward += share * accuracy;
    }
    values.put("format/none/share", none);
    values.put("format/none/reward", 0.0);
    double within = 2.2 * Math.exp(-t / 50.0) + 0.1;
    double between = FormatEntropy.of(p);
    values.put("reward", reward);
    values.put("entropy", (within + between) / 42);
    values.put("entropy/format", between);
    values.put("entropy/within", within);
    values.put("entropy/sequence", between + within);
    values.put("kl/first_token", Math.max(0, Math.log(3) - between));
    values.put("kl/sequence", Math.max(0, Math.log(3) - between) + 0.02 * t);
    values.put("kl/coef", 0.03);
    values.put("optim/lr", 3e-4);
    values.put("optim/grad_norm", 0.5 + 0.1 * noise(3, t, 0));
    values.put("time/rollout", 0.4);
    values.put("time/reward", 0.02);
    values.put("time/reference", 0.07);
    values.put("time/forward", 0.15);
    values.put("time/backward", 0.25);
    values.put("time/optimizer", 0.01);
    values.put("throughput/tokens_per_second", 21_000.0);
    values.put("compute/flops", 2.5e11 * (t + 1));
    values.put("rollout/logprob_mismatch", 0.0);
    StringBuilder line = new StringBuilder("{\"step\":" + t + ",\"stage\":\"rl\"");
    values.forEach((key, value) -> line.append(",\"%s\":%s".formatted(key, value)));
    return line.append('}').toString();
  }

  private void evaluation(int t, String file) {
    List<Evaluation.Problem> problems = new ArrayList<>();
    for (int i = 0; i < PROBLEMS; i++) {
      double ease = 1.6 * Philox.uniform(seed, 4, 0, 0, i) - 0.3;
      List<Evaluation.Answer> samples = new ArrayList<>();
      for (int s = 0; s < SAMPLES; s++) {
        samples.add(answer(t, i, s, ease, draw(shares[t], t, i, s)));
      }
      Map<String, Evaluation.Answer> forced = new LinkedHashMap<>();
      for (int f = 0; f < 3; f++) {
        forced.put(FORMATS.get(f), answer(t, i, 100 + f, ease, f));
      }
      int best = shares[t][0] > shares[t][2] ? 0 : 2;
      problems.add(new Evaluation.Problem("p" + i, answer(t, i, 99, ease, best), samples, forced));
    }
    new Evaluation(t, 0.7, 0.95, FORMATS, problems).write(folder.resolve(file));
  }

  private Evaluation.Answer answer(int t, int problem, int sample, double ease, int format) {
    boolean right = chance(strengths[t][format] + 0.5 * (ease - 0.5), 5, t, sample, problem);
    String value = Integer.toString(right ? problem : problem + 1 + (sample + problem) % 3);
    return new Evaluation.Answer(FORMATS.get(format), right ? "correct" : "incorrect", value);
  }

  private int draw(double[] p, int t, int problem, int sample) {
    double u = Philox.uniform(seed, 6, t, sample, problem);
    return u < p[0] ? 0 : u < p[0] + p[1] ? 1 : 2;
  }

  private void samples() {
    try (JsonLines.Appender out = new JsonLines.Appender(folder.resolve(RunFolder.SAMPLES))) {
      for (int t = 0; t < STEPS; t++) {
        for (int g = 0; g < 6; g++) {
          out.append(sample(t, g)::write);
        }
      }
    }
  }

  private Sample sample(int t, int g) {
    int format = draw(shares[t], t, 1000, g);
    boolean right = chance(strengths[t][format], 7, t, g, 0);
    String completion =
        switch (format) {
          case 0 ->
              "def pens():\n    \"\"\"Ann has 3 boxes with 4 pens each. <How many?>\"\"\"\n"
                  + "    boxes = 3\n    result = boxes * 4\n    return result";
          case 1 -> "Let us use Python.\n<llm-code>\n3 * 4\n</llm-code>\n\\boxed{12}";
          default -> "Each box has 4 pens, so 3 boxes have 3 * 4 = 12 pens. \\boxed{12}";
        };
    List<String> tokens = List.of(completion.split("(?<= )|(?<=\n)"));
    double[] logprobs = new double[tokens.size()];
    double[] reference = new double[tokens.size()];
    double[] ratios = new double[tokens.size()];
    for (int i = 0; i < logprobs.length; i++) {
      logprobs[i] = -Math.abs(0.6 * Philox.normal(seed, 8, t, g, i));
      reference[i] = logprobs[i] - 0.1 * t / STEPS;
      ratios[i] = 1 + 0.05 * Philox.normal(seed, 9, t, g, i);
    }
    return new Sample(
        "s%d-g%d".formatted(t, g),
        t,
        "rl",
        "p" + t,
        "Ann has 3 boxes with 4 pens each. How many pens has she?",
        completion,
        FORMATS.get(format),
        "well_formed",
        right ? "correct" : "incorrect",
        right ? 1 : 0,
        right ? 0.8 : -0.6,
        tokens,
        logprobs,
        reference,
        ratios);
  }

  private void ledger() {
    try (JsonLines.Appender out = new JsonLines.Appender(folder.resolve(RunFolder.LEDGER))) {
      for (int t = 0; t < STEPS; t++) {
        out.append(entry(t)::write);
      }
    }
  }

  private LedgerEntry entry(int t) {
    double[] p = shares[t];
    double mean = p[0] * strengths[t][0] + p[1] * strengths[t][1] + p[2] * strengths[t][2];
    double[] base = Bandit.softmax(new double[] {0.05, -0.05, 0});
    double[] kl = Bandit.klGradient(p, base);
    List<LedgerEntry.Push> pushes = new ArrayList<>();
    double[] predicted = new double[3];
    for (int a = 0; a < 3; a++) {
      double[] policy = Bandit.rewardGradientOf(a, p, strengths[t], mean);
      double[] penalty = new double[3];
      penalty[a] = -0.03 * kl[a];
      add(pushes, predicted, a, "policy", p, policy);
      add(pushes, predicted, a, "kl", p, penalty);
    }
    List<LedgerEntry.Movement> movements = new ArrayList<>();
    double[] before = Bandit.logOdds(p);
    double[] after = Bandit.logOdds(shares[t + 1]);
    for (int f = 0; f < 3; f++) {
      movements.add(
          new LedgerEntry.Movement(FORMATS.get(f), before[f], after[f], predicted[f], 0, 0));
    }
    return new LedgerEntry(
        t,
        t,
        3e-4,
        1,
        0.5,
        3e-7,
        0.04,
        0.5,
        pushes,
        Map.of("code|tool", 0.2),
        movements,
        List.of(
            new LedgerEntry.SamplePush("s%d-g0".formatted(t), "code", 0.02 + 0.001 * t),
            new LedgerEntry.SamplePush("s%d-g1".formatted(t), "text", -0.015)),
        Map.of("mean", 0.01, "0.998", 1.4));
  }

  private static void add(
      List<LedgerEntry.Push> pushes,
      double[] predicted,
      int source,
      String term,
      double[] p,
      double[] gradient) {
    double[] dz = Arrays.stream(gradient).map(g -> 3.2 * g).toArray();
    Map<String, Double> logOdds = new LinkedHashMap<>();
    Map<String, Double> layers = new LinkedHashMap<>();
    double norm = Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum());
    for (int f = 0; f < 3; f++) {
      double change = Bandit.logOddsChange(f, p, dz);
      logOdds.put(FORMATS.get(f), change);
      predicted[f] += change;
    }
    for (int l = 0; l < LAYERS.size(); l++) {
      layers.put(LAYERS.get(l), norm * (0.3 + 0.2 * l));
    }
    pushes.add(
        new LedgerEntry.Push(
            FORMATS.get(source),
            term,
            norm,
            0.5,
            1000,
            gradient[source] * 100,
            layers,
            logOdds,
            Map.of(),
            Map.of(),
            Map.of()));
  }

  private void decision() {
    try (JsonLines.Appender out = new JsonLines.Appender(folder.resolve(RunFolder.DECISION))) {
      for (int phase = 0; phase < 2; phase++) {
        List<Decision.Layer> layers = new ArrayList<>();
        for (int l = 0; l < LAYERS.size(); l++) {
          Map<String, Double> logits = new LinkedHashMap<>();
          for (int f = 0; f < 3; f++) {
            logits.put(FORMATS.get(f), l * (2 + phase * (f == 0 ? 1.0 : -0.5)) + 0.1 * f);
          }
          layers.add(new Decision.Layer(LAYERS.get(l), logits, Map.of("mlp", 0.3 * l)));
        }
        out.append(new Decision(phase == 0 ? "before" : "after", "code", 0, 64, layers)::write);
      }
    }
  }
}
