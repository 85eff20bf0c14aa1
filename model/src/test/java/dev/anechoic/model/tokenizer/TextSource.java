package dev.anechoic.model.tokenizer;

import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Texts to try tokenizers on: generated problems, many scripts, hard cases, GSM8K where present.
 */
final class TextSource {
  private TextSource() {}

  private static final String[] NAMES = {"Maya", "Tom", "Zoë", "Ali", "Ngọc", "O'Brien"};
  private static final String[] THINGS = {"apples", "red marbles", "books", "cents", "euros (€)"};

  /** Grade-school problems with a solution as prose or as code. */
  static List<String> problems(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String name = NAMES[random.nextInt(NAMES.length)];
      String thing = THINGS[random.nextInt(THINGS.length)];
      int a = random.nextInt(2, 5000);
      int b = random.nextInt(2, 30);
      String question =
          "%s has %d %s and buys %d more boxes with %,d each. How many are there?\n\n"
              .formatted(name, a, thing, b, a * b);
      texts.add(
          question
              + (random.nextBoolean()
                  ? "def simple_math_problem() -> int:\n    start = %d\n    result = start + %d * %d\n    return result\n"
                      .formatted(a, b, a * b)
                  : "First, %d * %d = %d.  Then it's %d.\nThe answer is \\boxed{%d}."
                      .formatted(b, a * b, a * b * b, a + a * b * b, a + a * b * b)));
    }
    return texts;
  }

  /** Texts in which tokenizers are known to differ. */
  static final List<String> HARD_CASES =
      List.of(
          "",
          " ",
          "  ",
          "\n",
          "\r\n\r\n \t x",
          "a",
          " a  b   c    d     ",
          "I'm you'RE he'Ll 'tis don't DON'T it'ſ",
          "1 12 123 1234 12345 1,234.56 ½ ²³ Ⅷ ٣٤٥ १२३",
          "naïve café cafe\u0301 A\u030a \u1E9B\u0323 ﬁ Å",
          "你好，世界。今日は、世界! 안녕하세요 สวัสดี नमस्ते مرحبا שלום",
          "👩‍👩‍👧‍👦 👍🏽 🇩🇪 é́́ 🤷🏻‍♀️\uFE0F",
          "\u00A0\u2003\u3000\u200B\u200D\uFEFF\u0085\u2028x",
          "<|endoftext|>",
          "a<|endoftext|>b",
          " <|endoftext|> <|pad|>",
          "<|endoftext",
          "<s>x</s>",
          "▁already ▁spelled▁",
          "<0x0A> <0xZZ>",
          "if x == 1:\n\t\tprint(f\"{y!r}\")  # comment\n\n\n    return\n",
          "\\frac{1}{2} $x^2$ \\boxed{42}",
          "http://example.org/a?b=c&d=%20#e",
          "_under_score__ CamelCase ALLCAPS",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          " ".repeat(100) + "x" + "\n".repeat(50) + " ".repeat(30),
          "=".repeat(200),
          "\u0000\u0001\u001F\u007F",
          "|||IP_ADDRESS||| x  |||");

  private static final String[] ALPHABETS = {
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "0123456789",
    "     ",
    " \t\n\r\u00A0\u3000\u2009",
    "'s't're've'm'll'dS",
    ".,;:!?()[]{}<>|/\\\"'`~@#$%^&*-_=+",
    "äöüßéèñçøåſİıǅ\u0301\u0308\u030A",
    "абвгдеёжαβγδ١٢٣अआकि",
    "你好世界日本語한국어กขค",
    "½²Ⅷ①٣",
    "😀👍🏽🤷‍♀️🇩🇪\uFE0F",
    "▁Ġ\u200B\uFFFD\u0000\u0085",
  };

  /** Random mixtures of scripts, spaces and special tokens. */
  static List<String> mixtures(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StringBuilder text = new StringBuilder();
      int runs = random.nextInt(1, 12);
      for (int r = 0; r < runs; r++) {
        if (random.nextInt(20) == 0) {
          text.append(random.nextBoolean() ? "<|endoftext|>" : "<|pad|>");
          continue;
        }
        int[] alphabet = ALPHABETS[random.nextInt(ALPHABETS.length)].codePoints().toArray();
        for (int n = random.nextInt(1, 8); n > 0; n--) {
          text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
        }
      }
      texts.add(text.toString());
    }
    return texts;
  }

  /** GSM8K's questions and answers, or nothing, with the reason printed, where they are absent. */
  static List<String> gsm8k() {
    Path file = dataFolder().resolve("gsm8k/test.jsonl");
    if (!Files.exists(file)) {
      System.out.println("GSM8K left out: there is no " + file);
      return List.of();
    }
    List<String> texts = new ArrayList<>();
    for (Json row : JsonLines.readAll(file)) {
      texts.add(row.get("question").string() + "\n\n" + row.get("answer").string());
    }
    return texts;
  }

  private static Path dataFolder() {
    String folder = System.getProperty("anechoic.data");
    return folder != null ? Path.of(folder) : Path.of("..", "..", "shared", "data").normalize();
  }
}
