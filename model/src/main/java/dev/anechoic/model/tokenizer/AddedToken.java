package dev.anechoic.model.tokenizer;

import dev.anechoic.model.io.Json;

/**
 * A token that is found in the text as it stands, before any cutting; the fields are those of
 * {@code tokenizer.json}.
 *
 * @param singleWord whether it counts only with no letter or digit next to it
 * @param lstrip whether it takes the white space before it along
 * @param rstrip whether it takes the white space after it along
 * @param normalized whether it is looked for in the normalized text
 * @param special whether decoding may leave it out
 */
record AddedToken(
    int id,
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {

  static AddedToken of(Json json) {
    boolean special = Components.flag(json, "special", false);
    return new AddedToken(
        json.get("id").intValue(),
        json.get("content").string(),
        Components.flag(json, "single_word", false),
        Components.flag(json, "lstrip", false),
        Components.flag(json, "rstrip", false),
        Components.flag(json, "normalized", !special),
        special);
  }
}
