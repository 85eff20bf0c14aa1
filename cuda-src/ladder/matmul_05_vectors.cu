// Step 5: 16 bytes to a load.
//
// The same tiles with a quarter of the load instructions, from device memory and from shared memory. A
// thread's 8 rows and columns are two groups of four, 64 apart, so that a warp's loads cover all banks.
// This is where f32 ends: the units for f32 multiplication are the limit. grid (N / 128, M / 128), 256
// threads. matmul.cu adds edges, transposes, and the next slice fetched during the multiplications.
#include "../common.cuh"

KERNEL __launch_bounds__(256)
    ladderMatmul5(const float* a, const float* b, float* out, int M, int N, int K) {
  constexpr int side = 128, depth = 8, each = 8;
  __shared__ __align__(16) float as[depth][side + 4], bs[depth][side];
  int t = threadIdx.x, tx = t % 16, ty = t / 16;
  long long row0 = blockIdx.y * side, column0 = blockIdx.x * side;
  float sum[each][each] = {};
  for (int k0 = 0; k0 < K; k0 += depth) {
    int rowA = t / 2, kA = t % 2 * 4, kB = t / 32, columnB = t % 32 * 4;
    float4 v = *reinterpret_cast<const float4*>(a + (row0 + rowA) * K + k0 + kA);
    as[kA][rowA] = v.x, as[kA + 1][rowA] = v.y, as[kA + 2][rowA] = v.z, as[kA + 3][rowA] = v.w;
    *reinterpret_cast<float4*>(&bs[kB][columnB]) = *reinterpret_cast<const float4*>(
        b + static_cast<long long>(k0 + kB) * N + column0 + columnB);
    __syncthreads();
#pragma unroll
    for (int k = 0; k < depth; k++) {
      float av[each], bv[each];
#pragma unroll
      for (int i = 0; i < each; i += 4) {
        *reinterpret_cast<float4*>(av + i) = *reinterpret_cast<float4*>(&as[k][i * 16 + ty * 4]);
        *reinterpret_cast<float4*>(bv + i) = *reinterpret_cast<float4*>(&bs[k][i * 16 + tx * 4]);
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
    float* to = out + (row0 + i / 4 * 64 + ty * 4 + i % 4) * N + column0 + tx * 4;
#pragma unroll
    for (int j = 0; j < each; j += 4) {
      *reinterpret_cast<float4*>(to + j * 16) =
          make_float4(sum[i][j], sum[i][j + 1], sum[i][j + 2], sum[i][j + 3]);
    }
  }
}
REGISTER_KERNEL(ladderMatmul5);
