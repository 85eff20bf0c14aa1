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
      Tensor ratesTensor,
      double beta1,
      double beta2,
      double eps,
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
    Floats rates = Floats.of(ratesTensor);
    float rate = rates.at(0);
    float correction2 = rates.at(1);
    float shrink = rates.at(2);
    for (int i = 0; i < param.size; i++) {
      float g = grad.at(i) * factor;
      m.put(i, decay1 * m.at(i) + fresh1 * g);
      v.put(i, decay2 * v.at(i) + fresh2 * g * g);
      float update = m.at(i) * rate / (sqrt(v.at(i) * correction2) + (float) eps);
      param.put(i, param.at(i) - (update + param.at(i) * shrink));
    }
  }
}
