package dev.anechoic.kernels.scalar;

import static dev.anechoic.kernels.scalar.Scalars.sqrt;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Layer norm (Ba, Kiros, Hinton, 2016) and RMSNorm (Zhang, Sennrich, 2019). */
interface NormLoops extends Kernels {

  @Override
  default void layerNorm(
      Tensor xTensor,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Tensor yTensor,
      Tensor meanTensor,
      Tensor rstdTensor) {
    Floats x = Floats.of(xTensor); // [R,C]
    Floats y = Floats.of(yTensor); // [R,C]
    for (int r = 0; r < x.rows; r++) {
      float mean = 0;
      for (int c = 0; c < x.columns; c++) {
        mean += x.at(r, c) / x.columns;
      }
      float variance = 0;
      for (int c = 0; c < x.columns; c++) {
        float centred = x.at(r, c) - mean;
        variance += centred * centred / x.columns;
      }
      float rstd = 1 / sqrt(variance + (float) eps);
      for (int c = 0; c < x.columns; c++) {
        float xhat = (x.at(r, c) - mean) * rstd;
        y.put(r, c, xhat * weightAt(weight, c) + (bias == null ? 0 : Floats.of(bias).at(c)));
      }
      Floats.of(meanTensor).put(r, mean);
      Floats.of(rstdTensor).put(r, rstd);
    }
  }

  @Override
  default void layerNormBackward(
      Tensor xTensor,
      @Nullable Tensor weight,
      Tensor meanTensor,
      Tensor rstdTensor,
      Tensor dYTensor,
      @Nullable Tensor dXTensor,
      boolean accumulateX,
      @Nullable Tensor dWeight,
      boolean accumulateWeight,
      @Nullable Tensor dBias,
      boolean accumulateBias) {
    Floats x = Floats.of(xTensor); // [R,C]
    Floats dY = Floats.of(dYTensor); // [R,C]
    Floats mean = Floats.of(meanTensor); // [R]
    Floats rstd = Floats.of(rstdTensor); // [R]
    if (dXTensor != null) {
      Floats dX = Floats.of(dXTensor); // [R,C]
      for (int r = 0; r < x.rows; r++) {
        float meanG = 0;
        float meanGXhat = 0;
        for (int c = 0; c < x.columns; c++) {
          float g = dY.at(r, c) * weightAt(weight, c);
          meanG += g / x.columns;
          meanGXhat += g * (x.at(r, c) - mean.at(r)) * rstd.at(r) / x.columns;
        }
        for (int c = 0; c < x.columns; c++) {
          float g = dY.at(r, c) * weightAt(weight, c);
          float xhat = (x.at(r, c) - mean.at(r)) * rstd.at(r);
          dX.put(r, c, rstd.at(r) * (g - meanG - xhat * meanGXhat), accumulateX);
        }
      }
    }
    for (int c = 0; c < x.columns; c++) {
      float weightSum = 0;
      float biasSum = 0;
      for (int r = 0; r < x.rows; r++) {
        weightSum += dY.at(r, c) * (x.at(r, c) - mean.at(r)) * rstd.at(r);
        biasSum += dY.at(r, c);
      }
      if (dWeight != null) {
        Floats.of(dWeight).put(c, weightSum, accumulateWeight);
      }
      if (dBias != null) {
        Floats.of(dBias).put(c, biasSum, accumulateBias);
      }
    }
  }

  @Override
  default void rmsNorm(
      Tensor xTensor, @Nullable Tensor weight, double eps, Tensor yTensor, Tensor rstdTensor) {
    Floats x = Floats.of(xTensor); // [R,C]
    Floats y = Floats.of(yTensor); // [R,C]
    for (int r = 0; r < x.rows; r++) {
      float meanSquare = 0;
      for (int c = 0; c < x.columns; c++) {
        meanSquare += x.at(r, c) * x.at(r, c) / x.columns;
      }
      float rstd = 1 / sqrt(meanSquare + (float) eps);
      for (int c = 0; c < x.columns; c++) {
        y.put(r, c, x.at(r, c) * rstd * weightAt(weight, c));
      }
      Floats.of(rstdTensor).put(r, rstd);
    }
  }

  @Override
  default void rmsNormBackward(
      Tensor xTensor,
      @Nullable Tensor weight,
      Tensor rstdTensor,
      Tensor dYTensor,
      @Nullable Tensor dXTensor,
      boolean accumulateX,
      @Nullable Tensor dWeight,
      boolean accumulateWeight) {
    Floats x = Floats.of(xTensor); // [R,C]
    Floats dY = Floats.of(dYTensor); // [R,C]
    Floats rstd = Floats.of(rstdTensor); // [R]
    if (dXTensor != null) {
      Floats dX = Floats.of(dXTensor); // [R,C]
      for (int r = 0; r < x.rows; r++) {
        float meanGXhat = 0;
        for (int c = 0; c < x.columns; c++) {
          float g = dY.at(r, c) * weightAt(weight, c);
          meanGXhat += g * x.at(r, c) * rstd.at(r) / x.columns;
        }
        for (int c = 0; c < x.columns; c++) {
          float g = dY.at(r, c) * weightAt(weight, c);
          float xhat = x.at(r, c) * rstd.at(r);
          dX.put(r, c, rstd.at(r) * (g - xhat * meanGXhat), accumulateX);
        }
      }
    }
    if (dWeight != null) {
      for (int c = 0; c < x.columns; c++) {
        float sum = 0;
        for (int r = 0; r < x.rows; r++) {
          sum += dY.at(r, c) * x.at(r, c) * rstd.at(r);
        }
        Floats.of(dWeight).put(c, sum, accumulateWeight);
      }
    }
  }

  private static float weightAt(@Nullable Tensor weight, int column) {
    return weight == null ? 1 : Floats.of(weight).at(column);
  }
}
