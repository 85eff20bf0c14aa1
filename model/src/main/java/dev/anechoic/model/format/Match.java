package dev.anechoic.model.format;

/**
 * What a format sees in a completion.
 *
 * @param form how the completion stands to the format's grammar
 * @param from where its first marker begins in chars; {@link #NO_MARKER} where there is none
 */
public record Match(Form form, int from) {

  /** Larger than every place. */
  public static final int NO_MARKER = Integer.MAX_VALUE;

  /** Nothing of the format is there. */
  public static final Match NONE = new Match(Form.NONE, NO_MARKER);
}
