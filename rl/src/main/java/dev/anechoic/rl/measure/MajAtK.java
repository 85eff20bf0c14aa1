package dev.anechoic.rl.measure;

import dev.anechoic.model.format.Answers;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * maj@k: the chance that the most frequent answer among k samples is correct (self-consistency,
 * Wang et al., arXiv 2203.11171).
 *
 * <p>Every sample is one vote. Numbers are equal as numbers, so that 5, 5.0 and 5.00 vote together.
 * A tie between t answers is won by each with chance 1/t. A sample without an answer is drawn like
 * any other and votes for nothing.
 *
 * <p>The expectation over all {@code C(n, k)} draws is exact. With m votes for the correct answer
 * out of its c samples, the other answers are drawn one after the other, each hypergeometric given
 * what is left; the state is (draws left, answers that tie at m).
 */
public final class MajAtK {
  private MajAtK() {}

  /**
   * The answer as a vote: numbers in one spelling, other text stripped.
   *
   * @param answer the answer as written, null where there is none
   * @return the key under which it votes, null where it votes for nothing
   */
  public static @Nullable String key(@Nullable String answer) {
    if (answer == null || answer.isBlank()) {
      return null;
    }
    BigDecimal number = Answers.parse(answer);
    return number == null ? answer.strip() : Answers.vote(number);
  }

  /**
   * maj@k of one problem.
   *
   * @param answers the answers of all n samples, null where there is none
   * @param correct whether each sample was verified as correct; an answer is correct where any
   *     sample with it is
   * @throws IllegalArgumentException unless {@code 1 <= k <= n}
   */
  public static double estimate(List<@Nullable String> answers, boolean[] correct, int k) {
    int n = answers.size();
    Map<String, Integer> votes = new LinkedHashMap<>();
    @Nullable String right = null;
    for (int i = 0; i < n; i++) {
      String key = key(answers.get(i));
      if (key != null) {
        votes.merge(key, 1, Integer::sum);
        right = correct[i] ? key : right;
      }
    }
    Integer rightVotes = right == null ? null : votes.remove(right);
    int[] others = votes.values().stream().mapToInt(Integer::intValue).toArray();
    return exact(n, rightVotes == null ? 0 : rightVotes, others, k);
  }

  /**
   * maj@k from counts.
   *
   * @param n samples, those without an answer included
   * @param c samples with the correct answer
   * @param others samples of each wrong answer
   * @param k draws without replacement
   */
  public static double exact(int n, int c, int[] others, int k) {
    int wrong = Arrays.stream(others).sum();
    if (k < 1 || k > n || c < 0 || c + wrong > n) {
      throw new IllegalArgumentException(
          "maj@k needs 1 <= k <= n and c + others <= n; got n=%d c=%d others=%s k=%d"
              .formatted(n, c, Arrays.toString(others), k));
    }
    double[] logFactorial = logFactorials(n);
    double total = 0;
    for (int m = 1; m <= Math.min(c, k); m++) {
      double chance = hypergeometric(logFactorial, c, n - c, k, m);
      if (chance > 0) {
        total += chance * winsOrTies(logFactorial, others, n - c, k - m, m);
      }
    }
    return Math.min(1, total);
  }

  /** Expected share of the win when the correct answer has m votes and r draws are left. */
  private static double winsOrTies(double[] logFactorial, int[] others, int pool, int r, int m) {
    int maxTies = r / m;
    double[][] chance = new double[r + 1][maxTies + 1]; // [draws left, ties]
    chance[r][0] = 1;
    for (int count : others) {
      pool -= count;
      double[][] next = new double[r + 1][maxTies + 1];
      for (int left = 0; left <= r; left++) {
        for (int v = 0; v <= Math.min(m, Math.min(count, left)); v++) {
          double p = hypergeometric(logFactorial, count, pool, left, v);
          int tied = v == m ? 1 : 0;
          for (int ties = 0; ties + tied <= maxTies; ties++) {
            next[left - v][ties + tied] += p * chance[left][ties];
          }
        }
      }
      chance = next;
    }
    double expected = 0; // what is left falls on samples without an answer
    for (double[] byTies : chance) {
      for (int ties = 0; ties <= maxTies; ties++) {
        expected += byTies[ties] / (ties + 1);
      }
    }
    return expected;
  }

  /** Chance of v from a class of {@code in} when r are drawn from {@code in + out}. */
  private static double hypergeometric(double[] logFactorial, int in, int out, int r, int v) {
    if (v > in || r - v > out || v > r) {
      return 0;
    }
    return Math.exp(
        logChoose(logFactorial, in, v)
            + logChoose(logFactorial, out, r - v)
            - logChoose(logFactorial, in + out, r));
  }

  private static double logChoose(double[] logFactorial, int n, int k) {
    return logFactorial[n] - logFactorial[k] - logFactorial[n - k];
  }

  private static double[] logFactorials(int n) {
    double[] logFactorial = new double[n + 1];
    for (int i = 2; i <= n; i++) {
      logFactorial[i] = logFactorial[i - 1] + Math.log(i);
    }
    return logFactorial;
  }
}
