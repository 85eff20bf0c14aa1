package dev.anechoic.rl.cli;

import dev.anechoic.rl.report.LivePage;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anechoic watch}: a live page of a run or study while it trains. */
@Command(
    name = "watch",
    mixinStandardHelpOptions = true,
    description = {
      "Serves a live page of a run or study folder on this machine only, until interrupted.",
      "The folder may still be empty: the page waits for the first step."
    })
final class WatchCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "A run or study folder.")
  private Path folder;

  @Option(
      names = "--port",
      defaultValue = "8123",
      description = "Port on localhost, 0 for any free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @SuppressWarnings("NullAway.Init") // picocli injects spec and folder
  WatchCommand() {}

  @Override
  public Integer call() throws InterruptedException {
    try (LivePage page = LivePage.start(folder, port)) {
      PrintWriter out = spec.commandLine().getOut();
      out.printf("watching %s at %s, until Ctrl-C%n", folder, page.address());
      out.flush();
      new CountDownLatch(1).await();
    }
    return 0;
  }
}
