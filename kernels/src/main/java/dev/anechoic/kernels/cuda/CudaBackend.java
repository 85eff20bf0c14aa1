package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.BFloat16;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.Buffer;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The backend on a CUDA device: kernels of {@code cuda-src/}, launched on one stream.
 *
 * <p>Tensors are F32 and I32; BF16 is storage that {@code copy} converts. Launches return at once;
 * {@code read}, {@code synchronize} and {@code countNotFinite} wait.
 */
public final class CudaBackend
    implements Backend,
        CudaElementwise,
        CudaNorms,
        CudaMatmul,
        CudaActivations,
        CudaAttention,
        CudaLogits,
        CudaLosses {

  private final String name;
  private final CudaDevice device;
  private final Precision precision;
  private final List<GraphRecorder> recorders = new ArrayList<>();

  /** What matrix products and attention compute with. */
  public enum Precision {
    /** Operands in f32: the order of sums that the kernel table states. */
    F32,
    /** Operands rounded to bf16 for the tensor cores, sums in f32. */
    BF16
  }

  /**
   * @param driver closed with the backend
   */
  public CudaBackend(String name, Driver driver, Precision precision) {
    this.name = name;
    this.device = new CudaDevice(driver);
    this.precision = precision;
  }

  @Override
  public CudaDevice gpu() {
    return device;
  }

  @Override
  public boolean bf16() {
    return precision == Precision.BF16;
  }

  /**
   * Makes all bf16 matrix products take one tile, for measurements.
   *
   * @param tile null lets the shape decide again
   * @throws TensorException where this device cannot run it
   */
  public void forceTile(@Nullable MatmulTile tile) {
    if (tile != null && tile.wgmma() && !device.driver().wgmma()) {
      throw new TensorException(
          TensorException.Kind.BACKEND,
          "tile " + tile + " on " + device.driver().description(),
          "wgmma needs compute capability 9.0; take a tile of mma.sync");
    }
    device.forceTile(tile);
  }

  /**
   * Makes attention with bf16 operands take one tile, for measurements. The two instructions keep a
   * cache in different forms, so it must not change between writing and reading one.
   *
   * @param tile null lets device and shape decide again
   * @throws TensorException where this device cannot run it
   */
  public void forceAttention(@Nullable AttentionTile tile) {
    if (tile != null && tile.wgmma() && !device.driver().wgmma()) {
      throw new TensorException(
          TensorException.Kind.BACKEND,
          "attention " + tile + " on " + device.driver().description(),
          "wgmma needs compute capability 9.0; take MMA");
    }
    device.forceAttention(tile);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    return name
        + ": "
        + device.driver().description()
        + (bf16() ? ", bf16 operands with f32 sums" : ", f32");
  }

  @Override
  public DType floatType() {
    return DType.F32;
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public int alignment() {
    return 64; // elements: 128 bytes also for bf16, the unit in which the device reads memory
  }

  // ---- memory -------------------------------------------------------------------------------

  @Override
  public Buffer allocate(DType dtype, long elements) {
    if (dtype == DType.F64) {
      throw new TensorException(
          TensorException.Kind.DTYPE,
          "F64[" + elements + "] on backend " + name,
          "only the reference backend computes in double; use F32");
    }
    long bytes = Math.max(1, elements * dtype.bytes());
    long address = device.take(bytes);
    device.zero(address, bytes);
    return new CudaBuffer(address, dtype, elements, bytes);
  }

  @Override
  public void free(Buffer buffer) {
    CudaBuffer memory = (CudaBuffer) buffer;
    device.roundedWeights().forget(memory.address(), memory.bytes());
    device.pool().give(memory.address(), memory.bytes());
  }

  @Override
  public void write(Tensor dst, float[] src, int from) {
    dst.checkHostArray("write", src.length, from);
    boolean half = dst.dtype() == DType.BF16;
    checkHostType(dst, dst.dtype() == DType.F32 || half);
    copyIn(
        dst,
        (piece, first, count) -> {
          if (half) {
            for (int i = 0; i < count; i++) {
              putFloat(piece, i, src[from + first + i], true);
            }
          } else {
            MemorySegment.copy(src, from + first, piece, ValueLayout.JAVA_FLOAT, 0, count);
          }
        });
  }

  @Override
  public void write(Tensor dst, double[] src, int from) {
    dst.checkHostArray("write", src.length, from);
    boolean half = dst.dtype() == DType.BF16;
    checkHostType(dst, dst.dtype() == DType.F32 || half);
    copyIn(
        dst,
        (piece, first, count) -> {
          for (int i = 0; i < count; i++) {
            putFloat(piece, i, (float) src[from + first + i], half);
          }
        });
  }

  @Override
  public void write(Tensor dst, int[] src, int from) {
    dst.checkHostArray("write", src.length, from);
    checkHostType(dst, dst.dtype() == DType.I32);
    copyIn(
        dst,
        (piece, first, count) ->
            MemorySegment.copy(src, from + first, piece, ValueLayout.JAVA_INT, 0, count));
  }

  @Override
  public void read(Tensor src, float[] dst, int from) {
    src.checkHostArray("read", dst.length, from);
    boolean half = src.dtype() == DType.BF16;
    checkHostType(src, src.dtype() == DType.F32 || half);
    copyOut(
        src,
        (piece, first, count) -> {
          if (half) {
            for (int i = 0; i < count; i++) {
              dst[from + first + i] = getFloat(piece, i, true);
            }
          } else {
            MemorySegment.copy(piece, ValueLayout.JAVA_FLOAT, 0, dst, from + first, count);
          }
        });
  }

  @Override
  public void read(Tensor src, double[] dst, int from) {
    src.checkHostArray("read", dst.length, from);
    boolean half = src.dtype() == DType.BF16;
    checkHostType(src, src.dtype() == DType.F32 || half);
    copyOut(
        src,
        (piece, first, count) -> {
          for (int i = 0; i < count; i++) {
            dst[from + first + i] = getFloat(piece, i, half);
          }
        });
  }

  @Override
  public void read(Tensor src, int[] dst, int from) {
    src.checkHostArray("read", dst.length, from);
    checkHostType(src, src.dtype() == DType.I32);
    copyOut(
        src,
        (piece, first, count) ->
            MemorySegment.copy(piece, ValueLayout.JAVA_INT, 0, dst, from + first, count));
  }

  /** Moves elements {@code first .. first + count} between an array and a pinned piece. */
  private interface Mover {
    void move(MemorySegment piece, int first, int count);
  }

  private static void putFloat(MemorySegment piece, int i, float value, boolean half) {
    if (half) {
      piece.setAtIndex(ValueLayout.JAVA_SHORT, i, BFloat16.fromFloat(value));
    } else {
      piece.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
    }
  }

  private static float getFloat(MemorySegment piece, int i, boolean half) {
    return half
        ? BFloat16.toFloat(piece.getAtIndex(ValueLayout.JAVA_SHORT, i))
        : piece.getAtIndex(ValueLayout.JAVA_FLOAT, i);
  }

  private static void checkHostType(Tensor t, boolean fits) {
    if (!fits) {
      throw new TensorException(
          TensorException.Kind.DTYPE,
          "copy between " + t + " and a host array",
          "I32 goes with int[], float types with float[] or double[]");
    }
  }

  private void copyIn(Tensor dst, Mover mover) {
    device.written(dst);
    int elementBytes = dst.dtype().bytes();
    int most = (int) (device.stagePieceBytes() / elementBytes);
    long to = CudaBuffer.addressOf(dst);
    int size = Math.toIntExact(dst.size());
    for (int first = 0; first < size; first += most) {
      int count = Math.min(most, size - first);
      MemorySegment piece = device.stage((long) count * elementBytes);
      mover.move(piece, first, count);
      device.copyIn(to + (long) first * elementBytes, piece, piece.byteSize());
    }
  }

  private void copyOut(Tensor src, Mover mover) {
    int elementBytes = src.dtype().bytes();
    int most = (int) (device.stagePieceBytes() / elementBytes);
    long from = CudaBuffer.addressOf(src);
    int size = Math.toIntExact(src.size());
    if (size == 0) {
      device.synchronize();
    }
    for (int first = 0; first < size; first += most) {
      int count = Math.min(most, size - first);
      MemorySegment piece = device.stage((long) count * elementBytes);
      device.copyOut(piece, from + (long) first * elementBytes, piece.byteSize());
      device.synchronize();
      mover.move(piece, first, count);
    }
  }

  @Override
  public GraphRecorder record(Runnable work) {
    return new GraphRecorder(device, work, recorders);
  }

  @Override
  public boolean replays() {
    return true;
  }

  @Override
  public void synchronize() {
    device.synchronize();
  }

  @Override
  public @Nullable String device() {
    return device.driver().description();
  }

  @Override
  public void close() {
    List.copyOf(recorders).forEach(GraphRecorder::close);
    device.close();
  }
}
