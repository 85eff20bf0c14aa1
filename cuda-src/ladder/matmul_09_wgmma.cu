// Step 9: wgmma and TMA.
//
// On compute capability 9.0 mma.sync reaches about 60 % of the tensor cores' rate. wgmma, an instruction
// of four warps, reads both operands from shared memory by itself: no ldmatrix, no registers for
// operands, 64 x 128 x 16 at a time. A slice comes in three copies by the TMA unit that one thread
// starts; a barrier in shared memory counts their bytes. Nothing overlaps yet. a and b come packed, in
// tiles of 64 x 64 along k (packTiles). grid (N / 128, M / 64), 128 threads, 26 KB of shared memory.
#include "wgmma_tile.cuh"

#ifdef HOPPER

KERNEL __launch_bounds__(128)
    ladderMatmul9(const bf16* a, const bf16* b, float* out, int M, int N, int K) {
  DYNAMIC_SHARED(unsigned char, any);
  unsigned char* stage = alignedShared(any);
  Mbarrier* full = reinterpret_cast<Mbarrier*>(stage + 3 * ladderTileBytes);
  long long row0 = blockIdx.y * 64, column0 = blockIdx.x * 128;
  int slices = K / 64;
  if (threadIdx.x == 0) {
    initBarrier(full, 1);
    fenceBarriers();
  }
  __syncthreads();
  float sum[64];
  for (int slice = 0; slice < slices; slice++) {
    if (threadIdx.x == 0) {
      ladderCopySlice<1>(stage, a, b, row0, column0, slice, slices, full);
    }
    waitFor(full, slice % 2);
    ladderWgmmaSlice(sum, stage, stage + ladderTileBytes, slice == 0);
    waitWgmma<0>();
    __syncthreads();  // all have read the stage that the next copies overwrite
  }
  ladderStore(sum, out + row0 * N + column0, N);
}
REGISTER_KERNEL(ladderMatmul9);

#endif  // HOPPER
