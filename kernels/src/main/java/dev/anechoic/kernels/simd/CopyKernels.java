package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.Tensor;

/** Copies of rectangles, and permutation of axes. */
final class CopyKernels {
  private final Block block;
  private final Permute permute;

  CopyKernels(WorkerPool pool) {
    block = new Block(pool);
    permute = new Permute(pool);
  }

  void copyBlock(
      Tensor src,
      long srcOffset,
      long srcStride,
      Tensor dst,
      long dstOffset,
      long dstStride,
      int rows,
      int columns,
      boolean accumulate) {
    block.src.set(src);
    block.dst.set(dst);
    block.srcOffset = srcOffset;
    block.dstOffset = dstOffset;
    block.srcStride = srcStride;
    block.dstStride = dstStride;
    block.columns = columns;
    block.accumulate = accumulate;
    block.start(rows, columns);
  }

  void permute(Tensor x, int[] axes, Tensor out, boolean accumulate) {
    permute.run(x, axes, out, accumulate);
  }

  private static final class Block extends RowKernel {
    final Operand src = new Operand();
    final Operand dst = new Operand();
    long srcOffset;
    long dstOffset;
    long srcStride;
    long dstStride;
    int columns;
    boolean accumulate;

    Block(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int r = from; r < to; r++) {
        int s = src.at + (int) (srcOffset + r * srcStride);
        int d = dst.at + (int) (dstOffset + r * dstStride);
        if (accumulate) {
          Elementwise.add(dst.array, d, src.array, s, dst.array, d, columns);
        } else {
          System.arraycopy(src.array, s, dst.array, d, columns);
        }
      }
    }
  }

  /** Axes are padded in front to four; its rows are runs along the last axis of the output. */
  private static final class Permute extends RowKernel {
    private static final int RANK = 4;

    private final Operand x = new Operand();
    private final Operand out = new Operand();

    /** Extents of the output, and how far apart in x its neighbours along each axis lie. */
    private final int[] dims = new int[RANK];

    private final int[] strides = new int[RANK];
    private boolean accumulate;

    Permute(WorkerPool pool) {
      super(pool);
    }

    void run(Tensor xTensor, int[] axes, Tensor outTensor, boolean accumulate) {
      x.set(xTensor);
      out.set(outTensor);
      this.accumulate = accumulate;
      int pad = RANK - axes.length;
      for (int i = 0; i < pad; i++) {
        dims[i] = 1;
        strides[i] = 0;
      }
      for (int i = 0; i < axes.length; i++) {
        int stride = 1;
        for (int axis = axes[i] + 1; axis < axes.length; axis++) {
          stride *= xTensor.dim(axis);
        }
        dims[pad + i] = outTensor.dim(i);
        strides[pad + i] = stride;
      }
      start(dims[0] * dims[1] * dims[2], 2L * dims[3]);
    }

    @Override
    void rows(int from, int to, int worker) {
      int n = dims[3];
      int step = strides[3];
      for (int r = from; r < to; r++) {
        int i2 = r % dims[2];
        int i1 = r / dims[2] % dims[1];
        int i0 = r / dims[2] / dims[1];
        int source = x.at + i0 * strides[0] + i1 * strides[1] + i2 * strides[2];
        int target = out.at + r * n;
        if (step != 1) {
          strided(x.array, source, step, out.array, target, n, accumulate);
        } else if (accumulate) {
          Elementwise.add(out.array, target, x.array, source, out.array, target, n);
        } else {
          System.arraycopy(x.array, source, out.array, target, n);
        }
      }
    }

    private static void strided(
        float[] x, int source, int step, float[] out, int target, int n, boolean accumulate) {
      for (int i = 0; i < n; i++) {
        float value = x[source + i * step];
        out[target + i] = accumulate ? out[target + i] + value : value;
      }
    }
  }
}
