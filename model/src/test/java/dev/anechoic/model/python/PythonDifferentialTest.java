package dev.anechoic.model.python;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs generated programs here and in CPython and compares the results to the letter. */
class PythonDifferentialTest {

  private static final long SEED = 20251123;
  private static final int PROGRAMS = Integer.getInteger("anechoic.differential", 5_000);

  /** Prints one line per program: the repr of its result, or the name of what it raised. */
  private static final String DRIVER =
      """
      import base64, io, signal, sys
      sys.set_int_max_str_digits(0)
      class Late(BaseException): pass
      def late(*_): raise Late()
      signal.signal(signal.SIGALRM, late)
      results = []
      for line in open(sys.argv[1]):
          source = base64.b64decode(line).decode()
          out, sys.stdout = sys.stdout, io.StringIO()
          try:
              signal.setitimer(signal.ITIMER_REAL, 0.5)
              space = {}
              exec(source, space)
              text = repr(space['solve']())
          except Exception as e:
              text = type(e).__name__
          except Late:
              text = 'late'
          signal.setitimer(signal.ITIMER_REAL, 0)
          sys.stdout = out
          results.append(base64.b64encode(text.encode()).decode())
      open(sys.argv[2], 'w').write('\\n'.join(results))
      """;

  @TempDir Path folder;

  @Test
  void generatedProgramsGiveTheResultsOfCPython() throws Exception {
    List<String> programs = new ArrayList<>();
    for (int i = 0; i < PROGRAMS; i++) {
      programs.add(ProgramGenerator.program(SEED, i));
    }
    List<String> expected = inCPython(programs);
    int compared = 0;
    int raised = 0;
    List<String> different = new ArrayList<>();
    for (int i = 0; i < programs.size(); i++) {
      String result = show(Python.callFunction(programs.get(i), Limits.DEFAULT));
      if (result.startsWith("skip") || expected.get(i).equals("late")) {
        continue;
      }
      compared++;
      raised += result.endsWith("Error") ? 1 : 0;
      if (!result.equals(expected.get(i))) {
        different.add(
            "program %d of seed %d: CPython %s, here %s%n%s"
                .formatted(i, SEED, expected.get(i), result, programs.get(i)));
      }
    }
    System.out.printf(
        "python differential: %d programs, %d compared, %d of them raised, %d differ%n",
        programs.size(), compared, raised, different.size());
    assertEquals(List.of(), different.stream().limit(5).toList());
    assertTrue(compared > 0.95 * PROGRAMS, "too many programs left out");
    assertTrue(raised < 0.6 * PROGRAMS, "too few programs with a value");
  }

  private static String show(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Value value -> value.repr();
      case Outcome.Raised(String error, String _) -> error;
      case Outcome.OverBudget(String limit) -> "skip: over " + limit;
      case Outcome.Unparsable(String reason, int _, boolean _) when reason.startsWith("not supp") ->
          "skip: " + reason;
      case Outcome.Unparsable(String reason, int line, boolean _) -> reason + " in line " + line;
      case Outcome.Internal(Throwable cause) -> "internal: " + cause;
    };
  }

  private List<String> inCPython(List<String> programs) throws IOException, InterruptedException {
    Path driver = Files.writeString(folder.resolve("driver.py"), DRIVER);
    Path input = folder.resolve("programs");
    Path output = folder.resolve("results");
    Base64.Encoder encoder = Base64.getEncoder();
    Files.write(
        input,
        programs.stream()
            .map(p -> encoder.encodeToString(p.getBytes(StandardCharsets.UTF_8)))
            .toList());
    Process process = start(driver, input, output);
    boolean ended = process != null && process.waitFor(120, TimeUnit.SECONDS);
    if (process != null && !ended) {
      process.destroyForcibly();
    }
    boolean usable = ended && process.exitValue() == 0;
    if (!usable) {
      System.out.println("skipped: no working python3 (3.11 or newer) on the PATH");
    }
    assumeTrue(usable, "no working python3 (3.11 or newer) on the PATH");
    return Files.readAllLines(output).stream()
        .map(line -> new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8))
        .toList();
  }

  private static @org.jspecify.annotations.Nullable Process start(Path... arguments) {
    List<String> command = new ArrayList<>(List.of("python3", "-W", "ignore"));
    for (Path argument : arguments) {
      command.add(argument.toString());
    }
    try {
      return new ProcessBuilder(command).inheritIO().start();
    } catch (IOException e) {
      return null;
    }
  }
}
