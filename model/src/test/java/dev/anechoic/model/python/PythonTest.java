package dev.anechoic.model.python;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PythonTest {

  private static String show(String source) {
    return switch (Python.run(source, Limits.DEFAULT)) {
      case Outcome.Value value -> value.repr();
      case Outcome.Raised(String error, String _) -> error;
      case Outcome.OverBudget(String limit) -> "over " + limit;
      case Outcome.Unparsable(String reason, int _, boolean _) -> "unparsable: " + reason;
      case Outcome.Internal(Throwable cause) -> throw new AssertionError(source, cause);
    };
  }

  /** Results of CPython 3.11, typed by hand; {@code \n} stands for a line end. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          7 / 2                          | 3.5
          6 / 2                          | 3.0
          -7 // 2                        | -4
          -7 % 3                         | 2
          7 % -3                         | -2
          -7.5 // 2                      | -4.0
          -7.5 % 2                       | 0.5
          5.0 // 0.1                     | 49.0
          0 / -5                         | -0.0
          2 ** 10                        | 1024
          2 ** -1                        | 0.5
          -2 ** 2                        | -4
          (-2) ** 2                      | 4
          2 ** 3 ** 2                    | 512
          2 ** 100                       | 1267650600228229401496703205376
          10 ** 20 // 3                  | 33333333333333333333
          9007199254740993 / 1           | 9007199254740992.0
          round(2.5)                     | 2
          round(3.5)                     | 4
          round(-2.5)                    | -2
          round(2.675, 2)                | 2.67
          round(1234, -2)                | 1200
          round(1250, -2)                | 1200
          round(7, 2)                    | 7
          int(-3.9)                      | -3
          int('42')                      | 42
          float('2.50')                  | 2.5
          0.1 + 0.2                      | 0.30000000000000004
          1e16                           | 1e+16
          1e15                           | 1000000000000000.0
          1e-5                           | 1e-05
          0.0001                         | 0.0001
          5e-324                         | 5e-324
          1 / 3                          | 0.3333333333333333
          100000000000000000000.0        | 1e+20
          True + True                    | 2
          True == 1                      | True
          not 0                          | True
          1 and 0.5                      | 0.5
          0 or 'x'                       | 'x'
          1 < 2 < 3                      | True
          1 < 3 < 2                      | False
          1 == 1.0                       | True
          9007199254740993 == 9007199254740992.0 | False
          'ab' + 'c' * 3                 | 'abccc'
          [1, 2.0, 'a', None, True]      | [1, 2.0, 'a', None, True]
          [1, 2, 3][-1]                  | 3
          [1, 2, 3, 4][1:3]              | [2, 3]
          [1, 2, 3, 4][::-2]             | [4, 2]
          'hello'[1:]                    | 'ello'
          (1,)                           | (1,)
          len(range(10, 0, -3))          | 4
          sum([1, 2.5])                  | 3.5
          sum(x * 2 for x in [1, 2, 3])  | 12
          [x for x in range(5) if x % 2] | [1, 3]
          max(3, 7, 5)                   | 7
          min([4, 2, 8])                 | 2
          abs(-3)                        | 3
          sorted([3, 1, 2])              | [1, 2, 3]
          2 if 0 else 3                  | 3
          3 in [1, 2]                    | False
          f'{3.14159:.2f}'               | '3.14'
          f'{1234567:,}'                 | '1,234,567'
          f'{1234.5:,.2f}'               | '1,234.50'
          f'{0.256:.1%}'                 | '25.6%'
          f'{5:03d}'                     | '005'
          f'{2.675:.2f} {1+1} {{x}}'     | '2.67 2 {x}'
          f'{"a":>3}'                    | '  a'
          str(5.0) + str(7)              | '5.07'
          1_000                          | 1000
          "it's"                         | "it's"
          1 / 0                          | ZeroDivisionError
          1 % 0                          | ZeroDivisionError
          [1][5]                         | IndexError
          'a' + 1                        | TypeError
          x                              | NameError
          int('x')                       | ValueError
          1.0e308 * 10                   | inf
          10.0 ** 400                    | OverflowError
          """)
  void expressionsHaveTheResultsOfCPython(String source, String expected) {
    assertEquals(expected, show(source.replace("\\n", "\n")));
  }

  @Test
  void programsRunAsInCPython() {
    assertEquals("120", show("def f(n):\n  return 1 if n < 2 else n * f(n - 1)\nf(5)"));
    assertEquals("5.5", show("import math\nmath.sqrt(30.25)"));
    assertEquals("(3, 2)", show("from math import ceil, floor as f\n(ceil(2.1), f(2.9))"));
    assertEquals("(2, 1)", show("a, b = 1, 2\na, b = b, a\n(a, b)"));
    assertEquals("[1, [2, 3], 4]", show("a, (b, c), d = 1, (2, 3), 4\n[a, [b, c], d]"));
    assertEquals("10", show("x = 3\nx += 2\nx *= 2\nx"));
    assertEquals("[1, 2, 9]", show("a = [1, 2, 3]\nb = a\nb[-1] = 9\na"));
    assertEquals("[1, 2]", show("a = [1]\nb = a\nb += [2]\na"));
    assertEquals("6", show("t = 0\nfor i in range(10):\n  if i == 4:\n    break\n  t += i\nt"));
    assertEquals(
        "25", show("t = 0\nfor i in range(10):\n  if i % 2 == 0:\n    continue\n  t += i\nt"));
    assertEquals("'done'", show("i = 0\nwhile i < 3:\n  i += 1\nelse:\n  r = 'done'\nr"));
    assertEquals("12", show("def f(a, b=2, c=3):\n  return a + b * c\nf(6, c=3)"));
    assertEquals("3", show("x = 1\ndef f():\n  y = x + 2\n  return y\nf()"));
    assertEquals("UnboundLocalError", show("x = 1\ndef f():\n  x += 1\n  return x\nf()"));
    assertEquals("None", show("def f():\n  x = 1\nprint(f())"));
    assertEquals("8", show("def f(a, b):\n  def g(c):\n    return a * c\n  return g(b)\nf(2, 4)"));
    assertEquals("3", show("x: int = 3\nx"));
    assertEquals("5", show("x = (1 +\n  # inside brackets lines join\n  4)\nx"));
    assertEquals("5", show("x = 1 + \\\n  4\nx"));
    assertEquals("'ab'", show("x = 'a' 'b'\nx"));
    assertEquals("AssertionError", show("assert 1 > 2"));
  }

  @Test
  void theLastShownValueCountsAndPrintingDoesNothing() {
    assertEquals("4", show("x = 4\nprint('x is', x)"));
    assertEquals("5", show("print(4)\n5"));
    assertTrue(assertInstanceOf(Outcome.Value.class, run("x = 1")).isNone());
  }

  @Test
  void aFunctionIsCalledByItsPlaceNotItsName() {
    String source =
        """
        import math

        def share(n, m):
            return n / m

        def simple_math_problem() -> float:
            \"""
            Tom defines a default: "def".
            \"""
            apples = 10  # stated
            friends: int = 4
            result = share(apples, friends)
            return result
        """;
    Outcome outcome = Python.callFunction(source, Limits.DEFAULT);
    assertEquals(new BigDecimal("2.5"), assertInstanceOf(Outcome.Value.class, outcome).number());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "class A: pass",
        "x = {1: 2}",
        "lambda x: x",
        "import os",
        "try:\n  1\nexcept: 2",
        "x = 'a'.upper()",
        "open('x')",
        "eval('1')",
        "x = 1 if",
        "def f(:\n 1",
        "1 +",
        "x = = 1",
        "if 1:\nx",
        "  x = 1",
        "for i in range(3) print(i)",
        "return 5",
        "break",
        "a b",
        "5 = x",
        "x = 08",
        "f'{'",
        "x = 'abc",
        "yield 1",
        "1 << 2",
        "del x",
        "()()()(",
        "not",
        "x = [1, 2"
      })
  void whatIsNotInTheSubsetIsUnparsable(String source) {
    assertInstanceOf(Outcome.Unparsable.class, run(source));
  }

  @Test
  void aProgramThatIsCutOffIsToldFromOneThatIsWrong() {
    String program =
        "def f():\n    apples = 12 + 5\n    result = (apples - 2) * 3\n    return result";
    for (int end = 9; end < program.length() - 13; end++) {
      Outcome outcome = Python.checkFunctions(program.substring(0, end), Limits.DEFAULT);
      boolean cut = outcome instanceof Outcome.Unparsable unparsable && unparsable.atEnd();
      assertTrue(cut, () -> outcome + "");
    }
    Outcome wrong = Python.checkFunctions(program.replace("12 + 5", "12 5 +"), Limits.DEFAULT);
    assertTrue(
        wrong instanceof Outcome.Unparsable(String _, int line, boolean atEnd)
            && !atEnd
            && line == 2);
  }

  @Test
  void everyLimitIsReported() {
    assertEquals("over steps", show("while True:\n  pass"));
    assertEquals("over memory", show("x = [0] * 10 ** 9"));
    assertEquals("over integer size", show("10 ** 10 ** 10"));
    assertEquals("over recursion", show("def f(n):\n  return f(n + 1)\nf(0)"));
    assertEquals("over nesting", show("(".repeat(200) + "1" + ")".repeat(200)));
    assertEquals("over source length", show("1 + ".repeat(10_000) + "1"));
  }

  @Test
  void aValueWithoutTextIsShownByItsType() {
    Outcome outcome = run("def f(): return 1\nf");
    assertEquals("<function>", assertInstanceOf(Outcome.Value.class, outcome).repr());
    assertEquals("unparsable: invalid character '٣'", show("x = ٣"));
  }

  private static Outcome run(String source) {
    return Python.run(source, Limits.DEFAULT);
  }
}
