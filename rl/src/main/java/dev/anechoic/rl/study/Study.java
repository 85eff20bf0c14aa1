package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.rl.algorithm.RlConfig;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A study from nothing to the report: corpus, tokenizer, pretraining, evaluation, RL, evaluation.
 * Each stage is skipped where its results are there and its inputs unchanged.
 */
public final class Study {
  private final StudyConfig config;
  private final Path out;
  private final Consumer<String> progress;

  public Study(StudyConfig config, Path out, Consumer<String> progress) {
    this.config = config;
    this.out = out;
    this.progress = progress;
  }

  /** Runs what is missing; afterwards each model's run folder is complete. */
  public void run() {
    Studies.write(Studies.folder(out).resolve("study.toml"), Config.toToml(config));
    Backends.Choice choice =
        Backends.open(config.backend(), BackendOptions.DEFAULT.withThreads(config.threads()));
    progress.accept(choice.reason());
    try (Backend backend = choice.backend()) {
      CorpusStage corpus =
          new CorpusStage(config.corpus(), new ProblemGenerator(config.corpus().generator()));
      Path corpusFolder = Studies.folder(out.resolve("corpus"));
      Stage stage =
          new Stage(
              "corpus",
              corpusFolder,
              List.of(Config.toToml(config.corpus()), Config.toToml(config.tokenizer())));
      run(
          stage,
          () -> {
            Tokenizer learned = corpus.trainTokenizer(config.tokenizer());
            learned.save(corpusFolder);
            corpus.write(corpusFolder, learned);
          });
      Tokenizer tokenizer = Tokenizer.load(corpusFolder);
      for (Map.Entry<String, StudyConfig.ModelDials> entry : config.models().entrySet()) {
        model(entry.getKey(), entry.getValue(), corpus, corpusFolder, stage, tokenizer, backend);
      }
    }
  }

  private void model(
      String name,
      StudyConfig.ModelDials dials,
      CorpusStage corpus,
      Path corpusFolder,
      Stage corpusStage,
      Tokenizer tokenizer,
      Backend backend) {
    RunFolder folder = new RunFolder(Studies.folder(out.resolve(name)));
    Path base = folder.path().resolve("base");
    Stage pretraining =
        new Stage(
            "base",
            folder.path(),
            List.of(corpusStage.hash(), Config.toToml(dials), Long.toString(config.seed())));
    run(
        pretraining,
        () ->
            new BaseStage(dials, config.seed())
                .run(
                    base, corpus.documents(corpusFolder, tokenizer), tokenizer, backend, progress));
    Stage tuning =
        new Stage("rl", folder.path(), List.of(pretraining.hash(), Config.toToml(config)));
    RlConfig rl = config.rl();
    run(
        tuning,
        () -> {
          Studies.write(folder.file(RunFolder.CONFIG), Config.toToml(config));
          new RlStage(
                  config,
                  rl,
                  config.corpus().formatList(),
                  corpus.trainingQuestions(rl.problems()),
                  corpus.evaluationQuestions(config.eval().problems()),
                  progress)
              .run(Checkpoint.open(base), tokenizer, folder, backend);
        });
  }

  private void run(Stage stage, Runnable work) {
    if (stage.isDone()) {
      progress.accept("stage " + stage.name() + ": unchanged, skipped");
      return;
    }
    stage.begin();
    long since = System.nanoTime();
    work.run();
    double seconds = (System.nanoTime() - since) * 1e-9;
    stage.done(seconds);
    progress.accept("stage %s: done in %.1f s".formatted(stage.name(), seconds));
  }
}
