package dev.anechoic.model.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Tokenized documents in memory, end to end in one array: question, blank line, solution, end
 * token. Each carries its format and where its answer begins.
 */
public final class Documents {
  private final List<String> formats = new ArrayList<>();
  private int[] tokens = new int[1 << 12];
  private int[] starts = new int[1 << 8];
  private int[] answers = new int[1 << 8];
  private int[] formatOf = new int[1 << 8];
  private int count;
  private int longest;

  /**
   * Adds a document.
   *
   * @param prompt tokens of the question and the blank line behind it
   * @param answer tokens of the solution and the end token
   * @param format the answer's format
   */
  public void add(int[] prompt, int[] answer, String format) {
    if (count + 1 == starts.length) {
      starts = Arrays.copyOf(starts, 2 * count + 2);
      answers = Arrays.copyOf(answers, 2 * count + 2);
      formatOf = Arrays.copyOf(formatOf, 2 * count + 2);
    }
    int from = starts[count];
    int length = prompt.length + answer.length;
    int to = Math.addExact(from, length);
    if (to > tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.max(to, tokens.length + (tokens.length >> 1)));
    }
    System.arraycopy(prompt, 0, tokens, from, prompt.length);
    System.arraycopy(answer, 0, tokens, from + prompt.length, answer.length);
    answers[count] = prompt.length;
    formatOf[count] = formatIndex(format);
    starts[++count] = to;
    longest = Math.max(longest, length);
  }

  private int formatIndex(String format) {
    int index = formats.indexOf(format);
    if (index < 0) {
      formats.add(format);
      index = formats.size() - 1;
    }
    return index;
  }

  /** Number of documents. */
  public int count() {
    return count;
  }

  /** Tokens in all documents. */
  public long totalTokens() {
    return starts[count];
  }

  /** Tokens of the longest document. */
  public int longest() {
    return longest;
  }

  /** Tokens of a document. */
  public int length(int document) {
    return starts[document + 1] - starts[document];
  }

  /** Tokens before the answer of a document. */
  public int answerStart(int document) {
    return answers[document];
  }

  /** Names of the formats, in the order of their first document. */
  public List<String> formats() {
    return List.copyOf(formats);
  }

  /** The format of a document, an index into {@link #formats}. */
  public int format(int document) {
    return formatOf[document];
  }

  /** A copy of a document's tokens. */
  public int[] tokens(int document) {
    return Arrays.copyOfRange(tokens, starts[document], starts[document + 1]);
  }

  /**
   * Copies {@code length} tokens of a document, from its {@code from}-th on, to {@code to[at..]}.
   */
  void copy(int document, int from, int length, int[] to, int at) {
    System.arraycopy(tokens, starts[document] + from, to, at, length);
  }
}
