package dev.anechoic.kernels.simd;

import dev.anechoic.kernels.heap.HeapBuffer;
import dev.anechoic.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * AdamW; Loshchilov and Hutter (2019). One pass over 28 bytes per parameter: four reads and three
 * writes of 4 bytes.
 */
final class AdamWKernel extends RowKernel {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  private final Operand param = new Operand();
  private final Operand grad = new Operand();
  private final Operand m = new Operand();
  private final Operand v = new Operand();
  private int size;
  private float factor;
  private float decay1;
  private float decay2;
  private float fresh1;
  private float fresh2;

  private float rate;
  private float correction2;
  private float shrink;
  private float eps;

  AdamWKernel(WorkerPool pool) {
    super(pool);
  }

  void adamW(
      Tensor paramTensor,
      Tensor gradTensor,
      Tensor mTensor,
      Tensor vTensor,
      Tensor rates,
      double beta1,
      double beta2,
      double eps,
      @Nullable Tensor gradFactor) {
    param.set(paramTensor);
    grad.set(gradTensor);
    m.set(mTensor);
    v.set(vTensor);
    size = (int) paramTensor.size();
    factor = gradFactor == null ? 1 : HeapBuffer.floats(gradFactor)[HeapBuffer.at(gradFactor)];
    decay1 = (float) beta1;
    decay2 = (float) beta2;
    fresh1 = (float) (1 - beta1);
    fresh2 = (float) (1 - beta2);
    float[] numbers = HeapBuffer.floats(rates);
    int at = HeapBuffer.at(rates);
    rate = numbers[at];
    correction2 = numbers[at + 1];
    shrink = numbers[at + 2];
    this.eps = (float) eps;
    start(Elementwise.blocks(size), 3L * Elementwise.BLOCK);
  }

  @Override
  void rows(int from, int to, int worker) {
    int i = from * Elementwise.BLOCK;
    int n = (int) Math.min(size, (long) to * Elementwise.BLOCK) - i;
    int whole = Lanes.whole(n);
    update(
        param.array,
        param.at + i,
        grad.array,
        grad.at + i,
        m.array,
        m.at + i,
        v.array,
        v.at + i,
        whole);
    if (whole < n) {
      updateEnd(i + whole, n - whole, scratch(worker, 0).ends);
    }
  }

  /** The last elements, by way of whole vectors. */
  private void updateEnd(int i, int n, float[] ends) {
    System.arraycopy(param.array, param.at + i, ends, 0, n);
    System.arraycopy(grad.array, grad.at + i, ends, V, n);
    System.arraycopy(m.array, m.at + i, ends, 2 * V, n);
    System.arraycopy(v.array, v.at + i, ends, 3 * V, n);
    update(ends, 0, ends, V, ends, 2 * V, ends, 3 * V, V);
    System.arraycopy(ends, 0, param.array, param.at + i, n);
    System.arraycopy(ends, 2 * V, m.array, m.at + i, n);
    System.arraycopy(ends, 3 * V, v.array, v.at + i, n);
  }

  /** Updates n elements, a multiple of the vector's length. */
  private void update(
      float[] w, int wAt, float[] g, int gAt, float[] m, int mAt, float[] v, int vAt, int n) {
    for (int i = 0; i < n; i += V) {
      FloatVector dw = FloatVector.fromArray(F, g, gAt + i).mul(factor);
      FloatVector first = FloatVector.fromArray(F, m, mAt + i).mul(decay1).add(dw.mul(fresh1));
      FloatVector second =
          FloatVector.fromArray(F, v, vAt + i).mul(decay2).add(dw.mul(dw).mul(fresh2));
      first.intoArray(m, mAt + i);
      second.intoArray(v, vAt + i);
      FloatVector root = second.mul(correction2).sqrt().add(eps);
      FloatVector update = first.mul(rate).div(root);
      FloatVector old = FloatVector.fromArray(F, w, wAt + i);
      old.sub(update.add(old.mul(shrink))).intoArray(w, wAt + i);
    }
  }
}
