package dev.anechoic.kernels.scalar;

import static dev.anechoic.kernels.scalar.Scalars.exp;
import static dev.anechoic.kernels.scalar.Scalars.log;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;

/** Softmax and log-softmax along the last axis. */
interface SoftmaxLoops extends Kernels {

  @Override
  default void softmax(Tensor xTensor, Tensor yTensor) {
    Floats x = Floats.of(xTensor); // [R,C]
    Floats y = Floats.of(yTensor); // [R,C]
    for (int r = 0; r < x.rows; r++) {
      float max = Float.NEGATIVE_INFINITY;
      for (int c = 0; c < x.columns; c++) {
        max = Math.max(max, x.at(r, c));
      }
      float sum = 0;
      for (int c = 0; c < x.columns; c++) {
        sum += exp(x.at(r, c) - max);
      }
      for (int c = 0; c < x.columns; c++) {
        y.put(r, c, exp(x.at(r, c) - max) / sum);
      }
    }
  }

  @Override
  default void softmaxBackward(
      Tensor yTensor, Tensor dYTensor, Tensor dXTensor, boolean accumulate) {
    Floats y = Floats.of(yTensor); // [R,C]
    Floats dY = Floats.of(dYTensor); // [R,C]
    Floats dX = Floats.of(dXTensor); // [R,C]
    for (int r = 0; r < y.rows; r++) {
      float dot = 0;
      for (int c = 0; c < y.columns; c++) {
        dot += dY.at(r, c) * y.at(r, c);
      }
      for (int c = 0; c < y.columns; c++) {
        dX.put(r, c, y.at(r, c) * (dY.at(r, c) - dot), accumulate);
      }
    }
  }

  @Override
  default void logSoftmax(Tensor xTensor, Tensor yTensor) {
    Floats x = Floats.of(xTensor); // [R,C]
    Floats y = Floats.of(yTensor); // [R,C]
    for (int r = 0; r < x.rows; r++) {
      float lse = logSumExp(x, r, 1);
      for (int c = 0; c < x.columns; c++) {
        y.put(r, c, x.at(r, c) - lse);
      }
    }
  }

  @Override
  default void logSoftmaxBackward(
      Tensor yTensor, Tensor dYTensor, Tensor dXTensor, boolean accumulate) {
    Floats y = Floats.of(yTensor); // [R,C]
    Floats dY = Floats.of(dYTensor); // [R,C]
    Floats dX = Floats.of(dXTensor); // [R,C]
    for (int r = 0; r < y.rows; r++) {
      float sum = 0;
      for (int c = 0; c < y.columns; c++) {
        sum += dY.at(r, c);
      }
      for (int c = 0; c < y.columns; c++) {
        dX.put(r, c, dY.at(r, c) - exp(y.at(r, c)) * sum, accumulate);
      }
    }
  }

  /** {@code max + ln Σ exp(x/temperature − max)} of one row. */
  static float logSumExp(Floats x, int row, float temperature) {
    float max = Float.NEGATIVE_INFINITY;
    for (int c = 0; c < x.columns; c++) {
      max = Math.max(max, x.at(row, c) / temperature);
    }
    float sum = 0;
    for (int c = 0; c < x.columns; c++) {
      sum += exp(x.at(row, c) / temperature - max);
    }
    return max + log(sum);
  }
}
