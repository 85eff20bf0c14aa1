package dev.anechoic.kernels.scalar;

import static dev.anechoic.kernels.scalar.Scalars.exp;
import static dev.anechoic.kernels.scalar.Scalars.tanh;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Tensor;

/** GELU, SiLU, SwiGLU and dropout. */
interface ActivationLoops extends Kernels {
  /** sqrt(2/π) and the cubic coefficient of the tanh form; Hendrycks and Gimpel (2016). */
  float GELU_SCALE = (float) Math.sqrt(2 / Math.PI);

  float GELU_CUBIC = 0.044715f;

  @Override
  default void gelu(Tensor xTensor, Tensor yTensor) {
    Floats x = Floats.of(xTensor);
    Floats y = Floats.of(yTensor);
    for (int i = 0; i < x.size; i++) {
      float v = x.at(i);
      y.put(i, v / 2 * (1 + tanh(GELU_SCALE * (v + GELU_CUBIC * v * v * v))));
    }
  }

  @Override
  default void geluBackward(Tensor xTensor, Tensor dYTensor, Tensor dXTensor, boolean accumulate) {
    Floats x = Floats.of(xTensor);
    Floats dY = Floats.of(dYTensor);
    Floats dX = Floats.of(dXTensor);
    for (int i = 0; i < x.size; i++) {
      float v = x.at(i);
      float tanh = tanh(GELU_SCALE * (v + GELU_CUBIC * v * v * v));
      float dInner = GELU_SCALE * (1 + 3 * GELU_CUBIC * v * v);
      dX.put(i, dY.at(i) * ((1 + tanh) / 2 + v / 2 * (1 - tanh * tanh) * dInner), accumulate);
    }
  }

  @Override
  default void silu(Tensor xTensor, Tensor yTensor) {
    Floats x = Floats.of(xTensor);
    Floats y = Floats.of(yTensor);
    for (int i = 0; i < x.size; i++) {
      y.put(i, x.at(i) * sigmoid(x.at(i)));
    }
  }

  @Override
  default void siluBackward(Tensor xTensor, Tensor dYTensor, Tensor dXTensor, boolean accumulate) {
    Floats x = Floats.of(xTensor);
    Floats dY = Floats.of(dYTensor);
    Floats dX = Floats.of(dXTensor);
    for (int i = 0; i < x.size; i++) {
      dX.put(i, dY.at(i) * siluSlope(x.at(i)), accumulate);
    }
  }

  @Override
  default void swiglu(Tensor xTensor, Tensor yTensor) {
    Floats x = Floats.of(xTensor); // [R,2F]: gate | up
    Floats y = Floats.of(yTensor); // [R,F]
    for (int r = 0; r < y.rows; r++) {
      for (int f = 0; f < y.columns; f++) {
        float gate = x.at(r, f);
        float up = x.at(r, y.columns + f);
        y.put(r, f, gate * sigmoid(gate) * up);
      }
    }
  }

  @Override
  default void swigluBackward(
      Tensor xTensor, Tensor dYTensor, Tensor dXTensor, boolean accumulate) {
    Floats x = Floats.of(xTensor); // [R,2F]: gate | up
    Floats dY = Floats.of(dYTensor); // [R,F]
    Floats dX = Floats.of(dXTensor); // [R,2F]
    for (int r = 0; r < dY.rows; r++) {
      for (int f = 0; f < dY.columns; f++) {
        float gate = x.at(r, f);
        float up = x.at(r, dY.columns + f);
        dX.put(r, f, dY.at(r, f) * up * siluSlope(gate), accumulate);
        dX.put(r, dY.columns + f, dY.at(r, f) * gate * sigmoid(gate), accumulate);
      }
    }
  }

  @Override
  default void dropout(Tensor xTensor, double p, long seed, int stream, int step, Tensor yTensor) {
    mask(xTensor, (float) p, seed, stream, step, yTensor, false);
  }

  @Override
  default void dropoutBackward(
      Tensor dYTensor,
      double p,
      long seed,
      int stream,
      int step,
      Tensor dXTensor,
      boolean accumulate) {
    mask(dYTensor, (float) p, seed, stream, step, dXTensor, accumulate);
  }

  private static void mask(
      Tensor from, float p, long seed, int stream, int step, Tensor to, boolean accumulate) {
    Floats x = Floats.of(from); // [R,C]
    Floats y = Floats.of(to); // [R,C]
    int[] words = new int[4];
    for (int r = 0; r < x.rows; r++) {
      for (int c = 0; c < x.columns; c++) {
        Philox.block(seed, stream, step, r, c / 4, words);
        boolean kept = Philox.toUniform(words[c % 4]) >= p;
        y.put(r, c, kept ? x.at(r, c) / (1 - p) : 0, accumulate);
      }
    }
  }

  private static float sigmoid(float x) {
    return 1 / (1 + exp(-x));
  }

  private static float siluSlope(float x) {
    return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
  }
}
