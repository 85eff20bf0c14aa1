package dev.anechoic.rl.study;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.corpus.ProblemSource;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.format.Rewards;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.algorithm.Grader;
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
  private final Stages stages;
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
    this.stages = new Stages(say);
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
        stages.run(
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
        stages.run(
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
    return new TuningStages(config, config.rlOf(dials), corpus.stage(), corpus.tokenizer(), backend)
        .run(
            () -> Checkpoint.open(place.resolve("checkpoint")),
            baseHash,
            folder,
            new TuningStages.Listener() {
              @Override
              public void begins(boolean again) {
                if (!again) {
                  Studies.copy(place.resolve(RunFolder.METRICS), folder.file(RunFolder.METRICS));
                }
              }

              @Override
              public void done(Checkpoint base) {
                String preset = dials.model().preset();
                Manifests.write(folder, config, preset, base, corpus.folder(), command, backend);
              }
            },
            stop,
            say);
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
}
