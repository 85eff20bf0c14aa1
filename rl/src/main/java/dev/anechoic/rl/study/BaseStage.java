package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.metrics.MetricsLog;
import dev.anechoic.model.train.Packer;
import dev.anechoic.model.train.PretrainConfig;
import dev.anechoic.model.train.PretrainData;
import dev.anechoic.model.train.Pretrainer;
import dev.anechoic.model.train.Probe;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Pretrains the base of one model on the study's corpus. */
final class BaseStage {
  private static final int LOG_EVERY = 50;
  private static final int CHECKPOINT_EVERY = 2_000;
  private static final int HELD_OUT_DOCUMENTS = 64;

  private final StudyConfig study;
  private final StudyConfig.ModelDials dials;
  private final Path corpus;

  /**
   * @param corpus folder with the corpus and its tokenizer
   */
  BaseStage(StudyConfig study, StudyConfig.ModelDials dials, Path corpus) {
    this.study = study;
    this.dials = dials;
    this.corpus = corpus;
  }

  private PretrainConfig config() {
    return new PretrainConfig(
        study.seed(),
        study.backend(),
        study.threads(),
        dials.tokens(),
        dials.batch(),
        dials.microBatch(),
        false,
        LOG_EVERY,
        dials.evalEvery(),
        CHECKPOINT_EVERY,
        dials.model(),
        new PretrainConfig.DataSettings(corpus, corpus, Packer.Mode.SINGLE, HELD_OUT_DOCUMENTS),
        study.tokenizer(),
        study.corpus(),
        dials.optimizer(),
        dials.schedule());
  }

  /**
   * Trains and stores the base, going on from where an interrupted run of the same settings stood.
   *
   * @param folder run folder, for the metrics
   * @param base where the checkpoint goes
   * @return whether it is complete; false where {@code stop} ended it, to be resumed
   */
  boolean run(
      Path folder,
      Path base,
      boolean resume,
      Backend backend,
      @Nullable Probe probe,
      StopSignal stop,
      Say say) {
    PretrainConfig config = config();
    try (Pretrainer pretrainer =
        new Pretrainer(config, PretrainData.prepare(config), backend, new MemoryLedger())) {
      long from = 0;
      if (resume && Checkpoint.existsAt(base)) {
        pretrainer.resume(base);
        from = pretrainer.stepsTaken();
        say.line("resuming pretraining at step " + from);
      }
      try (MetricsLog metrics =
          from == 0
              ? MetricsLog.create(folder, "pretrain")
              : MetricsLog.resume(folder, "pretrain", from)) {
        Pretrainer.Result result =
            pretrainer
                .metricsTo(metrics::write)
                .probedBy(probe)
                .stoppedBy(stop)
                .checkpointTo(base)
                .run(say.stream());
        if (result.reason() != null) {
          say.line("pretraining ends: " + result.reason());
        }
        return result.end() != Pretrainer.End.STOPPED;
      }
    }
  }
}
