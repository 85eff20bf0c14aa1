package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.CheckpointWriter;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.train.Documents;
import dev.anechoic.model.train.Packer;
import dev.anechoic.model.optim.Schedule;
import dev.anechoic.model.train.TrainStep;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Preset;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Pretrains the base of one model on the corpus. */
final class BaseStage {
  private final StudyConfig.ModelDials dials;
  private final long seed;

  BaseStage(StudyConfig.ModelDials dials, long seed) {
    this.dials = dials;
    this.seed = seed;
  }

  ModelConfig modelConfig(Tokenizer tokenizer) {
    return Preset.named(dials.preset())
        .config(tokenizer.vocabSize(), dials.contextLength())
        .withTied(dials.tied());
  }

  /** Trains and stores the base; {@code progress} gets a line now and then. */
  void run(
      Path checkpoint,
      Documents documents,
      Tokenizer tokenizer,
      Backend backend,
      Consumer<String> progress) {
    MemoryLedger ledger = new MemoryLedger();
    int time = dials.sequenceTokens();
    int rows = Math.max(1, dials.batchTokens() / time);
    long steps = Math.max(1, (long) (dials.tokens() / ((long) rows * time)));
    Schedule schedule =
        new Schedule(
            Schedule.Kind.COSINE,
            dials.lr(),
            Math.max(1, (long) (dials.warmupFraction() * steps)),
            steps,
            0.1);
    try (Transformer model = new Transformer(modelConfig(tokenizer), backend, ledger)) {
      model.parameters().initialize(seed);
      try (AdamW optimizer = new AdamW(model.parameters(), dials.optimizer());
          TrainStep step = new TrainStep(model, optimizer, 8, ledger)) {
        Packer packer = new Packer(documents, Packer.Mode.WHOLE, time, seed);
        int[] inputs = new int[rows * time];
        int[] targets = new int[rows * time];
        long since = System.nanoTime();
        long tokens = 0;
        for (long s = 1; s <= steps; s++) {
          packer.fill(inputs, targets, rows);
          step.run(inputs, targets, rows, time, schedule.lr(s));
          tokens += (long) rows * time;
          if (s % Math.max(1, steps / 20) == 0 || s == steps) {
            double seconds = (System.nanoTime() - since) * 1e-9;
            progress.accept(
                "pretrain step %d/%d loss %.4f %.0f tokens/s"
                    .formatted(s, steps, step.loss(), tokens / seconds));
          }
        }
      }
      try (CheckpointWriter writer =
          CheckpointWriter.begin(checkpoint, model.parameters().layout().count())) {
        writer
            .model(model, tokenizer.endToken())
            .file(Tokenizer.FILE, file -> Studies.write(file, tokenizer.toJson()))
            .commit();
      }
    }
  }
}
