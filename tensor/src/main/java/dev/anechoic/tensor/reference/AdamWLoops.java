package dev.anechoic.tensor.reference;

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
    Doubles param = Doubles.of(paramTensor);
    Doubles grad = Doubles.of(gradTensor);
    Doubles m = Doubles.of(mTensor);
    Doubles v = Doubles.of(vTensor);
    double factor = gradFactor == null ? 1 : Doubles.of(gradFactor).at(0);
    for (int i = 0; i < param.size; i++) {
      double g = grad.at(i) * factor;
      m.put(i, beta1 * m.at(i) + (1 - beta1) * g);
      v.put(i, beta2 * v.at(i) + (1 - beta2) * g * g);
      double mhat = m.at(i) / (1 - Math.pow(beta1, step));
      double vhat = v.at(i) / (1 - Math.pow(beta2, step));
      double update = mhat / (Math.sqrt(vhat) + eps) + weightDecay * param.at(i);
      param.put(i, param.at(i) - lr * update);
    }
  }
}
