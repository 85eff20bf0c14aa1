package dev.anechoic.rl.ledger;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Config;
import dev.anechoic.rl.algorithm.Interventions;
import dev.anechoic.rl.algorithm.Trainer.StepResult;
import dev.anechoic.rl.algorithm.Trajectory;
import dev.anechoic.rl.measure.Bandit;
import dev.anechoic.rl.runfolder.LedgerEntry;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The direct effect of each intervention on a bandit whose gradient is known in closed form. */
class InterventionsTest {
  private static final double CLOSE = 1e-6;
  private static final double[] Z = {0.4, -0.3, 0.1};
  private static final String DIALS =
      """
      [rl]
      prompts_per_step = 4
      samples_per_prompt = 8
      max_new_tokens = 1
      lr = 0.05
      [kl]
      coef = %s
      placement = "loss"
      estimator = "k3"
      [grpo]
      advantage = "dr_grpo"
      average = "token"
      [ppo]
      whiten = true
      """;
  private static final FormatBandit.Rule MIXED =
      (format, sample) -> sample % (1 << format) == 0 ? 1 : 0;
  private static final FormatBandit.Rule NOTHING = (format, sample) -> 0;

  private static FormatBandit bandit(double kl, String more, FormatBandit.Rule rule) {
    return new FormatBandit(Z, "grpo", DIALS.formatted(kl) + more, rule);
  }

  /** {@code −Σ_i Σ_t A_i (e_{y_t} − p) / tokens}: the policy gradient of a rollout at ratio 1. */
  private static double[] policyGradient(
      FormatBandit bandit, List<Trajectory> rollout, double[] z) {
    double[] p = Bandit.softmax(z);
    double[] gradient = new double[3];
    double tokens = rollout.stream().mapToInt(Trajectory::length).sum();
    for (Trajectory t : rollout) {
      for (int i = 0; i < t.length(); i++) {
        for (int v = 0; v < 3; v++) {
          double own = t.tokens[i] == bandit.tokens[v] ? 1 : 0;
          gradient[v] -= t.advantages[i] * (own - p[v]) / tokens;
        }
      }
    }
    return gradient;
  }

  private static long count(List<Trajectory> rollout, String format) {
    return rollout.stream().filter(t -> t.grade.format().equals(format)).count();
  }

  @Test
  void eachFormatIsHeldByItsOwnKlCoefficient() {
    String more = "[interventions.kl_coef]\na = 2.0\nc = 0.0\n";
    try (FormatBandit bandit = bandit(0.5, more, MIXED)) {
      bandit.step(1);
      double[] z = bandit.z();
      List<Trajectory> rollout = bandit.step(2).rollout();
      double[] p = Bandit.softmax(z);
      double[] p0 = Bandit.softmax(Z);
      Map<String, Double> coefs = Map.of("a", 2.0, "b", 0.5, "c", 0.0);
      for (LedgerEntry.Push push : bandit.entries.getLast().pushes()) {
        if (push.term().equals("kl")) {
          int f = FormatBandit.FORMATS.indexOf(push.format());
          double slope = 1 - p0[f] / p[f]; // of k3 at ln(p/p0)
          double share = count(rollout, push.format()) / (double) rollout.size();
          for (int v = 0; v < 3; v++) {
            double expected = coefs.get(push.format()) * share * slope * ((v == f ? 1 : 0) - p[v]);
            String name = FormatBandit.FORMATS.get(v);
            assertEquals(expected, push.logitGradient().get(name), CLOSE, push.format());
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ppo", "grpo"})
  void normalisedAdvantagesSelectNothing(String algorithm) {
    String dials = DIALS.formatted(0.0);
    try (FormatBandit plain = new FormatBandit(Z, algorithm, dials, MIXED);
        FormatBandit held =
            new FormatBandit(
                Z, algorithm, dials + "[interventions]\nnormalise_advantages = true\n", MIXED)) {
      plain.step(1);
      assertTrue(Arrays.stream(plain.gradient()).anyMatch(g -> Math.abs(g) > 1e-3));
      StepResult result = held.step(1);
      for (String format : FormatBandit.FORMATS) {
        assertEquals(0, result.metrics().get("format/" + format + "/advantage_mass"), 1e-5);
      }
      assertArrayEquals(new double[3], held.gradient(), CLOSE);
    }
  }

  @Test
  void entropyBonusIsTheGradientOfTheFormatEntropy() {
    try (FormatBandit bandit = bandit(0, "[interventions]\nformat_entropy_coef = 0.3\n", NOTHING)) {
      List<Trajectory> rollout = bandit.step(1).rollout();
      double[] shares =
          FormatBandit.FORMATS.stream()
              .mapToDouble(f -> count(rollout, f) / (double) rollout.size())
              .toArray();
      double[] expected =
          Arrays.stream(Bandit.entropyGradient(shares)).map(g -> -0.3 * g).toArray();
      assertArrayEquals(expected, bandit.gradient(), CLOSE);
    }
  }

  @Test
  void suppressedFormatIsPaidNothingWhileTheScheduleHolds() {
    String more =
        "[[interventions.schedule]]\naction = \"suppress\"\nformat = \"a\"\nfrom = 1\nto = 1\n";
    FormatBandit.Rule onlyA = (format, sample) -> format == 0 ? 1 : 0;
    try (FormatBandit bandit = bandit(0, more, onlyA)) {
      List<Trajectory> first = bandit.step(1).rollout();
      assertTrue(first.stream().allMatch(t -> t.reward == 0), "a alone succeeds, and is not paid");
      assertArrayEquals(new double[3], bandit.gradient(), 1e-12);
      List<Trajectory> second = bandit.step(2).rollout();
      double[] p = Bandit.softmax(Z); // nothing moved
      assertArrayEquals(policyGradient(bandit, second, Z), bandit.gradient(), CLOSE);
      assertTrue(bandit.gradient()[0] < 0 && p[0] > 0, "descent now raises a");
    }
  }

  @Test
  void forcedOpeningIsNotTrainedOn() {
    String more =
        "[[interventions.schedule]]\naction = \"force\"\nformat = \"b\"\nfrom = 1\nto = 1\n";
    try (FormatBandit bandit = bandit(0, more, MIXED)) {
      StepResult result = bandit.step(1);
      assertEquals(32, count(result.rollout(), "b"), "all completions begin with b");
      assertTrue(result.rollout().stream().allMatch(t -> t.forced && t.length() == 1));
      assertEquals(0.0, result.metrics().get("rollout/logprob_mismatch"));
      assertArrayEquals(policyGradient(bandit, result.rollout(), Z), bandit.gradient(), CLOSE);
      LedgerEntry.Push push = bandit.entries.getFirst().pushes().getFirst();
      assertEquals(0, push.logitNorm().get("b"), "nothing is decided");
      assertTrue(count(bandit.step(2).rollout(), "b") < 32, "the schedule is over");
    }
  }

  @Test
  void reinjectedFormatIsTrainedOnAgain() {
    double[] rare = {1, -12, 1};
    String more =
        "[[interventions.schedule]]\naction = \"reinject\"\nformat = \"b\"\nfrom = 2\nto = 2\n"
            + "share = 0.25\n";
    FormatBandit.Rule onlyB = (format, sample) -> format == 1 ? 1 : 0;
    try (FormatBandit bandit = new FormatBandit(rare, "grpo", DIALS.formatted(0.0) + more, onlyB)) {
      bandit.step(1);
      assertArrayEquals(new double[3], bandit.gradient(), 1e-9, "b is never drawn");
      double[] z = bandit.z();
      StepResult result = bandit.step(2);
      assertEquals(8, count(result.rollout(), "b"), "a quarter of 32");
      for (Trajectory t : result.rollout()) {
        if (t.grade.format().equals("b")) {
          assertEquals(2, t.length());
          assertEquals(Math.log(Bandit.softmax(z)[1]), t.logprobs[0], 1e-5);
        }
      }
      assertEquals(0.0, result.metrics().get("rollout/logprob_mismatch"), 1e-6);
      assertArrayEquals(policyGradient(bandit, result.rollout(), z), bandit.gradient(), CLOSE);
      assertTrue(bandit.gradient()[1] < -0.01, "descent raises b");
    }
  }

  @Test
  void tokensTakenByClipCovHaveNoPolicyGradient() {
    String all = "[rl.covariance]\nmethod = \"clip\"\nshare = 1.0\nlow = -100.0\nhigh = 100.0\n";
    try (FormatBandit bandit = bandit(0, all, MIXED)) {
      bandit.step(1);
      assertArrayEquals(new double[3], bandit.gradient(), 1e-12);
    }
    try (FormatBandit bandit = bandit(0, all.replace("low = -100.0", "low = 99.0"), MIXED)) {
      List<Trajectory> rollout = bandit.step(1).rollout();
      assertArrayEquals(policyGradient(bandit, rollout, Z), bandit.gradient(), CLOSE);
    }
  }

  @Test
  void klCovPullsBackToTheSamplingPolicy() {
    String more = "[rl.covariance]\nmethod = \"kl\"\nshare = 1.0\ncoef = 0.7\n";
    String dials = DIALS.formatted(0.0).replace("lr = 0.05", "lr = 0.05\nepochs = 2") + more;
    try (FormatBandit bandit = new FormatBandit(Z, "grpo", dials, MIXED)) {
      List<Trajectory> rollout = bandit.step(1).rollout();
      double[] first = new double[3]; // after the first of the two updates
      LedgerEntry second = bandit.entries.get(1);
      double[] odds =
          second.movements().stream().mapToDouble(LedgerEntry.Movement::before).toArray();
      Arrays.setAll(first, f -> 1 / (1 + Math.exp(-odds[f])));
      double[] p0 = Bandit.softmax(Z);
      for (LedgerEntry.Push push : second.pushes()) {
        if (push.term().equals("kl_cov")) {
          int f = FormatBandit.FORMATS.indexOf(push.format());
          double d = Math.log(first[f] / p0[f]);
          double share = count(rollout, push.format()) / (double) rollout.size();
          double own = 0.7 * share * d * (1 - first[f]);
          assertEquals(own, push.logitGradient().get(push.format()), CLOSE);
        }
      }
      assertTrue(second.pushes().stream().anyMatch(push -> push.term().equals("kl_cov")));
    }
  }

  @Test
  void formatThatIsNotInTheMixtureIsRefused() {
    Interventions typo = Config.parse(Interventions.class, "[kl_coef]\ncods = 1.0\n", "study.toml");
    UserError error = assertThrows(UserError.class, () -> typo.checked(List.of("code", "text")));
    assertTrue(error.getMessage().contains("cods"), error.getMessage());
    Interventions backwards =
        Config.parse(
            Interventions.class,
            "[[schedule]]\naction = \"force\"\nformat = \"code\"\nfrom = 5\nto = 2\n",
            "study.toml");
    assertThrows(UserError.class, () -> backwards.checked(List.of("code")));
  }
}
