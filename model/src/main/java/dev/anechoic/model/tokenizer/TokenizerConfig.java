package dev.anechoic.model.tokenizer;

import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;
import java.util.ArrayList;
import java.util.List;

/** How a tokenizer is trained. */
@Doc("byte-level BPE tokenizer")
public record TokenizerConfig(
    @Doc("tokens in all: special ones, 256 bytes, merges") @Default("512") @Range(min = 257)
        int vocabSize,
    @Doc("a pair seen less often than this is not merged") @Default("2") @Range(min = 1)
        long minCount,
    @Doc("how text is cut before merging") @Default("gpt2") Cut cut,
    @Doc("whether every digit is a token of its own") @Default("true") boolean singleDigits,
    @Doc("whether text is brought to Unicode NFC first") @Default("false") boolean nfc,
    @Doc("token that ends a document") @Default("<|endoftext|>") String endToken,
    @Doc("token that fills up a batch") @Default("<|pad|>") String padToken,
    @Doc("further special tokens") List<String> specialTokens) {

  /** The regular expressions by which text is cut. */
  public enum Cut {
    /** Words with the space before them, numbers, punctuation, as GPT-2 and OLMo do. */
    GPT2,
    /** The same with case-blind contractions and numbers of up to three digits, as Llama 3 does. */
    LLAMA3
  }

  public TokenizerConfig {
    List<String> all = new ArrayList<>(List.of(endToken, padToken));
    all.addAll(specialTokens);
    if (all.stream().anyMatch(String::isEmpty) || all.stream().distinct().count() < all.size()) {
      throw new IllegalArgumentException("the special tokens " + all + " are not all different");
    }
    if (vocabSize < 256 + all.size()) {
      throw new IllegalArgumentException(
          "vocab_size is %d, too small for 256 bytes and %d special tokens"
              .formatted(vocabSize, all.size()));
    }
    specialTokens = List.copyOf(specialTokens);
  }

  /** The special tokens in the order of their ids, from 0. */
  List<String> allSpecialTokens() {
    List<String> all = new ArrayList<>(List.of(endToken, padToken));
    all.addAll(specialTokens);
    return all;
  }
}
