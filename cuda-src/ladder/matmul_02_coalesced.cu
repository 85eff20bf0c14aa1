// Step 2: neighbouring threads take neighbouring columns.
//
// One load of b by a warp is now 128 bytes in a row, one transaction; a is the same address for all its
// threads, a broadcast. grid (N / 32, M / 8), 256 threads.
#include "../common.cuh"

KERNEL __launch_bounds__(256)
    ladderMatmul2(const float* a, const float* b, float* out, int M, int N, int K) {
  int row = blockIdx.y * 8 + threadIdx.x / 32, column = blockIdx.x * 32 + threadIdx.x % 32;
  float sum = 0.0f;
  for (int k = 0; k < K; k++) {
    sum = fmaf(a[static_cast<long long>(row) * K + k], b[static_cast<long long>(k) * N + column], sum);
  }
  out[static_cast<long long>(row) * N + column] = sum;
}
REGISTER_KERNEL(ladderMatmul2);
