// Kullback-Leibler divergence of the policy from the reference: over the whole vocabulary, and sampled
// per token (Schulman, "Approximating KL divergence", 2020). q is a constant.
#include "common.cuh"

// kl[n] = sum over v of p_v (ln p_v - ln q_v). Saves kl, lseP, lseQ [N].
template <class Row>
DEVICE void klFullRow(const float* logitsP, const float* logitsQ, float* kl, float* lseP,
                      float* lseQ, long long rows, int columns, float factor) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  logitsP += r * columns;
  logitsQ += r * columns;
  float sumP = rowLogSumExp<Row>(logitsP, columns, factor);
  float sumQ = rowLogSumExp<Row>(logitsQ, columns, factor);
  float total = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four a = load4(logitsP, c, columns), b = load4(logitsQ, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float logP = a.v[i] * factor - sumP, logQ = b.v[i] * factor - sumQ, p = expf(logP);
      total = c + i < columns && p != 0.0f ? fmaf(p, logP - logQ, total) : total;
    }
  }
  total = Row::sum(total);
  if (Row::lane() == 0) {
    kl[r] = total;
    lseP[r] = sumP;
    lseQ[r] = sumQ;
  }
}
ROW_KERNELS(klFull,
            (const float* logitsP, const float* logitsQ, float* kl, float* lseP, float* lseQ,
             long long rows, int columns, float factor),
            (logitsP, logitsQ, kl, lseP, lseQ, rows, columns, factor))

// dLogitsP (+)= dKl p (ln p - ln q - kl) / temperature
template <class Row>
DEVICE void klFullBackwardRow(const float* logitsP, const float* logitsQ, const float* kl,
                              const float* lseP, const float* lseQ, const float* dKl,
                              float* dLogitsP, long long rows, int columns, float factor,
                              int accumulate) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  logitsP += r * columns;
  logitsQ += r * columns;
  dLogitsP += r * columns;
  float d = dKl[r] * factor, divergence = kl[r], sumP = lseP[r], sumQ = lseQ[r];
  FOR_COLUMNS(Row, c, columns) {
    Four a = load4(logitsP, c, columns), b = load4(logitsQ, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float logP = a.v[i] * factor - sumP, logQ = b.v[i] * factor - sumQ, p = expf(logP);
      a.v[i] = d == 0.0f ? 0.0f : d * (p == 0.0f ? 0.0f : p * (logP - logQ - divergence));
    }
    put4(dLogitsP, c, columns, a, accumulate);
  }
}
ROW_KERNELS(klFullBackward,
            (const float* logitsP, const float* logitsQ, const float* kl, const float* lseP,
             const float* lseQ, const float* dKl, float* dLogitsP, long long rows, int columns,
             float factor, int accumulate),
            (logitsP, logitsQ, kl, lseP, lseQ, dKl, dLogitsP, rows, columns, factor, accumulate))

// The estimators, with d = log p - log q. k1 = d; k2 = d^2 / 2; k3 = exp(-d) - 1 + d.
enum { klK1, klK2, klK3 };

KERNEL klSampled(const float* logprobs, const float* refLogprobs, int estimator, float* kl,
                 long long size) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float d = logprobs[i] - refLogprobs[i];
    kl[i] = estimator == klK1 ? d : estimator == klK2 ? 0.5f * d * d : expm1f(-d) + d;
  }
}

// dk1 = 1, dk2 = d, dk3 = 1 - exp(-d), times dKl; exactly 0 where dKl is 0.
KERNEL klSampledBackward(const float* logprobs, const float* refLogprobs, int estimator,
                         const float* dKl, float* dLogprobs, long long size, int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float d = logprobs[i] - refLogprobs[i];
    float slope = estimator == klK1 ? 1.0f : estimator == klK2 ? d : -expm1f(-d);
    float v = dKl[i] == 0.0f ? 0.0f : dKl[i] * slope;
    dLogprobs[i] = accumulate ? dLogprobs[i] + v : v;
  }
}
REGISTER_KERNEL(klSampled);
REGISTER_KERNEL(klSampledBackward);
