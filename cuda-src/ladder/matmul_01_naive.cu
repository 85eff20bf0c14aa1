// Step 1: one thread per element of out.
//
// out = a b; a [M,K], b [K,N], out [M,N], rows one after the other, all f32. Every step of this ladder
// computes this, for sizes that are multiples of its tile. grid (N / 16, M / 16), 256 threads.
//
// The 32 threads of a warp hold 16 different rows each: one load of b brings in 16 lines of memory and
// uses 8 bytes of each.
#include "../common.cuh"

KERNEL __launch_bounds__(256)
    ladderMatmul1(const float* a, const float* b, float* out, int M, int N, int K) {
  int row = blockIdx.y * 16 + threadIdx.x % 16, column = blockIdx.x * 16 + threadIdx.x / 16;
  float sum = 0.0f;
  for (int k = 0; k < K; k++) {
    sum = fmaf(a[static_cast<long long>(row) * K + k], b[static_cast<long long>(k) * N + column], sum);
  }
  out[static_cast<long long>(row) * N + column] = sum;
}
REGISTER_KERNEL(ladderMatmul1);
