package dev.anechoic.rl.cli;

import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code anechoic doctor}: what this machine offers and which backend would be taken. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = "Shows what this machine offers, which backend is taken, and why not the others.")
final class DoctorCommand implements Runnable {
  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects spec
  DoctorCommand() {}

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("JDK     %s%n", Runtime.version());
    out.printf("cores   %d%n", Runtime.getRuntime().availableProcessors());
    out.flush();
  }
}
