package dev.anechoic.rl.report;

import java.util.List;

/**
 * The colour of a format: fixed for the formats of the study, so that it is the same in every
 * chart, run and report; the next free slot for others.
 *
 * <p>The colours are those of Okabe and Ito, "Color Universal Design" (2008), told apart by readers
 * with any common colour vision; {@code report.css} holds a light and a dark shade of each.
 */
final class FormatColours {
  private static final List<String> KNOWN =
      List.of("code", "tool", "text", "annotated", "symbolic");
  private static final int SLOTS = 7;

  /** What is no format of its own: completions of several formats, and of none. */
  static final List<String> RESIDUES = List.of("mixed", "none");

  private final List<String> formats;

  FormatColours(List<String> formats) {
    this.formats = formats.stream().filter(f -> !KNOWN.contains(f) && !isResidue(f)).toList();
  }

  /** True for completions of several formats or of none. */
  static boolean isResidue(String format) {
    return RESIDUES.contains(format);
  }

  /** The CSS class of a format, {@code f0} to {@code f6}, {@code f-mixed} or {@code f-none}. */
  String css(String format) {
    if (isResidue(format)) {
      return "f-" + format;
    }
    int slot = KNOWN.indexOf(format);
    if (slot < 0) {
      slot = KNOWN.size() + Math.max(0, formats.indexOf(format)) % (SLOTS - KNOWN.size());
    }
    return "f" + slot;
  }
}
