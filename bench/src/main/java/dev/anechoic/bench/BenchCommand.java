package dev.anechoic.bench;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code anechoic bench}: how fast this machine trains and samples. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures speed.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      OpsBench.class,
      PeersBench.class,
      TrainBench.class,
      RolloutBench.class,
      RlBench.class,
      LedgerBench.class,
      TraceBench.class,
      SelfTestBench.class,
      PerformancePageCommand.class
    })
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects spec
  BenchCommand() {}

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command");
  }
}
