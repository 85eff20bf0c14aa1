package dev.anechoic.bench.peer;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A library that does some of what this engine does. It lives in a process of its own. */
public interface Peer {
  /** Something to be timed. */
  interface Prepared extends AutoCloseable {
    /** Does the work once and waits for it. */
    void run();

    /** How it was set up, where there was a choice; empty for none. */
    default String configuration() {
      return "";
    }

    @Override
    default void close() {}
  }

  /** Short name, a column of the table. */
  String name();

  /** The environment that its process needs to be at its best with so many threads. */
  Map<String, String> environment(int threads);

  /** Loads the library and sets its threads; once, first of all. Returns name and version. */
  String open(int threads);

  /** Sets up a piece of work, or returns null where the library has no such thing. */
  @Nullable Prepared prepare(Work work);
}
