// Step 10: several stages.
//
// Four stages, each with a barrier: copies run three slices ahead of the products, as in step 8. The
// parity of a barrier's phase flips each time its stage comes around. grid (N / 128, M / 64), 128
// threads, 98 KB of shared memory.
#include "wgmma_tile.cuh"

#ifdef HOPPER

KERNEL __launch_bounds__(128)
    ladderMatmul10(const bf16* a, const bf16* b, float* out, int M, int N, int K) {
  constexpr int stages = 4, stageBytes = 3 * ladderTileBytes;
  DYNAMIC_SHARED(unsigned char, any);
  unsigned char* shared = alignedShared(any);
  Mbarrier* full = reinterpret_cast<Mbarrier*>(shared + stages * stageBytes);
  long long row0 = blockIdx.y * 64, column0 = blockIdx.x * 128;
  int slices = K / 64;
  auto start = [&](int slice) {
    if (threadIdx.x == 0 && slice < slices) {
      ladderCopySlice<1>(shared + slice % stages * stageBytes, a, b, row0, column0, slice, slices,
                         full + slice % stages);
    }
  };
  if (threadIdx.x == 0) {
    for (int s = 0; s < stages; s++) {
      initBarrier(full + s, 1);
    }
    fenceBarriers();
  }
  __syncthreads();
  for (int s = 0; s < stages - 1; s++) {
    start(s);
  }
  float sum[64];
  for (int slice = 0; slice < slices; slice++) {
    unsigned char* stage = shared + slice % stages * stageBytes;
    waitFor(full + slice % stages, slice / stages % 2);
    ladderWgmmaSlice(sum, stage, stage + ladderTileBytes, slice == 0);
    waitWgmma<0>();
    __syncthreads();  // all have read the stage of the slice before, which comes next in the ring
    start(slice + stages - 1);
  }
  ladderStore(sum, out + row0 * N + column0, N);
}
REGISTER_KERNEL(ladderMatmul10);

#endif  // HOPPER
