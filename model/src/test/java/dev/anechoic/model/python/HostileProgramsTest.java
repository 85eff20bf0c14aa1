package dev.anechoic.model.python;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Programs written to take all time or memory there is. None gets more than its share. */
class HostileProgramsTest {

  private static final int WARM_UP_ROUNDS = 3;

  @Test
  void noneTakesMoreThanItsShareOfTimeOrMemory() {
    List<String> programs = programs();
    assertTrue(programs.size() >= 100, () -> programs.size() + " programs");
    for (int round = 0; round < WARM_UP_ROUNDS; round++) {
      programs.forEach(source -> Usage.of(() -> Python.run(source, Limits.DEFAULT)));
    }
    List<String> offenders = new ArrayList<>();
    long worstNanos = 0;
    long worstBytes = 0;
    for (String source : programs) {
      Usage usage = bestOfThree(source);
      worstNanos = Math.max(worstNanos, usage.cpuNanos());
      worstBytes = Math.max(worstBytes, usage.allocatedBytes());
      if (!usage.isWithinLimits()) {
        offenders.add(usage + ": " + source.substring(0, Math.min(100, source.length())));
      }
    }
    System.out.printf(
        "hostile programs: %d, worst %s%n", programs.size(), new Usage(worstNanos, worstBytes));
    assertEquals(List.of(), offenders);
  }

  /** A compilation or collection in between is no fault of the program. */
  private static Usage bestOfThree(String source) {
    Usage best = new Usage(Long.MAX_VALUE, 0);
    for (int i = 0; i < 3; i++) {
      Usage usage = Usage.of(() -> Python.run(source, Limits.DEFAULT));
      best =
          new Usage(
              Math.min(best.cpuNanos(), usage.cpuNanos()),
              Math.max(best.allocatedBytes(), usage.allocatedBytes()));
    }
    return best;
  }

  @Test
  void theStackOfAnOrdinaryThreadIsEnough() throws InterruptedException {
    List<Outcome> outcomes = new ArrayList<>();
    Runnable work =
        () -> programs().forEach(source -> outcomes.add(Python.run(source, Limits.DEFAULT)));
    Thread thread = new Thread(null, work, "small stack", 512 << 10);
    thread.start();
    thread.join();
    assertEquals(programs().size(), outcomes.size());
    assertTrue(outcomes.stream().noneMatch(Outcome.Internal.class::isInstance), outcomes::toString);
  }

  static List<String> programs() {
    List<String> programs = new ArrayList<>();
    addLoops(programs);
    addIntegers(programs);
    addLists(programs);
    addTexts(programs);
    addRecursion(programs);
    addSource(programs);
    return programs;
  }

  private static void addLoops(List<String> programs) {
    programs.addAll(
        List.of(
            "while True: pass",
            "while 1:\n  x = 1",
            "x = 0\nwhile x >= 0:\n  x += 1",
            "x = 0.0\nwhile x < 1e300:\n  x += 1e-300",
            "for i in range(10**18): pass",
            "for i in range(10**18):\n  for j in range(10**18):\n    x = i * j",
            "for i in range(10**40): pass",
            "sum(range(10**18))",
            "sum(range(10**6))",
            "list(range(10**18))",
            "list(range(10**7))",
            "max(range(10**9))",
            "min(range(-10**18, 10**18))",
            "len(range(10**18))",
            "5.5 in range(10**18)",
            "[i for i in range(10**18)]",
            "[i for i in range(1000) for j in range(1000)]",
            "[[j for j in range(100)] for i in range(10**6)]",
            "sum(i * j for i in range(10**5) for j in range(10**5))",
            "a = [1]\nfor x in a:\n  a.append(x)",
            "a = [1]\nfor x in a:\n  a += a",
            "while True:\n  for i in range(3):\n    continue",
            "i = 10\nwhile i:\n  i = i % 7 + 1",
            "x = [0] * 1000\nwhile 1:\n  x[5] += 1",
            "sorted(range(10**9))",
            "x = list(range(20000))\nwhile 1:\n  x.sort()",
            "x = list(range(30000))\nwhile 1:\n  x == x[:]",
            "x = list(range(3000))\nwhile 1:\n  3001 in x",
            "x = list(range(3000))\nwhile 1:\n  x.pop(0)\n  x.append(1)",
            "x = list(range(3000))\nwhile 1:\n  x.count(7)"));
  }

  private static void addIntegers(List<String> programs) {
    programs.addAll(
        List.of(
            "10**10**10",
            "2**2**2**2**2**2",
            "9**9**9",
            "x = 3\nwhile 1:\n  x = x ** 2",
            "x = 3\nwhile 1:\n  x *= x",
            "x = 1\nwhile 1:\n  x += x",
            "x = 2**8000\nwhile 1:\n  y = x * 3",
            "x = 2**4000 + 1\nwhile 1:\n  y = x * x",
            "x = 2**8000 + 1\ny = 3**2500\nwhile 1:\n  z = x // y",
            "x = 2**8000 + 1\ny = 3**2500\nwhile 1:\n  z = x % y",
            "x = 2**8000 + 1\ny = 3**2500\nwhile 1:\n  z = x / y",
            "x = 7**2900\nwhile 1:\n  str(x)",
            "x = 7**2900\nwhile 1:\n  f'{x:,}'",
            "x = 7**2900\nwhile 1:\n  float(x // 7**2800)",
            "x = 7**2900\nwhile 1:\n  round(x, -2)",
            "x = 7**2900\nwhile 1:\n  round(x, -2400)",
            "round(5, -10**9)",
            "round(2.5, 10**18)",
            "x = 7**2900\nwhile 1:\n  abs(-x)",
            "x = 7**2900\nwhile 1:\n  x == x + 1",
            "x = 7**2900\nwhile 1:\n  x < 1.5",
            "int('9' * 100000)",
            "int('9' * 2400)",
            "while 1:\n  int('9' * 2000)",
            "9".repeat(15000),
            "1" + "0".repeat(2000) + " ** 1000",
            "x = 1e308\nwhile 1:\n  round(x, 2)",
            "x = 1e-308\nwhile 1:\n  round(x, 300)",
            "x = 1e308\nwhile 1:\n  f'{x:.900f}'",
            "x = 1.1\nwhile 1:\n  x ** 0.1",
            "(-2) ** (10**18)",
            "2 ** -(10**18)",
            "for i in range(10**7):\n  x = i / 9223372036854775807",
            "0 ** 10**30",
            "pow(7, 10**9)"));
  }

  private static void addLists(List<String> programs) {
    programs.addAll(
        List.of(
            "[0] * 10**18",
            "[0] * 10**9",
            "[0] * 10**6",
            "[[0] * 1000] * 10**6",
            "x = [0]\nwhile 1:\n  x = x + x",
            "x = [0]\nwhile 1:\n  x += x",
            "x = [0]\nwhile 1:\n  x = x * 2",
            "x = [0]\nwhile 1:\n  x = [x, x]",
            "x = []\nwhile 1:\n  x = [x]",
            "x = []\nx.append(x)\nstr(x)",
            "x = []\nx.append(x)\ny = []\ny.append(y)\nx == y",
            "x = []\nx.append(x)\nx == [x]",
            "x = []\nfor i in range(500):\n  x = [x]\nstr(x)",
            "x = []\ny = []\nfor i in range(500):\n  x = [x]\n  y = [y]\nx == y",
            "x = []\ny = []\nfor i in range(500):\n  x = [x]\n  y = [y, 1]\nx < y",
            "x = [1]\nfor i in range(60):\n  x = [x, x]\nstr(x)",
            "x = [1]\ny = [1]\nfor i in range(30):\n  x = [x, x]\n  y = [y, y]\nx == y",
            "x = list(range(10**5))\nwhile 1:\n  x[:]",
            "x = list(range(10**4))\nwhile 1:\n  y = x[::-1]",
            "x = list(range(10**4))\nwhile 1:\n  a = list(x)",
            "x = (1,)\nwhile 1:\n  x = x + x",
            "a = b = c = d = [0] * 30000\nwhile 1:\n  a + b + c + d"));
  }

  private static void addTexts(List<String> programs) {
    programs.addAll(
        List.of(
            "'a' * 10**18",
            "'a' * 10**9",
            "'a' * 10**6",
            "x = 'a'\nwhile 1:\n  x += x",
            "x = ''\nwhile 1:\n  x += 'a'",
            "x = 'a' * 10**5\nwhile 1:\n  x == x + 'b'",
            "x = 'a' * 10**5\nwhile 1:\n  'b' in x",
            "x = 'a' * 10**5\nwhile 1:\n  'aaaaaaaaaaaaaaaaaaab' in x",
            "x = 'a' * 10**5\nwhile 1:\n  list(x)",
            "x = 'a' * 10**5\nwhile 1:\n  x[::2]",
            "x = 'a' * 10**5\nwhile 1:\n  f'{x}{x}{x}'",
            "f'{1:1000000000}'",
            "f'{1:.1000000000f}'",
            "w = 999\nwhile 1:\n  f'{1:{w}}'",
            "x = '1' * 2000\nwhile 1:\n  float(x)",
            "float('1' * 10**6)",
            "print('x' * 10**9)",
            "while 1:\n  print('hello', 1, 2.5)"));
  }

  private static void addRecursion(List<String> programs) {
    programs.addAll(
        List.of(
            "def f(): return f()\nf()",
            "def f(n): return f(n + 1)\nf(0)",
            "def f(n): return 1 + f(n + 1)\nf(0)",
            "def f(n): return [f(n + 1)]\nf(0)",
            "def f(n): return max(1, min(2, abs(f(n + 1))))\nf(0)",
            "def f(n): return f(f(n))\nf(0)",
            "def f(n): return n if n < 2 else f(n - 1) + f(n - 2)\nf(60)",
            "def f(n):\n  if n > 0:\n    for i in range(2):\n      f(n - 1)\nf(100)",
            "def f(a=[]):\n  a.append(1)\n  return f()\nf()",
            "def f(n):\n  def g(m): return f(m)\n  return g(n)\nf(1)",
            "def f(n): return f'{f(n)}'\nf(1)",
            "def f(n): return sum(f(n) for i in range(9))\nf(1)",
            "def f(n): return n and f(n - 1) or f(n)\nf(9)",
            "def f(n):\n  while 1:\n    if 1:\n      return f(n)\nf(9)"));
  }

  private static void addSource(List<String> programs) {
    programs.addAll(
        List.of(
            "(".repeat(19_000),
            "[".repeat(10_000) + "]".repeat(9_000),
            "-".repeat(19_000) + "1",
            "not ".repeat(4_000) + "1",
            "1" + "+1".repeat(9_000),
            "1" + "**1".repeat(6_000),
            "1" + "<1".repeat(9_000),
            "1" + " and 1".repeat(3_000),
            "1" + " if 1 else 1".repeat(1_500),
            "x" + "[0]".repeat(6_000),
            "x" + "()".repeat(9_000),
            "x" + ".y".repeat(9_000),
            "if 1:\n".repeat(2_000),
            nestedBlocks(200),
            "f'" + "{".repeat(9_000) + "'",
            "f'{" + "f\"{".repeat(1_000),
            "'" + "\\n".repeat(9_000) + "'",
            "x = 1;".repeat(3_000),
            "a=".repeat(9_000) + "1",
            "a,".repeat(9_000) + "=1",
            "\n".repeat(19_000),
            " ".repeat(19_000) + "x",
            "#".repeat(19_000),
            "\"\"\"" + "x".repeat(19_000),
            "\u0000\u0001\uffff",
            "def f(" + "a,".repeat(5_000) + "): pass"));
  }

  private static String nestedBlocks(int depth) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < depth && out.length() < 19_000; i++) {
      out.append(" ".repeat(i)).append("if 1:\n");
    }
    return out.toString();
  }
}
