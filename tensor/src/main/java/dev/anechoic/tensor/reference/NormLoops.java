package dev.anechoic.tensor.reference;

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
    Doubles x = Doubles.of(xTensor); // [R,C]
    Doubles y = Doubles.of(yTensor); // [R,C]
    for (int r = 0; r < x.rows; r++) {
      double mean = 0;
      for (int c = 0; c < x.columns; c++) {
        mean += x.at(r, c) / x.columns;
      }
      double variance = 0;
      for (int c = 0; c < x.columns; c++) {
        double centred = x.at(r, c) - mean;
        variance += centred * centred / x.columns;
      }
      double rstd = 1 / Math.sqrt(variance + eps);
      for (int c = 0; c < x.columns; c++) {
        double xhat = (x.at(r, c) - mean) * rstd;
        y.put(r, c, xhat * weightAt(weight, c) + (bias == null ? 0 : Doubles.of(bias).at(c)));
      }
      Doubles.of(meanTensor).put(r, mean);
      Doubles.of(rstdTensor).put(r, rstd);
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
    Doubles x = Doubles.of(xTensor); // [R,C]
    Doubles dY = Doubles.of(dYTensor); // [R,C]
    Doubles mean = Doubles.of(meanTensor); // [R]
    Doubles rstd = Doubles.of(rstdTensor); // [R]
    if (dXTensor != null) {
      Doubles dX = Doubles.of(dXTensor); // [R,C]
      for (int r = 0; r < x.rows; r++) {
        double meanG = 0;
        double meanGXhat = 0;
        for (int c = 0; c < x.columns; c++) {
          double g = dY.at(r, c) * weightAt(weight, c);
          meanG += g / x.columns;
          meanGXhat += g * (x.at(r, c) - mean.at(r)) * rstd.at(r) / x.columns;
        }
        for (int c = 0; c < x.columns; c++) {
          double g = dY.at(r, c) * weightAt(weight, c);
          double xhat = (x.at(r, c) - mean.at(r)) * rstd.at(r);
          dX.put(r, c, rstd.at(r) * (g - meanG - xhat * meanGXhat), accumulateX);
        }
      }
    }
    for (int c = 0; c < x.columns; c++) {
      double weightSum = 0;
      double biasSum = 0;
      for (int r = 0; r < x.rows; r++) {
        weightSum += dY.at(r, c) * (x.at(r, c) - mean.at(r)) * rstd.at(r);
        biasSum += dY.at(r, c);
      }
      if (dWeight != null) {
        Doubles.of(dWeight).put(c, weightSum, accumulateWeight);
      }
      if (dBias != null) {
        Doubles.of(dBias).put(c, biasSum, accumulateBias);
      }
    }
  }

  @Override
  default void rmsNorm(
      Tensor xTensor, @Nullable Tensor weight, double eps, Tensor yTensor, Tensor rstdTensor) {
    Doubles x = Doubles.of(xTensor); // [R,C]
    Doubles y = Doubles.of(yTensor); // [R,C]
    for (int r = 0; r < x.rows; r++) {
      double meanSquare = 0;
      for (int c = 0; c < x.columns; c++) {
        meanSquare += x.at(r, c) * x.at(r, c) / x.columns;
      }
      double rstd = 1 / Math.sqrt(meanSquare + eps);
      for (int c = 0; c < x.columns; c++) {
        y.put(r, c, x.at(r, c) * rstd * weightAt(weight, c));
      }
      Doubles.of(rstdTensor).put(r, rstd);
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
    Doubles x = Doubles.of(xTensor); // [R,C]
    Doubles dY = Doubles.of(dYTensor); // [R,C]
    Doubles rstd = Doubles.of(rstdTensor); // [R]
    if (dXTensor != null) {
      Doubles dX = Doubles.of(dXTensor); // [R,C]
      for (int r = 0; r < x.rows; r++) {
        double meanGXhat = 0;
        for (int c = 0; c < x.columns; c++) {
          double g = dY.at(r, c) * weightAt(weight, c);
          meanGXhat += g * x.at(r, c) * rstd.at(r) / x.columns;
        }
        for (int c = 0; c < x.columns; c++) {
          double g = dY.at(r, c) * weightAt(weight, c);
          double xhat = x.at(r, c) * rstd.at(r);
          dX.put(r, c, rstd.at(r) * (g - xhat * meanGXhat), accumulateX);
        }
      }
    }
    if (dWeight != null) {
      for (int c = 0; c < x.columns; c++) {
        double sum = 0;
        for (int r = 0; r < x.rows; r++) {
          sum += dY.at(r, c) * x.at(r, c) * rstd.at(r);
        }
        Doubles.of(dWeight).put(c, sum, accumulateWeight);
      }
    }
  }

  private static double weightAt(@Nullable Tensor weight, int column) {
    return weight == null ? 1 : Doubles.of(weight).at(column);
  }
}
