package dev.anechoic.model.format;

/** What the verifier says of an answer. */
public enum Verdict {
  CORRECT,
  INCORRECT,
  /** No answer can be read, or the program is not in the supported part of Python. */
  UNPARSABLE,
  /** The program was stopped at a limit. */
  OVER_BUDGET,
  /** A fault of ours: the sample is masked and counted, never scored. */
  ERROR
}
