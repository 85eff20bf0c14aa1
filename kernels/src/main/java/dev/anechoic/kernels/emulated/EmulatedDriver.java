package dev.anechoic.kernels.emulated;

import dev.anechoic.kernels.cuda.Driver;
import dev.anechoic.kernels.cuda.DriverException;
import dev.anechoic.kernels.cuda.Launches;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A driver whose device is this CPU. Launches run to their end before they return; a graph is the
 * list of its launches.
 */
@SuppressWarnings("restricted") // native calls are this class's purpose
public final class EmulatedDriver implements Driver {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final int MULTIPROCESSORS = 2;
  private static final int SHARED_BYTES = 227 << 10;

  private final Arena arena = Arena.ofShared();
  private final Path library;
  private final boolean wgmma;
  private final List<MemorySegment> names = new ArrayList<>();
  private final List<Long> eventNanos = new ArrayList<>();
  private final MethodHandle launch;
  private final MethodHandle has;
  private final MethodHandle error;
  private final MethodHandle malloc;
  private final MethodHandle free;
  private final MethodHandle memcpy;
  private final MethodHandle memset;
  private final Map<Long, Long> sizes = new HashMap<>();
  private long roomBytes = 8L << 30;
  private long allocatedBytes;
  private int maxSharedBytes = SHARED_BYTES;

  /**
   * @param library built by {@code cuda-src/build.sh emulation}
   * @param reverseLanes run lanes and warps from the last to the first, which exposes missing
   *     barriers
   * @param wgmma stand for a device of compute capability 9.0
   */
  public EmulatedDriver(Path library, boolean reverseLanes, boolean wgmma) {
    this.library = library;
    this.wgmma = wgmma;
    SymbolLookup lookup = SymbolLookup.libraryLookup(library, arena);
    FunctionDescriptor launchType =
        FunctionDescriptor.of(
            INT, ValueLayout.ADDRESS, INT, INT, INT, INT, INT, INT, INT, ValueLayout.ADDRESS);
    launch = bind(lookup, "launch", launchType);
    has = bind(lookup, "has", FunctionDescriptor.of(INT, ValueLayout.ADDRESS));
    error = bind(lookup, "error", FunctionDescriptor.of(ValueLayout.ADDRESS));
    malloc = bind(lookup, "malloc", FunctionDescriptor.of(LONG, LONG));
    free = bind(lookup, "free", FunctionDescriptor.ofVoid(LONG));
    memcpy = bind(lookup, "memcpy", FunctionDescriptor.ofVoid(LONG, LONG, LONG));
    memset = bind(lookup, "memset", FunctionDescriptor.ofVoid(LONG, INT, LONG));
    MethodHandle reverse = bind(lookup, "reverse_lanes", FunctionDescriptor.ofVoid(INT));
    run(() -> {
      reverse.invokeExact(reverseLanes ? 1 : 0);
    });
  }

  private static MethodHandle bind(SymbolLookup lookup, String name, FunctionDescriptor type) {
    return Linker.nativeLinker()
        .downcallHandle(lookup.findOrThrow("anechoic_emulated_" + name), type);
  }

  private interface Call {
    void run() throws Throwable;
  }

  private static void run(Call call) {
    try {
      call.run();
    } catch (Throwable e) {
      throw new IllegalStateException("the emulation library cannot be called", e);
    }
  }

  /** Gives a block less shared memory than the largest devices do, for tests. */
  public void setMaxSharedBytes(int bytes) {
    maxSharedBytes = bytes;
  }

  /** Makes the device as small as this, for tests of what a full device does. */
  public void setRoomBytes(long bytes) {
    roomBytes = bytes;
  }

  @Override
  public String description() {
    return "CUDA kernels emulated on the CPU by " + library.getFileName();
  }

  @Override
  public int multiprocessors() {
    return MULTIPROCESSORS;
  }

  @Override
  public int maxSharedBytes() {
    return maxSharedBytes;
  }

  @Override
  public boolean wgmma() {
    return wgmma;
  }

  // ---- memory -------------------------------------------------------------------------------

  @Override
  public long allocate(long bytes) {
    if (allocatedBytes + bytes > roomBytes) {
      return 0;
    }
    try {
      long address = (long) malloc.invokeExact(bytes);
      if (address != 0) {
        allocatedBytes += bytes;
        sizes.put(address, bytes);
      }
      return address;
    } catch (Throwable e) {
      throw new IllegalStateException("the emulation library cannot be called", e);
    }
  }

  @Override
  public void free(long address) {
    Long bytes = sizes.remove(address);
    if (bytes == null) {
      throw new DriverException("free of an address that was never allocated");
    }
    allocatedBytes -= bytes;
    run(() -> {
      free.invokeExact(address);
    });
  }

  @Override
  public MemoryInfo memory() {
    return new MemoryInfo(roomBytes - allocatedBytes, roomBytes);
  }

  @Override
  public MemorySegment pinned(long bytes) {
    return arena.allocate(bytes, 64);
  }

  @Override
  public void copyIn(long to, MemorySegment host, long bytes) {
    run(() -> {
      memcpy.invokeExact(to, host.address(), bytes);
    });
  }

  @Override
  public void copyOut(MemorySegment host, long from, long bytes) {
    run(() -> {
      memcpy.invokeExact(host.address(), from, bytes);
    });
  }

  @Override
  public void copy(long to, long from, long bytes) {
    run(() -> {
      memcpy.invokeExact(to, from, bytes);
    });
  }

  @Override
  public void zero(long address, long bytes) {
    run(() -> {
      memset.invokeExact(address, 0, bytes);
    });
  }

  // ---- kernels ------------------------------------------------------------------------------

  @Override
  public long function(String name) {
    MemorySegment text = arena.allocateFrom(name);
    try {
      if ((int) has.invokeExact(text) == 0) {
        throw new DriverException("no kernel " + name + " in " + library);
      }
    } catch (DriverException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("the emulation library cannot be called", e);
    }
    names.add(text);
    return names.size() - 1L;
  }

  @Override
  public void launch(
      long function,
      int gridX,
      int gridY,
      int gridZ,
      int threads,
      int sharedBytes,
      MemorySegment arguments) {
    int failed;
    try {
      failed =
          (int)
              launch.invokeExact(
                  names.get((int) function),
                  gridX,
                  gridY,
                  gridZ,
                  threads,
                  1,
                  1,
                  sharedBytes,
                  arguments);
    } catch (Throwable e) {
      throw new IllegalStateException("the emulation library cannot be called", e);
    }
    if (failed != 0) {
      throw new DriverException(errorText(), 0);
    }
  }

  private String errorText() {
    try {
      MemorySegment text = (MemorySegment) error.invokeExact();
      return text.reinterpret(Integer.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw new IllegalStateException("the emulation library cannot be called", e);
    }
  }

  @Override
  public void synchronize() {
    // Launches run to their end before they return.
  }

  @Override
  public Graph graph(Launches launches) {
    return new LaunchList(launches);
  }

  @Override
  public Graph loop(Launches once, Launches round, long more) {
    return new Loop(new LaunchList(once), new LaunchList(round), more);
  }

  /** Looks at a number before each round, as a while node would. */
  private static final class Loop implements Graph {
    private final Graph once;
    private final Graph round;
    private final MemorySegment number;

    Loop(Graph once, Graph round, long more) {
      this.once = once;
      this.round = round;
      number = MemorySegment.ofAddress(more).reinterpret(INT.byteSize());
    }

    @Override
    public void update(int index) {
      throw new IllegalStateException("a graph that loops is made anew");
    }

    @Override
    public void launch() {
      once.launch();
      while (number.get(INT, 0) != 0) {
        round.launch();
      }
    }

    @Override
    public void close() {
      once.close();
      round.close();
    }
  }

  /**
   * Runs the launches one after the other, from copies of the arguments as a device graph would.
   */
  private final class LaunchList implements Graph {
    private final Launches launches;
    private final List<MemorySegment> arguments = new ArrayList<>();

    LaunchList(Launches launches) {
      this.launches = launches;
      for (int i = 0; i < launches.size(); i++) {
        MemorySegment block = arena.allocate(Launches.ARGUMENT_BYTES, 64);
        launches.copyArguments(i, block);
        arguments.add(block);
      }
    }

    @Override
    public void update(int index) {
      launches.copyArguments(index, arguments.get(index));
    }

    @Override
    public void launch() {
      for (int i = 0; i < arguments.size(); i++) {
        Launches.Launch l = launches.get(i);
        try {
          EmulatedDriver.this.launch(
              l.function(),
              l.gridX(),
              l.gridY(),
              l.gridZ(),
              l.threads(),
              l.sharedBytes(),
              arguments.get(i));
        } catch (DriverException e) {
          throw new DriverException(e.reason(), i);
        }
      }
    }

    @Override
    public void close() {
      arguments.clear();
    }
  }

  // ---- events -------------------------------------------------------------------------------

  @Override
  public long event() {
    eventNanos.add(0L);
    return eventNanos.size() - 1L;
  }

  @Override
  public void record(long event) {
    eventNanos.set((int) event, System.nanoTime());
  }

  @Override
  public void waitFor(long event) {
    // Work runs to its end before its call returns.
  }

  @Override
  public double elapsedNanos(long from, long to) {
    return eventNanos.get((int) to) - eventNanos.get((int) from);
  }

  @Override
  public void close() {
    List.copyOf(sizes.keySet()).forEach(this::free);
    arena.close();
  }
}
