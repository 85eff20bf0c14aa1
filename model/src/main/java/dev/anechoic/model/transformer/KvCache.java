package dev.anechoic.model.transformer;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/**
 * Keys and values of past tokens, per layer and slot; a slot holds one sequence. A slot needs no
 * clearing before its next sequence: a token sees only the positions up to its own, all written
 * since.
 */
public final class KvCache implements AutoCloseable {
  private final Arena arena;
  private final Tensor[] keys;
  private final Tensor[] values;
  private final int slots;
  private final int positions;

  /**
   * @param slots sequences held at once
   * @param positions most tokens in a sequence; at most the model's context length
   */
  public KvCache(
      ModelConfig config, int slots, int positions, Backend backend, MemoryLedger ledger) {
    if (positions > config.contextLength()) {
      throw new IllegalArgumentException(
          "a cache of %d positions for a model with a context of %d"
              .formatted(positions, config.contextLength()));
    }
    this.slots = slots;
    this.positions = positions;
    arena = new Arena(backend, Arena.Tag.KV_CACHE, ledger);
    keys = new Tensor[config.layers()];
    values = new Tensor[config.layers()];
    try {
      for (int i = 0; i < keys.length; i++) {
        keys[i] = allocate(config, "keys " + i);
        values[i] = allocate(config, "values " + i);
      }
    } catch (TensorException e) {
      arena.close(); // a cache is made during steps, and nobody else holds the half of one
      throw e;
    }
  }

  private Tensor allocate(ModelConfig config, String name) {
    Backend backend = arena.backend();
    return arena
        .zeros(backend.floatType(), slots, config.kvHeads(), positions, config.headSize())
        .named(name);
  }

  /** Bytes that a cache takes, for plans. */
  public static long bytes(ModelConfig config, int slots, int positions, int bytesPerElement) {
    return 2L
        * config.layers()
        * slots
        * config.kvHeads()
        * positions
        * config.headSize()
        * bytesPerElement;
  }

  public int slots() {
    return slots;
  }

  public int positions() {
    return positions;
  }

  /** [slots,K,positions,D]. */
  Tensor keys(int layer) {
    return keys[layer];
  }

  /** [slots,K,positions,D]. */
  Tensor values(int layer) {
    return values[layer];
  }

  /** Makes a slot the copy of another: of all its positions, for their order is the backend's. */
  public void copySlot(int from, int to) {
    long size = keys[0].size() / slots;
    for (int i = 0; i < keys.length; i++) {
      copy(keys[i], from * size, to * size, size);
      copy(values[i], from * size, to * size, size);
    }
  }

  /**
   * Slot r takes over what the other cache holds in slot {@code sources[r]}; a negative source
   * leaves it alone.
   *
   * @param from its positions are a multiple of 64, or as many as here
   * @param sources I32 [R]
   */
  public void copySlots(KvCache from, Tensor sources) {
    for (int i = 0; i < keys.length; i++) {
      arena.backend().copySlots(from.keys[i], from.values[i], sources, keys[i], values[i]);
    }
  }

  private void copy(Tensor t, long from, long to, long size) {
    int columns = Math.toIntExact(size);
    arena.backend().copyBlock(t, from, size, t, to, size, 1, columns, false);
  }

  @Override
  public void close() {
    arena.close();
  }
}
