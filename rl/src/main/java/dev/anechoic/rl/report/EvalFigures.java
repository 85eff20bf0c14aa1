package dev.anechoic.rl.report;

import dev.anechoic.rl.measure.Interval;
import dev.anechoic.rl.measure.MajAtK;
import dev.anechoic.rl.measure.PassAtK;
import dev.anechoic.rl.runfolder.Evaluation;
import dev.anechoic.rl.runfolder.Evaluation.Answer;
import dev.anechoic.rl.runfolder.Evaluation.Problem;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Every figure of one evaluation, computed from its raw answers. Masked answers count nowhere.
 *
 * <p>Intervals of sampled figures resample problems, since the samples of one problem are not
 * independent; intervals of greedy figures are Wilson's.
 */
public final class EvalFigures {
  private static final int RESAMPLES = 1000;
  private static final long SEED = 20250407;

  private final List<String> formats;
  private final List<Problem> problems;
  private final int[] samples; // [P]
  private final int[] correct; // [P]
  private final int[][] samplesOf; // [F,P]
  private final int[][] correctOf; // [F,P]
  private final int[][] resamples; // [R,P]

  /**
   * A value with its 95 % interval.
   *
   * @param value NaN where it could not be computed
   */
  public record Figure(double value, Interval interval) {}

  /**
   * Counts the answers.
   *
   * @param formats formats in the report's order, {@code mixed} and {@code none} included
   */
  public EvalFigures(Evaluation evaluation, List<String> formats) {
    this.formats = formats;
    problems = evaluation.problems();
    int p = problems.size();
    samples = new int[p];
    correct = new int[p];
    samplesOf = new int[formats.size()][p];
    correctOf = new int[formats.size()][p];
    resamples = Interval.resamples(p, SEED, RESAMPLES);
    for (int i = 0; i < p; i++) {
      for (Answer answer : problems.get(i).samples()) {
        if (!answer.masked()) {
          count(i, answer);
        }
      }
    }
  }

  private void count(int problem, Answer answer) {
    int right = answer.correct() ? 1 : 0;
    samples[problem]++;
    correct[problem] += right;
    int format = formats.indexOf(answer.format());
    if (format >= 0) {
      samplesOf[format][problem]++;
      correctOf[format][problem] += right;
    }
  }

  public int problems() {
    return problems.size();
  }

  public List<String> formats() {
    return formats;
  }

  /** Names of the problems, in order. */
  public List<String> ids() {
    return problems.stream().map(Problem::id).toList();
  }

  /** Correct samples of each problem [P]. */
  public int[] correct() {
    return correct.clone();
  }

  /** The most samples that every problem has, so that pass@k exists for all k up to it. */
  public int largestK() {
    int least = Integer.MAX_VALUE;
    for (int n : samples) {
      least = Math.min(least, n);
    }
    return problems.isEmpty() ? 0 : least;
  }

  /** Share of a format among the samples. */
  public Figure share(String format) {
    int f = formats.indexOf(format);
    return f < 0 ? absent() : ratio(samplesOf[f], samples);
  }

  /** Accuracy of a format's samples; NaN where it has none. */
  public Figure accuracy(String format) {
    int f = formats.indexOf(format);
    return f < 0 ? absent() : ratio(correctOf[f], samplesOf[f]);
  }

  /** Accuracy of all samples, which is pass@1. */
  public Figure accuracy() {
    return ratio(correct, samples);
  }

  /** Shares of all formats [F]. */
  public double[] shares() {
    double[] shares = new double[formats.size()];
    for (int f = 0; f < shares.length; f++) {
      shares[f] = sum(samplesOf[f]) / sum(samples);
    }
    return shares;
  }

  /** Accuracies of all formats [F]; NaN where a format has no sample. */
  public double[] accuracies() {
    double[] accuracies = new double[formats.size()];
    for (int f = 0; f < accuracies.length; f++) {
      accuracies[f] = sum(correctOf[f]) / sum(samplesOf[f]);
    }
    return accuracies;
  }

  /** The resamples of problems behind all intervals, the same for equally many problems. */
  int[][] resamples() {
    return resamples;
  }

  /** Shares and accuracies of a resample of the problems. */
  double[][] resampled(int[] indices) {
    double[] shares = new double[formats.size()];
    double[] accuracies = new double[formats.size()];
    double all = 0;
    for (int i : indices) {
      all += samples[i];
    }
    for (int f = 0; f < shares.length; f++) {
      double n = 0;
      double c = 0;
      for (int i : indices) {
        n += samplesOf[f][i];
        c += correctOf[f][i];
      }
      shares[f] = n / all;
      accuracies[f] = c / n;
    }
    return new double[][] {shares, accuracies};
  }

  /** Greedy accuracy, pass@1 at temperature 0. */
  public Figure greedy() {
    return greedy(null, true);
  }

  /** Share of a format among the greedy answers. */
  public Figure greedyShare(String format) {
    return greedy(format, false);
  }

  private Figure greedy(@Nullable String format, boolean countCorrect) {
    int hits = 0;
    int all = 0;
    for (Problem problem : problems) {
      Answer answer = problem.greedy();
      if (answer != null && !answer.masked()) {
        all++;
        boolean hit = countCorrect ? answer.correct() : answer.format().equals(format);
        hits += hit ? 1 : 0;
      }
    }
    return proportion(hits, all);
  }

  /** Greedy accuracy with the opening of a format forced; NaN where it was not measured. */
  public Figure forced(String format) {
    int hits = 0;
    int all = 0;
    for (Problem problem : problems) {
      Answer answer = problem.forced().get(format);
      if (answer != null && !answer.masked()) {
        all++;
        hits += answer.correct() ? 1 : 0;
      }
    }
    return proportion(hits, all);
  }

  /** Share of problems that at least one format solves when each is forced in turn. */
  public Figure forcedUnion() {
    int hits = 0;
    int all = 0;
    for (Problem problem : problems) {
      if (!problem.forced().isEmpty()) {
        all++;
        hits += problem.forced().values().stream().anyMatch(Answer::correct) ? 1 : 0;
      }
    }
    return proportion(hits, all);
  }

  /** pass@k over all samples, for k up to {@link #largestK}. */
  public Figure passAtK(int k) {
    return passAtK(correct, k);
  }

  /**
   * The part of pass@k that one format reaches: the chance that among k samples of the policy at
   * least one is a correct one of this format. The union over formats is {@link #passAtK(int)}.
   */
  public Figure passAtK(String format, int k) {
    int f = formats.indexOf(format);
    return f < 0 ? absent() : passAtK(correctOf[f], k);
  }

  private Figure passAtK(int[] c, int k) {
    double[] values = new double[problems.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = PassAtK.estimate(samples[i], c[i], k);
    }
    return mean(values);
  }

  /** maj@k, for k up to {@link #largestK}. */
  public Figure majAtK(int k) {
    double[] values = new double[problems.size()];
    for (int i = 0; i < values.length; i++) {
      List<@Nullable String> answers = new ArrayList<>();
      List<Answer> graded =
          problems.get(i).samples().stream().filter(answer -> !answer.masked()).toList();
      boolean[] right = new boolean[graded.size()];
      for (int s = 0; s < right.length; s++) {
        answers.add(graded.get(s).value());
        right[s] = graded.get(s).correct();
      }
      values[i] = MajAtK.estimate(answers, right, k);
    }
    return mean(values);
  }

  /** 1, 2, 4, ... up to {@link #largestK}, and that itself. */
  public int[] powersOfTwo() {
    List<Integer> ks = new ArrayList<>();
    int largest = largestK();
    for (int k = 1; k < largest; k *= 2) {
      ks.add(k);
    }
    if (largest > 0) {
      ks.add(largest);
    }
    return ks.stream().mapToInt(Integer::intValue).toArray();
  }

  private Figure mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return new Figure(sum / values.length, Interval.bootstrapMean(values, resamples));
  }

  private Figure ratio(int[] part, int[] whole) {
    Interval interval =
        Interval.bootstrap(
            resamples,
            indices -> {
              double hits = 0;
              double all = 0;
              for (int i : indices) {
                hits += part[i];
                all += whole[i];
              }
              return hits / all;
            });
    return new Figure(sum(part) / sum(whole), interval);
  }

  private static Figure proportion(int hits, int all) {
    return new Figure(all == 0 ? Double.NaN : hits / (double) all, Interval.wilson(hits, all));
  }

  private static Figure absent() {
    return new Figure(Double.NaN, new Interval(Double.NaN, Double.NaN));
  }

  private static double sum(int[] counts) {
    double sum = 0;
    for (int count : counts) {
      sum += count;
    }
    return sum;
  }
}
