package dev.anechoic.model.python;

import dev.anechoic.model.problem.Draws;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes random programs in the supported subset that end soon. Most of them run through; some
 * raise. The same seed and number give the same program.
 */
final class ProgramGenerator {

  private static final List<String> NUMBERS =
      List.of(
          "4",
          "1",
          "2",
          "3",
          "5",
          "7",
          "10",
          "12",
          "60",
          "100",
          "1000",
          "0.5",
          "0.25",
          "1.5",
          "2.0",
          "0.1",
          "3.75",
          "12.99",
          "0",
          "1e3",
          "99999999999",
          "9223372036854775807",
          "1e-7",
          "123456.789");
  private static final List<String> ARITHMETIC = List.of("+", "-", "*", "/", "//", "%");
  private static final List<String> COMPARISONS = List.of("<", "<=", ">", ">=", "==", "!=");
  private static final int DEEPEST = 4;

  private final Draws draws;
  private final StringBuilder out = new StringBuilder();
  private final List<String> numbers = new ArrayList<>();
  private final List<String> lists = new ArrayList<>();
  private int names;
  private int blocks;

  private ProgramGenerator(Draws draws) {
    this.draws = draws;
  }

  /** A program that defines a function {@code solve}, whose value is its result. */
  static String program(long seed, long number) {
    return new ProgramGenerator(new Draws(seed, 0x50524F47, number)).write();
  }

  private String write() {
    boolean helper = draws.chance(0.3);
    out.append("import math\n\n");
    if (helper) {
      out.append("def helper(a, b=").append(draws.pick(NUMBERS)).append("):\n");
      numbers.addAll(List.of("a", "b"));
      statements("    ", 2);
      out.append("    return ").append(number(0)).append("\n\n");
      numbers.clear();
      lists.clear();
    }
    out.append("def solve():\n");
    if (draws.chance(0.2)) {
      out.append("    \"\"\"Some text, def or default.\"\"\"\n");
    }
    numbers.add(newName());
    out.append("    ").append(numbers.getFirst()).append(" = ").append(draws.pick(NUMBERS));
    out.append('\n');
    statements("    ", draws.between(1, 6));
    if (helper) {
      String name = newName();
      String second = draws.chance(0.5) ? ", " + number(2) : draws.chance(0.3) ? ", b=2" : "";
      out.append("    ").append(name).append(" = helper(").append(number(2)).append(second);
      out.append(")\n");
      numbers.add(name);
    }
    out.append("    return ").append(draws.chance(0.8) ? number(0) : any()).append('\n');
    return out.toString();
  }

  private String newName() {
    return "v" + names++;
  }

  private void statements(String indent, int count) {
    for (int i = 0; i < count; i++) {
      statement(indent);
    }
  }

  private void statement(String indent) {
    switch (draws.below(blocks > 2 ? 6 : 10)) {
      case 0, 1, 2 -> assign(indent, newName(), number(0), numbers);
      case 3 -> {
        String operator = draws.pick(List.of("+=", "-=", "*=", "/=", "//=", "%="));
        out.append(indent).append(draws.pick(numbers)).append(' ').append(operator).append(' ');
        out.append(number(2)).append('\n');
      }
      case 4 -> assign(indent, newName(), list(), lists);
      case 5 -> {
        String a = newName();
        String b = newName();
        out.append(indent).append(a).append(", ").append(b).append(" = ");
        out.append(number(2)).append(", ").append(number(2)).append('\n');
        numbers.addAll(List.of(a, b));
      }
      case 6 -> {
        out.append(indent).append("if ").append(test()).append(":\n");
        block(indent);
        if (draws.chance(0.3)) {
          out.append(indent).append("elif ").append(test()).append(":\n");
          block(indent);
        }
        if (draws.chance(0.5)) {
          out.append(indent).append("else:\n");
          block(indent);
        }
      }
      case 7 -> {
        String name = newName();
        out.append(indent).append("for ").append(name).append(" in ");
        out.append(draws.chance(0.5) ? range() : list()).append(":\n");
        numbers.add(name);
        block(indent);
        if (draws.chance(0.3)) {
          out.append(indent).append("    if ").append(test()).append(":\n");
          out.append(indent).append("        ").append(draws.pick(List.of("break", "continue")));
          out.append('\n');
        }
      }
      case 8 -> {
        String name = newName();
        out.append(indent).append(name).append(" = 0\n");
        out.append(indent).append("while ").append(name).append(" < ").append(draws.between(1, 6));
        out.append(":\n").append(indent).append("    ").append(name).append(" += 1\n");
        block(indent);
      }
      default -> {
        if (lists.isEmpty()) {
          out.append(indent).append("print(").append(number(2)).append(")\n");
        } else {
          String list = draws.pick(lists);
          out.append(indent).append(list);
          out.append(
              switch (draws.below(3)) {
                case 0 -> ".append(" + number(2) + ")";
                case 1 -> "[" + draws.between(-3, 3) + "] = " + number(2);
                default -> " += [" + number(2) + ", " + number(3) + "]";
              });
          out.append('\n');
        }
      }
    }
  }

  /** Names made inside stay in use outside, where Python may not know them: it then raises. */
  private void block(String indent) {
    blocks++;
    int known = numbers.size();
    int knownLists = lists.size();
    statements(indent + "    ", draws.between(1, 2));
    if (draws.chance(0.9)) {
      numbers.subList(known, numbers.size()).clear();
      lists.subList(knownLists, lists.size()).clear();
    }
    blocks--;
  }

  private void assign(String indent, String name, String value, List<String> names) {
    out.append(indent).append(name).append(" = ").append(value).append('\n');
    names.add(name);
  }

  private String number(int depth) {
    if (depth >= DEEPEST || draws.chance(0.25)) {
      return draws.chance(0.6) && !numbers.isEmpty() ? draws.pick(numbers) : draws.pick(NUMBERS);
    }
    String a = number(depth + 1);
    return switch (draws.below(18)) {
      case 0 -> "-" + a;
      case 1 -> "abs(" + a + ")";
      case 2 -> "round(" + a + (draws.chance(0.5) ? ", " + draws.between(-2, 4) : "") + ")";
      case 3 -> "int(" + a + ")";
      case 4 -> draws.pick(List.of("max", "min")) + "(" + a + ", " + number(depth + 1) + ")";
      case 5 -> "math." + draws.pick(List.of("ceil", "floor")) + "(" + a + ")";
      case 6 -> "(" + a + " if " + test() + " else " + number(depth + 1) + ")";
      case 7 -> "(" + a + ") ** " + draws.between(0, 3);
      case 8 -> draws.pick(List.of("sum", "len", "max", "min")) + "(" + filledList() + ")";
      case 9 -> "(" + filledList() + ")[" + draws.between(-3, 2) + "]";
      case 10 -> "float(" + a + ")";
      case 11 -> "(" + test() + ")";
      case 12 -> "(" + a + draws.pick(List.of(" and ", " or ")) + number(depth + 1) + ")";
      default -> {
        String operation = a + " " + draws.pick(ARITHMETIC) + " " + number(depth + 1);
        yield draws.chance(0.6) ? "(" + operation + ")" : operation;
      }
    };
  }

  private String test() {
    String comparison = number(3) + " " + draws.pick(COMPARISONS) + " " + number(3);
    return switch (draws.below(6)) {
      case 0 -> "not " + comparison;
      case 1 -> comparison + " and " + number(3) + " < " + number(3);
      case 2 -> number(3) + " <= " + number(3) + " < " + number(3);
      case 3 -> number(3) + " in " + list();
      default -> comparison;
    };
  }

  private String range() {
    return switch (draws.below(3)) {
      case 0 -> "range(" + draws.between(0, 6) + ")";
      case 1 -> "range(" + draws.between(-2, 3) + ", " + draws.between(0, 7) + ")";
      default -> "range(" + draws.between(0, 9) + ", " + draws.between(-3, 5) + ", -2)";
    };
  }

  private String list() {
    if (!lists.isEmpty() && draws.chance(0.4)) {
      String list = draws.pick(lists);
      return draws.chance(0.3)
          ? list + draws.pick(List.of("[1:]", "[:-1]", "[::-1]", "[:2]", "[-3:2]"))
          : list;
    }
    return switch (draws.below(5)) {
      case 0 -> "[x * 2 for x in " + range() + "]";
      case 1 -> "([" + number(3) + "] * " + draws.between(0, 4) + ")";
      case 2 -> "list(" + range() + ")";
      case 3 -> "[x for x in [1, 2, 3, 4] if x " + draws.pick(COMPARISONS) + " " + number(3) + "]";
      default -> "[" + number(3) + ", " + number(3) + ", " + number(3) + "]";
    };
  }

  /** Mostly a list of three: the others may be empty, and then most operations raise. */
  private String filledList() {
    return draws.chance(0.1)
        ? list()
        : "[" + number(3) + ", " + number(3) + ", " + draws.pick(NUMBERS) + "]";
  }

  private String any() {
    return switch (draws.below(6)) {
      case 0 -> list();
      case 1 -> "(" + number(2) + ", " + test() + ")";
      case 2 -> "str(" + number(1) + ")";
      case 3 -> "f'{" + number(3) + "} and {" + number(3) + ":.2f}'";
      case 4 -> "f'{" + number(3) + ":,.1f}' + 'x' * 3";
      default -> "sorted(" + list() + ")";
    };
  }
}
