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
import dev.anechoic.tensor.profile.TracedBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
  private final @Nullable Path shared;
  private final String command;
  private final StopSignal stop;
  private final Say say;
  private final ProblemSource problems;
  private final String problemsId;

  /**
   * @param out folder of all results
   * @param shared folder of corpora and bases that several studies use, by hash; null for {@code
   *     out} alone
   * @param problems where questions come from
   * @param problemsId names that source, by hash where it is a file
   * @param command the command line, for the manifest
   * @param stop ends the study between two steps, to be resumed
   */
  public Study(
      StudyConfig config,
      Path out,
      @Nullable Path shared,
      ProblemSource problems,
      String problemsId,
      String command,
      StopSignal stop,
      Say say) {
    this.config = config;
    this.out = out;
    this.shared = shared;
    this.problems = problems;
    this.problemsId = problemsId;
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
    Evaluator.requireDistinct(
        new CorpusStage(config.corpus(), problems).evaluationQuestions(config.eval().problems()));
    Studies.write(Studies.folder(out).resolve("study.toml"), Config.toToml(config));
    Backends.Choice choice =
        Backends.open(config.backend(), BackendOptions.DEFAULT.withThreads(config.threads()));
    say.line(choice.reason());
    List<Path> runs = new ArrayList<>();
    try (Backend backend = TracedBackend.ifRecording(choice.backend())) {
      Corpus corpus = corpus();
      for (Map.Entry<String, ModelDials> entry : config.models().entrySet()) {
        RunFolder folder = new RunFolder(Studies.folder(out.resolve(entry.getKey())));
        if (!model(folder, entry.getValue(), corpus, backend)) {
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

  /** The study's data, once it is there. */
  private record Corpus(CorpusStage stage, Path folder, String hash, Tokenizer tokenizer) {}

  private Corpus corpus() {
    List<String> inputs =
        List.of(Config.toToml(config.corpus()), Config.toToml(config.tokenizer()), problemsId);
    Path folder = place("corpus", Stage.hash("corpus", inputs));
    CorpusStage data = new CorpusStage(config.corpus(), problems);
    Stage stage =
        run(
            "corpus",
            folder,
            inputs,
            begun -> {
              Tokenizer tokenizer = data.trainTokenizer(config.tokenizer());
              tokenizer.save(folder);
              data.write(folder, tokenizer);
              return true;
            });
    return new Corpus(data, folder, stage.hash(), Tokenizer.load(folder));
  }

  /** All stages of one model; false where a stop was asked for. */
  private boolean model(RunFolder folder, ModelDials dials, Corpus corpus, Backend backend) {
    List<String> inputs =
        List.of(corpus.hash(), Config.toToml(dials.pretrainingOnly()), "seed " + config.seed());
    Path place =
        shared == null
            ? Studies.folder(folder.file(RunFolder.BASE))
            : place("base", Stage.hash("base", inputs));
    Path checkpoint = place.resolve("checkpoint");
    Stage pretraining =
        run(
            "base",
            place,
            inputs,
            begun ->
                new BaseStage(config, dials, corpus.folder())
                    .run(place, checkpoint, begun, backend, probe(dials, corpus), stop, say));
    return pretraining.isDone() && tune(folder, dials, corpus, place, pretraining.hash(), backend);
  }

  private boolean tune(
      RunFolder folder,
      ModelDials dials,
      Corpus corpus,
      Path place,
      String baseHash,
      Backend backend) {
    RlConfig rl = config.rlOf(dials);
    List<String> inputs = List.of(baseHash, Config.toToml(config.shared()), Config.toToml(rl));
    Stage tuning =
        run(
            "rl",
            folder.path(),
            inputs,
            begun -> {
              Studies.write(folder.file(RunFolder.CONFIG), Config.toToml(config));
              if (!begun) {
                Studies.copy(place.resolve(RunFolder.METRICS), folder.file(RunFolder.METRICS));
              }
              Checkpoint base = Checkpoint.open(place.resolve("checkpoint"));
              boolean complete =
                  new RlStage(
                          config,
                          rl,
                          corpus.stage().trainingQuestions(rl.problems()),
                          corpus.stage().evaluationQuestions(config.eval().problems()),
                          stop,
                          say)
                      .run(base, corpus.tokenizer(), folder, backend, Stage.hash("rl", inputs));
              Manifests.write(
                  folder, config, dials.model().preset(), base, corpus.folder(), command, backend);
              return complete;
            });
    return tuning.isDone();
  }

  /** Where a stage that several studies may share keeps its results. */
  private Path place(String name, String hash) {
    return Studies.folder(
        shared == null ? out.resolve(name) : shared.resolve(name + "-" + hash.substring(0, 12)));
  }

  private AccuracyProbe probe(ModelDials dials, Corpus corpus) {
    FormatClassifier classifier = new FormatClassifier(config.corpus().formatList());
    return new AccuracyProbe(
        corpus.stage().evaluationQuestions(PROBE_QUESTIONS),
        config.corpus().formatList(),
        corpus.tokenizer(),
        new Grader(classifier, Rewards.verified(classifier)),
        config.rl().maxNewTokens(),
        dials.stopAccuracy(),
        dials.stopFormat(),
        config.seed());
  }

  /** What a stage does; told whether it was begun before with the same inputs. */
  private interface Work {
    /** Returns whether it is complete; false where a stop was asked for. */
    boolean run(boolean begunBefore);
  }

  /** Runs a stage unless it is done. One process at a time works in a folder. */
  private Stage run(String name, Path folder, List<String> inputs, Work work) {
    try (FolderLock _ = FolderLock.take(folder)) {
      Stage stage = new Stage(name, folder, inputs);
      if (stage.isDone()) {
        say.line("%-8s unchanged, skipped".formatted(name));
        return stage;
      }
      boolean begunBefore = stage.wasBegun();
      stage.begin();
      long since = System.nanoTime();
      if (work.run(begunBefore)) {
        double seconds = (System.nanoTime() - since) * 1e-9;
        stage.done(seconds);
        say.line("%-8s done in %.1f s".formatted(name, seconds));
      }
      return stage;
    }
  }
}
