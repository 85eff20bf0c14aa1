package dev.anechoic.rl.ledger;

import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Embedding;
import dev.anechoic.tensor.op.TokenLogProbs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Log-odds by sampling, for formats whose opening is the beginning of another's, so that no token
 * decides between them. n completions of the probe prompts are drawn at each watched update; after
 * it the same completions are weighed anew by {@code w_i = π'(y_i) / π(y_i)}:
 *
 * <pre>
 * P_f = (Σ_{i in f} w_i + 1/2) / (Σ_i w_i + 1)        ℓ_f = ln P_f − ln(1 − P_f)
 * ∇ℓ_f = Σ_i (1[i in f] − P_f) ∇ log π(y_i) / ((n + 1) P_f (1 − P_f))      at w = 1
 * </pre>
 *
 * <p>The gradient is exactly that of the estimate, so prediction and observation differ by the
 * order of the expansion alone; the estimate itself has the error of n samples. The halves keep a
 * format without a sample finite.
 */
final class SampledOdds implements FormatOdds {
  /** Tokens of one pass, padding included: as in the micro-batches of training. */
  private static final int PASS_TOKENS = 1024;

  private final Transformer model;
  private final Backend backend;
  private final ProbeSampler sampler;
  private final List<String> formats;
  private final double temperature;
  private final Arena activations;
  private final Arena data;
  private final Tape tape;
  private List<Completion> drawn = List.of();
  private List<String> classes = List.of();
  private double[] logprobs = {}; // [n], log π(y) when drawn
  private int draws;

  SampledOdds(
      Transformer model,
      ProbeSampler sampler,
      List<String> formats,
      double temperature,
      MemoryLedger memory) {
    this.model = model;
    this.sampler = sampler;
    this.formats = formats;
    this.temperature = temperature;
    backend = model.backend();
    activations = new Arena(backend, Arena.Tag.ACTIVATIONS, memory);
    data = new Arena(backend, Arena.Tag.DATA, memory);
    tape = new Tape(activations);
  }

  private void draw() {
    drawn =
        sampler.sample(++draws).stream()
            .filter(completion -> completion.tokens().length > 0)
            .toList();
    classes = drawn.stream().map(sampler::format).toList();
  }

  @Override
  public double[] logOdds() {
    if (drawn.isEmpty()) {
      draw();
      logprobs = score();
    }
    double[] now = score();
    double[] weights = new double[now.length];
    Arrays.setAll(weights, i -> Math.exp(now[i] - logprobs[i]));
    double[] odds = shares(weights);
    Arrays.setAll(odds, f -> Math.log(odds[f]) - Math.log1p(-odds[f]));
    return odds;
  }

  /** {@code P_f} [F]. */
  private double[] shares(double[] weights) {
    double[] shares = new double[formats.size()];
    Arrays.fill(shares, 0.5);
    for (int i = 0; i < weights.length; i++) {
      int f = formats.indexOf(classes.get(i));
      if (f >= 0) {
        shares[f] += weights[i];
      }
    }
    double total = Arrays.stream(weights).sum() + 1;
    Arrays.setAll(shares, f -> shares[f] / total);
    return shares;
  }

  @Override
  public double[] withGradients(List<Tensor> gradients) {
    draw();
    gradients.forEach(gradient -> backend.fill(gradient, 0));
    double[] ones = new double[drawn.size()];
    Arrays.fill(ones, 1);
    double[] shares = shares(ones);
    logprobs = new double[drawn.size()];
    try (RedirectedGradient redirected = new RedirectedGradient(model.parameters().flat())) {
      for (int[] pass : passes()) {
        Tensor perToken = forward(pass);
        sum(perToken, pass);
        for (int f = 0; f < formats.size(); f++) {
          redirected.to(gradients.get(f));
          double[] seed = seed(pass, f, shares[f], Math.toIntExact(perToken.size()));
          tape.backward(perToken, data.of(seed, seed.length));
        }
        tape.reset();
      }
    }
    Arrays.setAll(shares, f -> Math.log(shares[f]) - Math.log1p(-shares[f]));
    return shares;
  }

  private double[] seed(int[] pass, int format, double share, int tokens) {
    double[] seed = new double[tokens];
    double scale = 1 / ((drawn.size() + 1) * share * (1 - share));
    int n = 0;
    for (int i = pass[0]; i < pass[1]; i++) {
      double own = classes.get(i).equals(formats.get(format)) ? 1 : 0;
      int length = drawn.get(i).tokens().length;
      Arrays.fill(seed, n, n + length, scale * (own - share));
      n += length;
    }
    return seed;
  }

  /** {@code log π(y)} of all drawn completions [n]. */
  private double[] score() {
    double[] sums = logprobs;
    logprobs = new double[drawn.size()];
    boolean recording = tape.setRecording(false);
    for (int[] pass : passes()) {
      sum(forward(pass), pass);
      tape.reset();
    }
    tape.setRecording(recording);
    double[] now = logprobs;
    logprobs = sums;
    return now;
  }

  private void sum(Tensor perToken, int[] pass) {
    double[] values = perToken.toDoubles();
    int n = 0;
    for (int i = pass[0]; i < pass[1]; i++) {
      for (int t = 0; t < drawn.get(i).tokens().length; t++) {
        logprobs[i] += values[n++];
      }
    }
  }

  /** Runs [from, to) of completions that fill a pass. */
  private List<int[]> passes() {
    List<int[]> passes = new ArrayList<>();
    int from = 0;
    while (from < drawn.size()) {
      int longest = 0;
      int to = from;
      while (to < drawn.size()) {
        int length = Math.max(longest, drawn.get(to).sequence().length);
        if (to > from && (to + 1 - from) * length > PASS_TOKENS) {
          break;
        }
        longest = length;
        to++;
      }
      passes.add(new int[] {from, to});
      from = to;
    }
    return passes;
  }

  /** Log-probs of the drawn tokens of a pass [N]. */
  private Tensor forward(int[] pass) {
    data.reset();
    List<Completion> some = drawn.subList(pass[0], pass[1]);
    int time = some.stream().mapToInt(c -> c.sequence().length - 1).max().orElse(0);
    int count = some.stream().mapToInt(c -> c.tokens().length).sum();
    int[] tokens = new int[some.size() * time];
    int[] rows = new int[count];
    int[] targets = new int[count];
    int n = 0;
    for (int s = 0; s < some.size(); s++) {
      int[] sequence = some.get(s).sequence();
      System.arraycopy(sequence, 0, tokens, s * time, sequence.length - 1);
      for (int t = sequence.length - some.get(s).tokens().length; t < sequence.length; t++, n++) {
        rows[n] = s * time + t - 1;
        targets[n] = sequence[t];
      }
    }
    Tensor hidden = model.hidden(tape, data.of(tokens, some.size(), time), null);
    Tensor chosen = Embedding.forward(tape, hidden, data.of(rows, count));
    Tensor logits = model.logits(tape, chosen);
    return TokenLogProbs.forward(tape, logits, data.of(targets, count), temperature);
  }

  @Override
  public void close() {
    tape.reset();
    activations.close();
    data.close();
  }
}
