// Attention, step 1: as the formula says.
//
// out = softmax(scale Q K^T) V for each head, row i over keys 0 to i. qkv [T, 3 H 64]: the queries of all
// heads, then their keys, then their values; out [T, H 64]. Every step of this ladder computes this, for
// T a multiple of 64. A block makes one row, in three sweeps over a row of scores in device memory:
// T^2 numbers per head, written once and read twice. scores [H, T, T]; grid (T, H), 64 threads.
#include "../common.cuh"

KERNEL __launch_bounds__(64)
    ladderAttention1(const float* qkv, float* scores, float* out, int T, int H, float scale) {
  constexpr int D = 64;
  int row = blockIdx.x, h = blockIdx.y;
  long long width = 3LL * H * D;
  const float* q = qkv + row * width + h * D;
  const float* k = qkv + (H + h) * D;
  const float* v = k + H * D;
  float* s = scores + (static_cast<long long>(h) * T + row) * T;
  float top = -INFINITY, sum = 0.0f, o = 0.0f;
  for (int key = threadIdx.x; key <= row; key += D) {
    float dot = 0.0f;
    for (int d = 0; d < D; d++) {
      dot = fmaf(q[d], k[key * width + d], dot);
    }
    s[key] = dot * scale;
    top = fmaxf(top, s[key]);
  }
  top = blockMax(top);
  for (int key = threadIdx.x; key <= row; key += D) {
    s[key] = expf(s[key] - top);
    sum += s[key];
  }
  sum = blockSum(sum);  // its barriers also show every weight to every thread
  for (int key = 0; key <= row; key++) {
    o = fmaf(s[key], v[key * width + threadIdx.x], o);
  }
  out[(static_cast<long long>(row) * H + h) * D + threadIdx.x] = o / sum;
}
REGISTER_KERNEL(ladderAttention1);
