package dev.anechoic.rl.ledger;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.rl.algorithm.Trajectory;
import dev.anechoic.rl.measure.Bandit;
import dev.anechoic.rl.runfolder.LedgerEntry;
import dev.anechoic.rl.runfolder.LedgerEntry.Movement;
import dev.anechoic.rl.runfolder.LedgerEntry.Push;
import dev.anechoic.rl.runfolder.LedgerEntry.SamplePush;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ledger of a softmax bandit over three formats, against what is known in closed form. */
class BanditLedgerTest {
  private static final double CLOSE = 1e-6;
  private static final double[] Z = {0.4, -0.3, 0.1};
  private static final double LR = 0.01;
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.99;
  private static final double KL = 0.3;
  private static final String DIALS =
      """
      [rl]
      prompts_per_step = 4
      samples_per_prompt = 8
      max_new_tokens = 1
      lr = 0.01
      optimizer = { max_grad_norm = 0.05, weight_decay = 0.01 }
      [kl]
      coef = 0.3
      placement = "loss"
      estimator = "k3"
      [grpo]
      advantage = "dr_grpo"
      average = "token"
      [ledger]
      samples = 100
      """;

  /** Format a is right, b on every second sample, c on every fourth. */
  private static float reward(int format, int sample) {
    return sample % (1 << format) == 0 ? 1 : 0;
  }

  private static double[] logProbs(double[] z) {
    return Arrays.stream(Bandit.softmax(z)).map(Math::log).toArray();
  }

  /** {@code ∂L/∂z} of the completions of format f through the policy term, or the KL term. */
  private static double[] gradient(
      String term, int f, List<Trajectory> rollout, double[] z, double[] z0) {
    double[] p = Bandit.softmax(z);
    double[] gradient = new double[3];
    for (Trajectory t : rollout) {
      if (t.grade.format().equals(FormatBandit.FORMATS.get(f))) {
        double d = logProbs(z)[f] - logProbs(z0)[f];
        double own = term.equals("policy") ? -t.advantages[0] : KL * (1 - Math.exp(-d));
        for (int v = 0; v < 3; v++) {
          gradient[v] += own * ((v == f ? 1 : 0) - p[v]) / rollout.size();
        }
      }
    }
    return gradient;
  }

  /** AdamW on z, as the head of the bandit makes it. */
  private static final class Adam {
    final double[] m = new double[3];
    final double[] v = new double[3];
    int t;

    /** The diagonal by which a first moment of {@code ∂L/∂z} becomes a step of z, without lr. */
    double[] step(double[] gradient, double clip) {
      t++;
      double[] diagonal = new double[3];
      for (int i = 0; i < 3; i++) {
        double g = clip * gradient[i];
        m[i] = BETA1 * m[i] + (1 - BETA1) * g;
        v[i] = BETA2 * v[i] + (1 - BETA2) * g * g;
        // the head's own second moment is that of z but for h² = 1
        double root = Math.sqrt(v[i] / (1 - Math.pow(BETA2, t)));
        diagonal[i] = FormatBandit.SCALE / ((1 - Math.pow(BETA1, t)) * (root + 1e-8));
      }
      return diagonal;
    }
  }

  @Test
  void everyNumberOfThreeUpdatesIsThatOfTheClosedForm() {
    try (FormatBandit bandit = new FormatBandit(Z, "grpo", DIALS, BanditLedgerTest::reward)) {
      Adam adam = new Adam();
      double[][] carried = new double[6][3]; // first moment by term and format
      double[] z = Z.clone();
      for (int step = 1; step <= 3; step++) {
        List<Trajectory> rollout = bandit.step(step).rollout();
        LedgerEntry entry = bandit.entries.getLast();
        double[] p = Bandit.softmax(z);
        double[][] parts = new double[6][];
        double[] whole = new double[3];
        for (int i = 0; i < 6; i++) {
          parts[i] = gradient(i < 3 ? "policy" : "kl", i % 3, rollout, z, Z);
          for (int v = 0; v < 3; v++) {
            whole[v] += parts[i][v];
          }
        }
        // norms of gradients with respect to the head: a row is ∂L/∂z_v times a vector of length
        // √(C h²)
        double norm = Math.sqrt(FormatBandit.SCALE) * norm(whole);
        assertEquals(norm, entry.gradNorm(), CLOSE);
        double clip = Math.min(1, 0.05 / norm);
        assertEquals(clip, entry.clip(), CLOSE);
        double[] diagonal = adam.step(whole, clip);

        double[] moved = new double[3];
        double[] total = new double[3];
        for (int i = 0; i < 6; i++) {
          String term = i < 3 ? "policy" : "kl";
          int source = i % 3;
          Push push = push(entry, term, source);
          double own = Math.sqrt(FormatBandit.SCALE) * norm(parts[i]);
          assertEquals(own, push.norm(), CLOSE);
          if (own > 1e-9) {
            double cosine = dot(parts[i], whole) / norm(parts[i]) / norm(whole);
            assertEquals(cosine, push.cosine(), CLOSE);
          }
          double[] fresh = new double[3];
          double[] old = new double[3];
          for (int v = 0; v < 3; v++) {
            fresh[v] = -LR * diagonal[v] * (1 - BETA1) * clip * parts[i][v];
            old[v] = -LR * diagonal[v] * BETA1 * carried[i][v];
            carried[i][v] = BETA1 * carried[i][v] + (1 - BETA1) * clip * parts[i][v];
            moved[v] += fresh[v] + old[v];
            assertEquals(parts[i][v], push.logitGradient().get(name(v)), CLOSE);
          }
          for (int f = 0; f < 3; f++) {
            assertEquals(Bandit.logOddsChange(f, p, fresh), push.logOdds().get(name(f)), CLOSE);
            assertEquals(Bandit.logOddsChange(f, p, old), push.carried().get(name(f)), CLOSE);
            total[f] += push.on(name(f));
          }
        }
        double[] decayed = Arrays.stream(z).map(logit -> -LR * 0.01 * logit).toArray();
        double[] next = bandit.z();
        for (int f = 0; f < 3; f++) {
          assertEquals(z[f] + moved[f] + decayed[f], next[f], CLOSE);
          Movement movement = entry.movements().get(f);
          assertEquals(Bandit.logOdds(p)[f], movement.before(), CLOSE);
          assertEquals(Bandit.logOdds(Bandit.softmax(next))[f], movement.after(), CLOSE);
          assertEquals(Bandit.logOddsChange(f, p, decayed), movement.decay(), CLOSE);
          assertEquals(0, movement.momentum(), CLOSE);
          double sum = total[f] + movement.momentum() + movement.decay();
          assertEquals(sum, movement.predicted(), CLOSE, "the parts add up to the prediction");
        }
        assertTrue(entry.relativeError() < 1e-12, "in double: " + entry.relativeError());
        z = next;
      }
    }
  }

  @Test
  void samplePushesAreTheSharesOfTheirFormatsPush() {
    try (FormatBandit bandit = new FormatBandit(Z, "grpo", DIALS, BanditLedgerTest::reward)) {
      bandit.step(1);
      bandit.step(2); // with a KL term
      LedgerEntry entry = bandit.entries.getLast();
      assertEquals(32, entry.samples().size());
      for (int f = 0; f < 3; f++) {
        String format = name(f);
        double sum =
            entry.samples().stream()
                .filter(s -> s.format().equals(format))
                .mapToDouble(SamplePush::push)
                .sum();
        double push = 0;
        for (Push part : entry.pushes()) {
          push += part.format().equals(format) ? part.logOdds().get(format) : 0;
        }
        assertEquals(push, sum, 1e-3 * Math.abs(push) + 1e-9, "a central difference");
      }
    }
  }

  @Test
  void momentumOfUnwatchedUpdatesIsNobodysButStillAddsUp() {
    String dials = DIALS.replace("samples = 100", "every = 2");
    try (FormatBandit bandit = new FormatBandit(Z, "grpo", dials, BanditLedgerTest::reward)) {
      for (int step = 1; step <= 4; step++) {
        bandit.step(step);
      }
      assertEquals(List.of(1, 3), bandit.entries.stream().map(LedgerEntry::update).toList());
      LedgerEntry third = bandit.entries.getLast();
      for (Movement movement : third.movements()) {
        assertTrue(Math.abs(movement.momentum()) > 1e-5, "of the second update");
        double sum = movement.momentum() + movement.decay();
        for (Push push : third.pushes()) {
          sum += push.on(movement.format());
        }
        assertEquals(sum, movement.predicted(), CLOSE);
      }
    }
  }

  /** PPO with whitened advantages and a shared trunk: the value term takes part as well. */
  @ParameterizedTest
  @ValueSource(strings = {"detached_head", "shared_trunk", "own"})
  void partsOfPpoAddUpToItsGradient(String critic) {
    String dials = DIALS + "\n[ppo]\ncritic = \"" + critic + "\"\n";
    try (FormatBandit bandit = new FormatBandit(Z, "ppo", dials, BanditLedgerTest::reward)) {
      List<String> terms = new ArrayList<>();
      for (int step = 1; step <= 3; step++) {
        bandit.step(step);
        LedgerEntry entry = bandit.entries.getLast();
        assertTrue(entry.relativeError() < 1e-12, "in double: " + entry.relativeError());
        entry.pushes().forEach(push -> terms.add(push.term()));
      }
      assertEquals(critic.equals("shared_trunk"), terms.contains("value"));
    }
  }

  @Test
  void sharesOfPushesAreSignedAsTheirAdvantagesAre() {
    String dials = DIALS.replace("coef = 0.3", "coef = 0.0");
    try (FormatBandit bandit = new FormatBandit(Z, "grpo", dials, BanditLedgerTest::reward)) {
      bandit.step(1);
      LedgerEntry entry = bandit.entries.getFirst();
      assertArrayEquals(
          new double[] {1, 1, 1},
          entry.pushes().stream()
              .mapToDouble(
                  push -> Math.signum(push.advantageMass()) * Math.signum(push.on(push.format())))
              .toArray(),
          "a format whose samples did well is pushed up by them");
    }
  }

  private static Push push(LedgerEntry entry, String term, int format) {
    return entry.pushes().stream()
        .filter(push -> push.term().equals(term) && push.format().equals(name(format)))
        .findFirst()
        .orElseThrow();
  }

  private static String name(int format) {
    return FormatBandit.FORMATS.get(format);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double norm(double[] a) {
    return Math.sqrt(dot(a, a));
  }
}
