package dev.anechoic.kernels.scalar;

import static dev.anechoic.kernels.scalar.Scalars.sqrt;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The optimizer. */
interface AdamWLoops extends Kernels {

  @Override
  default void adamW(
      Tensor paramTensor,
      Tensor gradTensor,
      Tensor mTensor,
      Tensor vTensor,
      double lr,
      double beta1,
      double beta2,
      double eps,
      double weightDecay,
      long step,
      @Nullable Tensor gradFactor) {
    Floats param = Floats.of(paramTensor);
    Floats grad = Floats.of(gradTensor);
    Floats m = Floats.of(mTensor);
    Floats v = Floats.of(vTensor);
    float factor = gradFactor == null ? 1 : Floats.of(gradFactor).at(0);
    float decay1 = (float) beta1;
    float decay2 = (float) beta2;
    float fresh1 = (float) (1 - beta1);
    float fresh2 = (float) (1 - beta2);
    float correction1 = (float) (1 - power(beta1, step));
    float correction2 = (float) (1 - power(beta2, step));
    for (int i = 0; i < param.size; i++) {
      float g = grad.at(i) * factor;
      m.put(i, decay1 * m.at(i) + fresh1 * g);
      v.put(i, decay2 * v.at(i) + fresh2 * g * g);
      float mhat = m.at(i) / correction1;
      float vhat = v.at(i) / correction2;
      float update = mhat / (sqrt(vhat) + (float) eps) + (float) weightDecay * param.at(i);
      param.put(i, param.at(i) - (float) lr * update);
    }
  }

  /** By squaring: the same bits on every machine, and no allocation, unlike StrictMath.pow. */
  private static double power(double base, long exponent) {
    double result = 1;
    double square = base;
    for (long bits = exponent; bits > 0; bits >>= 1) {
      if ((bits & 1) == 1) {
        result *= square;
      }
      square *= square;
    }
    return result;
  }
}
