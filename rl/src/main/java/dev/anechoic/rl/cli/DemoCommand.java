package dev.anechoic.rl.cli;

import dev.anechoic.model.config.Config;
import dev.anechoic.rl.study.StudyConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code anechoic demo}: the study {@code configs/demo.toml}, with nothing to give. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Shows the effect: pretrains two sizes on one known mixture, tunes them by RL,",
      "and reports which format won. Needs no input and no download."
    })
final class DemoCommand implements Callable<Integer> {
  @Option(
      names = "--out",
      defaultValue = "out/demo",
      description = "folder of the results (default: ${DEFAULT-VALUE})")
  private Path out;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "overrides a key of configs/demo.toml; may be given several times")
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
  DemoCommand() {}

  @Override
  public Integer call() {
    Path config = Home.folder().resolve("configs").resolve("demo.toml");
    return Studies.run(Config.load(StudyConfig.class, config, overrides), data, out, null, spec);
  }
}
