package dev.anechoic.tensor;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is prepared for work that comes again, such as its {@link Recording}: made at the second
 * sight of a key, since most shapes that come once do not come again.
 *
 * @param <K> all that decides which kernels the work starts, such as shapes
 * @param <P> what is prepared
 */
public final class Recurring<K, P> {
  /** Keys beyond this get nothing: a graph of a large model takes a megabyte. */
  private static final int MOST = 64;

  private final Function<K, P> make;
  private final Map<K, P> made = new HashMap<>();
  private final Set<K> seen = new HashSet<>();

  public Recurring(Function<K, P> make) {
    this.make = make;
  }

  /** What is there for a key; null at its first sight, or where there are too many. */
  public @Nullable P of(K key) {
    P known = made.get(key);
    if (known == null && !seen.add(key) && made.size() < MOST) {
      known = make.apply(key);
      made.put(key, known);
    }
    return known;
  }

  /** How many keys have something. */
  public int count() {
    return made.size();
  }

  /** Forgets everything, keys seen once included. */
  public void clear(Consumer<P> close) {
    made.values().forEach(close);
    made.clear();
    seen.clear();
  }
}
