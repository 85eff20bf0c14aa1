package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Tensor;

/** Activations and dropout: {@code activations.cu}, {@code dropout.cu}. */
interface CudaActivations extends CudaKernels {

  @Override
  default void gelu(Tensor x, Tensor y) {
    gpu().elements("gelu", x.size()).arg(x).out(y).arg(x.size()).launch();
  }

  @Override
  default void geluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate) {
    gradient("geluBackward", x, dY, dX, accumulate);
  }

  @Override
  default void silu(Tensor x, Tensor y) {
    gpu().elements("silu", x.size()).arg(x).out(y).arg(x.size()).launch();
  }

  @Override
  default void siluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate) {
    gradient("siluBackward", x, dY, dX, accumulate);
  }

  private void gradient(String name, Tensor x, Tensor dY, Tensor dX, boolean accumulate) {
    gpu().elements(name, x.size()).arg(x).arg(dY).out(dX).arg(x.size()).arg(accumulate).launch();
  }

  @Override
  default void swiglu(Tensor x, Tensor y) {
    gpu().elements("swiglu", y.size()).arg(x).out(y).arg(y.size()).arg(y.columns()).launch();
  }

  @Override
  default void swigluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate) {
    gpu()
        .elements("swigluBackward", dY.size())
        .arg(x)
        .arg(dY)
        .out(dX)
        .arg(dY.size())
        .arg(dY.columns())
        .arg(accumulate)
        .launch();
  }

  @Override
  default void dropout(Tensor x, double p, long seed, int stream, int step, Tensor y) {
    mask(x, p, seed, stream, step, y, false);
  }

  @Override
  default void dropoutBackward(
      Tensor dY, double p, long seed, int stream, int step, Tensor dX, boolean accumulate) {
    mask(dY, p, seed, stream, step, dX, accumulate);
  }

  private void mask(
      Tensor x, double p, long seed, int stream, int step, Tensor y, boolean accumulate) {
    // A uniform number is w / 2^24 with a whole w: at least p exactly from this w on.
    long threshold = (long) Math.ceil(p * 0x1p24);
    long quads = x.rows() * ((x.columns() + 3) / 4);
    gpu()
        .elements("dropout", quads)
        .arg(x)
        .out(y)
        .arg(x.rows())
        .arg(x.columns())
        .arg(threshold)
        .arg((float) (1 - p))
        .arg(seed & 0xFFFFFFFFL)
        .arg(seed >>> 32)
        .arg(stream)
        .arg(step)
        .arg(accumulate)
        .launch();
  }
}
