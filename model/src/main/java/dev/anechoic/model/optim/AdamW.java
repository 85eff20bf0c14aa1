package dev.anechoic.model.optim;

import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;
import dev.anechoic.model.transformer.ParameterLayout;
import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.Recording;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import java.util.ArrayList;
import java.util.List;

/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter 2019) behind a clip by global norm, over
 * the flat parameters. A step is one call per decay group; it allocates nothing.
 */
public final class AdamW implements AutoCloseable {
  /**
   * The optimizer's constants; the defaults are those of the paper (Zhao et al. 2025).
   *
   * @param maxGradNorm 0 for no clip
   */
  @Doc("AdamW")
  public record Settings(
      @Doc("decay rate of the first moment") @Default("0.9") @Range(min = 0, max = 1) double beta1,
      @Doc("decay rate of the second moment") @Default("0.95") @Range(min = 0, max = 1)
          double beta2,
      @Doc("added to the root of the second moment") @Default("1e-8") @Range(min = 0) double eps,
      @Doc("decoupled weight decay of matrices, times the learning rate")
          @Default("0.1")
          @Range(min = 0)
          double weightDecay,
      @Doc("whether embeddings and head decay as well; norms and biases never do") @Default("true")
          boolean decayEmbeddings,
      @Doc("largest global gradient norm; 0 for no clip") @Default("1.0") @Range(min = 0)
          double maxGradNorm) {}

  /** A range of the flat tensors with one weight decay. */
  private record Group(
      Tensor parameters, Tensor gradient, Tensor m, Tensor v, Tensor rates, double weightDecay) {}

  private static final int RATES = 3;

  private final Parameters parameters;
  private final Backend backend;
  private final Settings settings;
  private final Arena arena;
  private final Tensor m; // [flatSize]
  private final Tensor v; // [flatSize]
  private final Tensor sumSquares; // [1]
  private final Tensor factor; // [1]
  private final Tensor rates; // [4,3], of each group what Kernels.adamW says
  private final float[] host = new float[1];
  private final double[] hostRates = new double[RATES * ParameterLayout.Kind.values().length];
  private final List<Group> groups = new ArrayList<>();
  private final Recording update;
  private long steps;

  /** Makes the parameters trainable and both moments zero. */
  public AdamW(Parameters parameters, Settings settings) {
    this.parameters = parameters.trainable();
    this.settings = settings;
    backend = parameters.backend();
    arena = new Arena(backend, Arena.Tag.OPTIMIZER, parameters.ledger());
    m = arena.like(parameters.flat()).named("first moment");
    v = arena.like(parameters.flat()).named("second moment");
    backend.fill(m, 0);
    backend.fill(v, 0);
    sumSquares = arena.tensor(backend.floatType(), 1);
    factor = arena.tensor(backend.floatType(), 1);
    rates = arena.tensor(backend.floatType(), hostRates.length);
    for (ParameterLayout.Kind kind : ParameterLayout.Kind.values()) {
      addGroup(parameters.layout().range(kind), decay(kind));
    }
    update = backend.record(this::update);
  }

  /** Weight decay of parameters of this kind. */
  public double decay(ParameterLayout.Kind kind) {
    return switch (kind) {
      case MATRIX -> settings.weightDecay();
      case EMBEDDING -> settings.decayEmbeddings() ? settings.weightDecay() : 0;
      case NORM, BIAS -> 0;
    };
  }

  private void addGroup(ParameterLayout.Range range, double weightDecay) {
    if (range.size() > 0) {
      Shape shape = Shape.of(Math.toIntExact(range.size()));
      groups.add(
          new Group(
              parameters.flat().view(range.from(), shape),
              parameters.grad().view(range.from(), shape),
              m.view(range.from(), shape),
              v.view(range.from(), shape),
              rates.view((long) RATES * groups.size(), Shape.of(RATES)),
              weightDecay));
    }
  }

  /** Moves the parameters against their gradient, and leaves the gradient as it is. */
  public void step(double lr) {
    steps++;
    double rate = lr / (1 - StrictMath.pow(settings.beta1(), steps));
    double correction2 = 1 / (1 - StrictMath.pow(settings.beta2(), steps));
    for (int i = 0; i < groups.size(); i++) {
      hostRates[RATES * i] = rate;
      hostRates[RATES * i + 1] = correction2;
      hostRates[RATES * i + 2] = lr * groups.get(i).weightDecay;
    }
    backend.write(rates, hostRates, 0);
    update.run();
  }

  private void update() {
    backend.sumSquares(parameters.grad(), sumSquares, false);
    double maxNorm = settings.maxGradNorm() == 0 ? Double.MAX_VALUE : settings.maxGradNorm();
    backend.clipFactor(sumSquares, maxNorm, factor);
    for (int i = 0; i < groups.size(); i++) {
      Group group = groups.get(i);
      backend.adamW(
          group.parameters,
          group.gradient,
          group.m,
          group.v,
          group.rates,
          settings.beta1(),
          settings.beta2(),
          settings.eps(),
          factor);
    }
  }

  /** Global gradient norm at the last step, before the clip; waits for the backend. */
  public double gradNorm() {
    backend.read(sumSquares, host, 0);
    return Math.sqrt(host[0]);
  }

  /**
   * The same, for a caller that goes on only with numbers.
   *
   * @throws TensorException of kind NOT_FINITE that names the parameter; it has been updated
   */
  public double finiteGradNorm() {
    double norm = gradNorm();
    if (!Double.isFinite(norm)) {
      throw notFinite();
    }
    return norm;
  }

  private TensorException notFinite() {
    String remedy =
        "lower the learning rate, clip the gradient (max_grad_norm), or go back to a checkpoint"
            + " before update "
            + steps;
    for (ParameterLayout.Entry entry : parameters.layout().entries()) {
      Tensor gradient = parameters.grad().view(entry.from(), entry.shape()).named(entry.name());
      long wrong = backend.countNotFinite(gradient);
      if (wrong > 0) {
        return new TensorException(
            TensorException.Kind.NOT_FINITE,
            "adamW(%s): %,d of the %,d elements of its gradient are not finite"
                .formatted(gradient, wrong, gradient.size()),
            remedy);
      }
    }
    return new TensorException(
        TensorException.Kind.NOT_FINITE,
        "adamW(gradient " + parameters.grad() + "): the sum of its squares is not finite",
        remedy);
  }

  /** What it optimizes. */
  public Parameters parameters() {
    return parameters;
  }

  /** Steps taken; the bias correction counts them. */
  public long steps() {
    return steps;
  }

  /** First moment, in the layout of the parameters. */
  public Tensor firstMoment() {
    return m;
  }

  /** Second moment, in the layout of the parameters. */
  public Tensor secondMoment() {
    return v;
  }

  /** Continues from a checkpoint, after both moments were written. */
  public void restoreSteps(long taken) {
    steps = taken;
  }

  public Settings settings() {
    return settings;
  }

  @Override
  public void close() {
    update.close();
    arena.close();
  }
}
