package dev.anechoic.rl;

/**
 * The random streams of RL, so that no two uses of randomness share an address; the model's own
 * streams are in {@code dev.anechoic.model.transformer.Streams}.
 */
public final class RlStreams {
  /** Which problems a step draws; sample = draw. */
  public static final int PROMPTS = 0x200;

  /** Tokens of a rollout; sample = prompt * G + sample, position = token. */
  public static final int ROLLOUT = 0x201;

  /** Order of the completions within an epoch. */
  public static final int MINIBATCH = 0x202;

  /** The control reward "random". */
  public static final int RANDOM_REWARD = 0x203;

  /** Tokens of an evaluation; step = RL step, sample = problem * n + sample. */
  public static final int EVALUATION = 0x204;

  /** Tokens of the probe prompts of the ledger. */
  public static final int PROBE = 0x205;

  /** Which tokens Clip-Cov takes out; sample = prompt and sample, position = token. */
  public static final int COVARIANCE = 0x207;

  private RlStreams() {}
}
