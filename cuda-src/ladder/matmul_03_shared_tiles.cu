// Step 3: tiles of a and b in shared memory.
//
// A block loads 32 x 32 of each once and uses every element 32 times, so that device memory delivers
// 1/32 of what step 2 asked of it. Each multiplication still costs two loads from shared memory.
// grid (N / 32, M / 32), 1024 threads.
#include "../common.cuh"

KERNEL __launch_bounds__(1024)
    ladderMatmul3(const float* a, const float* b, float* out, int M, int N, int K) {
  constexpr int side = 32;
  __shared__ float as[side][side], bs[side][side];
  int tx = threadIdx.x % side, ty = threadIdx.x / side;
  long long row = blockIdx.y * side + ty, column = blockIdx.x * side + tx;
  float sum = 0.0f;
  for (int k0 = 0; k0 < K; k0 += side) {
    as[ty][tx] = a[row * K + k0 + tx];
    bs[ty][tx] = b[static_cast<long long>(k0 + ty) * N + column];
    __syncthreads();
#pragma unroll
    for (int k = 0; k < side; k++) {
      sum = fmaf(as[ty][k], bs[k][tx], sum);
    }
    __syncthreads();
  }
  out[row * N + column] = sum;
}
REGISTER_KERNEL(ladderMatmul3);
