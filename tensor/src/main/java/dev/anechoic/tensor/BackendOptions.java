package dev.anechoic.tensor;

/**
 * How to open a backend.
 *
 * @param threads worker threads of a CPU backend; 0 for one per core
 * @param device ordinal of a GPU
 */
public record BackendOptions(int threads, int device) {
  /** One thread per core, device 0. */
  public static final BackendOptions DEFAULT = new BackendOptions(0, 0);

  public BackendOptions withThreads(int count) {
    return new BackendOptions(count, device);
  }

  /** {@link #threads}, with 0 resolved. */
  public int resolvedThreads() {
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }
}
