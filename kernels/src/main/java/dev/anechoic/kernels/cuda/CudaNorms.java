package dev.anechoic.kernels.cuda;

import static dev.anechoic.kernels.cuda.CudaKernels.blocks;

import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Softmax and norms: {@code softmax.cu}, {@code log_softmax.cu}, {@code *_norm.cu}. */
interface CudaNorms extends CudaSums {

  @Override
  default void softmax(Tensor x, Tensor y) {
    mapRows("softmax", x, y);
  }

  @Override
  default void softmaxBackward(Tensor y, Tensor dY, Tensor dX, boolean accumulate) {
    gradientRows("softmaxBackward", y, dY, dX, accumulate);
  }

  @Override
  default void logSoftmax(Tensor x, Tensor y) {
    mapRows("logSoftmax", x, y);
  }

  @Override
  default void logSoftmaxBackward(Tensor y, Tensor dY, Tensor dX, boolean accumulate) {
    gradientRows("logSoftmaxBackward", y, dY, dX, accumulate);
  }

  private void mapRows(String name, Tensor x, Tensor y) {
    gpu().rows(name, x.rows(), x.columns()).arg(x).out(y).arg(x.rows()).arg(x.columns()).launch();
  }

  private void gradientRows(String name, Tensor y, Tensor dY, Tensor dX, boolean accumulate) {
    gpu()
        .rows(name, y.rows(), y.columns())
        .arg(y)
        .arg(dY)
        .out(dX)
        .arg(y.rows())
        .arg(y.columns())
        .arg(accumulate)
        .launch();
  }

  @Override
  default void layerNorm(
      Tensor x,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    gpu()
        .rows("layerNorm", x.rows(), x.columns())
        .arg(x)
        .arg(weight)
        .arg(bias)
        .out(y)
        .out(mean)
        .out(rstd)
        .arg(x.rows())
        .arg(x.columns())
        .arg((float) eps)
        .launch();
  }

  @Override
  default void layerNormBackward(
      Tensor x,
      @Nullable Tensor weight,
      Tensor mean,
      Tensor rstd,
      Tensor dY,
      @Nullable Tensor dX,
      boolean accumulateX,
      @Nullable Tensor dWeight,
      boolean accumulateWeight,
      @Nullable Tensor dBias,
      boolean accumulateBias) {
    if (dX != null) {
      gpu()
          .rows("layerNormBackward", x.rows(), x.columns())
          .arg(x)
          .arg(weight)
          .arg(mean)
          .arg(rstd)
          .arg(dY)
          .out(dX)
          .arg(x.rows())
          .arg(x.columns())
          .arg(accumulateX)
          .launch();
    }
    weightGradients(x, mean, rstd, dY, dWeight, accumulateWeight, dBias, accumulateBias);
  }

  @Override
  default void rmsNorm(Tensor x, @Nullable Tensor weight, double eps, Tensor y, Tensor rstd) {
    gpu()
        .rows("rmsNorm", x.rows(), x.columns())
        .arg(x)
        .arg(weight)
        .out(y)
        .out(rstd)
        .arg(x.rows())
        .arg(x.columns())
        .arg((float) eps)
        .launch();
  }

  @Override
  default void rmsNormBackward(
      Tensor x,
      @Nullable Tensor weight,
      Tensor rstd,
      Tensor dY,
      @Nullable Tensor dX,
      boolean accumulateX,
      @Nullable Tensor dWeight,
      boolean accumulateWeight) {
    if (dX != null) {
      gpu()
          .rows("rmsNormBackward", x.rows(), x.columns())
          .arg(x)
          .arg(weight)
          .arg(rstd)
          .arg(dY)
          .out(dX)
          .arg(x.rows())
          .arg(x.columns())
          .arg(accumulateX)
          .launch();
    }
    weightGradients(x, null, rstd, dY, dWeight, accumulateWeight, null, false);
  }

  private void weightGradients(
      Tensor x,
      @Nullable Tensor mean,
      Tensor rstd,
      Tensor dY,
      @Nullable Tensor dWeight,
      boolean accumulateWeight,
      @Nullable Tensor dBias,
      boolean accumulateBias) {
    if (dWeight == null && dBias == null) {
      return;
    }
    int chunks = blocks(x.rows(), ROWS_PER_CHUNK);
    long partialBytes = 4L * chunks * x.columns();
    long weights = gpu().scratch(2 * partialBytes);
    long biases = weights + partialBytes;
    gpu()
        .kernel(
            "normWeightPartial", blocks(x.columns(), COLUMN_THREADS), chunks, 1, COLUMN_THREADS, 0)
        .arg(x)
        .arg(mean)
        .arg(rstd)
        .arg(dY)
        .arg(dWeight == null ? 0 : weights)
        .arg(dBias == null ? 0 : biases)
        .arg(x.rows())
        .arg(x.columns())
        .arg(ROWS_PER_CHUNK)
        .launch();
    if (dWeight != null) {
      sumChunks(weights, dWeight, chunks, accumulateWeight);
    }
    if (dBias != null) {
      sumChunks(biases, dBias, chunks, accumulateBias);
    }
  }
}
