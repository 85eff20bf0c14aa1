package dev.anechoic.rl.measure;

/**
 * Which problems are solved at least once, before and after RL: the four-way table of Yue et al.,
 * "Does Reinforcement Learning Really Incentivize Reasoning Capacity in LLMs Beyond the Base
 * Model?" (arXiv 2504.13837). Coverage is the share of problems solved at least once.
 *
 * @param both problems solved before and after
 * @param baseOnly problems solved before only
 * @param rlOnly problems solved after only
 * @param neither problems never solved
 */
public record SolvableTable(int both, int baseOnly, int rlOnly, int neither) {

  /**
   * Counts the problems.
   *
   * @param before correct samples of each problem before [P]
   * @param after correct samples of each problem after [P], the same problems
   */
  public static SolvableTable of(int[] before, int[] after) {
    if (before.length != after.length) {
      throw new IllegalArgumentException(
          "both evaluations need the same problems; got %d and %d"
              .formatted(before.length, after.length));
    }
    int both = 0;
    int baseOnly = 0;
    int rlOnly = 0;
    for (int i = 0; i < before.length; i++) {
      boolean base = before[i] > 0;
      boolean rl = after[i] > 0;
      both += base && rl ? 1 : 0;
      baseOnly += base && !rl ? 1 : 0;
      rlOnly += !base && rl ? 1 : 0;
    }
    return new SolvableTable(both, baseOnly, rlOnly, before.length - both - baseOnly - rlOnly);
  }

  /** The 95 % interval (Wilson) of a count of problems as a share of all. */
  public Interval interval(int count) {
    return Interval.wilson(count, problems());
  }

  public int problems() {
    return both + baseOnly + rlOnly + neither;
  }

  /** Share of problems solved at least once before. */
  public double coverageBefore() {
    return (both + baseOnly) / (double) problems();
  }

  /** Share of problems solved at least once after. */
  public double coverageAfter() {
    return (both + rlOnly) / (double) problems();
  }
}
