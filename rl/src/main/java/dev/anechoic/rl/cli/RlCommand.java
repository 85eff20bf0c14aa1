package dev.anechoic.rl.cli;

import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.config.Config;
import dev.anechoic.rl.study.StudyConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anechoic rl CONFIG --checkpoint DIR --out DIR}: RL alone, from a given base. */
@Command(
    name = "rl",
    mixinStandardHelpOptions = true,
    description = "Tunes a checkpoint by RL, with an evaluation before and after, and reports.")
final class RlCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CONFIG", description = "TOML file of a study; its models are not used")
  private Path config;

  @Option(names = "--checkpoint", required = true, description = "folder of the base model")
  private Path checkpoint;

  @Option(names = "--out", required = true, description = "run folder to write")
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

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  RlCommand() {}

  @Override
  public Integer call() {
    StudyConfig study = Config.load(StudyConfig.class, config, overrides);
    return Studies.tune(study, data, Checkpoint.open(checkpoint), out, spec);
  }
}
