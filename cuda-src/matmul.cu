// out (+)= op(a) op(b) + bias in f32: every element is one chain of fused multiply-adds over k in
// increasing order, from 0 or from the old value, whatever the tile. FLOPs 2 M N K.
//
// A block computes a BM x BN tile of out, 16 columns of k at a time: the next slice of a and b is
// fetched into registers while the current one is multiplied out of shared memory. The bf16 paths
// are in matmul_bf16.cu and matmul_sm90.cu.
#include "common.cuh"

template <int BM, int BN, bool transposeA, bool transposeB>
DEVICE void matmulTile(const float* a, const float* b, const float* bias, float* out, int M, int N,
                       int K, int accumulate) {
  constexpr int BK = 16, side = 16, threads = side * side;
  constexpr int TM = BM / side, TN = BN / side;  // elements of out per thread, in groups of four
  __shared__ __align__(16) float as[BK][BM + 4], bs[BK][BN + 4];
  constexpr int perThreadA = BM * BK / threads, perThreadB = BN * BK / threads;
  float nextA[perThreadA], nextB[perThreadB];

  int t = threadIdx.x, tx = t % side, ty = t / side;
  int row0 = blockIdx.y * BM, column0 = blockIdx.x * BN;

  // Neighbouring threads read neighbouring addresses: along k where k is the inner axis.
  auto fetch = [&](int k0) {
#pragma unroll
    for (int i = 0; i < perThreadA; i++) {
      int e = t + i * threads;
      int m = row0 + (transposeA ? e % BM : e / BK), k = k0 + (transposeA ? e / BM : e % BK);
      long long at = transposeA ? static_cast<long long>(k) * M + m : static_cast<long long>(m) * K + k;
      nextA[i] = m < M && k < K ? a[at] : 0.0f;
    }
#pragma unroll
    for (int i = 0; i < perThreadB; i++) {
      int e = t + i * threads;
      int n = column0 + (transposeB ? e / BK : e % BN), k = k0 + (transposeB ? e % BK : e / BN);
      long long at = transposeB ? static_cast<long long>(n) * K + k : static_cast<long long>(k) * N + n;
      nextB[i] = n < N && k < K ? b[at] : 0.0f;
    }
  };
  auto stash = [&]() {
#pragma unroll
    for (int i = 0; i < perThreadA; i++) {
      int e = t + i * threads;
      as[transposeA ? e / BM : e % BK][transposeA ? e % BM : e / BK] = nextA[i];
    }
#pragma unroll
    for (int i = 0; i < perThreadB; i++) {
      int e = t + i * threads;
      bs[transposeB ? e % BK : e / BN][transposeB ? e / BK : e % BN] = nextB[i];
    }
  };
  // Element (i, j) of this thread: four neighbours, then a stride of 64, so that 16-byte reads of
  // shared memory by a warp cover all banks.
  auto rowOf = [&](int i) { return row0 + i / 4 * 64 + ty * 4 + i % 4; };
  auto columnOf = [&](int j) { return column0 + j / 4 * 64 + tx * 4 + j % 4; };

  float acc[TM][TN] = {};
  if (accumulate) {
#pragma unroll
    for (int i = 0; i < TM; i++) {
#pragma unroll
      for (int j = 0; j < TN; j++) {
        int m = rowOf(i), n = columnOf(j);
        acc[i][j] = m < M && n < N ? out[static_cast<long long>(m) * N + n] : 0.0f;
      }
    }
  }
  fetch(0);
  for (int k0 = 0; k0 < K; k0 += BK) {
    stash();
    __syncthreads();
    if (k0 + BK < K) {
      fetch(k0 + BK);
    }
#pragma unroll
    for (int k = 0; k < BK; k++) {
      float av[TM], bv[TN];
#pragma unroll
      for (int i = 0; i < TM; i += 4) {
        *reinterpret_cast<float4*>(av + i) = *reinterpret_cast<float4*>(&as[k][i / 4 * 64 + ty * 4]);
      }
#pragma unroll
      for (int j = 0; j < TN; j += 4) {
        *reinterpret_cast<float4*>(bv + j) = *reinterpret_cast<float4*>(&bs[k][j / 4 * 64 + tx * 4]);
      }
#pragma unroll
      for (int i = 0; i < TM; i++) {
#pragma unroll
        for (int j = 0; j < TN; j++) {
          acc[i][j] = fmaf(av[i], bv[j], acc[i][j]);
        }
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < TM; i++) {
#pragma unroll
    for (int j = 0; j < TN; j++) {
      int m = rowOf(i), n = columnOf(j);
      if (m < M && n < N) {
        float v = bias != nullptr ? acc[i][j] + bias[n] : acc[i][j];
        out[static_cast<long long>(m) * N + n] = v;
      }
    }
  }
}

// grid (ceil(N / BN), ceil(M / BM), batch), 256 threads. Batch strides in elements; 0 shares b.
#define MATMUL_KERNEL(name, BM, BN, transposeA, transposeB)                                        \
  KERNEL __launch_bounds__(256)                                                                    \
      name(const float* a, const float* b, const float* bias, float* out, int M, int N, int K,     \
           long long strideA, long long strideB, long long strideOut, int accumulate) {            \
    matmulTile<BM, BN, transposeA, transposeB>(a + blockIdx.z * strideA, b + blockIdx.z * strideB, \
                                               bias, out + blockIdx.z * strideOut, M, N, K,        \
                                               accumulate);                                        \
  }                                                                                                \
  REGISTER_KERNEL(name);

MATMUL_KERNEL(matmul64NN, 64, 64, false, false)
MATMUL_KERNEL(matmul64NT, 64, 64, false, true)
MATMUL_KERNEL(matmul64TN, 64, 64, true, false)
MATMUL_KERNEL(matmul64TT, 64, 64, true, true)
MATMUL_KERNEL(matmul128NN, 128, 128, false, false)
MATMUL_KERNEL(matmul128NT, 128, 128, false, true)
MATMUL_KERNEL(matmul128TN, 128, 128, true, false)
MATMUL_KERNEL(matmul128TT, 128, 128, true, true)
