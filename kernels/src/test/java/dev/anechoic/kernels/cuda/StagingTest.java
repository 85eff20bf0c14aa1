package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Pinned pieces on a device that copies as late as it may: when it is waited for. */
class StagingTest {
  private static final long MEGABYTE = 1L << 20;

  private final Arena memory = Arena.ofAuto();

  /** What the device has still to do: copies, and the numbers of events. */
  private final Deque<Object> stream = new ArrayDeque<>();

  private final List<Integer> copied = new ArrayList<>();
  private int events;
  private int waits;

  private final Driver driver =
      (Driver)
          Proxy.newProxyInstance(
              StagingTest.class.getClassLoader(),
              new Class<?>[] {Driver.class},
              (proxy, method, arguments) ->
                  switch (method.getName()) {
                    case "pinned" -> memory.allocate((Long) arguments[0], 64);
                    case "event" -> (long) events++;
                    case "record" -> {
                      stream.add(arguments[0]);
                      yield null;
                    }
                    case "waitFor" -> {
                      waits++;
                      doUntil((Long) arguments[0]);
                      yield null;
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                  });

  private void doUntil(long event) {
    while (!stream.isEmpty()) {
      Object next = stream.removeFirst();
      if (next instanceof Runnable copy) {
        copy.run();
      } else if (next.equals(event)) {
        return;
      }
    }
  }

  /** Uploads pieces that hold the numbers 0, 1, 2, ... */
  private void upload(Staging staging, int pieces, long bytes) {
    for (int i = 0; i < pieces; i++) {
      MemorySegment piece = staging.take(bytes);
      assertEquals(bytes, piece.byteSize());
      piece.set(ValueLayout.JAVA_INT, 0, i);
      stream.add((Runnable) () -> copied.add(piece.get(ValueLayout.JAVA_INT, 0)));
    }
  }

  private void assertCopied(int pieces) {
    doUntil(-1);
    assertEquals(pieces, copied.size());
    for (int i = 0; i < pieces; i++) {
      assertEquals(i, copied.get(i));
    }
  }

  @Test
  void sixtyFourMegabytesWaitForNothing() {
    upload(new Staging(driver), 64, MEGABYTE);
    assertEquals(0, waits);
    assertCopied(64);
  }

  @Test
  void moreThanThatWaitsForTheOldestBlockAndOverwritesNothing() {
    upload(new Staging(driver), 200, MEGABYTE);
    assertTrue(waits > 0 && waits <= (200 - 64) / 4, "waits: " + waits);
    assertCopied(200);
  }

  @Test
  void piecesOfAllSizesStayWholeInTheRing() {
    Staging staging = new Staging(driver);
    upload(staging, 150, 3 * MEGABYTE / 2 + 4);
    assertCopied(150);
    copied.clear();
    staging.reset();
    upload(staging, 30, staging.pieceBytes());
    assertCopied(30);
  }

  @Test
  void afterAWaitTheSameBlocksServeAgain() {
    Staging staging = new Staging(driver);
    for (int round = 0; round < 5; round++) {
      upload(staging, 12, MEGABYTE);
      doUntil(-1);
      staging.reset();
    }
    assertEquals(0, waits);
    assertEquals(3, events, "blocks of 4 MB for 12 MB at a time");
  }
}
