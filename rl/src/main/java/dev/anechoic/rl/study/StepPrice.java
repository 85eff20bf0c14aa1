package dev.anechoic.rl.study;

import dev.anechoic.rl.measure.PriceSplit;
import dev.anechoic.rl.runfolder.Metrics;
import java.util.List;
import java.util.Map;

/**
 * The Price split of the change in mean reward from each step to the next, as metrics. Of one pair
 * of steps most is the noise of sampling; the report splits the change between means of steps.
 */
final class StepPrice {
  private double[] shares = {};
  private double[] rewards = {};

  /** Goes on after the last of these steps, as if they had been added one by one. */
  static StepPrice after(Metrics done) {
    StepPrice price = new StepPrice();
    int last = done.size() - 1;
    if (last >= 0) {
      List<String> formats = done.formats();
      price.shares = column(formats, f -> done.column("format/" + f + "/share")[last]);
      price.rewards = column(formats, f -> done.column("format/" + f + "/reward")[last]);
    }
    return price;
  }

  /**
   * Adds the parts to the metrics of the next step; they sum to its change in {@code reward}. A
   * first step, and one whose completions were all masked, has none.
   */
  void addTo(Map<String, Double> metrics) {
    List<String> formats =
        metrics.keySet().stream()
            .filter(key -> key.startsWith("format/") && key.endsWith("/share"))
            .map(key -> key.substring("format/".length(), key.length() - "/share".length()))
            .toList();
    if (formats.isEmpty()) {
      return;
    }
    double[] sharesNow = column(formats, f -> metrics.getOrDefault("format/" + f + "/share", 0.0));
    double[] rewardsNow =
        column(formats, f -> metrics.getOrDefault("format/" + f + "/reward", Double.NaN));
    if (shares.length == formats.size()) {
      PriceSplit split = PriceSplit.between(shares, rewards, sharesNow, rewardsNow);
      metrics.put("price/selection", split.selection());
      metrics.put("price/within", split.within());
      metrics.put("price/cross", split.cross() + split.entered());
    }
    shares = sharesNow;
    rewards = rewardsNow;
  }

  private interface Value {
    double of(String format);
  }

  private static double[] column(List<String> formats, Value value) {
    return formats.stream().mapToDouble(value::of).toArray();
  }
}
