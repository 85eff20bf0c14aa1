package dev.anechoic.tensor.spec;

import static dev.anechoic.tensor.spec.Domain.index;
import static dev.anechoic.tensor.spec.Domain.normal;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.op.CrossEntropy;
import dev.anechoic.tensor.op.Entropy;
import dev.anechoic.tensor.op.KlFull;
import dev.anechoic.tensor.op.TokenLogProbs;
import java.util.List;

/** Losses and measures over rows of logits. */
final class LogitSpecs {
  private LogitSpecs() {}

  static List<OpSpec> all() {
    Grid plain = Grid.of("N", OpTable.ROWS).and("V", OpTable.COLUMNS).and("spread", 1, 8);
    Grid infinite = plain.and("infinite", 0, 0, 1);
    Grid tempered = plain.and("temperature", 4, 2, 8); // quarters
    return List.of(
        new OpSpec("crossEntropy", infinite, LogitSpecs::crossEntropy),
        new OpSpec("crossEntropyBackward", infinite, LogitSpecs::crossEntropyBackward),
        new OpSpec("tokenLogProbs", tempered, LogitSpecs::tokenLogProbs),
        new OpSpec("tokenLogProbsBackward", tempered, LogitSpecs::tokenLogProbsBackward),
        new OpSpec("entropy", tempered.and("infinite", 0, 0, 1), LogitSpecs::entropy),
        new OpSpec(
            "entropyBackward", tempered.and("infinite", 0, 0, 1), LogitSpecs::entropyBackward),
        new OpSpec("klFull", tempered, LogitSpecs::klFull),
        new OpSpec("klFullBackward", tempered, LogitSpecs::klFullBackward));
  }

  private static Domain logits(OpCase c, boolean infinite) {
    Domain domain = normal(c.d(2));
    return infinite ? domain.orSixteenth(Double.NEGATIVE_INFINITY, c.d(1)) : domain;
  }

  /** Tokens of which about a quarter is masked. */
  private static Operand tokens(OpCase c, String name) {
    return c.in(name, DType.I32, index(c.d(1)).orQuarter(-1), c.d(0)).rows().masks();
  }

  /** Logits over temperature meet their log-sum-exp: roundings of the larger of both remain. */
  private static void carriesLogits(OpCase c, Operand logits, double temperature) {
    int vocabulary = c.d(1);
    c.carries((data, output, i) -> {
      int row = i / Math.max(1, output.rowSize());
      double largest = 0;
      for (int v = 0; v < vocabulary; v++) {
        double logit = Math.abs(data[logits.number][row * vocabulary + v]);
        largest = Double.isFinite(logit) ? Math.max(largest, logit) : largest;
      }
      return largest / temperature + Math.log(vocabulary);
    });
  }

  /** An incoming gradient of which about a quarter is zero. */
  private static Operand incoming(OpCase c, String name) {
    return c.in(name, normal(1).orQuarter(0), c.d(0)).rows().masks();
  }

  private static void crossEntropy(OpCase c) {
    Operand logits = c.in("logits [N,V]", logits(c, c.d(3) == 1), c.d(0), c.d(1));
    logits.rows().differentiable();
    Operand targets = tokens(c, "targets [N]").below(c.d(1));
    Operand loss = c.out("loss [N]", c.d(0)).rows();
    Operand lse = c.out("lse [N]", c.d(0)).rows();
    c.run((k, t) -> k.crossEntropy(t.get(logits), t.get(targets), t.get(loss), t.get(lse)));
    c.op((tape, t) -> CrossEntropy.forward(tape, t.get(logits), t.get(targets)));
    carriesLogits(c, logits, 1);
    c.flops("4 N V", 4.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  private static void crossEntropyBackward(OpCase c) {
    Operand logits = c.in("logits [N,V]", logits(c, c.d(3) == 1), c.d(0), c.d(1)).rows();
    Operand targets = tokens(c, "targets [N]");
    Operand lse = c.saved("lse [N]", c.d(0)).rows();
    Operand dLoss = incoming(c, "dLoss [N]");
    Operand dLogits = c.gradient("dLogits [N,V]", c.d(0), c.d(1)).rows();
    Operand scratch = c.helper("scratch", Domain.zero(), c.d(0));
    c.prepare((k, t) -> k.crossEntropy(t.get(logits), t.get(targets), t.get(scratch), t.get(lse)));
    c.run((k, t) ->
        k.crossEntropyBackward(
            t.get(logits),
            t.get(targets),
            t.get(lse),
            t.get(dLoss),
            t.get(dLogits),
            c.accumulate()));
    c.flops("4 N V", 4.0 * c.d(0) * c.d(1));
  }

  private static double temperature(OpCase c) {
    return c.d(3) / 4.0;
  }

  private static void tokenLogProbs(OpCase c) {
    double temperature = temperature(c);
    Operand logits = c.in("logits [N,V]", logits(c, false), c.d(0), c.d(1));
    logits.rows().differentiable();
    Operand tokens = tokens(c, "tokens [N]").below(c.d(1));
    Operand logprobs = c.out("logprobs [N]", c.d(0)).rows();
    Operand lse = c.out("lse [N]", c.d(0)).rows();
    c.run((k, t) ->
        k.tokenLogProbs(t.get(logits), t.get(tokens), temperature, t.get(logprobs), t.get(lse)));
    c.op((tape, t) -> TokenLogProbs.forward(tape, t.get(logits), t.get(tokens), temperature));
    carriesLogits(c, logits, temperature);
    c.flops("5 N V", 5.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  private static void tokenLogProbsBackward(OpCase c) {
    double temperature = temperature(c);
    Operand logits = c.in("logits [N,V]", logits(c, false), c.d(0), c.d(1)).rows();
    Operand tokens = tokens(c, "tokens [N]");
    Operand lse = c.saved("lse [N]", c.d(0)).rows();
    Operand dLogprobs = incoming(c, "dLogprobs [N]");
    Operand dLogits = c.gradient("dLogits [N,V]", c.d(0), c.d(1)).rows();
    Operand scratch = c.helper("scratch", Domain.zero(), c.d(0));
    c.prepare((k, t) ->
        k.tokenLogProbs(t.get(logits), t.get(tokens), temperature, t.get(scratch), t.get(lse)));
    c.run((k, t) ->
        k.tokenLogProbsBackward(
            t.get(logits),
            t.get(tokens),
            temperature,
            t.get(lse),
            t.get(dLogprobs),
            t.get(dLogits),
            c.accumulate()));
    c.flops("5 N V", 5.0 * c.d(0) * c.d(1));
  }

  private static void entropy(OpCase c) {
    double temperature = temperature(c);
    Operand logits = c.in("logits [N,V]", logits(c, c.d(4) == 1), c.d(0), c.d(1));
    logits.rows().differentiable();
    Operand entropy = c.out("entropy [N]", c.d(0)).rows();
    Operand lse = c.out("lse [N]", c.d(0)).rows();
    c.run((k, t) -> k.entropy(t.get(logits), temperature, t.get(entropy), t.get(lse)));
    c.op((tape, t) -> Entropy.forward(tape, t.get(logits), temperature));
    carriesLogits(c, logits, temperature);
    c.flops("7 N V", 7.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  private static void entropyBackward(OpCase c) {
    double temperature = temperature(c);
    Operand logits = c.in("logits [N,V]", logits(c, c.d(4) == 1), c.d(0), c.d(1)).rows();
    Operand entropy = c.saved("entropy [N]", c.d(0)).rows();
    Operand lse = c.saved("lse [N]", c.d(0)).rows();
    Operand dEntropy = incoming(c, "dEntropy [N]");
    Operand dLogits = c.gradient("dLogits [N,V]", c.d(0), c.d(1)).rows();
    c.prepare((k, t) -> k.entropy(t.get(logits), temperature, t.get(entropy), t.get(lse)));
    c.run((k, t) ->
        k.entropyBackward(
            t.get(logits),
            temperature,
            t.get(entropy),
            t.get(lse),
            t.get(dEntropy),
            t.get(dLogits),
            c.accumulate()));
    c.flops("7 N V", 7.0 * c.d(0) * c.d(1));
  }

  private static void klFull(OpCase c) {
    double temperature = temperature(c);
    Operand p = c.in("logitsP [N,V]", logits(c, false), c.d(0), c.d(1)).rows().differentiable();
    Operand q = c.in("logitsQ [N,V]", logits(c, false), c.d(0), c.d(1)).rows();
    Operand kl = c.out("kl [N]", c.d(0)).rows();
    Operand lseP = c.out("lseP [N]", c.d(0)).rows();
    Operand lseQ = c.out("lseQ [N]", c.d(0)).rows();
    c.run((k, t) -> k.klFull(t.get(p), t.get(q), temperature, t.get(kl), t.get(lseP), t.get(lseQ)));
    c.op((tape, t) -> KlFull.forward(tape, t.get(p), t.get(q), temperature));
    carriesLogits(c, p, temperature);
    c.flops("14 N V", 14.0 * c.d(0) * c.d(1));
    c.sums(c.d(1));
  }

  private static void klFullBackward(OpCase c) {
    double temperature = temperature(c);
    Operand p = c.in("logitsP [N,V]", logits(c, false), c.d(0), c.d(1)).rows();
    Operand q = c.in("logitsQ [N,V]", logits(c, false), c.d(0), c.d(1)).rows();
    Operand kl = c.saved("kl [N]", c.d(0)).rows();
    Operand lseP = c.saved("lseP [N]", c.d(0)).rows();
    Operand lseQ = c.saved("lseQ [N]", c.d(0)).rows();
    Operand dKl = incoming(c, "dKl [N]");
    Operand dLogitsP = c.gradient("dLogitsP [N,V]", c.d(0), c.d(1)).rows();
    c.prepare(
        (k, t) -> k.klFull(t.get(p), t.get(q), temperature, t.get(kl), t.get(lseP), t.get(lseQ)));
    c.run((k, t) ->
        k.klFullBackward(
            t.get(p),
            t.get(q),
            temperature,
            t.get(kl),
            t.get(lseP),
            t.get(lseQ),
            t.get(dKl),
            t.get(dLogitsP),
            c.accumulate()));
    c.flops("9 N V", 9.0 * c.d(0) * c.d(1));
  }
}
