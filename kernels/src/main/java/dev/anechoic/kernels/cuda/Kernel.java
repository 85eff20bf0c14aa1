package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * A kernel and its argument block, in pinned memory: an array of pointers, then the values they
 * point to, 8 bytes each. A call writes the values and launches; nothing is allocated.
 *
 * <pre>device.elements("gelu", size).arg(x).arg(y).arg(size).launch()</pre>
 */
public final class Kernel {
  static final int MAX_ARGUMENTS = 24;
  static final long BLOCK_BYTES = 16L * MAX_ARGUMENTS;
  private static final long VALUES = 8L * MAX_ARGUMENTS;

  private final CudaDevice device;
  private final String name;
  private final long function;
  private final MemorySegment block;
  private final @Nullable Tensor[] operands = new Tensor[MAX_ARGUMENTS];
  private int arguments;
  private int gridX;
  private int gridY;
  private int gridZ;
  private int threads;
  private int sharedBytes;

  Kernel(CudaDevice device, String name, long function, MemorySegment block) {
    this.device = device;
    this.name = name;
    this.function = function;
    this.block = block;
    pointAtValues(block);
  }

  /** Fills the pointer part of a block. */
  static void pointAtValues(MemorySegment block) {
    for (int i = 0; i < MAX_ARGUMENTS; i++) {
      block.set(ValueLayout.JAVA_LONG, 8L * i, block.address() + VALUES + 8L * i);
    }
  }

  /** Copies the values of one block to another. */
  static void copyValues(MemorySegment from, MemorySegment to) {
    MemorySegment.copy(from, VALUES, to, VALUES, BLOCK_BYTES - VALUES);
  }

  /** Whether the first {@code count} values of two blocks are equal. */
  static boolean sameValues(MemorySegment a, MemorySegment b, int count) {
    for (int i = 0; i < count; i++) {
      long at = VALUES + 8L * i;
      if (a.get(ValueLayout.JAVA_LONG, at) != b.get(ValueLayout.JAVA_LONG, at)) {
        return false;
      }
    }
    return true;
  }

  Kernel start(int x, int y, int z, int threadsPerBlock, int shared) {
    arguments = 0;
    gridX = x;
    gridY = y;
    gridZ = z;
    threads = threadsPerBlock;
    sharedBytes = shared;
    return this;
  }

  /** The address of a tensor; null is a null pointer. */
  public Kernel arg(@Nullable Tensor t) {
    operands[arguments] = t;
    return value(t == null ? 0 : CudaBuffer.addressOf(t));
  }

  /**
   * The address of a tensor that the kernel writes. What the device keeps of a parameter in another
   * form is out of date then.
   */
  public Kernel out(Tensor t) {
    device.written(t);
    return arg(t);
  }

  /** A device address, or a 64-bit or 32-bit integer: both read it from the low end. */
  public Kernel arg(long v) {
    operands[arguments] = null;
    return value(v);
  }

  public Kernel arg(float v) {
    operands[arguments] = null;
    return value(Float.floatToRawIntBits(v) & 0xFFFFFFFFL);
  }

  public Kernel arg(boolean v) {
    operands[arguments] = null;
    return value(v ? 1 : 0);
  }

  private Kernel value(long bits) {
    block.set(ValueLayout.JAVA_LONG, VALUES + 8L * arguments, bits);
    arguments++;
    return this;
  }

  /** Starts the kernel with the arguments given so far; an empty grid does nothing. */
  public void launch() {
    if (gridX > 0 && gridY > 0 && gridZ > 0) {
      device.launch(this);
    }
  }

  String name() {
    return name;
  }

  long function() {
    return function;
  }

  MemorySegment block() {
    return block;
  }

  int arguments() {
    return arguments;
  }

  int gridX() {
    return gridX;
  }

  int gridY() {
    return gridY;
  }

  int gridZ() {
    return gridZ;
  }

  int threads() {
    return threads;
  }

  int sharedBytes() {
    return sharedBytes;
  }

  /** For messages: name, grid, block, shared memory, operands with their shapes. */
  String describe() {
    StringJoiner shapes = new StringJoiner(", ").setEmptyValue("no tensors");
    for (int i = 0; i < arguments; i++) {
      Tensor operand = operands[i];
      if (operand != null) {
        shapes.add(operand.toString());
      }
    }
    return "kernel %s, grid (%d, %d, %d), %d threads, %d bytes of shared memory, on %s"
        .formatted(name, gridX, gridY, gridZ, threads, sharedBytes, shapes);
  }
}
