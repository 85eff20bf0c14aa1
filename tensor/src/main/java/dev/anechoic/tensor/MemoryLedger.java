package dev.anechoic.tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * Bytes per {@link Arena.Tag}: planned before a run, live now, and the peak so far. Arenas of
 * several threads may share a ledger.
 */
public final class MemoryLedger {
  /** Asked before each allocation of an arena; a test can throw from here. */
  @FunctionalInterface
  public interface AllocationHook {
    void beforeAllocation(Arena arena, DType dtype, long elements);
  }

  private static final int TAGS = Arena.Tag.values().length;

  private final List<Arena> arenas = new ArrayList<>();
  private final long[] planBytes = new long[TAGS];
  private final long[] liveBytes = new long[TAGS];
  private final long[] peakBytes = new long[TAGS];
  private AllocationHook hook = (arena, dtype, elements) -> {};

  /** Takes the place of the hook before; set while no other thread allocates. */
  public void setAllocationHook(AllocationHook hook) {
    this.hook = hook;
  }

  void beforeAllocation(Arena arena, DType dtype, long elements) {
    hook.beforeAllocation(arena, dtype, elements);
  }

  synchronized void register(Arena arena) {
    arenas.add(arena);
  }

  synchronized void unregister(Arena arena) {
    update(arena);
    arenas.remove(arena);
  }

  synchronized void update(Arena changed) {
    long live = 0;
    for (int i = 0; i < arenas.size(); i++) {
      Arena arena = arenas.get(i);
      if (arena.tag() == changed.tag()) {
        live += arena.liveBytes();
      }
    }
    int tag = changed.tag().ordinal();
    liveBytes[tag] = live;
    peakBytes[tag] = Math.max(peakBytes[tag], live);
  }

  /** States what a run expects to need; printed beside the peak. */
  public void plan(Arena.Tag tag, long bytes) {
    planBytes[tag.ordinal()] += bytes;
  }

  public long plannedBytes(Arena.Tag tag) {
    return planBytes[tag.ordinal()];
  }

  public long liveBytes(Arena.Tag tag) {
    return liveBytes[tag.ordinal()];
  }

  public long peakBytes(Arena.Tag tag) {
    return peakBytes[tag.ordinal()];
  }

  /** A table of the tags in use, in MiB. */
  @Override
  public String toString() {
    StringBuilder table = new StringBuilder("memory (MiB)       plan      live      peak\n");
    for (Arena.Tag tag : Arena.Tag.values()) {
      int i = tag.ordinal();
      if (planBytes[i] + peakBytes[i] > 0) {
        table.append(
            "  %-12s %9.1f %9.1f %9.1f%n"
                .formatted(
                    tag.name().toLowerCase(java.util.Locale.ROOT),
                    planBytes[i] / 0x1p20,
                    liveBytes[i] / 0x1p20,
                    peakBytes[i] / 0x1p20));
      }
    }
    return table.toString();
  }
}
