package dev.anechoic.rl.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.tensor.TensorException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void helpNamesEverySubcommand() {
    CommandLine commandLine = commandLine();
    assertEquals(0, commandLine.execute("--help"));
    for (String name : commandLine.getSubcommands().keySet()) {
      assertTrue(out.toString().contains(name), name);
    }
  }

  @Test
  void everySubcommandHasHelpAndADescription() {
    commandLine()
        .getSubcommands()
        .forEach((name, subcommand) -> {
          assertEquals(0, commandLine().execute(name, "--help"), name);
          assertTrue(subcommand.getCommandSpec().usageMessage().description().length > 0, name);
        });
  }

  @Test
  void misspeltCommandGetsASuggestion() {
    assertEquals(Main.EXIT_USER, commandLine().execute("docter"));
    assertTrue(err.toString().contains("doctor"), err::toString);
  }

  @Test
  void misspeltOptionGetsASuggestion() {
    assertEquals(Main.EXIT_USER, commandLine().execute("doctor", "--hlep"));
    assertTrue(err.toString().contains("--help"), err::toString);
  }

  @Test
  void numbersAreWrittenTheSameWayEverywhere() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      commandLine();
      assertEquals("1234.5 1,000", "%.1f %,d".formatted(1234.5, 1000));
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void missingCommandFails() {
    assertEquals(Main.EXIT_USER, commandLine().execute());
    assertTrue(err.toString().contains("Missing command"), err::toString);
  }

  @Test
  void userErrorIsOneMessageWithoutAStackTrace() {
    int exitCode =
        execute(() -> {
          throw UserError.what("Unknown key 'lrr'")
              .where("demo.toml, line 7")
              .expected("lr")
              .got("lrr")
              .remedy("Write lr.");
        });
    assertEquals(Main.EXIT_USER, exitCode);
    assertEquals(
        String.join(
            System.lineSeparator(),
            "anechoic: Unknown key 'lrr'",
            "  where:    demo.toml, line 7",
            "  expected: lr",
            "  got:      lrr",
            "  remedy:   Write lr.",
            ""),
        err.toString());
  }

  @Test
  void missingFileIsOneMessageWithoutAStackTrace() {
    int exitCode = execute(() -> Files.readString(Path.of("no", "such", "file")).length());
    assertEquals(Main.EXIT_USER, exitCode);
    assertTrue(err.toString().contains(Path.of("no", "such", "file").toString()), err::toString);
    assertFalse(err.toString().contains("\tat "), err::toString);
  }

  @Test
  void fullDiskIsOneMessageWithoutAStackTrace() {
    int exitCode =
        execute(() -> {
          throw new UncheckedIOException(new IOException("No space left on device"));
        });
    assertEquals(Main.EXIT_USER, exitCode);
    assertTrue(err.toString().contains("No space left on device"), err::toString);
    assertFalse(err.toString().contains("\tat "), err::toString);
  }

  @Test
  void unavailableBackendIsOneMessageButAWrongShapeIsABug() {
    assertEquals(Main.EXIT_USER, execute(() -> fail(TensorException.Kind.BACKEND)));
    assertFalse(err.toString().contains("\tat "), err::toString);
    assertEquals(Main.EXIT_BUG, execute(() -> fail(TensorException.Kind.SHAPE)));
    assertTrue(err.toString().contains("\tat "), err::toString);
  }

  private static int fail(TensorException.Kind kind) {
    throw new TensorException(kind, "matmul", "expected otherwise");
  }

  @Test
  void bugPrintsItsStackTrace() {
    int exitCode =
        execute(() -> {
          throw new IllegalStateException("broken invariant");
        });
    assertEquals(Main.EXIT_BUG, exitCode);
    assertTrue(err.toString().contains("broken invariant"), err::toString);
    assertTrue(err.toString().contains("\tat "), err::toString);
  }

  private CommandLine commandLine() {
    return Main.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
  }

  private int execute(Callable<Integer> body) {
    return commandLine()
        .addSubcommand("probe", new Probe(body))
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute("probe");
  }

  /** A command that does what a test wants. */
  @Command(description = "For tests.")
  private record Probe(Callable<Integer> body) implements Callable<Integer> {
    @Override
    public Integer call() throws Exception {
      return body.call();
    }
  }
}
