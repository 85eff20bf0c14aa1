package dev.anechoic.rl.cli;

import static java.util.Objects.requireNonNullElse;

import dev.anechoic.model.UserError;
import dev.anechoic.tensor.TensorException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/**
 * Entry point of {@code anechoic}. Exit codes: 0 done, 1 ran and found a failure (a command says
 * so), 2 the user can mend it (one message, no stack trace), 70 a bug (stack trace).
 */
@Command(
    name = "anechoic",
    description = "A laboratory for how reinforcement learning selects an output format.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      DoctorCommand.class,
      CorpusCommand.class,
      TokenizerCommand.class,
      PretrainCommand.class,
      SampleCommand.class,
      ScoreCommand.class,
      StudyCommand.class,
      RlCommand.class,
      EvalCommand.class,
      SweepCommand.class,
      ReportCommand.class,
      LedgerCommand.class,
      WatchCommand.class,
      TraceCommand.class,
    })
public final class Main implements Runnable {
  /** Exit code of an error that the user can mend; picocli's own for a wrong command line. */
  public static final int EXIT_USER = 2;

  /** Exit code of a bug: {@code EX_SOFTWARE} of the BSD convention. */
  public static final int EXIT_BUG = 70;

  /** Wide enough for an address; asking the terminal would start a process. */
  private static final int HELP_COLUMNS = 100;

  @Spec private CommandSpec spec;

  /** Called by picocli. */
  @SuppressWarnings("NullAway.Init") // picocli injects spec
  Main() {}

  public static void main(String[] args) {
    int exitCode;
    try {
      exitCode = commandLine().execute(args);
    } catch (OutOfMemoryError e) {
      System.err.println("anechoic: " + outOfMemory(e).getMessage());
      exitCode = EXIT_USER;
    } catch (Throwable e) {
      e.printStackTrace();
      exitCode = EXIT_BUG;
    }
    System.exit(exitCode);
  }

  /**
   * The whole command tree, with the subcommands of other modules found on the class path. From
   * then on numbers are written with a decimal point, in tables, files and charts, wherever the
   * user lives.
   */
  static CommandLine commandLine() {
    Locale.setDefault(Locale.ROOT);
    CommandLine commandLine = new CommandLine(new Main());
    for (CommandProvider provider : ServiceLoader.load(CommandProvider.class)) {
      provider.commands().forEach(commandLine::addSubcommand);
    }
    return commandLine
        .setUsageHelpWidth(HELP_COLUMNS)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(Main::report);
  }

  /** {@code anechoic} alone shows the help and fails, so that a script notices. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command");
  }

  private static int report(Exception error, CommandLine commandLine, ParseResult arguments) {
    PrintWriter err = commandLine.getErr();
    Throwable cause =
        error instanceof UncheckedIOException ? requireNonNullElse(error.getCause(), error) : error;
    switch (cause) {
      case UserError user -> err.println("anechoic: " + user.getMessage());
      case TensorException engine when canBeMended(engine) ->
          err.println("anechoic: " + engine.getMessage());
      case FileSystemException file -> err.println("anechoic: " + describe(file));
      case IOException io -> err.println("anechoic: " + describe(io));
      default -> {
        err.printf(
            "anechoic: internal error in '%s'; please report it%n",
            commandLine.getCommandSpec().qualifiedName());
        error.printStackTrace(err);
        return EXIT_BUG;
      }
    }
    return EXIT_USER;
  }

  /** Too little memory, a missing device, a diverged run: the user's settings, not our code. */
  private static boolean canBeMended(TensorException error) {
    return switch (error.kind()) {
      case MEMORY, NOT_FINITE, BACKEND -> true;
      case SHAPE, DTYPE, INDEX, CLOSED -> false;
    };
  }

  private static UserError outOfMemory(OutOfMemoryError error) {
    return UserError.what("Out of memory")
        .expected("all of a run to fit in the Java heap")
        .got((Runtime.getRuntime().maxMemory() >> 20) + " MiB of heap: " + error.getMessage())
        .remedy("Raise the heap with ANECHOIC_OPTS=-Xmx8g, or make model or batch smaller.");
  }

  /** Commands name what they read; this keeps a path they did not foresee readable. */
  private static String describe(FileSystemException error) {
    String reason =
        switch (error) {
          case NoSuchFileException missing -> "no such file or folder";
          case AccessDeniedException denied -> "access denied";
          case FileAlreadyExistsException existing -> "exists already";
          default -> error.getReason() != null ? error.getReason() : "input or output failed";
        };
    return UserError.what("Cannot use a file")
        .where(error.getFile() != null ? error.getFile() : "unknown file")
        .got(reason)
        .remedy("Check the path, the permissions and the free disk.")
        .getMessage();
  }

  /** Such as a disk that is full, which Java reports without the file. */
  private static String describe(IOException error) {
    return UserError.what("Input or output failed")
        .got(error.getMessage() != null ? error.getMessage() : error.toString())
        .remedy("Check the free disk; what was complete before is still there.")
        .getMessage();
  }

  /** The version in the jar's manifest; a class folder has none. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"anechoic " + (version != null ? version : "(not packaged)")};
    }
  }
}
