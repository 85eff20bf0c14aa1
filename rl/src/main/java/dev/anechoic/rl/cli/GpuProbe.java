package dev.anechoic.rl.cli;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Asks the CUDA driver, without any CUDA library of this project, which GPUs there are: so {@code
 * doctor} can tell a missing driver from a backend that does not work. Names and numbers are those
 * of the CUDA Driver API ({@code cuda.h}).
 */
@SuppressWarnings("restricted") // the launcher enables native access
final class GpuProbe {
  /** What the driver said. */
  sealed interface Result {}

  /** No usable driver, and why. */
  record Absent(String reason) implements Result {}

  /** A driver; {@code devices} holds one line per GPU. */
  record Found(String cudaVersion, List<String> devices) implements Result {}

  private static final int CUDA_SUCCESS = 0;
  private static final int COMPUTE_CAPABILITY_MAJOR = 75;
  private static final int COMPUTE_CAPABILITY_MINOR = 76;
  private static final int NAME_BYTES = 256;
  private static final double BYTES_PER_GIB = 1L << 30;

  private final Arena arena;
  private final SymbolLookup driver;

  private GpuProbe(Arena arena, SymbolLookup driver) {
    this.arena = arena;
    this.driver = driver;
  }

  static Result probe() {
    String library = libraryName();
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup driver;
      try {
        driver = SymbolLookup.libraryLookup(library, Arena.global());
      } catch (IllegalArgumentException e) {
        return new Absent("none: the system has no " + library);
      }
      return new GpuProbe(arena, driver).ask();
    } catch (DriverException e) {
      return new Absent(library + " is there, but " + e.getMessage());
    }
  }

  private static String libraryName() {
    boolean windows = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("win");
    return windows ? "nvcuda.dll" : "libcuda.so.1";
  }

  private Found ask() throws DriverException {
    call("cuInit", 0);
    MemorySegment number = arena.allocate(JAVA_INT);
    call("cuDriverGetVersion", number);
    int version = number.get(JAVA_INT, 0); // 13000 is 13.0
    call("cuDeviceGetCount", number);
    int count = number.get(JAVA_INT, 0);
    List<String> devices = new ArrayList<>();
    for (int ordinal = 0; ordinal < count; ordinal++) {
      devices.add(device(ordinal));
    }
    return new Found(version / 1000 + "." + version % 1000 / 10, devices);
  }

  private String device(int ordinal) throws DriverException {
    MemorySegment number = arena.allocate(JAVA_INT);
    call("cuDeviceGet", number, ordinal);
    int device = number.get(JAVA_INT, 0);
    MemorySegment name = arena.allocate(NAME_BYTES);
    call("cuDeviceGetName", name, NAME_BYTES, device);
    MemorySegment bytes = arena.allocate(JAVA_LONG);
    call("cuDeviceTotalMem_v2", bytes, device);
    return String.format(
        Locale.ROOT,
        "%d: %s, %.1f GiB, compute capability %d.%d",
        ordinal,
        name.getString(0),
        bytes.get(JAVA_LONG, 0) / BYTES_PER_GIB,
        attribute(COMPUTE_CAPABILITY_MAJOR, device),
        attribute(COMPUTE_CAPABILITY_MINOR, device));
  }

  private int attribute(int attribute, int device) throws DriverException {
    MemorySegment number = arena.allocate(JAVA_INT);
    call("cuDeviceGetAttribute", number, attribute, device);
    return number.get(JAVA_INT, 0);
  }

  /** Calls a driver function whose arguments are ints and pointers. */
  private void call(String function, Object... arguments) throws DriverException {
    MemorySegment address =
        driver
            .find(function)
            .orElseThrow(() -> new DriverException("it has no function " + function));
    MemoryLayout[] layouts = new MemoryLayout[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      layouts[i] = arguments[i] instanceof MemorySegment ? ADDRESS : JAVA_INT;
    }
    MethodHandle handle =
        Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(JAVA_INT, layouts));
    int status;
    try {
      status = (int) handle.invokeWithArguments(arguments);
    } catch (Throwable e) { // a method handle declares Throwable; a C function throws nothing
      throw new IllegalStateException(function, e);
    }
    if (status != CUDA_SUCCESS) {
      throw new DriverException(function + " fails with error " + status);
    }
  }

  /** The driver answered with an error. */
  private static final class DriverException extends Exception {
    private static final long serialVersionUID = 1L;

    DriverException(String message) {
      super(message);
    }
  }
}
