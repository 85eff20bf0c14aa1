package dev.anechoic.model.transformer;

/** How a token learns its position. */
public enum Positions {
  /** Rotary embedding of queries and keys (Su et al. 2021). */
  ROTARY,
  /** A learned vector per position, added to the token embedding. */
  LEARNED
}
