package dev.anechoic.model.train;

import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;
import dev.anechoic.model.corpus.CorpusConfig;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.optim.Schedule;
import dev.anechoic.model.tokenizer.TokenizerConfig;
import dev.anechoic.model.transformer.ModelSettings;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Pretraining by its dials; the configuration of {@code anechoic pretrain}. */
@Doc("pretraining from scratch")
public record PretrainConfig(
    @Doc("seed of initial weights and of the order of documents") @Default("1") long seed,
    @Doc("where kernels run: auto, cpu, cuda, ...") @Default("auto") String backend,
    @Doc("threads of a CPU backend; 0 for one per core") @Default("0") @Range(min = 0) int threads,
    @Doc("tokens to train on, padding included") @Default("10000000") @Range(min = 1)
        long maxTokens,
    @Doc("sequences per optimizer step") @Default("4") @Range(min = 1) int batch,
    @Doc("sequences per forward and backward pass; part of the result's last bits")
        @Default("4")
        @Range(min = 1)
        int microBatch,
    @Doc("whether blocks are computed again in the backward pass, to save memory") @Default("false")
        boolean checkpointing,
    @Doc("steps between two lines of metrics") @Default("10") @Range(min = 1) int logEvery,
    @Doc("steps between two held-out losses, and two looks of a probe; 0 for none")
        @Default("500")
        @Range(min = 0)
        int evalEvery,
    @Doc("steps between two checkpoints; 0 for one at the end") @Default("2000") @Range(min = 0)
        int checkpointEvery,
    @Doc("the transformer") ModelSettings model,
    @Doc("where documents come from") DataSettings data,
    @Doc("tokenizer to train where data.tokenizer names none") TokenizerConfig tokenizer,
    @Doc("corpus to generate where data.corpus names none") CorpusConfig corpus,
    @Doc("AdamW") AdamW.Settings optimizer,
    @Doc("learning rate over the steps") ScheduleSettings schedule) {

  /** Where documents come from, and how they fill rows. */
  public record DataSettings(
      @Doc("a folder that 'corpus' wrote, or a JSONL file with prompt, completion, format")
          @Nullable Path corpus,
      @Doc("a tokenizer.json, or the folder that holds one") @Nullable Path tokenizer,
      @Doc("whether documents stay whole (whole) or run on over rows (chunk)") @Default("whole")
          Packer.Mode packing,
      @Doc("documents per format, the last ones, kept out of training to measure the loss on")
          @Default("64")
          @Range(min = 0)
          int heldOut) {}

  /** The learning rate over the steps. */
  public record ScheduleSettings(
      @Doc("shape of the fall after warm-up") @Default("cosine") Schedule.Kind kind,
      @Doc("peak learning rate") @Default("2.5e-3") @Range(min = 0) double lr,
      @Doc("share of all steps in which the rate rises") @Default("0.03") @Range(min = 0, max = 1)
          double warmup,
      @Doc("rate at the end over the peak") @Default("0.1") @Range(min = 0, max = 1)
          double finalFraction) {}

  /** Steps in all: whole batches, the last one rounded up. */
  public long totalSteps() {
    long tokensPerStep = (long) batch * model.contextLength();
    return Math.max(1, (maxTokens + tokensPerStep - 1) / tokensPerStep);
  }

  /** The learning rate over the steps, resolved. */
  public Schedule resolvedSchedule() {
    long total = totalSteps();
    long warmup = Math.round(schedule.warmup() * total);
    return new Schedule(schedule.kind(), schedule.lr(), warmup, total, schedule.finalFraction());
  }

  /** Whether a run of this configuration may go on from one of the other. */
  public boolean isSameRunAs(PretrainConfig other) {
    return identity().equals(other.identity());
  }

  /** This configuration without what may differ when a run resumes. */
  private PretrainConfig identity() {
    return new PretrainConfig(
        seed,
        "auto",
        0,
        maxTokens,
        batch,
        microBatch,
        false,
        logEvery,
        evalEvery,
        checkpointEvery,
        model,
        data,
        tokenizer,
        corpus,
        optimizer,
        schedule);
  }
}
