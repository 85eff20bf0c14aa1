package dev.anechoic.tensor.reference;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;

/** Softmax and log-softmax along the last axis. */
interface SoftmaxLoops extends Kernels {

  @Override
  default void softmax(Tensor xTensor, Tensor yTensor) {
    Doubles x = Doubles.of(xTensor); // [R,C]
    Doubles y = Doubles.of(yTensor); // [R,C]
    for (int r = 0; r < x.rows; r++) {
      double max = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < x.columns; c++) {
        max = Math.max(max, x.at(r, c));
      }
      double sum = 0;
      for (int c = 0; c < x.columns; c++) {
        sum += Math.exp(x.at(r, c) - max);
      }
      for (int c = 0; c < x.columns; c++) {
        y.put(r, c, Math.exp(x.at(r, c) - max) / sum);
      }
    }
  }

  @Override
  default void softmaxBackward(
      Tensor yTensor, Tensor dYTensor, Tensor dXTensor, boolean accumulate) {
    Doubles y = Doubles.of(yTensor); // [R,C]
    Doubles dY = Doubles.of(dYTensor); // [R,C]
    Doubles dX = Doubles.of(dXTensor); // [R,C]
    for (int r = 0; r < y.rows; r++) {
      double dot = 0;
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
    Doubles x = Doubles.of(xTensor); // [R,C]
    Doubles y = Doubles.of(yTensor); // [R,C]
    for (int r = 0; r < x.rows; r++) {
      double lse = logSumExp(x, r, 1);
      for (int c = 0; c < x.columns; c++) {
        y.put(r, c, x.at(r, c) - lse);
      }
    }
  }

  @Override
  default void logSoftmaxBackward(
      Tensor yTensor, Tensor dYTensor, Tensor dXTensor, boolean accumulate) {
    Doubles y = Doubles.of(yTensor); // [R,C]
    Doubles dY = Doubles.of(dYTensor); // [R,C]
    Doubles dX = Doubles.of(dXTensor); // [R,C]
    for (int r = 0; r < y.rows; r++) {
      double sum = 0;
      for (int c = 0; c < y.columns; c++) {
        sum += dY.at(r, c);
      }
      for (int c = 0; c < y.columns; c++) {
        dX.put(r, c, dY.at(r, c) - Math.exp(y.at(r, c)) * sum, accumulate);
      }
    }
  }

  /** {@code max + ln Σ exp(x/temperature − max)} of one row. */
  static double logSumExp(Doubles x, int row, double temperature) {
    double max = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < x.columns; c++) {
      max = Math.max(max, x.at(row, c) / temperature);
    }
    double sum = 0;
    for (int c = 0; c < x.columns; c++) {
      sum += Math.exp(x.at(row, c) / temperature - max);
    }
    return max + Math.log(sum);
  }
}
