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
      Tensor ratesTensor,
      double beta1,
      double beta2,
      double eps,
      @Nullable Tensor gradFactor) {
    Doubles param = Doubles.of(paramTensor);
    Doubles grad = Doubles.of(gradTensor);
    Doubles m = Doubles.of(mTensor);
    Doubles v = Doubles.of(vTensor);
    Doubles rates = Doubles.of(ratesTensor);
    double rate = rates.at(0);
    double correction2 = rates.at(1);
    double shrink = rates.at(2);
    double factor = gradFactor == null ? 1 : Doubles.of(gradFactor).at(0);
    for (int i = 0; i < param.size; i++) {
      double g = grad.at(i) * factor;
      m.put(i, beta1 * m.at(i) + (1 - beta1) * g);
      v.put(i, beta2 * v.at(i) + (1 - beta2) * g * g);
      double update = rate * m.at(i) / (Math.sqrt(v.at(i) * correction2) + eps);
      param.put(i, param.at(i) - update - shrink * param.at(i));
    }
  }
}
