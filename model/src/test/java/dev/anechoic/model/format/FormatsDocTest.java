package dev.anechoic.model.format;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.anechoic.model.corpus.GeneratorConfig;
import dev.anechoic.model.corpus.ProblemGenerator;
import dev.anechoic.model.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Keeps the examples of {@code docs/formats.md} what the program writes. */
class FormatsDocTest {

  private static final Path PAGE = Path.of("..", "docs", "formats.md");
  private static final Pattern EXAMPLE =
      Pattern.compile("<!-- example: (\\w+) -->\\n```\\n(.*?)```\\n", Pattern.DOTALL);

  @Test
  void theExamplesAreWhatTheProgramWrites() throws IOException {
    Problem problem = new ProblemGenerator(GeneratorConfig.standard(1)).training(1);
    String page = Files.readString(PAGE);
    Matcher matcher = EXAMPLE.matcher(page);
    int examples = 0;
    StringBuilder renewed = new StringBuilder();
    while (matcher.find()) {
      examples++;
      String block =
          "<!-- example: %s -->%n```%n%s%n```%n"
              .formatted(matcher.group(1), example(matcher.group(1), problem))
              .replace("\r\n", "\n");
      matcher.appendReplacement(renewed, Matcher.quoteReplacement(block));
    }
    matcher.appendTail(renewed);
    if ("write".equals(System.getProperty("anechoic.docs"))) {
      Files.writeString(PAGE, renewed);
    } else {
      assertEquals(renewed.toString(), page, "renew it with -Danechoic.docs=write");
    }
    assertEquals(1 + Formats.all().size(), examples);
  }

  private static String example(String name, Problem problem) {
    return name.equals("question")
        ? problem.questionText()
        : Formats.named(java.util.List.of(name), false).getFirst().render(problem);
  }
}
