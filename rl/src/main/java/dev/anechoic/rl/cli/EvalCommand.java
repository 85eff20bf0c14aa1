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

/** {@code anechoic eval CONFIG --checkpoint DIR --out FILE}: the answers of a model. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description = "Answers held-out problems: greedy, sampled, and with each opening forced.")
final class EvalCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CONFIG", description = "TOML file of a study; its models are not used")
  private Path config;

  @Option(names = "--checkpoint", required = true, description = "folder of the model")
  private Path checkpoint;

  @Option(names = "--out", required = true, description = "JSON file of all answers")
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
  EvalCommand() {}

  @Override
  public Integer call() {
    StudyConfig study = Config.load(StudyConfig.class, config, overrides);
    return Studies.evaluate(study, data, Checkpoint.open(checkpoint), out, spec);
  }
}
