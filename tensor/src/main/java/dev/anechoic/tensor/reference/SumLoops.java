package dev.anechoic.tensor.reference;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;

/** Sums over rows, columns and whole tensors, and the clip by global norm. */
interface SumLoops extends Kernels {

  @Override
  default void sumRows(Tensor xTensor, Tensor outTensor, boolean accumulate) {
    Doubles x = Doubles.of(xTensor); // [R,C]
    Doubles out = Doubles.of(outTensor); // [C]
    for (int c = 0; c < x.columns; c++) {
      double sum = 0;
      for (int r = 0; r < x.rows; r++) {
        sum += x.at(r, c);
      }
      out.put(c, sum, accumulate);
    }
  }

  @Override
  default void sumColumns(Tensor xTensor, double factor, Tensor outTensor) {
    Doubles x = Doubles.of(xTensor); // [R,C]
    Doubles out = Doubles.of(outTensor); // [R]
    for (int r = 0; r < x.rows; r++) {
      double sum = 0;
      for (int c = 0; c < x.columns; c++) {
        sum += x.at(r, c);
      }
      out.put(r, factor * sum);
    }
  }

  @Override
  default void sumColumnsBackward(
      Tensor dOutTensor, double factor, Tensor dXTensor, boolean accumulate) {
    Doubles dOut = Doubles.of(dOutTensor); // [R]
    Doubles dX = Doubles.of(dXTensor); // [R,C]
    for (int r = 0; r < dX.rows; r++) {
      for (int c = 0; c < dX.columns; c++) {
        dX.put(r, c, factor * dOut.at(r), accumulate);
      }
    }
  }

  @Override
  default void weightedSum(Tensor xTensor, Tensor weightsTensor, Tensor out) {
    Doubles x = Doubles.of(xTensor); // [N]
    Doubles weights = Doubles.of(weightsTensor); // [N]
    double sum = 0;
    for (int i = 0; i < x.size; i++) {
      if (weights.at(i) != 0) {
        sum += weights.at(i) * x.at(i);
      }
    }
    Doubles.of(out).put(0, sum);
  }

  @Override
  default void weightedSumBackward(
      Tensor weightsTensor, Tensor dOutTensor, Tensor dXTensor, boolean accumulate) {
    Doubles weights = Doubles.of(weightsTensor); // [N]
    Doubles dX = Doubles.of(dXTensor); // [N]
    double dOut = Doubles.of(dOutTensor).at(0);
    for (int i = 0; i < dX.size; i++) {
      dX.put(i, dOut * weights.at(i), accumulate);
    }
  }

  @Override
  default void sumSquares(Tensor xTensor, Tensor out, boolean accumulate) {
    Doubles x = Doubles.of(xTensor);
    double sum = 0;
    for (int i = 0; i < x.size; i++) {
      sum += x.at(i) * x.at(i);
    }
    Doubles.of(out).put(0, sum, accumulate);
  }

  @Override
  default void clipFactor(Tensor sumSquares, double maxNorm, Tensor out) {
    double norm = Math.sqrt(Doubles.of(sumSquares).at(0));
    Doubles.of(out).put(0, Math.min(1, maxNorm / norm));
  }

  @Override
  default long countNotFinite(Tensor xTensor) {
    if (xTensor.dtype() == DType.I32) {
      return 0;
    }
    long count = 0;
    for (double value : xTensor.toDoubles()) {
      count += Double.isFinite(value) ? 0 : 1;
    }
    return count;
  }
}
