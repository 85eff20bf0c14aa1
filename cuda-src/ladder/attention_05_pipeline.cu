// Attention, step 5: the next keys and values come while these are used.
//
// Two tiles of keys and values, filled in turn by cp.async; and the longest rows first, so that the last
// blocks to run are short ones. grid (T / 64, H), 128 threads, 40 KB of shared memory.
// attention_bf16.cu, the last step, adds grouped heads, other head sizes, the log of the sum for the
// backward pass, exp2 in place of exp, and sums in chunks of 256 keys that a split cache gives again.
#include "mma_attention.cuh"

KERNEL __launch_bounds__(128)
    ladderAttention5(const bf16* qkv, float* out, int T, int H, float scale) {
  constexpr int D = 64, side = 64, size = side * D, threads = 128;
  DYNAMIC_SHARED(bf16, qs);
  bf16* kvs = qs + size;  // 2 x (keys, values)
  int tile = gridDim.x - 1 - blockIdx.x, h = blockIdx.y;
  long long width = 3LL * H * D;
  const bf16* k = qkv + (H + h) * D;
  auto start = [&](int i) {
    if (i <= tile) {
      bf16* ks = kvs + i % 2 * 2 * size;
      loadTile<side, D / 8, threads>(ks, k + i * side * width, width, side, D / 8);
      loadTile<side, D / 8, threads>(ks + size, k + i * side * width + H * D, width, side, D / 8);
    }
    copyCommit();
  };
  loadTile<side, D / 8, threads>(qs, qkv + tile * side * width + h * D, width, side, D / 8);
  start(0);
  LadderRows r;
  ladderClear(r);
  for (int i = 0; i <= tile; i++) {
    copyWait<0>();
    __syncthreads();
    start(i + 1);
    const bf16* ks = kvs + i % 2 * 2 * size;
    ladderAttend(r, qs, ks, ks + size, scale, i == tile);
  }
  ladderFinish(r, out, tile * side, H, h);
}
REGISTER_KERNEL(ladderAttention5);
