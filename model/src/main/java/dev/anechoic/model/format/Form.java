package dev.anechoic.model.format;

/** How a completion stands to the grammar of a format, best first. */
public enum Form {
  /** The whole completion is in the grammar. */
  WELL_FORMED,
  /** The completion is a beginning of a text in the grammar. */
  TRUNCATED,
  /** The completion has a marker of the format and something that the grammar does not allow. */
  MIXED,
  /** Nothing of the format is there. */
  NONE
}
