// Step 7: ldmatrix, and a layout that it can read without waiting.
//
// ldmatrix loads four 8 x 8 matrices and hands every lane the elements that mma.sync wants of it; with
// .trans it also turns b over. It reads eight rows of 16 bytes at a time. In rows of 128 bytes these
// would all lie in the same four banks; so chunk c of row r is kept at chunk c ^ (r mod 8), and the
// eight come from 32 different banks (tileOffset). grid (N / 128, M / 128), 256 threads: 8 warps, 64 x
// 32 each; 32 KB of shared memory.
#include "mma_tile.cuh"

KERNEL __launch_bounds__(256)
    ladderMatmul7(const bf16* a, const bf16* b, float* out, int M, int N, int K) {
  constexpr int side = 128, depth = 64, threads = 256;
  DYNAMIC_SHARED(bf16, as);
  bf16* bs = as + side * depth;
  int t = threadIdx.x, warpRow = t / 128 * 64, warpColumn = t / 32 % 4 * 32;
  long long row0 = blockIdx.y * side, column0 = blockIdx.x * side;
  float sum[4][4][4] = {};
  for (int k0 = 0; k0 < K; k0 += depth) {
#pragma unroll
    for (int i = 0; i < side * depth / 8 / threads; i++) {
      int e = i * threads + t;
      *reinterpret_cast<uint4*>(as + tileOffset<8>(e / 8, e % 8)) =
          *reinterpret_cast<const uint4*>(a + (row0 + e / 8) * K + k0 + e % 8 * 8);
      *reinterpret_cast<uint4*>(bs + tileOffset<16>(e / 16, e % 16)) =
          *reinterpret_cast<const uint4*>(b + static_cast<long long>(k0 + e / 16) * N + column0 +
                                          e % 16 * 8);
    }
    __syncthreads();
    ladderMmaSlice(sum, as, bs, warpRow, warpColumn);
    __syncthreads();
  }
  ladderStore(sum, out + row0 * N + column0, N, warpRow, warpColumn);
}
REGISTER_KERNEL(ladderMatmul7);
