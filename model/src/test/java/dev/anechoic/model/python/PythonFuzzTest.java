package dev.anechoic.model.python;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.problem.Draws;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Random texts: damaged programs, programs spliced together, and tokens thrown together. None makes
 * the interpreter fail or take more than its share. {@code -Danechoic.fuzz=1000000} for the long
 * run.
 */
class PythonFuzzTest {

  private static final long SEED = 4711;
  private static final int PROGRAMS = Integer.getInteger("anechoic.fuzz", 100_000);
  private static final int WARM_UP = 5_000;
  private static final List<String> TOKENS =
      List.of(
          "def ",
          "f",
          "x",
          "y",
          "(",
          ")",
          "[",
          "]",
          ":",
          ",",
          "\n",
          "\n  ",
          "\n    ",
          "    ",
          "=",
          "==",
          "+",
          "-",
          "*",
          "/",
          "//",
          "%",
          "**",
          "+=",
          "<",
          ">",
          "1",
          "2",
          "0",
          "1e308",
          "9999",
          "0.5",
          "'a'",
          "\"",
          "'",
          "f'{",
          "}'",
          "if ",
          "else",
          "elif ",
          "while ",
          "for ",
          " in ",
          "range(",
          "return ",
          "True",
          "None",
          "not ",
          " and ",
          " or ",
          "is ",
          "print(",
          "sum(",
          "int(",
          "str(",
          "max(",
          "round(",
          "list(",
          "import math",
          "math.",
          "sqrt(",
          "break",
          "pass",
          "lambda",
          "#",
          "\\",
          "{",
          "}",
          "`",
          "é",
          "٣",
          "²",
          "\t",
          "10**",
          "*10**9",
          "while 1:");

  @Test
  void noTextMakesTheInterpreterFailOrTakeMoreThanItsShare() {
    for (int i = 0; i < WARM_UP; i++) {
      text(-1 - i, SEED).length();
      Python.callFunction(text(-1 - i, SEED), Limits.DEFAULT);
    }
    long worstNanos = 0;
    long worstBytes = 0;
    int values = 0;
    List<String> offenders = new ArrayList<>();
    for (int i = 0; i < PROGRAMS; i++) {
      String source = text(i, SEED);
      Usage usage = Usage.of(() -> run(source));
      if (!usage.isWithinLimits()) {
        // Once more: a compilation or collection in between is no fault of the program.
        usage = Usage.of(() -> run(source));
      }
      worstNanos = Math.max(worstNanos, usage.cpuNanos());
      worstBytes = Math.max(worstBytes, usage.allocatedBytes());
      if (!usage.isWithinLimits()) {
        offenders.add("text " + i + " of seed " + SEED + ": " + usage + "\n" + source);
      }
      values += run(source) instanceof Outcome.Value ? 1 : 0;
    }
    System.out.printf(
        "python fuzz: %d texts, seed %d, %d gave a value, worst %s%n",
        PROGRAMS, SEED, values, new Usage(worstNanos, worstBytes));
    assertEquals(List.of(), offenders.stream().limit(3).toList());
    assertTrue(values > PROGRAMS / 50 && values < PROGRAMS, "the texts are too tame or too wild");
  }

  private static Outcome run(String source) {
    return source.startsWith("def ") || source.startsWith("import ")
        ? Python.callFunction(source, Limits.DEFAULT)
        : Python.run(source, Limits.DEFAULT);
  }

  private static String text(long number, long seed) {
    Draws draws = new Draws(seed, 0x46555A5A, number);
    return switch (draws.below(4)) {
      case 0 -> soup(draws);
      case 1 -> damaged(ProgramGenerator.program(seed, number), draws);
      case 2 -> {
        String first = ProgramGenerator.program(seed, number);
        String second = ProgramGenerator.program(seed, number + 1);
        yield first.substring(0, draws.below(first.length()))
            + second.substring(draws.below(second.length()));
      }
      default -> enlarged(ProgramGenerator.program(seed, number), draws);
    };
  }

  private static String soup(Draws draws) {
    StringBuilder out = new StringBuilder();
    for (int i = draws.between(1, 60); i > 0; i--) {
      out.append(draws.pick(TOKENS));
    }
    return out.toString();
  }

  private static String damaged(String program, Draws draws) {
    StringBuilder out = new StringBuilder(program);
    for (int i = draws.between(1, 4); i > 0 && !out.isEmpty(); i--) {
      int at = draws.below(out.length());
      switch (draws.below(3)) {
        case 0 -> out.deleteCharAt(at);
        case 1 -> out.insert(at, draws.pick(TOKENS));
        default -> out.setLength(at);
      }
    }
    return out.toString();
  }

  /** Numbers grow and loops run long. */
  private static String enlarged(String program, Draws draws) {
    String larger = program.replace("range(", "range(" + draws.pick(List.of("9", "10**7*", "99")));
    return draws.chance(0.5) ? larger.replace(" < ", " != ") : larger.replace("* ", "** ");
  }
}
