// out (+)= op(a) op(b) + bias with bf16 operands and f32 sums, on tensor cores by mma.sync: for sm_80
// and newer. Every element sums its products 16 at a time over k in increasing order, whatever the
// tile and the batch. FLOPs 2 M N K.
//
// A block computes a BM x BN tile of out. Slices of 64 along k travel from device to shared memory by
// cp.async, `stages` deep: while the tensor cores work on one, the next ones are under way. The
// operands keep their own layout; ldmatrix transposes while it reads where it must.
#include "tensor_core.cuh"

// dst[r, c] = src[r, c] rounded, rows padded with zeros to `stride` elements, so that every row
// starts at 16 bytes. One thread makes 8 values.
KERNEL roundRows(const float* src, bf16* dst, long long rows, int columns, int stride) {
  long long chunks = stride / 8;
  bool vector = columns % 4 == 0 && reinterpret_cast<unsigned long long>(src) % 16 == 0;
  for (long long i = globalThread(); i < rows * chunks; i += globalThreads()) {
    long long r = i / chunks;
    int c = static_cast<int>(i % chunks) * 8;
    const float* from = src + r * columns + c;
    float v[8];
    if (vector && c + 8 <= columns) {
      *reinterpret_cast<float4*>(v) = *reinterpret_cast<const float4*>(from);
      *reinterpret_cast<float4*>(v + 4) = *reinterpret_cast<const float4*>(from + 4);
    } else {
#pragma unroll
      for (int j = 0; j < 8; j++) {
        v[j] = c + j < columns ? from[j] : 0.0f;
      }
    }
    *reinterpret_cast<uint4*>(dst + r * stride + c) =
        make_uint4(packBf16(v[0], v[1]), packBf16(v[2], v[3]), packBf16(v[4], v[5]),
                   packBf16(v[6], v[7]));
  }
}
REGISTER_KERNEL(roundRows);

struct Bf16Matmul {
  const bf16 *a, *b;
  const float* bias;
  float* out;
  int M, N, K;
  long long strideA, strideB;  // elements between rows, multiples of 8
  int accumulate;
};

// WARPS_M x WARPS_N warps share the tile.
template <int BM, int BN, int WARPS_M, int WARPS_N, int stages, bool transposeA, bool transposeB>
DEVICE void matmulBf16Tile(const Bf16Matmul& p) {
  constexpr int BK = 64, threads = 32 * WARPS_M * WARPS_N;
  constexpr int WM = BM / WARPS_M, WN = BN / WARPS_N;  // of one warp
  constexpr int MT = WM / 16, NT = WN / 8;             // its 16 x 8 tiles
  constexpr int sizeA = BM * BK, sizeB = BN * BK;
  constexpr int chunksA = transposeA ? BM / 8 : BK / 8, chunksB = transposeB ? BK / 8 : BN / 8;
  DYNAMIC_SHARED(bf16, shared);  // stages x (a, b)

  int row0, column0;
  placeOfTile(blockIdx.x, p.M, p.N, BM, BN, row0, column0);
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int warpRow = warp / WARPS_N * WM, warpColumn = warp % WARPS_N * WN;
  int slices = ceilDiv(p.K, BK);

  auto start = [&](int slice) {
    if (slice < slices) {
      bf16* as = shared + slice % stages * (sizeA + sizeB);
      bf16* bs = as + sizeA;
      int k0 = slice * BK, depth = min(BK, p.K - k0);
      if (transposeA) {
        loadTile<BK, chunksA, threads>(as, p.a + k0 * p.strideA + row0, p.strideA, depth,
                                       ceilDiv(p.M - row0, 8));
      } else {
        loadTile<BM, chunksA, threads>(as, p.a + row0 * p.strideA + k0, p.strideA, p.M - row0,
                                       ceilDiv(depth, 8));
      }
      if (transposeB) {
        loadTile<BN, chunksB, threads>(bs, p.b + column0 * p.strideB + k0, p.strideB,
                                       p.N - column0, ceilDiv(depth, 8));
      } else {
        loadTile<BK, chunksB, threads>(bs, p.b + k0 * p.strideB + column0, p.strideB, depth,
                                       ceilDiv(p.N - column0, 8));
      }
    }
    copyCommit();  // also when empty: waits count groups
  };

  int g = lane / 4, t = lane % 4;
  float acc[MT][NT][4] = {};
  if (p.accumulate) {
#pragma unroll
    for (int i = 0; i < MT; i++) {
#pragma unroll
      for (int j = 0; j < NT; j++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
          int m = row0 + warpRow + i * 16 + g + e / 2 * 8;
          int n = column0 + warpColumn + j * 8 + 2 * t + e % 2;
          if (m < p.M && n < p.N) {
            acc[i][j][e] = p.out[static_cast<long long>(m) * p.N + n];
          }
        }
      }
    }
  }
#pragma unroll
  for (int s = 0; s < stages - 1; s++) {
    start(s);
  }
  for (int slice = 0; slice < slices; slice++) {
    copyWait<stages - 2>();
    __syncthreads();  // the slice is there for all, and all are done with the one to be overwritten
    start(slice + stages - 1);
    const bf16* as = shared + slice % stages * (sizeA + sizeB);
    const bf16* bs = as + sizeA;
#pragma unroll
    for (int k = 0; k < BK; k += 16) {
      unsigned a[MT][4];
#pragma unroll
      for (int i = 0; i < MT; i++) {
        if (transposeA) {
          loadATransposed<chunksA>(a[i], as, warpRow + i * 16, k);
        } else {
          loadA<chunksA>(a[i], as, warpRow + i * 16, k);
        }
      }
#pragma unroll
      for (int j = 0; j < NT; j += 2) {
        unsigned b[4];
        if (transposeB) {
          loadB<chunksB>(b, bs, warpColumn + j * 8, k);
        } else {
          loadBTransposed<chunksB>(b, bs, warpColumn + j * 8, k);
        }
#pragma unroll
        for (int i = 0; i < MT; i++) {
          mmaPair(acc[i][j], acc[i][j + 1], a[i], b);
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < MT; i++) {
#pragma unroll
    for (int j = 0; j < NT; j++) {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        int m = row0 + warpRow + i * 16 + g + half * 8, n = column0 + warpColumn + j * 8 + 2 * t;
        float x = acc[i][j][2 * half], y = acc[i][j][2 * half + 1];
        float* to = p.out + static_cast<long long>(m) * p.N + n;
        if (m < p.M && n + 1 < p.N) {
          if (p.bias != nullptr) {
            x += p.bias[n];
            y += p.bias[n + 1];
          }
          if (p.N % 2 == 0 && reinterpret_cast<unsigned long long>(p.out) % 8 == 0) {
            *reinterpret_cast<float2*>(to) = make_float2(x, y);
          } else {
            to[0] = x;
            to[1] = y;
          }
        } else if (m < p.M && n < p.N) {
          to[0] = p.bias != nullptr ? x + p.bias[n] : x;
        }
      }
    }
  }
}

// grid (tiles of out, 1, batch), 32 WARPS_M WARPS_N threads, stages (BM + BN) 128 bytes of shared memory.
// rowStrideA, rowStrideB: elements between rows of a and b; batch strides in elements, 0 shares b.
#define MATMUL_BF16_KERNEL(name, BM, BN, WARPS_M, WARPS_N, stages, transposeA, transposeB)          \
  KERNEL __launch_bounds__(32 * WARPS_M * WARPS_N)                                                  \
      name(const bf16* a, const bf16* b, const float* bias, float* out, int M, int N, int K,        \
           long long rowStrideA, long long rowStrideB, long long batchA, long long batchB,          \
           long long batchOut, int accumulate) {                                                    \
    Bf16Matmul p = {a + blockIdx.z * batchA,     b + blockIdx.z * batchB, bias,                     \
                    out + blockIdx.z * batchOut, M,                       N,                        \
                    K,                           rowStrideA,              rowStrideB,               \
                    accumulate};                                                                    \
    matmulBf16Tile<BM, BN, WARPS_M, WARPS_N, stages, transposeA, transposeB>(p);                    \
  }                                                                                                 \
  REGISTER_KERNEL(name);

#define MATMUL_BF16_KERNELS(name, BM, BN, WARPS_M, WARPS_N, stages)                \
  MATMUL_BF16_KERNEL(name##NN, BM, BN, WARPS_M, WARPS_N, stages, false, false)     \
  MATMUL_BF16_KERNEL(name##NT, BM, BN, WARPS_M, WARPS_N, stages, false, true)      \
  MATMUL_BF16_KERNEL(name##TN, BM, BN, WARPS_M, WARPS_N, stages, true, false)      \
  MATMUL_BF16_KERNEL(name##TT, BM, BN, WARPS_M, WARPS_N, stages, true, true)

MATMUL_BF16_KERNELS(matmulBf16_64x64_, 64, 64, 2, 2, 3)
MATMUL_BF16_KERNELS(matmulBf16_128x128_, 128, 128, 2, 4, 3)
MATMUL_BF16_KERNELS(matmulBf16_128x256_, 128, 256, 2, 4, 3)
