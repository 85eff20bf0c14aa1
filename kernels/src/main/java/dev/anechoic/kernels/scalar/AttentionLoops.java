package dev.anechoic.kernels.scalar;

import static dev.anechoic.kernels.scalar.Scalars.exp;
import static dev.anechoic.kernels.scalar.Scalars.log;

import dev.anechoic.kernels.heap.HeapBuffer;
import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Rotary embedding and causal attention, whole and over a cache. */
interface AttentionLoops extends Kernels {

  @Override
  default void rotary(
      Tensor xTensor,
      @Nullable Tensor starts,
      Tensor tableTensor,
      int heads,
      int headSize,
      boolean inverse,
      Tensor yTensor) {
    Floats x = Floats.of(xTensor); // [B,T,W]
    Floats y = Floats.of(yTensor); // [B,T,W]
    Floats table = Floats.of(tableTensor); // [positions,D]: cos | sin
    int time = xTensor.dim(1);
    int half = headSize / 2;
    for (int row = 0; row < x.rows; row++) {
      int start = starts == null ? 0 : Ints.of(starts).at(row / time);
      int position = start + row % time;
      if (position < 0 || position >= table.rows) {
        throw new TensorException(
            TensorException.Kind.INDEX,
            "rotary of " + xTensor + ": position " + position,
            "the table " + tableTensor + " holds positions in [0, " + table.rows + ")");
      }
      for (int h = 0; h < heads; h++) {
        for (int i = 0; i < half; i++) {
          int first = h * headSize + i;
          int second = first + half;
          float cos = table.at(position, i);
          float sin = inverse ? -table.at(position, half + i) : table.at(position, half + i);
          float a = x.at(row, first);
          float b = x.at(row, second);
          y.put(row, first, a * cos - b * sin);
          y.put(row, second, b * cos + a * sin);
        }
      }
      for (int c = heads * headSize; c < x.columns; c++) {
        y.put(row, c, x.at(row, c));
      }
    }
  }

  @Override
  default void attention(
      Tensor qkvTensor, int heads, int kvHeads, double scale, Tensor outTensor, Tensor lseTensor) {
    Floats lse = Floats.of(lseTensor); // [B,H,T]
    float[] qkv = HeapBuffer.floats(qkvTensor); // [B,T,(H+2K)*D]
    float[] out = HeapBuffer.floats(outTensor); // [B,T,H*D]
    int batch = qkvTensor.dim(0);
    int time = qkvTensor.dim(1);
    int width = qkvTensor.dim(2);
    int headSize = width / (heads + 2 * kvHeads);
    float[] weights = new float[time];
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        int base = HeapBuffer.at(qkvTensor) + b * time * width;
        int keys = base + (heads + h / (heads / kvHeads)) * headSize;
        int values = keys + kvHeads * headSize;
        for (int t = 0; t < time; t++) {
          int query = base + t * width + h * headSize;
          int to = HeapBuffer.at(outTensor) + ((b * time + t) * heads + h) * headSize;
          float logSum =
              attend(
                  qkv,
                  query,
                  qkv,
                  keys,
                  qkv,
                  values,
                  width,
                  headSize,
                  t + 1,
                  (float) scale,
                  weights,
                  out,
                  to);
          lse.put((b * heads + h) * time + t, logSum);
        }
      }
    }
  }

  /**
   * One query over {@code count} keys and values that lie {@code stride} apart; returns the
   * log-sum-exp of the scaled scores.
   */
  private static float attend(
      float[] q,
      int query,
      float[] k,
      int keys,
      float[] v,
      int values,
      int stride,
      int headSize,
      int count,
      float scale,
      float[] weights,
      float[] out,
      int to) {
    float max = Float.NEGATIVE_INFINITY;
    for (int s = 0; s < count; s++) {
      weights[s] = scale * dot(q, query, k, keys + s * stride, headSize);
      max = Math.max(max, weights[s]);
    }
    float sum = 0;
    for (int s = 0; s < count; s++) {
      sum += exp(weights[s] - max);
    }
    float logSum = max + log(sum);
    Arrays.fill(out, to, to + headSize, 0f);
    for (int s = 0; s < count; s++) {
      float weight = exp(weights[s] - logSum);
      for (int d = 0; d < headSize; d++) {
        out[to + d] += weight * v[values + s * stride + d];
      }
    }
    return logSum;
  }

  private static float dot(float[] a, int aAt, float[] b, int bAt, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) {
      sum += a[aAt + i] * b[bAt + i];
    }
    return sum;
  }

  @Override
  default void attentionBackward(
      Tensor qkvTensor,
      int heads,
      int kvHeads,
      double scale,
      Tensor outTensor,
      Tensor lseTensor,
      Tensor dOutTensor,
      Tensor dQkvTensor,
      boolean accumulate) {
    // P = exp(scale QK' - lse); dV = P' dOut; dS = P (dOut V' - rowsum(dOut out));
    // dQ = scale dS K; dK = scale dS' Q
    Floats lse = Floats.of(lseTensor); // [B,H,T]
    float[] qkv = HeapBuffer.floats(qkvTensor); // [B,T,(H+2K)*D]
    float[] dQkv = HeapBuffer.floats(dQkvTensor); // [B,T,(H+2K)*D]
    float[] out = HeapBuffer.floats(outTensor); // [B,T,H*D]
    float[] dOut = HeapBuffer.floats(dOutTensor); // [B,T,H*D]
    int batch = qkvTensor.dim(0);
    int time = qkvTensor.dim(1);
    int width = qkvTensor.dim(2);
    int headSize = width / (heads + 2 * kvHeads);
    if (!accumulate) {
      fill(dQkvTensor, 0);
    }
    int shift = HeapBuffer.at(dQkvTensor) - HeapBuffer.at(qkvTensor);
    int shiftOut = HeapBuffer.at(outTensor) - HeapBuffer.at(dOutTensor);
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        int base = HeapBuffer.at(qkvTensor) + b * time * width;
        int keys = base + (heads + h / (heads / kvHeads)) * headSize;
        int values = keys + kvHeads * headSize;
        for (int t = 0; t < time; t++) {
          int row = HeapBuffer.at(dOutTensor) + ((b * time + t) * heads + h) * headSize;
          int query = base + t * width + h * headSize;
          float delta = dot(dOut, row, out, row + shiftOut, headSize);
          float logSum = lse.at((b * heads + h) * time + t);
          for (int s = 0; s <= t; s++) {
            int key = keys + s * width;
            int value = values + s * width;
            float weight = exp((float) scale * dot(qkv, query, qkv, key, headSize) - logSum);
            float dWeight = dot(dOut, row, qkv, value, headSize);
            float dScore = (float) scale * weight * (dWeight - delta);
            for (int d = 0; d < headSize; d++) {
              dQkv[query + shift + d] += dScore * qkv[key + d];
              dQkv[key + shift + d] += dScore * qkv[query + d];
              dQkv[value + shift + d] += weight * dOut[row + d];
            }
          }
        }
      }
    }
  }

  @Override
  default void attentionCached(
      Tensor qkvTensor,
      Tensor slotsTensor,
      Tensor startsTensor,
      int heads,
      int kvHeads,
      double scale,
      Tensor keysTensor,
      Tensor valuesTensor,
      Tensor outTensor) {
    float[] keys = HeapBuffer.floats(keysTensor); // [slots,K,Tmax,D]
    float[] values = HeapBuffer.floats(valuesTensor); // [slots,K,Tmax,D]
    float[] qkv = HeapBuffer.floats(qkvTensor); // [B,S,(H+2K)*D]
    float[] out = HeapBuffer.floats(outTensor); // [B,S,H*D]
    Ints slots = Ints.of(slotsTensor); // [B]
    Ints starts = Ints.of(startsTensor); // [B]
    int fresh = qkvTensor.dim(1);
    int width = qkvTensor.dim(2);
    int headSize = width / (heads + 2 * kvHeads);
    int capacity = keysTensor.dim(2);
    float[] weights = new float[capacity];
    for (int b = 0; b < qkvTensor.dim(0); b++) {
      int slot = slots.index(b, keysTensor.dim(0), "attentionCached", "slots");
      int start = starts.index(b, capacity - fresh + 1, "attentionCached", "starts");
      int base = HeapBuffer.at(qkvTensor) + b * fresh * width;
      for (int k = 0; k < kvHeads; k++) {
        for (int s = 0; s < fresh; s++) {
          int from = base + s * width + (heads + k) * headSize;
          int to = ((slot * kvHeads + k) * capacity + start + s) * headSize;
          System.arraycopy(qkv, from, keys, HeapBuffer.at(keysTensor) + to, headSize);
          from += kvHeads * headSize;
          System.arraycopy(qkv, from, values, HeapBuffer.at(valuesTensor) + to, headSize);
        }
      }
      for (int h = 0; h < heads; h++) {
        int row = (slot * kvHeads + h / (heads / kvHeads)) * capacity * headSize;
        for (int s = 0; s < fresh; s++) {
          int query = base + s * width + h * headSize;
          int to = HeapBuffer.at(outTensor) + ((b * fresh + s) * heads + h) * headSize;
          attend(
              qkv,
              query,
              keys,
              HeapBuffer.at(keysTensor) + row,
              values,
              HeapBuffer.at(valuesTensor) + row,
              headSize,
              headSize,
              start + s + 1,
              (float) scale,
              weights,
              out,
              to);
        }
      }
    }
  }

  @Override
  default void copySlots(
      Tensor fromKeys, Tensor fromValues, Tensor sources, Tensor keys, Tensor values) {
    copySlots(fromKeys, sources, keys);
    copySlots(fromValues, sources, values);
  }

  private static void copySlots(Tensor from, Tensor sourcesTensor, Tensor to) {
    Ints sources = Ints.of(sourcesTensor); // [R]
    int heads = to.dim(1);
    int length = from.dim(2) * from.dim(3);
    int room = to.dim(2) * to.dim(3);
    for (int r = 0; r < sources.size; r++) {
      int source = sources.at(r);
      for (int k = 0; source >= 0 && k < heads; k++) {
        System.arraycopy(
            HeapBuffer.floats(from),
            HeapBuffer.at(from) + (source * heads + k) * length,
            HeapBuffer.floats(to),
            HeapBuffer.at(to) + (r * heads + k) * room,
            length);
      }
    }
  }
}
