package dev.anechoic.model.corpus;

/** Counts the tokens of a text. */
@FunctionalInterface
public interface TokenCounter {

  /** Number of tokens of a document's text, without the end token. */
  int count(String text);
}
