package dev.anechoic.model.corpus;

import dev.anechoic.model.format.Format;
import dev.anechoic.model.problem.Draws;
import dev.anechoic.model.problem.Noise;
import dev.anechoic.model.problem.Problem;

/**
 * One format of a mixture with its dials. Difficulty and number range are dials of the source.
 *
 * @param format how the problems are written
 * @param share of the mixture, relative to the other ingredients
 * @param labelNoise fraction of the documents with one operand, operator or copied number changed
 * @param misconception fraction of the problems with a trap that are solved by its misreading
 * @param source of the problems
 */
public record Ingredient(
    Format format, double share, double labelNoise, double misconception, ProblemSource source) {

  private static final int NOISE_STREAM = 0x4E4F4953; // "NOIS"

  public Ingredient {
    if (!(share > 0) || !Double.isFinite(share)) {
      throw new IllegalArgumentException(
          "mixture: share of " + format.name() + " must be positive, got " + share);
    }
    fraction(format, "labelNoise", labelNoise);
    fraction(format, "misconception", misconception);
  }

  private static void fraction(Format format, String dial, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "mixture: %s of %s must be between 0 and 1, got %s"
              .formatted(dial, format.name(), value));
    }
  }

  /**
   * The document of this number.
   *
   * @param seed of the noise
   */
  Document document(long seed, long index) {
    Problem problem = source.training(index);
    Draws draws = new Draws(seed, NOISE_STREAM, index);
    boolean noisy = draws.chance(labelNoise);
    boolean misread = draws.chance(misconception) && Noise.hasTrap(problem);
    Document.Corruption corruption = Document.Corruption.NONE;
    if (misread) {
      problem = Noise.misread(problem);
      corruption = Document.Corruption.MISCONCEPTION;
    } else if (noisy) {
      problem = Noise.corrupt(problem, draws);
      corruption = Document.Corruption.LABEL_NOISE;
    }
    return new Document(
        problem.questionText(),
        format.render(problem),
        format.name(),
        problem.gold(),
        problem.id(),
        problem.family(),
        problem.steps().size(),
        corruption);
  }
}
