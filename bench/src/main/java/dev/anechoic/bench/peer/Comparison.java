package dev.anechoic.bench.peer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One piece of work on several libraries.
 *
 * @param work what was done
 * @param threads of each library
 * @param rates of each round, by library, in {@link Work#unit}
 * @param configurations by library, where there was a choice
 */
public record Comparison(
    Work work, int threads, Map<String, List<Double>> rates, Map<String, String> configurations) {

  /** Pause before a turn: threads of the library before spin for a while in hope of work. */
  private static final long PAUSE_MILLIS = 60;

  /**
   * Runs rounds in which every library has a turn, so that a change of the machine's speed meets
   * all of them.
   *
   * @param warmupSeconds of each library before the first round
   * @param seconds of a turn
   */
  public static Comparison run(
      Work work,
      int threads,
      List<PeerProcess> processes,
      double warmupSeconds,
      int rounds,
      double seconds) {
    Map<String, List<Double>> rates = new LinkedHashMap<>();
    Map<String, String> configurations = new LinkedHashMap<>();
    List<PeerProcess> able = new ArrayList<>();
    for (PeerProcess process : processes) {
      String configuration = process.prepare(work, warmupSeconds);
      if (configuration != null) {
        able.add(process);
        rates.put(process.name(), new ArrayList<>());
        if (!configuration.isEmpty()) {
          configurations.put(process.name(), configuration);
        }
      }
    }
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < able.size(); i++) {
        PeerProcess process = able.get((i + round) % able.size());
        pause();
        process.measure(seconds / 4); // caches, branch predictors, sleeping threads
        double rate = work.rate(process.measure(seconds));
        Objects.requireNonNull(rates.get(process.name())).add(rate);
      }
    }
    return new Comparison(work, threads, rates, configurations);
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Median rate of a library. */
  public double median(String library) {
    double[] sorted = sorted(library);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  /** Best rate of a library. */
  public double best(String library) {
    return sorted(library)[sorted(library).length - 1];
  }

  private double[] sorted(String library) {
    List<Double> of = rates.get(library);
    if (of == null || of.isEmpty()) {
      throw new IllegalArgumentException(library + " has no rate for " + work.id());
    }
    return of.stream().mapToDouble(Double::doubleValue).sorted().toArray();
  }

  /** The other library with the highest median, or null where none has this work. */
  public @Nullable String bestPeer() {
    String best = null;
    for (String library : rates.keySet()) {
      if (!library.equals(Engine.NAME) && (best == null || median(library) > median(best))) {
        best = library;
      }
    }
    return best;
  }

  /** This engine's median over the best peer's; NaN where there is no peer. */
  public double ratio() {
    String peer = bestPeer();
    return peer == null ? Double.NaN : median(Engine.NAME) / median(peer);
  }

  /** Geometric mean of the ratios; NaN for none. */
  public static double geometricMean(List<Comparison> comparisons) {
    return Math.exp(
        comparisons.stream()
            .mapToDouble(Comparison::ratio)
            .filter(ratio -> !Double.isNaN(ratio))
            .map(Math::log)
            .average()
            .orElse(Double.NaN));
  }
}
