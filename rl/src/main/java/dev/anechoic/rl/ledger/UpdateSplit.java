package dev.anechoic.rl.ledger;

import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.transformer.ParameterLayout;
import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One AdamW update taken apart. With the clip factor c, the moments m and v, and the diagonal
 *
 * <pre>
 * D   = 1 / ((1 − β1ᵗ) (√(v_t / (1 − β2ᵗ)) + ε))
 * Δθ  = − lr D m_t − lr w θ,        m_t = β1 m_{t−1} + (1 − β1) c Σ_{f,τ} g_{f,τ}
 * </pre>
 *
 * <p>the update is a sum of parts: the fresh gradient of each format and term, the momentum that
 * their earlier gradients left, the momentum of nobody known (updates that were not watched), and
 * the weight decay. D depends on all of them together, through v, and is taken as it is: the split
 * is linear given D. Each part's inner product with the gradient of a format's log-odds is its part
 * of the first-order prediction.
 *
 * <p>The sums run parameter by parameter on the host in double.
 */
final class UpdateSplit {
  /** What an update did, as read off while it happened. */
  record Update(
      Parameters parameters,
      AdamW optimizer,
      Tensor before, // [flatSize], the parameters
      Tensor momentBefore, // [flatSize], the first moment
      double lr,
      double clip) {}

  private final Slices slices;
  final int targets;
  final int parts;
  final double[][] fresh; // [parts,F]
  final double[][] carried; // [parts,F]
  final double[] momentum; // [F], of nobody known
  final double[] decay; // [F]
  final double[] predicted; // [F], from the change of the parameters as it was applied
  final double[] sensitivity; // [F], ⟨∇ℓ, D ∇ℓ⟩
  final double[][] products; // [parts,parts], inner products of the gradients
  final double[] withWhole; // [parts], inner product with the whole gradient
  double wholeSquares; // ‖g‖²
  double errorSquares; // ‖Σ g_p − g‖²
  final Map<String, double[]> layerSquares = new LinkedHashMap<>(); // layer to [parts]

  UpdateSplit(Update update, List<Part> all, List<Tensor> oddsGradients, Slices slices) {
    this.slices = slices;
    targets = oddsGradients.size();
    parts = all.size();
    fresh = new double[parts][targets];
    carried = new double[parts][targets];
    momentum = new double[targets];
    decay = new double[targets];
    predicted = new double[targets];
    sensitivity = new double[targets];
    products = new double[parts][parts];
    withWhole = new double[parts];
    ParameterLayout layout = update.parameters.layout();
    for (String layer : Layers.of(layout)) {
      layerSquares.put(layer, new double[parts]);
    }
    for (ParameterLayout.Entry entry : layout.entries()) {
      add(update, all, oddsGradients, entry);
    }
  }

  private void add(
      Update update, List<Part> all, List<Tensor> oddsGradients, ParameterLayout.Entry entry) {
    AdamW.Settings adam = update.optimizer.settings();
    double[] scale = slices.read(update.optimizer.secondMoment(), entry);
    double t = update.optimizer.steps();
    double correction1 = 1 - Math.pow(adam.beta1(), t);
    double correction2 = 1 - Math.pow(adam.beta2(), t);
    for (int i = 0; i < scale.length; i++) {
      scale[i] = 1 / (correction1 * (Math.sqrt(scale[i] / correction2) + adam.eps()));
    }
    double[] before = slices.read(update.before, entry);
    double[] after = slices.read(update.parameters.flat(), entry);
    double[] whole = slices.read(update.parameters.grad(), entry);
    double[] unknown = slices.read(update.momentBefore, entry);
    double[][] gradients = new double[parts][];
    double[][] momenta = new double[parts][];
    for (int p = 0; p < parts; p++) {
      gradients[p] = slices.read(all.get(p).gradient, entry);
      momenta[p] = slices.read(all.get(p).momentum, entry);
      for (int i = 0; i < unknown.length; i++) {
        unknown[i] -= momenta[p][i];
      }
    }
    norms(gradients, whole, layerSquares.getOrDefault(Layers.of(entry.name()), new double[parts]));
    double freshFactor = -update.lr * (1 - adam.beta1()) * update.clip;
    double carriedFactor = -update.lr * adam.beta1();
    double decayFactor = -update.lr * update.optimizer.decay(entry.kind());
    for (int k = 0; k < targets; k++) {
      double[] odds = slices.read(oddsGradients.get(k), entry);
      for (int i = 0; i < odds.length; i++) {
        predicted[k] += odds[i] * (after[i] - before[i]);
        decay[k] += decayFactor * odds[i] * before[i];
        sensitivity[k] += odds[i] * odds[i] * scale[i];
        odds[i] *= scale[i];
      }
      momentum[k] += carriedFactor * dot(odds, unknown);
      for (int p = 0; p < parts; p++) {
        fresh[p][k] += freshFactor * dot(odds, gradients[p]);
        carried[p][k] += carriedFactor * dot(odds, momenta[p]);
      }
      slices.write(oddsGradients.get(k), entry, odds); // from here on the direction D ∇ℓ
    }
  }

  private void norms(double[][] gradients, double[] whole, double[] squares) {
    for (int p = 0; p < parts; p++) {
      for (int q = p; q < parts; q++) {
        double product = dot(gradients[p], gradients[q]);
        products[p][q] += product;
        if (p == q) {
          squares[p] += product;
        } else {
          products[q][p] += product;
        }
      }
      withWhole[p] += dot(gradients[p], whole);
    }
    for (int i = 0; i < whole.length; i++) {
      double sum = 0;
      for (double[] gradient : gradients) {
        sum += gradient[i];
      }
      wholeSquares += whole[i] * whole[i];
      errorSquares += (sum - whole[i]) * (sum - whole[i]);
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
