package dev.anechoic.kernels.cuda;

/**
 * Prints threads per block and bytes of dynamic shared memory of the kernels that use much of
 * either, one kernel a line: {@code name threads bytes}. {@code runs/gpu-report.sh} reads it.
 */
final class LaunchShapes {
  private LaunchShapes() {}

  /** Takes no arguments. */
  public static void main(String[] args) {
    for (MatmulTile tile : MatmulTile.values()) {
      if (tile.wgmma()) {
        print(tile.kernel(false, false), tile.threads(), tile.sharedBytes());
      } else {
        for (int i = 0; i < 4; i++) {
          print(tile.kernel(i > 1, i % 2 == 1), tile.threads(), tile.sharedBytes());
        }
      }
    }
    for (String[] names : CudaMatmul.F32_KERNELS) {
      for (String name : names) {
        print(name, CudaMatmul.THREADS, 0);
      }
    }
    for (AttentionSize size : AttentionSize.values()) {
      sm90(size);
      bf16(size);
      f32(size);
    }
    for (LadderMatmul step : LadderMatmul.values()) {
      print(step.kernel(), step.threads(), step.sharedBytes());
    }
    for (LadderAttention step : LadderAttention.values()) {
      print(step.kernel(), step.threads(), step.sharedBytes());
    }
  }

  private static void sm90(AttentionSize size) {
    int headSize = size.padded;
    for (AttentionTile tile : AttentionTile.values()) {
      if (tile.wgmma()) {
        print(tile.forward(size), tile.threads(), tile.sharedBytes(headSize));
        for (boolean keys : CudaAttention.QUERIES_THEN_KEYS) {
          int shared = tile.backwardSharedBytes(headSize, keys);
          print(tile.backward(size, keys), tile.threads(), shared);
        }
      }
    }
    int cached = AttentionTile.cachedSharedBytes(headSize);
    print(size.sm90.cached(), AttentionTile.CACHED_THREADS, cached);
    print(size.sm90.split(), AttentionTile.CACHED_THREADS, cached);
  }

  private static void bf16(AttentionSize size) {
    AttentionSize.Names names = size.bf16;
    int many = size.forwardBf16Bytes(CudaAttention.PREFILL_ROWS);
    int few = size.forwardBf16Bytes(CudaAttention.DECODE_ROWS);
    int whole = size.forwardBf16Bytes(CudaAttention.FORWARD_ROWS);
    int narrow = size.forwardBf16Bytes(CudaAttention.NARROW_ROWS);
    print(names.forward(), 2 * CudaAttention.FORWARD_ROWS, whole);
    print(names.narrow(), 2 * CudaAttention.NARROW_ROWS, narrow);
    print(names.prefill(), CudaAttention.BF16_THREADS, many);
    print(names.cached(), CudaAttention.WARP, few);
    print(names.split(), CudaAttention.WARP, few);
    print(names.backwardQueries(), CudaAttention.BF16_THREADS, size.backwardBf16Bytes());
    print(names.backwardKeys(), CudaAttention.BF16_THREADS, size.backwardBf16Bytes());
  }

  private static void f32(AttentionSize size) {
    AttentionSize.Names names = size.f32;
    int many = size.forwardBytes(CudaAttention.PREFILL_ROWS);
    int few = size.forwardBytes(CudaAttention.DECODE_ROWS);
    print(names.forward(), CudaAttention.F32_THREADS, many);
    print(names.prefill(), CudaAttention.F32_THREADS, many);
    print(names.cached(), CudaAttention.F32_THREADS, few);
    print(names.split(), CudaAttention.F32_THREADS, few);
    print(names.backwardQueries(), CudaAttention.F32_THREADS, size.backwardBytes(1));
    print(names.backwardKeys(), CudaAttention.F32_THREADS, size.backwardBytes(2));
  }

  private static void print(String kernel, int threads, int sharedBytes) {
    System.out.println(kernel + " " + threads + " " + sharedBytes);
  }
}
