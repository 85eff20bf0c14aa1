package dev.anechoic.model.corpus;

import dev.anechoic.model.problem.Problem;

/** Problems by number. The same number gives the same problem, in any order and on any thread. */
public interface ProblemSource {

  /**
   * The problem of this number, which is never one that is held out for evaluation.
   *
   * @param index from 0, without an upper end
   */
  Problem training(long index);

  /** The held-out problem of this number; its canonical form is in no training problem. */
  Problem evaluation(long index);

  /** The source with a format's own dials of difficulty, where it has such dials. */
  default ProblemSource withDialsOf(FormatDials dials) {
    return this;
  }
}
