package dev.anechoic.rl.cli;

import dev.anechoic.model.io.Json;
import java.util.List;

/** Token ids out of a user's file. */
final class TokenIds {
  private TokenIds() {}

  /**
   * The ids of a JSON array.
   *
   * @throws dev.anechoic.model.UserError naming the place, for an id outside the vocabulary
   */
  static int[] of(Json array, int vocabSize) {
    List<Json> items = array.items();
    int[] ids = new int[items.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = items.get(i).intValue();
      if (ids[i] < 0 || ids[i] >= vocabSize) {
        throw items.get(i).mismatch("a token id from 0 to " + (vocabSize - 1));
      }
    }
    return ids;
  }
}
