package dev.anechoic.rl.ledger;

import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.algorithm.GradientProbe;
import dev.anechoic.rl.algorithm.MicroBatch;
import dev.anechoic.rl.algorithm.Phases;
import dev.anechoic.rl.algorithm.Policy;
import dev.anechoic.rl.algorithm.Trajectory;
import dev.anechoic.rl.measure.LogprobAdvantageCovariance;
import dev.anechoic.rl.runfolder.LedgerEntry;
import dev.anechoic.rl.runfolder.LedgerEntry.Movement;
import dev.anechoic.rl.runfolder.LedgerEntry.Push;
import dev.anechoic.rl.runfolder.LedgerEntry.SamplePush;
import dev.anechoic.rl.runfolder.Sample;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the books of format selection: for each watched update who pushed the log-odds of each
 * format, through which loss term and layer, and how far they moved. It reads what training
 * computes and changes nothing of it.
 *
 * <p>Memory: the parameters' size twice per format and loss term, once per format, and three times
 * more.
 */
public final class Ledger implements GradientProbe, AutoCloseable {
  private static final double[] QUANTILES = {0.5, 0.9, 0.98, 0.998};

  private final LedgerConfig config;
  private final Openings openings;
  private final Phases phases;
  private final Consumer<LedgerEntry> sink;
  private final Backend backend;
  private final Arena arena;
  private final Slices slices = new Slices();
  private final FormatGradients gradients;
  private final FormatOdds odds;
  private final SamplePushes samplePushes;
  private final List<Tensor> oddsGradients = new ArrayList<>(); // [F] of [flatSize]
  private final Tensor before; // [flatSize]
  private final Tensor momentBefore; // [flatSize]

  private int step;
  private int update;
  private boolean active;
  private List<Trajectory> minibatch = List.of();
  private double[] oddsBefore = {};
  private double lr;
  private long lastWatched; // optimizer step of the last watched update
  private long updateSince;
  private long ledgerNanos;
  private List<String> named = new ArrayList<>();

  /**
   * @param setup where the policy and its probe prompts come from
   * @param sink takes each entry as it is complete
   */
  public Ledger(LedgerConfig config, LedgerSetup setup, Phases phases, Consumer<LedgerEntry> sink) {
    this.config = config;
    this.phases = phases;
    this.sink = sink;
    Transformer model = setup.model();
    openings = setup.openings();
    backend = model.backend();
    arena = new Arena(backend, Arena.Tag.GRADIENTS, setup.memory());
    gradients = new FormatGradients(model.parameters(), openings, setup.memory());
    odds = setup.odds();
    samplePushes = new SamplePushes(model, setup.temperature(), setup.memory());
    Tensor flat = model.parameters().flat();
    for (int f = 0; f < openings.count(); f++) {
      oddsGradients.add(arena.like(flat).named("gradient of log-odds"));
    }
    before = arena.like(flat).named("parameters before");
    momentBefore = arena.like(flat).named("first moment before");
  }

  /** Goes on behind the updates that an interrupted run had made. */
  public void resumeAfter(int updates) {
    update = updates;
  }

  /** The completions that entries of this step name; the run folder should keep them. */
  public List<String> named() {
    return named;
  }

  /** The format with the largest log-odds on the probe prompts under the model as it stands. */
  public int leader() {
    double[] now = odds.logOdds();
    int leader = 0;
    for (int f = 1; f < now.length; f++) {
      leader = now[f] > now[leader] ? f : leader;
    }
    return leader;
  }

  // ---- the update, as it happens ------------------------------------------------------------

  @Override
  public boolean active() {
    return active;
  }

  @Override
  public void beginStep(int number, List<Trajectory> rollout) {
    step = number;
    named = new ArrayList<>();
  }

  @Override
  public void beginUpdate(List<Trajectory> batch) {
    update++;
    active = (update - 1) % config.every() == 0;
    if (active) {
      updateSince = System.nanoTime();
      ledgerNanos = 0;
      minibatch = batch;
      gradients.beginUpdate();
    }
  }

  @Override
  public void outputs(Tensor logits, @Nullable Tensor logprobs) {
    if (active) {
      gradients.outputs(logits, logprobs);
    }
  }

  @Override
  public void term(String name, double coef, Tensor loss, Tensor weights) {
    if (active) {
      gradients.term(name, coef, loss, weights);
    }
  }

  @Override
  public void passes(Policy policy, MicroBatch batch, List<Parameters> others) {
    long since = System.nanoTime();
    gradients.passes(policy, batch, others);
    backend.synchronize();
    ledgerNanos += System.nanoTime() - since;
  }

  @Override
  public void beforeUpdate(Policy policy, double learningRate) {
    if (!active) {
      return;
    }
    phases.start("ledger");
    long since = System.nanoTime();
    lr = learningRate;
    backend.copy(policy.model().parameters().flat(), before);
    backend.copy(policy.optimizer().firstMoment(), momentBefore);
    decayMomenta(policy.optimizer());
    oddsBefore = odds.withGradients(oddsGradients);
    backend.synchronize();
    ledgerNanos += System.nanoTime() - since;
    phases.start("optimizer");
  }

  /** Each update that was not watched has scaled the momenta of the parts by β1. */
  private void decayMomenta(AdamW optimizer) {
    long gap = optimizer.steps() - lastWatched;
    boolean restarted = optimizer.steps() == 0;
    if (restarted || gap != 0) {
      double factor = restarted ? 0 : Math.pow(optimizer.settings().beta1(), gap);
      for (Part part : gradients.parts()) {
        backend.scale(part.momentum, factor, part.momentum, false);
      }
    }
    lastWatched = optimizer.steps() + 1;
  }

  @Override
  public void afterUpdate(Policy policy) {
    if (!active) {
      return;
    }
    phases.start("ledger");
    long since = System.nanoTime();
    AdamW optimizer = policy.optimizer();
    double clip = clip(optimizer);
    UpdateSplit split =
        new UpdateSplit(
            new UpdateSplit.Update(
                policy.model().parameters(), optimizer, before, momentBefore, lr, clip),
            gradients.parts(),
            oddsGradients,
            slices);
    List<SamplePush> samples = samples(split, optimizer, clip);
    double[] oddsAfter = odds.logOdds();
    for (Part part : gradients.parts()) {
      double beta1 = optimizer.settings().beta1();
      backend.scale(part.momentum, beta1, part.momentum, false);
      backend.scale(part.gradient, (1 - beta1) * clip, part.momentum, true);
    }
    backend.synchronize();
    ledgerNanos += System.nanoTime() - since;
    sink.accept(entry(split, samples, oddsAfter, clip));
    phases.start("optimizer");
  }

  /** As the optimizer clips. */
  private static double clip(AdamW optimizer) {
    double most = optimizer.settings().maxGradNorm();
    double norm = optimizer.gradNorm();
    return most == 0 || norm == 0 ? 1 : Math.min(1, most / norm);
  }

  // ---- the entry ----------------------------------------------------------------------------

  private List<SamplePush> samples(UpdateSplit split, AdamW optimizer, double clip) {
    List<SamplePush> pushes = new ArrayList<>();
    if (config.samples() == 0) {
      return pushes;
    }
    double factor = -lr * (1 - optimizer.settings().beta1()) * clip;
    for (int f = 0; f < openings.count(); f++) {
      String format = openings.formats().get(f);
      List<Trajectory> own =
          minibatch.stream()
              .filter(t -> t.grade.format().equals(format) && t.length() > 0)
              .toList();
      double[] products =
          samplePushes.along(
              before,
              oddsGradients.get(f), // by now the direction D ∇ℓ
              split.sensitivity[f],
              own,
              gradients.tokenGradients());
      for (int i = 0; i < products.length; i++) {
        Trajectory t = own.get(i);
        String id = Sample.id(step, t.prompt, t.sample);
        pushes.add(new SamplePush(id, format, factor * products[i]));
      }
    }
    pushes.sort(Comparator.comparingDouble(push -> -Math.abs(push.push())));
    List<SamplePush> largest =
        List.copyOf(pushes.subList(0, Math.min(config.samples(), pushes.size())));
    largest.forEach(push -> named.add(push.id()));
    return largest;
  }

  private LedgerEntry entry(
      UpdateSplit split, List<SamplePush> samples, double[] oddsAfter, double clip) {
    List<Movement> movements = new ArrayList<>();
    for (int f = 0; f < openings.count(); f++) {
      movements.add(
          new Movement(
              openings.formats().get(f),
              oddsBefore[f],
              oddsAfter[f],
              split.predicted[f],
              split.momentum[f],
              split.decay[f]));
    }
    double norm = Math.sqrt(split.wholeSquares);
    return new LedgerEntry(
        step,
        update,
        lr,
        clip,
        norm,
        Math.sqrt(split.errorSquares) / norm,
        ledgerNanos * 1e-9,
        (System.nanoTime() - updateSince) * 1e-9,
        pushes(split, norm),
        cosines(split),
        movements,
        samples,
        covariance());
  }

  private List<Push> pushes(UpdateSplit split, double norm) {
    List<Push> pushes = new ArrayList<>();
    for (int p = 0; p < split.parts; p++) {
      Part part = gradients.parts().get(p);
      Map<String, Double> layers = new LinkedHashMap<>();
      int index = p;
      split.layerSquares.forEach((name, squares) -> layers.put(name, Math.sqrt(squares[index])));
      double own = Math.sqrt(split.products[p][p]);
      pushes.add(
          new Push(
              part.format,
              part.term,
              own,
              split.withWhole[p] / (own * norm),
              tokens(part.format),
              advantageMass(part.format),
              layers,
              byFormat(split.fresh[p]),
              byFormat(split.carried[p]),
              byFormat(part.logitGradients),
              byFormat(Arrays.stream(part.logitSquares).map(Math::sqrt).toArray())));
    }
    return pushes;
  }

  private Map<String, Double> byFormat(double[] values) {
    Map<String, Double> map = new LinkedHashMap<>();
    for (int f = 0; f < values.length; f++) {
      map.put(openings.formats().get(f), values[f]);
    }
    return map;
  }

  private long tokens(String format) {
    return minibatch.stream()
        .filter(t -> t.grade.format().equals(format))
        .mapToLong(Trajectory::length)
        .sum();
  }

  private double advantageMass(String format) {
    return minibatch.stream()
        .filter(t -> t.grade.format().equals(format))
        .mapToDouble(Trajectory::advantage)
        .sum();
  }

  /** Cosines between the whole gradients of two formats, all terms together. */
  private Map<String, Double> cosines(UpdateSplit split) {
    List<String> formats = gradients.parts().stream().map(part -> part.format).distinct().toList();
    Map<String, Double> cosines = new LinkedHashMap<>();
    for (String a : openings.formats()) {
      for (String b : openings.formats()) {
        boolean ordered = openings.formats().indexOf(a) < openings.formats().indexOf(b);
        if (ordered && formats.contains(a) && formats.contains(b)) {
          double squares = product(split, a, a) * product(split, b, b);
          cosines.put(a + "|" + b, product(split, a, b) / Math.sqrt(squares));
        }
      }
    }
    return cosines;
  }

  private double product(UpdateSplit split, String a, String b) {
    double sum = 0;
    for (int p = 0; p < split.parts; p++) {
      for (int q = 0; q < split.parts; q++) {
        boolean counts =
            gradients.parts().get(p).format.equals(a) && gradients.parts().get(q).format.equals(b);
        sum += counts ? split.products[p][q] : 0;
      }
    }
    return sum;
  }

  private Map<String, Double> covariance() {
    int tokens = minibatch.stream().mapToInt(Trajectory::length).sum();
    double[] logprobs = new double[tokens];
    double[] advantages = new double[tokens];
    int n = 0;
    for (Trajectory t : minibatch) {
      for (int i = 0; i < t.length(); i++, n++) {
        logprobs[n] = t.logprobs[i];
        advantages[n] = t.advantages[i];
      }
    }
    Map<String, Double> covariance = new LinkedHashMap<>();
    if (tokens > 0) {
      covariance.put("mean", LogprobAdvantageCovariance.mean(logprobs, advantages));
      double[] values = LogprobAdvantageCovariance.quantiles(logprobs, advantages, QUANTILES);
      for (int i = 0; i < values.length; i++) {
        covariance.put(Double.toString(QUANTILES[i]), values[i]);
      }
    }
    return covariance;
  }

  @Override
  public void close() {
    samplePushes.close();
    odds.close();
    gradients.close();
    arena.close();
  }
}
