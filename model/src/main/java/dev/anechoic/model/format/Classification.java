package dev.anechoic.model.format;

/**
 * The class of a completion.
 *
 * @param format index of the format in the classifier's list, or {@link #NO_FORMAT}
 * @param form {@link Form#NONE} exactly if there is no format
 */
public record Classification(int format, Form form) {

  public static final int NO_FORMAT = -1;

  static final Classification NONE = new Classification(NO_FORMAT, Form.NONE);

  public Classification {
    if ((format == NO_FORMAT) != (form == Form.NONE)) {
      throw new IllegalArgumentException("format " + format + " does not go with form " + form);
    }
  }
}
