package dev.anechoic.kernels.cuda;

import static dev.anechoic.kernels.cuda.CudaKernels.blocks;

import dev.anechoic.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Sums in a fixed order: {@code sum.cu}. Chunk sizes are part of the order. */
interface CudaSums extends CudaKernels {
  int ROWS_PER_CHUNK = 128;
  int ELEMENTS_PER_CHUNK = 65536;
  int COLUMN_THREADS = 128;
  int SUM_THREADS = 256;

  @Override
  default void sumRows(Tensor x, Tensor out, boolean accumulate) {
    int chunks = blocks(x.rows(), ROWS_PER_CHUNK);
    long partial = gpu().scratch(4L * chunks * x.columns());
    int columnBlocks = blocks(x.columns(), COLUMN_THREADS);
    gpu()
        .kernel("sumRowsPartial", columnBlocks, chunks, 1, COLUMN_THREADS, 0)
        .arg(x)
        .arg(partial)
        .arg(x.rows())
        .arg(x.columns())
        .arg(ROWS_PER_CHUNK)
        .launch();
    sumChunks(partial, out, chunks, accumulate);
  }

  /** {@code out[c] (+)= Σ partial[chunk, c]}, chunks in order. */
  default void sumChunks(long partial, Tensor out, int chunks, boolean accumulate) {
    int columns = Math.toIntExact(out.size());
    gpu()
        .kernel("sumChunks", blocks(columns, COLUMN_THREADS), 1, 1, COLUMN_THREADS, 0)
        .arg(partial)
        .out(out)
        .arg(chunks)
        .arg(columns)
        .arg(accumulate)
        .launch();
  }

  @Override
  default void sumColumns(Tensor x, double factor, Tensor out) {
    gpu()
        .rows("sumColumns", x.rows(), x.columns())
        .arg(x)
        .out(out)
        .arg(x.rows())
        .arg(x.columns())
        .arg((float) factor)
        .launch();
  }

  @Override
  default void sumColumnsBackward(Tensor dOut, double factor, Tensor dX, boolean accumulate) {
    gpu()
        .elements("sumColumnsBackward", dX.size())
        .arg(dOut)
        .out(dX)
        .arg(dX.size())
        .arg(dX.columns())
        .arg((float) factor)
        .arg(accumulate)
        .launch();
  }

  @Override
  default void weightedSum(Tensor x, Tensor weights, Tensor out) {
    int chunks = blocks(x.size(), ELEMENTS_PER_CHUNK);
    long partial = gpu().scratch(4L * chunks);
    gpu()
        .kernel("weightedSumPartial", chunks, 1, 1, SUM_THREADS, 0)
        .arg(x)
        .arg(weights)
        .arg(partial)
        .arg(x.size())
        .arg(ELEMENTS_PER_CHUNK)
        .launch();
    sumPartials(partial, chunks, out, false);
  }

  @Override
  default void weightedSumBackward(Tensor weights, Tensor dOut, Tensor dX, boolean accumulate) {
    gpu()
        .elements("weightedSumBackward", dX.size())
        .arg(weights)
        .arg(dOut)
        .out(dX)
        .arg(dX.size())
        .arg(accumulate)
        .launch();
  }

  @Override
  default void sumSquares(Tensor x, Tensor out, boolean accumulate) {
    int chunks = blocks(x.size(), ELEMENTS_PER_CHUNK);
    long partial = gpu().scratch(4L * chunks);
    gpu()
        .kernel("sumSquaresPartial", chunks, 1, 1, SUM_THREADS, 0)
        .arg(x)
        .arg(partial)
        .arg(x.size())
        .arg(ELEMENTS_PER_CHUNK)
        .launch();
    sumPartials(partial, chunks, out, accumulate);
  }

  private void sumPartials(long partial, int chunks, Tensor out, boolean accumulate) {
    gpu()
        .kernel("sumPartials", 1, 1, 1, SUM_THREADS, 0)
        .arg(partial)
        .out(out)
        .arg(chunks)
        .arg(accumulate)
        .launch();
  }

  @Override
  default void clipFactor(Tensor sumSquares, double maxNorm, Tensor out) {
    gpu()
        .kernel("clipFactor", 1, 1, 1, 32, 0)
        .arg(sumSquares)
        .out(out)
        .arg((float) maxNorm)
        .launch();
  }

  @Override
  default long countNotFinite(Tensor x) {
    long count = gpu().scratch(8);
    gpu().elements("fillI32", 2).arg(count).arg(2).arg(0).launch();
    gpu().elements("countNotFinite", x.size()).arg(x).arg(x.size()).arg(count).launch();
    MemorySegment host = gpu().stage(8);
    gpu().copyOut(host, count, 8);
    gpu().synchronize();
    return host.get(ValueLayout.JAVA_LONG, 0);
  }
}
