package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/** Rotary position embedding; Su et al., RoFormer (2021), pairing (i, i + D/2). */
final class RotaryKernel extends RowKernel {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  private final Operand x = new Operand();
  private final Operand y = new Operand();
  private final Operand table = new Operand();
  private final Indices starts = new Indices();
  private boolean hasStarts;
  private boolean inverse;
  private int time;
  private int columns;
  private int heads;
  private int headSize;

  RotaryKernel(WorkerPool pool) {
    super(pool);
  }

  void rotary(
      Tensor xTensor,
      @Nullable Tensor startsTensor,
      Tensor tableTensor,
      int heads,
      int headSize,
      boolean inverse,
      Tensor yTensor) {
    x.set(xTensor);
    y.set(yTensor);
    table.set(tableTensor);
    hasStarts = startsTensor != null;
    if (startsTensor != null) {
      starts.set(startsTensor);
    }
    this.inverse = inverse;
    this.heads = heads;
    this.headSize = headSize;
    time = xTensor.dim(1);
    columns = xTensor.columns();
    checkPositions(xTensor, tableTensor);
    start((int) xTensor.rows(), columns);
  }

  private void checkPositions(Tensor xTensor, Tensor tableTensor) {
    int batch = time == 0 ? 0 : xTensor.dim(0);
    for (int b = 0; b < batch; b++) {
      int first = hasStarts ? starts.get(b) : 0;
      int last = first + time - 1;
      if (first < 0 || last >= tableTensor.rows()) {
        throw new TensorException(
            TensorException.Kind.INDEX,
            "rotary of " + xTensor + ": positions " + first + " to " + last,
            "the table " + tableTensor + " holds positions in [0, " + tableTensor.rows() + ")");
      }
    }
  }

  @Override
  void rows(int from, int to, int worker) {
    for (int r = from; r < to; r++) {
      int position = (hasStarts ? starts.get(r / time) : 0) + r % time;
      int angles = table.at + position * headSize;
      int row = r * columns;
      for (int h = 0; h < heads; h++) {
        int head = row + h * headSize;
        turn(
            x.array,
            x.at + head,
            table.array,
            angles,
            headSize / 2,
            inverse ? -1f : 1f,
            y.array,
            y.at + head);
      }
      int rest = heads * headSize;
      if (rest < columns && (x.array != y.array || x.at != y.at)) {
        System.arraycopy(x.array, x.at + row + rest, y.array, y.at + row + rest, columns - rest);
      }
    }
  }

  private static void turn(
      float[] x, int xAt, float[] table, int angles, int half, float sign, float[] y, int yAt) {
    for (int i = 0; i < half; i += V) {
      VectorMask<Float> mask = F.indexInRange(i, half);
      FloatVector cos = FloatVector.fromArray(F, table, angles + i, mask);
      FloatVector sin = FloatVector.fromArray(F, table, angles + half + i, mask).mul(sign);
      FloatVector a = FloatVector.fromArray(F, x, xAt + i, mask);
      FloatVector b = FloatVector.fromArray(F, x, xAt + half + i, mask);
      a.mul(cos).sub(b.mul(sin)).intoArray(y, yAt + i, mask);
      b.mul(cos).add(a.mul(sin)).intoArray(y, yAt + half + i, mask);
    }
  }
}
