package dev.anechoic.rl.ledger;

import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.rl.algorithm.MicroBatch;
import dev.anechoic.rl.algorithm.Policy;
import dev.anechoic.rl.algorithm.Trajectory;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of an update by format and loss term, {@code g = Σ_{f,τ} g_{f,τ}}: for each term τ
 * and each format f of the micro-batch one more backward pass over the tape of its forward pass,
 * from the term's losses with the weights of other formats' tokens set to 0.
 */
final class FormatGradients implements AutoCloseable {
  private final Openings openings;
  private final Backend backend;
  private final Tensor flat;
  private final Arena storage;
  private final Arena seeds;
  private final List<Part> parts = new ArrayList<>();
  private final List<Term> terms = new ArrayList<>();
  private final Map<Trajectory, double[]> tokenGradients = new IdentityHashMap<>();
  private @Nullable Tensor logits;
  private @Nullable Tensor logprobs;

  private record Term(String name, double coef, Tensor loss, Tensor weights) {}

  FormatGradients(Parameters parameters, Openings openings, MemoryLedger ledger) {
    this.openings = openings;
    backend = parameters.backend();
    flat = parameters.flat();
    storage = new Arena(backend, Arena.Tag.GRADIENTS, ledger);
    seeds = new Arena(backend, Arena.Tag.DATA, ledger);
  }

  /** All parts that have occurred so far in the run. */
  List<Part> parts() {
    return parts;
  }

  /**
   * {@code ∂L/∂log π} of each completion token of the update, over all terms that go through the
   * log-prob of the token.
   */
  Map<Trajectory, double[]> tokenGradients() {
    return tokenGradients;
  }

  void beginUpdate() {
    tokenGradients.clear();
    for (Part part : parts) {
      backend.fill(part.gradient, 0);
      Arrays.fill(part.logitGradients, 0);
      Arrays.fill(part.logitSquares, 0);
    }
  }

  void outputs(Tensor newLogits, @Nullable Tensor newLogprobs) {
    terms.clear();
    logits = newLogits.retainGrad();
    logprobs = newLogprobs == null ? null : newLogprobs.retainGrad();
  }

  void term(String name, double coef, Tensor loss, Tensor weights) {
    terms.add(new Term(name, coef, loss, weights));
  }

  void passes(Policy policy, MicroBatch batch, List<Parameters> others) {
    seeds.reset();
    List<RedirectedGradient> redirected = new ArrayList<>();
    for (Parameters other : others) {
      RedirectedGradient aside = new RedirectedGradient(other.flat());
      aside.to(seeds.like(other.flat()));
      redirected.add(aside);
    }
    try (RedirectedGradient own = new RedirectedGradient(flat)) {
      for (String format : formatsOf(batch)) {
        for (Term term : terms) {
          own.to(part(format, term.name).gradient);
          pass(policy.tape(), batch, format, term);
        }
      }
    } finally {
      redirected.forEach(RedirectedGradient::close);
    }
  }

  private static Set<String> formatsOf(MicroBatch batch) {
    Set<String> formats = new LinkedHashSet<>();
    batch.sequences().forEach(t -> formats.add(t.grade.format()));
    return formats;
  }

  private void pass(Tape tape, MicroBatch batch, String format, Term term) {
    double[] seed = term.weights.toDoubles();
    int n = 0;
    for (Trajectory t : batch.sequences()) {
      for (int i = 0; i < t.length(); i++, n++) {
        seed[n] *= t.grade.format().equals(format) ? term.coef : 0;
      }
    }
    tape.backward(term.loss, seeds.of(seed, seed.length));
    readTokenGradients(batch, format, seed);
    readLogitGradients(batch, format, part(format, term.name));
  }

  private void readTokenGradients(MicroBatch batch, String format, double[] seed) {
    Tensor through = logprobs;
    if (through != null && !through.hasGrad()) {
      return; // the entropy and the value do not pass through the token's log-prob
    }
    // of a cross-entropy, −log π, the gradient is minus the weight
    double[] gradient = through == null ? seed : through.grad().toDoubles();
    double sign = through == null ? -1 : 1;
    int n = 0;
    for (Trajectory t : batch.sequences()) {
      if (t.grade.format().equals(format)) {
        double[] sums = tokenGradients.computeIfAbsent(t, k -> new double[k.length()]);
        for (int i = 0; i < sums.length; i++) {
          sums[i] += sign * gradient[n + i];
        }
      }
      n += t.length();
    }
  }

  private void readLogitGradients(MicroBatch batch, String format, Part part) {
    Tensor read = logits;
    if (read == null || !read.hasGrad()) {
      return;
    }
    int[] rows = decidingRows(batch, format);
    if (rows.length == 0) {
      return;
    }
    Tensor chosen = seeds.tensor(read.dtype(), rows.length, read.columns());
    backend.embedding(read.grad(), seeds.of(rows, rows.length), chosen);
    double[] gradient = chosen.toDoubles();
    for (int r = 0; r < rows.length; r++) {
      for (int f = 0; f < openings.count(); f++) {
        int token = openings.decidingToken(f);
        if (token >= 0) {
          double g = gradient[r * read.columns() + token];
          part.logitGradients[f] += g;
          part.logitSquares[f] += g * g;
        }
      }
    }
  }

  /** Rows of the logits at which the completions of a format choose their deciding token. */
  private int[] decidingRows(MicroBatch batch, String format) {
    List<Integer> rows = new ArrayList<>();
    int n = 0;
    for (Trajectory t : batch.sequences()) {
      boolean decides = !t.forced && openings.reached(t.tokens);
      if (decides && t.grade.format().equals(format)) {
        rows.add(n + openings.common());
      }
      n += t.length();
    }
    return rows.stream().mapToInt(Integer::intValue).toArray();
  }

  private Part part(String format, String term) {
    for (Part part : parts) {
      if (part.format.equals(format) && part.term.equals(term)) {
        return part;
      }
    }
    Part part =
        new Part(
            format,
            term,
            storage.like(flat).named("gradient of " + format),
            storage.like(flat).named("momentum of " + format),
            openings.count());
    backend.fill(part.gradient, 0);
    backend.fill(part.momentum, 0);
    parts.add(part);
    return part;
  }

  @Override
  public void close() {
    storage.close();
    seeds.close();
  }
}
