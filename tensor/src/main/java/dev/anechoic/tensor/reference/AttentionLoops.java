package dev.anechoic.tensor.reference;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
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
    Doubles x = Doubles.of(xTensor); // [B,T,W]
    Doubles y = Doubles.of(yTensor); // [B,T,W]
    Doubles table = Doubles.of(tableTensor); // [positions,D]: cos | sin
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
          double cos = table.at(position, i);
          double sin = inverse ? -table.at(position, half + i) : table.at(position, half + i);
          double a = x.at(row, first);
          double b = x.at(row, second);
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
    Doubles out = Doubles.of(outTensor); // [B,T,H*D]
    Doubles lse = Doubles.of(lseTensor); // [B,H,T]
    int batch = qkvTensor.dim(0);
    int time = qkvTensor.dim(1);
    Packed p = new Packed(qkvTensor, heads, kvHeads);
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        for (int t = 0; t < time; t++) {
          double[] weights = new double[t + 1];
          for (int s = 0; s <= t; s++) {
            weights[s] = p.score(b, h, t, s, scale);
          }
          lse.put((b * heads + h) * time + t, softmaxInPlace(weights));
          for (int d = 0; d < p.headSize; d++) {
            double sum = 0;
            for (int s = 0; s <= t; s++) {
              sum += weights[s] * p.value(b, h, s, d);
            }
            out.put((b * time + t) * heads * p.headSize + h * p.headSize + d, sum);
          }
        }
      }
    }
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
    Doubles out = Doubles.of(outTensor); // [B,T,H*D]
    Doubles dOut = Doubles.of(dOutTensor); // [B,T,H*D]
    Doubles lse = Doubles.of(lseTensor); // [B,H,T]
    Doubles dQkv = Doubles.of(dQkvTensor); // [B,T,(H+2K)*D]
    int batch = qkvTensor.dim(0);
    int time = qkvTensor.dim(1);
    Packed p = new Packed(qkvTensor, heads, kvHeads);
    if (!accumulate) {
      dQkv.fill(0);
    }
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        for (int t = 0; t < time; t++) {
          int row = (b * time + t) * heads * p.headSize + h * p.headSize;
          double delta = 0;
          for (int d = 0; d < p.headSize; d++) {
            delta += dOut.at(row + d) * out.at(row + d);
          }
          for (int s = 0; s <= t; s++) {
            double weight =
                Math.exp(p.score(b, h, t, s, scale) - lse.at((b * heads + h) * time + t));
            double dWeight = 0;
            for (int d = 0; d < p.headSize; d++) {
              dWeight += dOut.at(row + d) * p.value(b, h, s, d);
            }
            double dScore = scale * weight * (dWeight - delta);
            for (int d = 0; d < p.headSize; d++) {
              dQkv.put(p.queryAt(b, h, t, d), dScore * p.key(b, h, s, d), true);
              dQkv.put(p.keyAt(b, h, s, d), dScore * p.query(b, h, t, d), true);
              dQkv.put(p.valueAt(b, h, s, d), weight * dOut.at(row + d), true);
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
    Doubles keys = Doubles.of(keysTensor); // [slots,K,Tmax,D]
    Doubles values = Doubles.of(valuesTensor); // [slots,K,Tmax,D]
    Doubles out = Doubles.of(outTensor); // [B,S,H*D]
    Ints slots = Ints.of(slotsTensor); // [B]
    Ints starts = Ints.of(startsTensor); // [B]
    int fresh = qkvTensor.dim(1);
    int capacity = keysTensor.dim(2);
    Packed p = new Packed(qkvTensor, heads, kvHeads);
    for (int b = 0; b < qkvTensor.dim(0); b++) {
      int slot = slots.index(b, keysTensor.dim(0), "attentionCached", "slots");
      int start = starts.index(b, capacity - fresh + 1, "attentionCached", "starts");
      for (int k = 0; k < kvHeads; k++) {
        int firstHead = k * (heads / kvHeads);
        for (int s = 0; s < fresh; s++) {
          int row = ((slot * kvHeads + k) * capacity + start + s) * p.headSize;
          for (int d = 0; d < p.headSize; d++) {
            keys.put(row + d, p.key(b, firstHead, s, d));
            values.put(row + d, p.value(b, firstHead, s, d));
          }
        }
      }
      for (int h = 0; h < heads; h++) {
        int cacheRow = (slot * kvHeads + h / (heads / kvHeads)) * capacity * p.headSize;
        for (int s = 0; s < fresh; s++) {
          double[] weights = new double[start + s + 1];
          for (int t = 0; t < weights.length; t++) {
            double dot = 0;
            for (int d = 0; d < p.headSize; d++) {
              dot += p.query(b, h, s, d) * keys.at(cacheRow + t * p.headSize + d);
            }
            weights[t] = scale * dot;
          }
          softmaxInPlace(weights);
          for (int d = 0; d < p.headSize; d++) {
            double sum = 0;
            for (int t = 0; t < weights.length; t++) {
              sum += weights[t] * values.at(cacheRow + t * p.headSize + d);
            }
            out.put((b * fresh + s) * heads * p.headSize + h * p.headSize + d, sum);
          }
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

  private static void copySlots(Tensor fromTensor, Tensor sourcesTensor, Tensor toTensor) {
    Doubles from = Doubles.of(fromTensor); // [P,K,Ts,D]
    Doubles to = Doubles.of(toTensor); // [slots,K,Tmax,D]
    Ints sources = Ints.of(sourcesTensor); // [R]
    int heads = toTensor.dim(1);
    int headSize = toTensor.dim(3);
    for (int r = 0; r < sources.size; r++) {
      int source = sources.at(r);
      for (int k = 0; source >= 0 && k < heads; k++) {
        int first = (source * heads + k) * fromTensor.dim(2) * headSize;
        int firstTo = (r * heads + k) * toTensor.dim(2) * headSize;
        for (int i = 0; i < fromTensor.dim(2) * headSize; i++) {
          to.put(firstTo + i, from.at(first + i));
        }
      }
    }
  }

  /** Returns the log-sum-exp of the scores. */
  private static double softmaxInPlace(double[] scores) {
    double max = Double.NEGATIVE_INFINITY;
    for (double score : scores) {
      max = Math.max(max, score);
    }
    double sum = 0;
    for (double score : scores) {
      sum += Math.exp(score - max);
    }
    double lse = max + Math.log(sum);
    for (int i = 0; i < scores.length; i++) {
      scores[i] = Math.exp(scores[i] - lse);
    }
    return lse;
  }

  /** Where queries, keys and values lie inside the packed rows [B,T,(H+2K)*D]. */
  final class Packed {
    final int headSize;
    private final Doubles qkv;
    private final int time;
    private final int heads;
    private final int kvHeads;

    Packed(Tensor qkv, int heads, int kvHeads) {
      this.qkv = Doubles.of(qkv);
      this.time = qkv.dim(1);
      this.heads = heads;
      this.kvHeads = kvHeads;
      this.headSize = qkv.dim(2) / (heads + 2 * kvHeads);
    }

    int queryAt(int b, int h, int t, int d) {
      return element(b, t, h, d);
    }

    int keyAt(int b, int h, int t, int d) {
      return element(b, t, heads + h / (heads / kvHeads), d);
    }

    int valueAt(int b, int h, int t, int d) {
      return element(b, t, heads + kvHeads + h / (heads / kvHeads), d);
    }

    private int element(int b, int t, int block, int d) {
      return (b * time + t) * qkv.columns + block * headSize + d;
    }

    double query(int b, int h, int t, int d) {
      return qkv.at(queryAt(b, h, t, d));
    }

    double key(int b, int h, int t, int d) {
      return qkv.at(keyAt(b, h, t, d));
    }

    double value(int b, int h, int t, int d) {
      return qkv.at(valueAt(b, h, t, d));
    }

    /** Scaled score of the query at t and the key at s. */
    double score(int b, int h, int t, int s, double scale) {
      double dot = 0;
      for (int d = 0; d < headSize; d++) {
        dot += query(b, h, t, d) * key(b, h, s, d);
      }
      return scale * dot;
    }
  }
}
