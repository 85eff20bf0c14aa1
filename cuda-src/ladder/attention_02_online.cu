// Attention, step 2: online softmax.
//
// The maximum need not be known beforehand: when a key raises it, what was summed so far is scaled down
// by exp(old - new) (Milakov, Gimelshein, 2018). One sweep, and no scores in memory. A warp makes one
// row, two values of the head to a lane; each key costs a sum over the lanes. grid (T / 4, H), 128
// threads.
#include "../common.cuh"

KERNEL __launch_bounds__(128)
    ladderAttention2(const float* qkv, float* out, int T, int H, float scale) {
  constexpr int D = 64;
  int row = blockIdx.x * 4 + threadIdx.x / 32, h = blockIdx.y, lane = threadIdx.x % 32;
  long long width = 3LL * H * D;
  const float* q = qkv + row * width + h * D;
  const float* k = qkv + (H + h) * D;
  const float* v = k + H * D;
  float q0 = q[lane], q1 = q[lane + 32];
  float top = -INFINITY, sum = 0.0f, o0 = 0.0f, o1 = 0.0f;
  for (int key = 0; key <= row; key++) {
    const float *kr = k + key * width, *vr = v + key * width;
    float score = warpSum(fmaf(q0, kr[lane], q1 * kr[lane + 32])) * scale;
    float newTop = fmaxf(top, score), keep = expf(top - newTop), p = expf(score - newTop);
    top = newTop;
    sum = fmaf(sum, keep, p);
    o0 = fmaf(o0, keep, p * vr[lane]);
    o1 = fmaf(o1, keep, p * vr[lane + 32]);
  }
  float* to = out + (static_cast<long long>(row) * H + h) * D;
  to[lane] = o0 / sum;
  to[lane + 32] = o1 / sum;
}
REGISTER_KERNEL(ladderAttention2);
