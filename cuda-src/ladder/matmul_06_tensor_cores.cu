// Step 6: tensor cores.
//
// mma.sync multiplies 16 x 16 by 16 x 8 in one instruction of a warp, 2048 products, with bf16 operands
// and an f32 sum. Each lane must bring the elements that the instruction expects of it; here it picks
// them from shared memory one by one. From here on a and b are bf16. grid (N / 64, M / 64), 128 threads:
// 4 warps, 32 x 32 each.
#include "../common.cuh"

KERNEL __launch_bounds__(128)
    ladderMatmul6(const bf16* a, const bf16* b, float* out, int M, int N, int K) {
  constexpr int side = 64, depth = 16, threads = 128;
  __shared__ __align__(16) bf16 as[side][depth], bs[depth][side];
  int t = threadIdx.x, lane = t % 32, g = lane / 4, q = lane % 4;
  int warpRow = t / 64 * 32, warpColumn = t / 32 % 2 * 32;
  long long row0 = blockIdx.y * side, column0 = blockIdx.x * side;
  auto pair = [](bf16 low, bf16 high) { return low.bits | static_cast<unsigned>(high.bits) << 16; };
  float sum[2][4][4] = {};
  for (int k0 = 0; k0 < K; k0 += depth) {
#pragma unroll
    for (int i = 0; i < side * depth / 8 / threads; i++) {
      int e = i * threads + t;
      *reinterpret_cast<uint4*>(&as[e / 2][e % 2 * 8]) =
          *reinterpret_cast<const uint4*>(a + (row0 + e / 2) * K + k0 + e % 2 * 8);
      *reinterpret_cast<uint4*>(&bs[e / 8][e % 8 * 8]) = *reinterpret_cast<const uint4*>(
          b + static_cast<long long>(k0 + e / 8) * N + column0 + e % 8 * 8);
    }
    __syncthreads();
    unsigned fa[2][4];
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
      for (int e = 0; e < 4; e++) {  // rows g and g + 8, k = 2 q and 2 q + 8
        int row = warpRow + i * 16 + g + e % 2 * 8, k = 2 * q + e / 2 * 8;
        fa[i][e] = pair(as[row][k], as[row][k + 1]);
      }
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
      int column = warpColumn + j * 8 + g;
      unsigned fb[2] = {pair(bs[2 * q][column], bs[2 * q + 1][column]),
                        pair(bs[2 * q + 8][column], bs[2 * q + 9][column])};
      mma16816(sum[0][j], fa[0], fb);
      mma16816(sum[1][j], fa[1], fb);
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        float* to = out + (row0 + warpRow + i * 16 + g + half * 8) * N + column0 + warpColumn + j * 8 + 2 * q;
        *reinterpret_cast<float2*>(to) = make_float2(sum[i][j][2 * half], sum[i][j][2 * half + 1]);
      }
    }
  }
}
REGISTER_KERNEL(ladderMatmul6);
