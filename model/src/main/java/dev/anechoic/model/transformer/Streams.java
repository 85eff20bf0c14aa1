package dev.anechoic.model.transformer;

/**
 * The stream numbers of {@link dev.anechoic.tensor.Philox} addresses that the model uses, in one
 * place so that no two purposes share random numbers. Reinforcement learning and the corpus take
 * numbers from 100 up.
 */
public final class Streams {
  /** Initial parameters: step = attempt, sample = CRC-32 of the name, position = index. */
  public static final int INIT = 1;

  /** Order of the training documents: step = epoch, position = index. */
  public static final int SHUFFLE = 2;

  /** Sampled tokens, when nothing else is asked for: step, sample and position as named. */
  public static final int SAMPLE = 3;

  private Streams() {}
}
