// Step 11: warps that only copy, and warps that only multiply.
//
// One warp fills stages as fast as they come free; two groups of four warps multiply 64 rows each, share
// the slice of b, and keep one slice of products in flight while they start the next. No barrier of the
// whole block is left in the loop: `full` says that the bytes are there, `empty` that all eight warps
// have read them. grid (N / 128, M / 128), 288 threads, 129 KB of shared memory. matmul_sm90.cu, the
// last step, adds 256 columns to a tile, blocks that stay and copy for their next tile while they write
// the last one, edges, and bias.
#include "wgmma_tile.cuh"

#ifdef HOPPER

KERNEL __launch_bounds__(288)
    ladderMatmul11(const bf16* a, const bf16* b, float* out, int M, int N, int K) {
  constexpr int stages = 4, stageBytes = 4 * ladderTileBytes;
  DYNAMIC_SHARED(unsigned char, any);
  unsigned char* shared = alignedShared(any);
  Mbarrier* full = reinterpret_cast<Mbarrier*>(shared + stages * stageBytes);
  Mbarrier* empty = full + stages;
  long long row0 = blockIdx.y * 128, column0 = blockIdx.x * 128;
  int slices = K / 64, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    for (int s = 0; s < stages; s++) {
      initBarrier(full + s, 1);
      initBarrier(empty + s, 8);
    }
    fenceBarriers();
  }
  __syncthreads();
  if (warp == 8) {
    for (int slice = 0; lane == 0 && slice < slices; slice++) {
      int s = slice % stages;
      waitFor(empty + s, slice / stages % 2 ^ 1);  // passes at once the first time around
      ladderCopySlice<2>(shared + s * stageBytes, a, b, row0, column0, slice, slices, full + s);
    }
    return;
  }
  int group = warp / 4;
  float sum[64];
  for (int slice = 0; slice < slices; slice++) {
    unsigned char* stage = shared + slice % stages * stageBytes;
    waitFor(full + slice % stages, slice / stages % 2);
    ladderWgmmaSlice(sum, stage + group * ladderTileBytes, stage + 2 * ladderTileBytes, slice == 0);
    if (slice > 0) {
      waitWgmma<1>();  // the slice before is read; this one goes on
      if (lane == 0) {
        arrive(empty + (slice - 1) % stages);
      }
    }
  }
  waitWgmma<0>();
  ladderStore(sum, out + (row0 + 64 * group) * N + column0, N);
}
REGISTER_KERNEL(ladderMatmul11);

#endif  // HOPPER
