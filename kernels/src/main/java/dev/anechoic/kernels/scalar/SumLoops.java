package dev.anechoic.kernels.scalar;

import static dev.anechoic.kernels.scalar.Scalars.sqrt;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;

/** Sums over rows, columns and whole tensors, and the clip by global norm. */
interface SumLoops extends Kernels {

  @Override
  default void sumRows(Tensor xTensor, Tensor outTensor, boolean accumulate) {
    Floats x = Floats.of(xTensor); // [R,C]
    Floats out = Floats.of(outTensor); // [C]
    for (int c = 0; c < x.columns; c++) {
      float sum = 0;
      for (int r = 0; r < x.rows; r++) {
        sum += x.at(r, c);
      }
      out.put(c, sum, accumulate);
    }
  }

  @Override
  default void sumColumns(Tensor xTensor, double factor, Tensor outTensor) {
    Floats x = Floats.of(xTensor); // [R,C]
    Floats out = Floats.of(outTensor); // [R]
    for (int r = 0; r < x.rows; r++) {
      float sum = 0;
      for (int c = 0; c < x.columns; c++) {
        sum += x.at(r, c);
      }
      out.put(r, (float) factor * sum);
    }
  }

  @Override
  default void sumColumnsBackward(
      Tensor dOutTensor, double factor, Tensor dXTensor, boolean accumulate) {
    Floats dOut = Floats.of(dOutTensor); // [R]
    Floats dX = Floats.of(dXTensor); // [R,C]
    for (int r = 0; r < dX.rows; r++) {
      for (int c = 0; c < dX.columns; c++) {
        dX.put(r, c, (float) factor * dOut.at(r), accumulate);
      }
    }
  }

  @Override
  default void weightedSum(Tensor xTensor, Tensor weightsTensor, Tensor out) {
    Floats x = Floats.of(xTensor); // [N]
    Floats weights = Floats.of(weightsTensor); // [N]
    float sum = 0;
    for (int i = 0; i < x.size; i++) {
      if (weights.at(i) != 0) {
        sum += weights.at(i) * x.at(i);
      }
    }
    Floats.of(out).put(0, sum);
  }

  @Override
  default void weightedSumBackward(
      Tensor weightsTensor, Tensor dOutTensor, Tensor dXTensor, boolean accumulate) {
    Floats weights = Floats.of(weightsTensor); // [N]
    Floats dX = Floats.of(dXTensor); // [N]
    float dOut = Floats.of(dOutTensor).at(0);
    for (int i = 0; i < dX.size; i++) {
      dX.put(i, dOut * weights.at(i), accumulate);
    }
  }

  @Override
  default void sumSquares(Tensor xTensor, Tensor out, boolean accumulate) {
    Floats x = Floats.of(xTensor);
    float sum = 0;
    for (int i = 0; i < x.size; i++) {
      sum += x.at(i) * x.at(i);
    }
    Floats.of(out).put(0, sum, accumulate);
  }

  @Override
  default void clipFactor(Tensor sumSquares, double maxNorm, Tensor out) {
    float norm = sqrt(Floats.of(sumSquares).at(0));
    Floats.of(out).put(0, Math.min(1, (float) maxNorm / norm));
  }

  @Override
  default long countNotFinite(Tensor xTensor) {
    if (xTensor.dtype() == DType.I32) {
      return 0;
    }
    long count = 0;
    for (float value : xTensor.toFloats()) {
      count += Double.isFinite(value) ? 0 : 1;
    }
    return count;
  }
}
