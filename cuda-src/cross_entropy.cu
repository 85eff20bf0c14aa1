// loss[n] = lse[n] - logits[n, target]; a negative target is masked: both 0. Saves lse [N].
// Forward reads the logits, backward reads and writes them: 4 and 8 bytes per element.
#include "common.cuh"

template <class Row>
DEVICE void crossEntropyRow(const float* logits, const int* targets, float* loss, float* lse,
                            long long rows, int columns, int* problem) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  logits += r * columns;
  float logSum = rowLogSumExp<Row>(logits, columns, 1.0f);
  if (Row::lane() == 0) {
    int target = tokenOrMasked(targets[r], columns, r, problem, crossEntropyTargets);
    loss[r] = target < 0 ? 0.0f : logSum - logits[target];
    lse[r] = target < 0 ? 0.0f : logSum;
  }
}
ROW_KERNELS(crossEntropy,
            (const float* logits, const int* targets, float* loss, float* lse, long long rows,
             int columns, int* problem),
            (logits, targets, loss, lse, rows, columns, problem))

// dLogits[n, v] (+)= dLoss[n] (exp(logits - lse) - [v = target]); 0 where masked.
template <class Row>
DEVICE void crossEntropyBackwardRow(const float* logits, const int* targets, const float* lse,
                                    const float* dLoss, float* dLogits, long long rows, int columns,
                                    int accumulate, int* problem) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  logits += r * columns;
  dLogits += r * columns;
  int target = targets[r];
  if (Row::lane() == 0) {
    tokenOrMasked(target, columns, r, problem, crossEntropyBackwardTargets);
  }
  float d = dLoss[r], logSum = lse[r];
  bool masked = target < 0 || d == 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(logits, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float p = expf(v.v[i] - logSum) - (c + i == target ? 1.0f : 0.0f);
      v.v[i] = masked ? 0.0f : d * p;
    }
    put4(dLogits, c, columns, v, accumulate);
  }
}
ROW_KERNELS(crossEntropyBackward,
            (const float* logits, const int* targets, const float* lse, const float* dLoss,
             float* dLogits, long long rows, int columns, int accumulate, int* problem),
            (logits, targets, lse, dLoss, dLogits, rows, columns, accumulate, problem))
