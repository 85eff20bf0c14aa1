// Step 4: a tile of out in the registers of each thread.
//
// 8 values of a and 8 of b give 64 multiplications: 4 to a load from shared memory, where step 3 had
// half a one. The block's tile grows to 128 x 128, and with it the use of each element loaded.
// grid (N / 128, M / 128), 256 threads.
#include "../common.cuh"

KERNEL __launch_bounds__(256)
    ladderMatmul4(const float* a, const float* b, float* out, int M, int N, int K) {
  constexpr int side = 128, depth = 8, each = 8, threads = 256;
  __shared__ float as[depth][side + 1], bs[depth][side];  // + 1: writes along k meet other banks
  int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  long long row0 = blockIdx.y * side, column0 = blockIdx.x * side;
  float sum[each][each] = {};
  for (int k0 = 0; k0 < K; k0 += depth) {
#pragma unroll
    for (int i = 0; i < side * depth / threads; i++) {
      int e = i * threads + threadIdx.x;
      as[e % depth][e / depth] = a[(row0 + e / depth) * K + k0 + e % depth];
      bs[e / side][e % side] = b[static_cast<long long>(k0 + e / side) * N + column0 + e % side];
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < depth; k++) {
      float av[each], bv[each];
#pragma unroll
      for (int i = 0; i < each; i++) {
        av[i] = as[k][ty + 16 * i];
        bv[i] = bs[k][tx + 16 * i];
      }
#pragma unroll
      for (int i = 0; i < each; i++) {
#pragma unroll
        for (int j = 0; j < each; j++) {
          sum[i][j] = fmaf(av[i], bv[j], sum[i][j]);
        }
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < each; i++) {
#pragma unroll
    for (int j = 0; j < each; j++) {
      out[(row0 + ty + 16 * i) * N + column0 + tx + 16 * j] = sum[i][j];
    }
  }
}
REGISTER_KERNEL(ladderMatmul4);
