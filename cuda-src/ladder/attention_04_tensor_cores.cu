// Attention, step 4: both products on tensor cores.
//
// The scores of a warp's 16 rows leave mma.sync in the very layout in which it takes its left operand,
// so the weights go into the product with V from the registers in which they were made (Dao, 2023). A
// warp owns its rows: maximum and sum need four lanes and no barrier. qkv is bf16 from here on. grid
// (T / 64, H), 128 threads, 24 KB of shared memory.
#include "mma_attention.cuh"

KERNEL __launch_bounds__(128)
    ladderAttention4(const bf16* qkv, float* out, int T, int H, float scale) {
  constexpr int D = 64, side = 64, size = side * D, threads = 128;
  DYNAMIC_SHARED(bf16, qs);
  bf16 *ks = qs + size, *vs = ks + size;
  int tile = blockIdx.x, h = blockIdx.y;
  long long width = 3LL * H * D;
  const bf16* k = qkv + (H + h) * D;
  loadTile<side, D / 8, threads>(qs, qkv + tile * side * width + h * D, width, side, D / 8);
  LadderRows r;
  ladderClear(r);
  for (int i = 0; i <= tile; i++) {
    __syncthreads();
    loadTile<side, D / 8, threads>(ks, k + i * side * width, width, side, D / 8);
    loadTile<side, D / 8, threads>(vs, k + i * side * width + H * D, width, side, D / 8);
    copyCommit();
    copyWait<0>();
    __syncthreads();
    ladderAttend(r, qs, ks, vs, scale, i == tile);
  }
  ladderFinish(r, out, tile * side, H, h);
}
REGISTER_KERNEL(ladderAttention4);
