package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.ProblemSource;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Rewards;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.algorithm.Grader;
import dev.anechoic.rl.algorithm.RlConfig;
import dev.anechoic.rl.report.Printout;
import dev.anechoic.rl.report.Report;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.rl.study.StudyConfig.ModelDials;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A study from nothing to the report: corpus, tokenizer, and for each model pretraining,
 * evaluation, RL, evaluation. A stage is skipped where its results are there and its inputs
 * unchanged, and one that was interrupted goes on.
 */
public final class Study {
  private static final int PROBE_QUESTIONS = 64;

  private final StudyConfig config;
  private final Path out;
  private final String command;
  private final StopSignal stop;
  private final Say say;
  private final ProblemSource problems;

  /**
   * @param out folder of all results
   * @param problems where questions come from
   * @param command the command line, for the manifest
   * @param stop ends the study between two steps, to be resumed
   */
  public Study(
      StudyConfig config,
      Path out,
      ProblemSource problems,
      String command,
      StopSignal stop,
      Say say) {
    this.config = config;
    this.out = out;
    this.problems = problems;
    this.command = command;
    this.stop = stop;
    this.say = say;
  }

  /**
   * Runs what is missing.
   *
   * @return the report, or null where a stop was asked for
   */
  public @Nullable Path run() {
    Studies.write(Studies.folder(out).resolve("study.toml"), Config.toToml(config));
    Backends.Choice choice =
        Backends.open(config.backend(), BackendOptions.DEFAULT.withThreads(config.threads()));
    say.line(choice.reason());
    List<Path> runs = new ArrayList<>();
    try (Backend backend = choice.backend()) {
      CorpusStage corpus = new CorpusStage(config.corpus(), problems);
      Path corpusFolder = Studies.folder(out.resolve("corpus"));
      Stage corpusStage = corpusStage(corpus, corpusFolder);
      Tokenizer tokenizer = Tokenizer.load(corpusFolder);
      for (Map.Entry<String, ModelDials> entry : config.models().entrySet()) {
        RunFolder folder = new RunFolder(Studies.folder(out.resolve(entry.getKey())));
        ModelDials dials = entry.getValue();
        if (!model(folder, dials, corpus, corpusStage, corpusFolder, tokenizer, backend)) {
          say.line("stopped; the same command goes on from here");
          return null;
        }
        runs.add(folder.path());
        Printout.lines(folder).forEach(say::line);
      }
    }
    return report(runs);
  }

  private Path report(List<Path> runs) {
    Path file = out.resolve("report.html");
    Report report = Report.of(config.name(), runs);
    report.write(file);
    Printout.comparison(report.runs()).forEach(say::line);
    return file;
  }

  private Stage corpusStage(CorpusStage corpus, Path folder) {
    Stage stage =
        new Stage(
            "corpus",
            folder,
            List.of(Config.toToml(config.corpus()), Config.toToml(config.tokenizer())));
    run(
        stage,
        () -> {
          Tokenizer tokenizer = corpus.trainTokenizer(config.tokenizer());
          tokenizer.save(folder);
          corpus.write(folder, tokenizer);
          return true;
        });
    return stage;
  }

  /** All stages of one model; false where a stop was asked for. */
  private boolean model(
      RunFolder folder,
      ModelDials dials,
      CorpusStage corpus,
      Stage corpusStage,
      Path corpusFolder,
      Tokenizer tokenizer,
      Backend backend) {
    RlConfig rl = config.rlOf(dials);
    Path base = folder.file("base");
    Stage pretraining =
        new Stage(
            "base",
            folder.path(),
            List.of(
                corpusStage.hash(),
                Config.toToml(dials.pretrainingOnly()),
                "seed " + config.seed()));
    boolean trained =
        run(
            pretraining,
            () ->
                new BaseStage(config, dials, corpusFolder)
                    .run(
                        folder.path(),
                        base,
                        pretraining.wasBegun(),
                        backend,
                        probe(dials, corpus, tokenizer),
                        stop,
                        say));
    if (!trained) {
      return false;
    }
    Stage tuning =
        new Stage(
            "rl",
            folder.path(),
            List.of(pretraining.hash(), Config.toToml(config.shared()), Config.toToml(rl)));
    return run(
        tuning,
        () -> {
          Studies.write(folder.file(RunFolder.CONFIG), Config.toToml(config));
          RlStage stage =
              new RlStage(
                  config,
                  rl,
                  corpus.trainingQuestions(rl.problems()),
                  corpus.evaluationQuestions(config.eval().problems()),
                  stop,
                  say);
          Checkpoint checkpoint = Checkpoint.open(base);
          boolean complete = stage.run(checkpoint, tokenizer, folder, backend, tuning.hash());
          Manifests.write(folder, config, dials, checkpoint, corpusFolder, command, backend);
          return complete;
        });
  }

  private AccuracyProbe probe(ModelDials dials, CorpusStage corpus, Tokenizer tokenizer) {
    FormatClassifier classifier = new FormatClassifier(config.corpus().formatList());
    return new AccuracyProbe(
        corpus.evaluationQuestions(PROBE_QUESTIONS),
        config.corpus().formatList(),
        tokenizer,
        new Grader(classifier, Rewards.verified(classifier)),
        config.rl().maxNewTokens(),
        dials.stopAccuracy(),
        dials.stopFormat(),
        config.seed());
  }

  /** Runs a stage unless it is done; false where it was stopped in the middle. */
  private boolean run(Stage stage, BooleanSupplier work) {
    if (stage.isDone()) {
      say.line("%-8s unchanged, skipped".formatted(stage.name()));
      return true;
    }
    stage.begin();
    long since = System.nanoTime();
    boolean complete = work.getAsBoolean();
    double seconds = (System.nanoTime() - since) * 1e-9;
    if (complete) {
      stage.done(seconds);
      say.line("%-8s done in %.1f s".formatted(stage.name(), seconds));
    }
    return complete;
  }
}
