package dev.anechoic.model.train;

import dev.anechoic.model.transformer.Transformer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the model now and then during pretraining, for instance at its accuracy per format, and
 * may end it: a base for a study is trained to a strength, not for a number of steps, since the
 * moment at which a model learns to copy numbers varies with the seed.
 */
@FunctionalInterface
public interface Probe {
  /**
   * What a look found.
   *
   * @param metrics values to log, by key
   * @param stopReason why to stop here, in one line, or null to go on
   */
  record Verdict(Map<String, Double> metrics, @Nullable String stopReason) {}

  /**
   * Called between two steps; must leave the model as it is.
   *
   * @param step steps taken
   */
  Verdict look(Transformer model, long step);
}
