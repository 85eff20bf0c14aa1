// logprobs[n] = logits[n, token] / temperature - lse[n], lse of logits / temperature; a negative token is
// masked: 0. Training and sampling share this row function's sums, so their log-probs agree bit for bit.
#include "common.cuh"

template <class Row>
DEVICE void tokenLogProbsRow(const float* logits, const int* tokens, float* logprobs, float* lse,
                             long long rows, int columns, float factor, int* problem) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  logits += r * columns;
  float logSum = rowLogSumExp<Row>(logits, columns, factor);
  if (Row::lane() == 0) {
    int token = tokenOrMasked(tokens[r], columns, r, problem, tokenLogProbsTokens);
    logprobs[r] = token < 0 ? 0.0f : logits[token] * factor - logSum;
    lse[r] = token < 0 ? 0.0f : logSum;
  }
}
ROW_KERNELS(tokenLogProbs,
            (const float* logits, const int* tokens, float* logprobs, float* lse, long long rows,
             int columns, float factor, int* problem),
            (logits, tokens, logprobs, lse, rows, columns, factor, problem))

// dLogits[n, v] (+)= dLogprobs[n] ([v = token] - softmax) / temperature; 0 where masked.
template <class Row>
DEVICE void tokenLogProbsBackwardRow(const float* logits, const int* tokens, const float* lse,
                                     const float* dLogprobs, float* dLogits, long long rows,
                                     int columns, float factor, int accumulate, int* problem) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  logits += r * columns;
  dLogits += r * columns;
  int token = tokens[r];
  if (Row::lane() == 0) {
    tokenOrMasked(token, columns, r, problem, tokenLogProbsBackwardTokens);
  }
  float d = dLogprobs[r] * factor, logSum = lse[r];
  bool masked = token < 0 || dLogprobs[r] == 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(logits, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float p = expf(v.v[i] * factor - logSum);
      v.v[i] = masked ? 0.0f : d * ((c + i == token ? 1.0f : 0.0f) - p);
    }
    put4(dLogits, c, columns, v, accumulate);
  }
}
ROW_KERNELS(tokenLogProbsBackward,
            (const float* logits, const int* tokens, const float* lse, const float* dLogprobs,
             float* dLogits, long long rows, int columns, float factor, int accumulate, int* problem),
            (logits, tokens, lse, dLogprobs, dLogits, rows, columns, factor, accumulate, problem))
