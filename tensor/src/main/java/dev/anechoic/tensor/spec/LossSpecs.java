package dev.anechoic.tensor.spec;

import static dev.anechoic.tensor.spec.Domain.normal;
import static dev.anechoic.tensor.spec.Domain.uniform;

import dev.anechoic.tensor.Kernels.KlEstimator;
import dev.anechoic.tensor.op.KlSampled;
import dev.anechoic.tensor.op.PolicyLoss;
import dev.anechoic.tensor.op.ValueLoss;
import java.util.List;

/** Sampled KL, the clipped policy loss and the clipped value loss. */
final class LossSpecs {
  /** Bounds that floats hold exactly. */
  private static final double CLIP_LOW = 0.1875;

  private static final double CLIP_HIGH = 0.25;

  private LossSpecs() {}

  static List<OpSpec> all() {
    Grid sizes = Grid.of("N", OpTable.SIZES);
    Grid estimators = sizes.and("estimator", 0, 1, 2);
    Grid clips = sizes.and("clipped", 1, 1, 0);
    return List.of(
        new OpSpec("klSampled", estimators, LossSpecs::klSampled),
        new OpSpec("klSampledBackward", estimators, LossSpecs::klSampledBackward),
        new OpSpec("policyLoss", sizes, LossSpecs::policyLoss),
        new OpSpec("policyLossBackward", sizes, LossSpecs::policyLossBackward),
        new OpSpec("valueLoss", clips, LossSpecs::valueLoss),
        new OpSpec("valueLossBackward", clips, LossSpecs::valueLossBackward));
  }

  private static KlEstimator estimator(OpCase c) {
    return KlEstimator.values()[c.d(1)];
  }

  private static void klSampled(OpCase c) {
    KlEstimator estimator = estimator(c);
    Operand logprobs = c.in("logprobs [N]", uniform(-3, 0), c.d(0)).rows().differentiable();
    Operand ref = c.in("refLogprobs [N]", uniform(-3, 0), c.d(0)).rows();
    Operand kl = c.out("kl [N]", c.d(0)).rows();
    c.run((k, t) -> k.klSampled(t.get(logprobs), t.get(ref), estimator, t.get(kl)));
    c.op((tape, t) -> KlSampled.forward(tape, t.get(logprobs), t.get(ref), estimator));
    c.flops("4 N", 4.0 * c.d(0));
  }

  private static void klSampledBackward(OpCase c) {
    KlEstimator estimator = estimator(c);
    Operand logprobs = c.in("logprobs [N]", uniform(-3, 0), c.d(0)).rows();
    Operand ref = c.in("refLogprobs [N]", uniform(-3, 0), c.d(0)).rows();
    Operand dKl = c.in("dKl [N]", normal(1).orQuarter(0), c.d(0)).rows().masks();
    Operand dLogprobs = c.gradient("dLogprobs [N]", c.d(0)).rows();
    c.run((k, t) ->
        k.klSampledBackward(
            t.get(logprobs), t.get(ref), estimator, t.get(dKl), t.get(dLogprobs), c.accumulate()));
    c.flops("4 N", 4.0 * c.d(0));
  }

  private static void policyLoss(OpCase c) {
    Operand logprobs = c.in("logprobs [N]", uniform(-1.5, -0.5), c.d(0)).rows().differentiable();
    Operand old = c.in("oldLogprobs [N]", uniform(-1.5, -0.5), c.d(0)).rows();
    Operand advantages = c.in("advantages [N]", normal(1), c.d(0)).rows();
    Operand loss = c.out("loss [N]", c.d(0)).rows();
    Operand ratio = c.out("ratio [N]", c.d(0)).rows();
    c.run((k, t) ->
        k.policyLoss(
            t.get(logprobs),
            t.get(old),
            t.get(advantages),
            CLIP_LOW,
            CLIP_HIGH,
            t.get(loss),
            t.get(ratio)));
    c.op((tape, t) ->
        PolicyLoss.forward(
            tape,
            t.get(logprobs),
            t.get(old),
            t.get(advantages),
            CLIP_LOW,
            CLIP_HIGH,
            t.get(ratio)));
    c.kinked();
    c.flops("7 N", 7.0 * c.d(0));
  }

  private static void policyLossBackward(OpCase c) {
    Operand advantages = c.in("advantages [N]", normal(1), c.d(0)).rows();
    Operand ratio = c.in("ratio [N]", uniform(0.5, 1.6), c.d(0)).rows();
    Operand dLoss = c.in("dLoss [N]", normal(1).orQuarter(0), c.d(0)).rows().masks();
    Operand dLogprobs = c.gradient("dLogprobs [N]", c.d(0)).rows();
    c.run((k, t) ->
        k.policyLossBackward(
            t.get(advantages),
            CLIP_LOW,
            CLIP_HIGH,
            t.get(ratio),
            t.get(dLoss),
            t.get(dLogprobs),
            c.accumulate()));
    c.flops("5 N", 5.0 * c.d(0));
  }

  private static double clip(OpCase c) {
    return c.d(1) == 1 ? 0.25 : Double.POSITIVE_INFINITY;
  }

  private static void valueLoss(OpCase c) {
    double clip = clip(c);
    Operand values = c.in("values [N]", normal(1), c.d(0)).rows().differentiable();
    Operand old = c.in("oldValues [N]", normal(1), c.d(0)).rows();
    Operand returns = c.in("returns [N]", normal(1), c.d(0)).rows();
    Operand loss = c.out("loss [N]", c.d(0)).rows();
    c.run((k, t) -> k.valueLoss(t.get(values), t.get(old), t.get(returns), clip, t.get(loss)));
    c.op((tape, t) -> ValueLoss.forward(tape, t.get(values), t.get(old), t.get(returns), clip));
    c.kinked();
    c.flops("9 N", 9.0 * c.d(0));
  }

  private static void valueLossBackward(OpCase c) {
    double clip = clip(c);
    Operand values = c.in("values [N]", normal(1), c.d(0)).rows();
    Operand old = c.in("oldValues [N]", normal(1), c.d(0)).rows();
    Operand returns = c.in("returns [N]", normal(1), c.d(0)).rows();
    Operand dLoss = c.in("dLoss [N]", normal(1).orQuarter(0), c.d(0)).rows().masks();
    Operand dValues = c.gradient("dValues [N]", c.d(0)).rows();
    c.run((k, t) ->
        k.valueLossBackward(
            t.get(values),
            t.get(old),
            t.get(returns),
            clip,
            t.get(dLoss),
            t.get(dValues),
            c.accumulate()));
    c.flops("9 N", 9.0 * c.d(0));
  }
}
