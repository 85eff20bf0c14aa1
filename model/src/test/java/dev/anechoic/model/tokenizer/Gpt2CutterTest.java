package dev.anechoic.model.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class Gpt2CutterTest {
  private static final PreTokenizer REGEX =
      SplitCutter.isolating(
          Pattern.compile(
              Patterns.GPT2_REGEX, Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNICODE_CASE));

  @Test
  void piecesOfASentence() {
    assertEquals(
        List.of("I", "'ll", " pay", " $", "3", ".", "50", "  ", " x", "\n", "\n", "y", " "),
        pieces(new Gpt2Cutter(), "I'll pay $3.50   x\n\ny "));
  }

  @Test
  void equalsTheRegularExpression() {
    List<String> texts = new ArrayList<>(TextSource.HARD_CASES);
    texts.addAll(TextSource.mixtures(5000, 21));
    texts.addAll(TextSource.problems(50, 21));
    for (String text : texts) {
      String well = Characters.wellFormed(text);
      assertEquals(pieces(REGEX, well), pieces(new Gpt2Cutter(), well));
    }
  }

  @Test
  void everyCharacterIsOfTheSameKind() {
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (Character.getType(c) != Character.SURROGATE) {
        String text = "a 1" + Character.toString(c) + "'b";
        assertEquals(pieces(REGEX, text), pieces(new Gpt2Cutter(), text), "U+" + c);
      }
    }
  }

  private static List<String> pieces(PreTokenizer cutter, String text) {
    List<String> pieces = new ArrayList<>();
    cutter.cut(text, 0, text.length(), true, (t, from, to, _) -> pieces.add(t.substring(from, to)));
    return pieces;
  }
}
