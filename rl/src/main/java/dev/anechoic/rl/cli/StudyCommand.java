package dev.anechoic.rl.cli;

import dev.anechoic.model.config.Config;
import dev.anechoic.rl.study.StudyConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anechoic study CONFIG --out DIR}: everything from the corpus to the report. */
@Command(
    name = "study",
    mixinStandardHelpOptions = true,
    description = "Runs a study: corpus, tokenizer, pretraining, RL, evaluation, report.")
final class StudyCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CONFIG", description = "TOML file of the study, as in configs/")
  private Path config;

  @Option(names = "--out", required = true, description = "folder of the results")
  private Path out;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "overrides a key of the configuration; may be given several times")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--data",
      paramLabel = "NAME=PATH",
      description =
          "gsm8k=PATH takes the problems from GSM8K instead of the generator;"
              + " svamp=PATH takes the held-out ones from SVAMP")
  private List<String> data = new ArrayList<>();

  @Option(
      names = "--shared",
      description = "folder of corpora and bases, by hash, that several studies use")
  private @Nullable Path shared;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  StudyCommand() {}

  @Override
  public Integer call() {
    StudyConfig study = Config.load(StudyConfig.class, config, overrides);
    return Studies.run(study, data, out, shared, spec);
  }
}
