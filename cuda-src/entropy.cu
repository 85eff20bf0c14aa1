// entropy[n] = lse - sum over v of p_v logits_v / temperature, in nats. Saves entropy and lse [N].
#include "common.cuh"

template <class Row>
DEVICE void entropyRow(const float* logits, float* entropy, float* lse, long long rows, int columns,
                       float factor) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  logits += r * columns;
  float logSum = rowLogSumExp<Row>(logits, columns, factor);
  // The sum of -p ln p, without the cancellation of lse - sum p l. A p of exactly 0 adds nothing,
  // also where its logit is -inf.
  float h = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(logits, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float logP = v.v[i] * factor - logSum, p = expf(logP);
      h = c + i < columns && p != 0.0f ? fmaf(-p, logP, h) : h;
    }
  }
  h = Row::sum(h);
  if (Row::lane() == 0) {
    entropy[r] = h;
    lse[r] = logSum;
  }
}
ROW_KERNELS(entropy,
            (const float* logits, float* entropy, float* lse, long long rows, int columns,
             float factor),
            (logits, entropy, lse, rows, columns, factor))

// dLogits (+)= -dEntropy p (ln p + entropy) / temperature
template <class Row>
DEVICE void entropyBackwardRow(const float* logits, const float* entropy, const float* lse,
                               const float* dEntropy, float* dLogits, long long rows, int columns,
                               float factor, int accumulate) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  logits += r * columns;
  dLogits += r * columns;
  float d = -dEntropy[r] * factor, h = entropy[r], logSum = lse[r];
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(logits, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float logP = v.v[i] * factor - logSum, p = expf(logP);
      v.v[i] = d == 0.0f ? 0.0f : d * (p == 0.0f ? 0.0f : p * (logP + h));
    }
    put4(dLogits, c, columns, v, accumulate);
  }
}
ROW_KERNELS(entropyBackward,
            (const float* logits, const float* entropy, const float* lse, const float* dEntropy,
             float* dLogits, long long rows, int columns, float factor, int accumulate),
            (logits, entropy, lse, dEntropy, dLogits, rows, columns, factor, accumulate))
