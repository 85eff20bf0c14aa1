package dev.anechoic.model.train;

import dev.anechoic.model.UserError;
import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.checkpoint.CheckpointWriter;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.optim.Schedule;
import dev.anechoic.model.transformer.Flops;
import dev.anechoic.model.transformer.MemoryPlan;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.trace.StepEvent;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Pretrains a transformer on documents. The result, metrics and checkpoints, depends on the
 * configuration and the data alone: not on threads, interruptions or machine load.
 */
public final class Pretrainer implements AutoCloseable {
  private static final String OPTIMIZER = "optimizer";

  /** Why a run ended. */
  public enum End {
    /** All steps were taken. */
    COMPLETE,
    /** The probe was content. */
    PROBE,
    /** Somebody asked it to stop; it can resume. */
    STOPPED
  }

  /**
   * How a run ended.
   *
   * @param steps optimizer steps taken in all
   * @param loss of the last step, in nats per token
   * @param reason the probe's, where it ended the run
   */
  public record Result(End end, long steps, double loss, @Nullable String reason) {}

  private final PretrainConfig config;
  private final PretrainData data;
  private final Transformer model;
  private final AdamW optimizer;
  private final TrainStep train;
  private final Packer packer;
  private final HeldOutLoss heldOut;
  private final Schedule schedule;
  private final int[] inputs;
  private final int[] targets;
  private long step;
  private long trainedTokens;

  private MetricsSink metrics = MetricsSink.none();
  private StopSignal stop = StopSignal.manual();
  private @Nullable Probe probe;
  private @Nullable Path checkpoint;

  /** A run at its beginning; the model has its initial parameters. */
  public Pretrainer(
      PretrainConfig config, PretrainData data, Backend backend, MemoryLedger ledger) {
    this.config = config;
    this.data = data;
    ModelConfig shape = config.model().resolve(data.encoder().tokenizer().vocabSize());
    int time = shape.contextLength();
    MemoryPlan.training(
        ledger,
        shape,
        Math.min(config.batch(), config.microBatch()),
        time,
        config.checkpointing(),
        backend.floatType().bytes());
    model = new Transformer(shape, backend, ledger);
    model.parameters().initialize(config.seed());
    model.setCheckpointing(config.checkpointing());
    optimizer = new AdamW(model.parameters(), config.optimizer());
    train = new TrainStep(model, optimizer, config.microBatch(), ledger);
    packer = new Packer(data.training(), config.data().packing(), time, config.seed());
    heldOut = new HeldOutLoss(model, data.heldOut(), ledger);
    schedule = config.resolvedSchedule();
    inputs = new int[config.batch() * time];
    targets = new int[config.batch() * time];
  }

  public Transformer model() {
    return model;
  }

  /** Optimizer steps taken. */
  public long stepsTaken() {
    return step;
  }

  /** Where metrics go. */
  public Pretrainer metricsTo(MetricsSink sink) {
    metrics = sink;
    return this;
  }

  /** Who may stop the run. */
  public Pretrainer stoppedBy(StopSignal signal) {
    stop = signal;
    return this;
  }

  /** Who looks at the model at every evaluation. */
  public Pretrainer probedBy(@Nullable Probe looker) {
    probe = looker;
    return this;
  }

  /** Where checkpoints go; without it there are none. */
  public Pretrainer checkpointTo(Path folder) {
    checkpoint = folder;
    return this;
  }

  // ---- the run ------------------------------------------------------------------------------

  /**
   * Takes the steps that are left.
   *
   * @param out where the progress line goes, or null for nowhere
   */
  public Result run(@Nullable PrintStream out) {
    long total = schedule.totalSteps();
    Progress progress = out == null ? null : progress(out, total);
    String reason = null;
    boolean stopped = false;
    while (step < total && reason == null && !stopped) {
      step();
      boolean last = step == total;
      if (progress != null && (last || progress.isDue())) {
        progress.print(step, trainedTokens, train.loss(), schedule.lr(step));
      }
      boolean evaluates = last || isDue(config.evalEvery());
      if (evaluates || isDue(config.logEvery())) {
        Map<String, Double> values = trainingMetrics();
        reason = evaluates ? evaluate(values) : null;
        metrics.log(step, values);
      }
      stopped = stop.requested();
      if (last || reason != null || stopped || isDue(config.checkpointEvery())) {
        save();
      }
    }
    End end = reason != null ? End.PROBE : step < total ? End.STOPPED : End.COMPLETE;
    return new Result(end, step, train.loss(), reason);
  }

  /** One optimizer step; allocates nothing once warm. */
  void step() {
    trainedTokens += packer.fill(inputs, targets, config.batch());
    step++;
    int time = model.config().contextLength();
    StepEvent event = StepEvent.start();
    train.run(inputs, targets, config.batch(), time, schedule.lr(step));
    if (event != null) {
      event.finish("pretrain", step, (long) config.batch() * time);
    }
  }

  private boolean isDue(int every) {
    return every > 0 && step % every == 0;
  }

  private Progress progress(PrintStream out, long total) {
    ModelConfig shape = model.config();
    int time = shape.contextLength();
    return new Progress(
        out,
        step,
        trainedTokens,
        total,
        Flops.trainPerToken(shape, time),
        PeakRate.measure(model.backend()));
  }

  private Map<String, Double> trainingMetrics() {
    double loss = train.loss();
    double gradNorm = optimizer.gradNorm();
    if (!Double.isFinite(loss) || !Double.isFinite(gradNorm)) {
      throw UserError.what("The loss or its gradient is no longer a number")
          .where("step " + step)
          .got("loss " + loss + ", gradient norm " + gradNorm)
          .remedy("Lower schedule.lr, raise schedule.warmup or lower optimizer.max_grad_norm.");
    }
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("loss", loss);
    values.put("optim/lr", schedule.lr(step));
    values.put("optim/grad_norm", gradNorm);
    values.put("data/tokens", (double) trainedTokens);
    values.put("data/epoch", (double) packer.epoch());
    return values;
  }

  /** Adds held-out losses and the probe's; returns the reason to stop, if there is one. */
  private @Nullable String evaluate(Map<String, Double> values) {
    values.putAll(heldOut.measure());
    if (probe == null) {
      return null;
    }
    Probe.Verdict verdict = probe.look(model, step);
    values.putAll(verdict.metrics());
    return verdict.stopReason();
  }

  // ---- checkpoints --------------------------------------------------------------------------

  private void save() {
    Path folder = checkpoint;
    if (folder == null) {
      return;
    }
    long numbers = 3 * model.parameters().layout().count();
    try (CheckpointWriter writer = CheckpointWriter.begin(folder, numbers)) {
      writer
          .model(model, data.encoder().endToken())
          .optimizer(OPTIMIZER, optimizer, model.parameters())
          .tokenizer(data.encoder().tokenizer())
          .state(state())
          .commit();
    }
  }

  /** Random numbers have addresses, so the seed and the step are the whole random state. */
  private Map<String, Object> state() {
    Packer.Position position = packer.position();
    Map<String, Object> at = new LinkedHashMap<>();
    at.put("epoch", position.epoch());
    at.put("next", position.next());
    at.put("offset", position.offset());
    at.put("window", position.window());
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("step", step);
    state.put("trained_tokens", trainedTokens);
    state.put("random", Map.of("seed", config.seed()));
    state.put("data_sha256", data.sha256());
    state.put("data_position", at);
    return state;
  }

  /**
   * Goes on from a checkpoint of the same configuration and data.
   *
   * @throws UserError where the checkpoint is of other data or another model
   */
  public void resume(Path folder) {
    Checkpoint stored = Checkpoint.open(folder);
    Json state = stored.state();
    if (!stored.config().equals(model.config())) {
      throw differs(folder, "model", model.config(), stored.config());
    }
    String hash = state.get("data_sha256").string();
    if (!hash.equals(data.sha256())) {
      throw differs(folder, "training data", data.sha256(), hash);
    }
    Json at = state.get("data_position");
    List<Integer> window = at.get("window").items().stream().map(Json::intValue).toList();
    packer.restore(
        new Packer.Position(
            at.get("epoch").intValue(),
            at.get("next").intValue(),
            at.get("offset").intValue(),
            window));
    stored.loadInto(model.parameters());
    stored.loadOptimizer(OPTIMIZER, optimizer, model.parameters());
    step = state.get("step").longValue();
    trainedTokens = state.get("trained_tokens").longValue();
  }

  private static UserError differs(Path folder, String what, Object expected, Object got) {
    return UserError.what("The checkpoint is of another " + what)
        .where(folder)
        .expected(expected)
        .got(got)
        .remedy("Resume with the configuration and data that the run began with.");
  }

  @Override
  public void close() {
    heldOut.close();
    train.close();
    optimizer.close();
    model.close();
  }
}
