package dev.anechoic.model.train;

import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.corpus.TokenCounter;
import dev.anechoic.model.tokenizer.Tokenizer;
import java.util.Arrays;

/**
 * Documents as tokens: question, blank line, solution, end token. Question and solution are encoded
 * apart, so that the tokens of a prompt are the same in training, where a solution follows, and in
 * sampling, where it does not yet.
 */
public final class DocumentEncoder {
  private final Tokenizer tokenizer;
  private final int endToken;

  public DocumentEncoder(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    endToken = tokenizer.endToken();
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The token that ends a document. */
  public int endToken() {
    return endToken;
  }

  /** What a model is prompted with: the question and the blank line. */
  public int[] prompt(String question) {
    return tokenizer.encode(question + Document.SEPARATOR);
  }

  /** What the model is to answer: the solution and the end token. */
  public int[] answer(String completion) {
    int[] tokens = tokenizer.encode(completion);
    int[] ended = Arrays.copyOf(tokens, tokens.length + 1);
    ended[tokens.length] = endToken;
    return ended;
  }

  /** The text of drawn tokens, without the end token. */
  public String text(int[] answer) {
    int length = answer.length;
    if (length > 0 && answer[length - 1] == endToken) {
      length--;
    }
    return tokenizer.decode(answer, 0, length);
  }

  /** Counts as this class encodes: a text is cut behind its first blank line. */
  public TokenCounter counter() {
    return text -> {
      int blank = text.indexOf(Document.SEPARATOR);
      int cut = blank < 0 ? 0 : blank + Document.SEPARATOR.length();
      return tokenizer.encode(text.substring(0, cut)).length
          + tokenizer.encode(text.substring(cut)).length;
    };
  }
}
