package dev.anechoic.tensor;

import dev.anechoic.tensor.op.Add;
import dev.anechoic.tensor.op.Attention;
import dev.anechoic.tensor.op.Checkpoint;
import dev.anechoic.tensor.op.Embedding;
import dev.anechoic.tensor.op.Entropy;
import dev.anechoic.tensor.op.KlSampled;
import dev.anechoic.tensor.op.LayerNorm;
import dev.anechoic.tensor.op.MatMul;
import dev.anechoic.tensor.op.PolicyLoss;
import dev.anechoic.tensor.op.RmsNorm;
import dev.anechoic.tensor.op.Rotary;
import dev.anechoic.tensor.op.SwiGlu;
import dev.anechoic.tensor.op.TokenLogProbs;
import dev.anechoic.tensor.op.ValueLoss;
import dev.anechoic.tensor.op.WeightedSum;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Two layers, a value head and the losses of PPO, straight from the ops: the smallest program in
 * which all of them meet. B 2, T 5, C 8, H 2, K 1, V 11.
 */
final class TinyTransformer {
  static final int BATCH = 2;
  static final int TIME = 5;
  static final int LAYERS = 2;
  static final int ROWS = BATCH * TIME;
  private static final int CHANNELS = 8;
  private static final int HEADS = 2;
  private static final int KV_HEADS = 1;
  private static final int HEAD_SIZE = 4;
  private static final int HIDDEN = 12;
  private static final int VOCABULARY = 11;
  private static final double EPS = 1e-5;

  private final Arena parameters;
  private final Arena data;
  final List<Tensor> all = new ArrayList<>();
  private final Tensor table;
  private final List<Tensor[]> layers = new ArrayList<>();
  private final Tensor normWeight;
  private final Tensor normBias;
  private final Tensor head;
  private final Tensor valueHead;
  private final Tensor valueBias;

  private final Tensor rotary;
  private final Tensor tokens;
  private final Tensor targets;
  private final Tensor oldLogprobs;
  private final Tensor advantages;
  private final Tensor oldValues;
  private final Tensor returns;
  private final Tensor ratio;
  final Tensor weights;

  TinyTransformer(Backend backend, MemoryLedger ledger) {
    parameters = new Arena(backend, Arena.Tag.PARAMETERS, ledger);
    data = new Arena(backend, Arena.Tag.DATA, ledger);
    table = parameter(1, VOCABULARY, CHANNELS);
    for (int layer = 0; layer < LAYERS; layer++) {
      layers.add(
          new Tensor[] {
            parameter(1, CHANNELS),
            parameter(0.3, CHANNELS, (HEADS + 2 * KV_HEADS) * HEAD_SIZE),
            parameter(0.3, HEADS * HEAD_SIZE, CHANNELS),
            parameter(0.3, CHANNELS, 2 * HIDDEN),
            parameter(0.3, HIDDEN, CHANNELS)
          });
    }
    normWeight = parameter(1, CHANNELS);
    normBias = parameter(1, CHANNELS);
    head = parameter(0.5, CHANNELS, VOCABULARY);
    valueHead = parameter(0.5, CHANNELS, 1);
    valueBias = parameter(1, 1);

    rotary = data.of(angles(), TIME, HEAD_SIZE);
    tokens = data.of(indices(1), BATCH, TIME);
    targets = data.of(indices(2), ROWS);
    oldLogprobs = data.of(numbers(3, 0.3, -2.4), ROWS);
    advantages = data.of(numbers(4, 1, 0), ROWS);
    oldValues = data.of(numbers(5, 1, 0), ROWS);
    returns = data.of(numbers(6, 1, 0), ROWS);
    weights = data.of(numbers(7, 0.3, 1), ROWS);
    ratio = data.tensor(backend.floatType(), ROWS);
  }

  private Tensor parameter(double deviation, int... dims) {
    int size = Math.toIntExact(Shape.of(dims).size());
    double[] values = new double[size];
    for (int i = 0; i < size; i++) {
      values[i] = deviation * Philox.normal(41, all.size(), 0, 0, i);
    }
    Tensor t = parameters.of(values, dims).named("parameter " + all.size());
    all.add(t);
    return t;
  }

  /** Gives every parameter a gradient of zeros that outlives the tape. */
  void keepGradients() {
    for (Tensor parameter : all) {
      Tensor grad = parameters.like(parameter);
      parameters.backend().fill(grad, 0);
      parameter.requireGrad().setGrad(grad);
    }
  }

  void zeroGradients() {
    all.forEach(parameter -> parameters.backend().fill(parameter.grad(), 0));
  }

  double[][] gradients() {
    return all.stream().map(parameter -> parameter.grad().toDoubles()).toArray(double[][]::new);
  }

  private static double[] angles() {
    double[] table = new double[TIME * HEAD_SIZE];
    for (int t = 0; t < TIME; t++) {
      for (int i = 0; i < HEAD_SIZE / 2; i++) {
        double angle = t * Math.pow(100, -2.0 * i / HEAD_SIZE);
        table[t * HEAD_SIZE + i] = Math.cos(angle);
        table[t * HEAD_SIZE + HEAD_SIZE / 2 + i] = Math.sin(angle);
      }
    }
    return table;
  }

  private static int[] indices(int stream) {
    int[] indices = new int[ROWS];
    for (int i = 0; i < ROWS; i++) {
      indices[i] = Philox.below(VOCABULARY, 41, stream, 1, 0, i);
    }
    return indices;
  }

  private static double[] numbers(int stream, double deviation, double mean) {
    double[] values = new double[ROWS];
    for (int i = 0; i < ROWS; i++) {
      values[i] = mean + deviation * Philox.normal(41, stream, 2, 0, i);
    }
    return values;
  }

  /** Puts another token at one place of the first row; returns all tokens. */
  int[] changeToken(int position) {
    int[] values = tokens.toInts();
    values[position] = (values[position] + 1) % VOCABULARY;
    data.backend().write(tokens, values, 0);
    return values;
  }

  /** Loss per token [ROWS]: policy, value, KL to the old log-probs, entropy. */
  Tensor losses(Tape tape, @Nullable Tape checkpoints) {
    Tensor x = Embedding.forward(tape, table, tokens);
    for (Tensor[] layer : layers) {
      Checkpoint.Block block = (t, input) -> block(t, input, layer);
      x =
          checkpoints == null
              ? block.forward(tape, x)
              : Checkpoint.forward(tape, checkpoints, block, x);
    }
    Tensor y = LayerNorm.forward(tape, x, normWeight, normBias, EPS).reshape(ROWS, CHANNELS);
    Tensor logits = MatMul.forward(tape, y, head);
    Tensor logprobs = TokenLogProbs.forward(tape, logits, targets, 0.7);
    Tensor values = MatMul.forward(tape, y, false, valueHead, false, valueBias).reshape(ROWS);
    Tensor policy = PolicyLoss.forward(tape, logprobs, oldLogprobs, advantages, 0.2, 0.3, ratio);
    Tensor value = ValueLoss.forward(tape, values, oldValues, returns, 0.4);
    Tensor kl = KlSampled.forward(tape, logprobs, oldLogprobs, Kernels.KlEstimator.K3);
    Tensor entropy = Entropy.forward(tape, logits, 1);
    return Add.forward(tape, Add.forward(tape, policy, value), Add.forward(tape, kl, entropy));
  }

  /** The weighted sum of the losses, [1]. */
  Tensor loss(Tape tape) {
    return WeightedSum.forward(tape, losses(tape, null), weights);
  }

  private Tensor block(Tape tape, Tensor x, Tensor[] p) {
    Tensor normed = RmsNorm.forward(tape, x, p[0], EPS);
    Tensor qkv = MatMul.forward(tape, normed, p[1]);
    Tensor turned = Rotary.forward(tape, qkv, null, rotary, HEADS + KV_HEADS, HEAD_SIZE);
    Tensor mixed = Attention.forward(tape, turned, HEADS, KV_HEADS);
    Tensor after = Add.forward(tape, x, MatMul.forward(tape, mixed, p[2]));
    Tensor gated =
        SwiGlu.forward(
            tape, MatMul.forward(tape, LayerNorm.forward(tape, after, null, null, EPS), p[3]));
    return Add.forward(tape, after, MatMul.forward(tape, gated, p[4]));
  }

  void close() {
    data.close();
    parameters.close();
  }
}
