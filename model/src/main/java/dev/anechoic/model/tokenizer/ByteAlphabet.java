package dev.anechoic.model.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The letters under which GPT-2's vocabulary writes the 256 bytes: printable Latin-1 characters
 * stand for themselves, the other bytes, in order, for U+0100 and following. Source: Radford et
 * al., "Language Models are Unsupervised Multitask Learners" (2019), encoder.py.
 */
final class ByteAlphabet {
  private static final char[] CHAR_OF_BYTE = new char[256];
  private static final short[] BYTE_OF_CHAR = new short[0x144];

  static {
    Arrays.fill(BYTE_OF_CHAR, (short) -1);
    char next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      CHAR_OF_BYTE[b] = printable ? (char) b : next++;
      BYTE_OF_CHAR[CHAR_OF_BYTE[b]] = (short) b;
    }
  }

  private ByteAlphabet() {}

  static char charOf(int unsignedByte) {
    return CHAR_OF_BYTE[unsignedByte];
  }

  /** The byte behind a letter, or -1 where the character is no letter of this alphabet. */
  static int byteOf(char c) {
    return c < BYTE_OF_CHAR.length ? BYTE_OF_CHAR[c] : -1;
  }

  /** The bytes of a text, as letters. */
  static String spell(byte[] bytes, int from, int to) {
    char[] letters = new char[to - from];
    for (int i = from; i < to; i++) {
      letters[i - from] = CHAR_OF_BYTE[bytes[i] & 0xFF];
    }
    return new String(letters);
  }

  /** The bytes that the letters stand for, or null where one of them is no letter. */
  static byte @Nullable [] read(String letters) {
    byte[] bytes = new byte[letters.length()];
    for (int i = 0; i < bytes.length; i++) {
      int b = byteOf(letters.charAt(i));
      if (b < 0) {
        return null;
      }
      bytes[i] = (byte) b;
    }
    return bytes;
  }

  /** The bytes of a token: those of its letters, or its own UTF-8 where it is not spelled so. */
  static byte[] bytesOfToken(String token) {
    byte[] bytes = read(token);
    return bytes == null ? token.getBytes(StandardCharsets.UTF_8) : bytes;
  }
}
