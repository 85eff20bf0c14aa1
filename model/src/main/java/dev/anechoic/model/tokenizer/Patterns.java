package dev.anechoic.model.tokenizer;

/** The regular expressions by which well-known tokenizers cut text. */
final class Patterns {
  /** GPT-2, GPT-NeoX, OLMo; {@link Gpt2Cutter} does the same. Source: encoder.py of GPT-2. */
  static final String GPT2_REGEX =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

  /** Llama 3; numbers in groups of up to three digits. Source: tokenizer.py of Llama 3. */
  static final String LLAMA3_REGEX =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private Patterns() {}
}
