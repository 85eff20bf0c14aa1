// out (+)= op(a) op(b) + bias with bf16 operands and f32 sums by wgmma, for sm_90a. Every element sums
// its products 16 at a time over k in increasing order, whatever the tile and the batch. FLOPs 2 M N K.
//
// A weight's gradient has few elements and sums over all tokens: too few tiles for the device. Its sum
// is made in chunks along k, each from 0, added up in order. Blocks can take chunks of one tile side by
// side (`split`, then mergeChunks adds) or one after the other: the same bits.
//
// Operands are rounded to bf16 anyway, so packTiles rounds them straight into the form that the tensor
// cores read: tiles of 64 rows x 64 k, each the swizzled image of its place in shared memory, zeros
// past the edges. A tile is then one copy of 8 KB by the TMA unit, without a tensor map, and both
// transposes are settled.
//
// Blocks stay for the whole product and take one tile of out after the other. One warp only copies,
// `stages` slices of 64 along k ahead; each group of four other warps multiplies 64 rows. Barriers in
// shared memory pass the slices on: `full` when the bytes are there, `empty` when all have read them.
// While a group writes its results, the copying warp fetches for the next tile.
#include "hopper.cuh"
#include "tensor_core.cuh"

constexpr int packedSide = 64, packedBytes = packedSide * packedSide * 2;

// dst[tile][k / 64]: the tiles of one operand. src [rows, K], or [K, rows] where transposed, batches
// rows K elements apart. grid (ceil(rows / 64) ceil(K / 64), 1, batch), 256 threads.
template <bool transposed>
DEVICE void packTile(const float* src, bf16* dst, int rows, int K) {
  constexpr int threads = 256, pad = packedSide + 1, chunksPerRow = packedSide / 8;
  int slices = ceilDiv(K, packedSide);
  int row0 = blockIdx.x / slices * packedSide, k0 = blockIdx.x % slices * packedSide;
  long long tile = static_cast<long long>(blockIdx.z) * gridDim.x + blockIdx.x;
  const float* from = src + static_cast<long long>(blockIdx.z) * rows * K;
  bf16* to = dst + tile * (packedSide * packedSide);
  bool vector = reinterpret_cast<unsigned long long>(src) % 16 == 0 && (transposed ? rows : K) % 4 == 0;

  // The 4 values at (outer, inner) of a source with `width` values in a row; zeros past the edges.
  auto read4 = [&](int outer, int outers, int inner, int width) {
    const float* at = from + static_cast<long long>(outer) * width + inner;
    float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (outer < outers) {
      if (vector && inner < width) {
        v = *reinterpret_cast<const float4*>(at);
      } else {
        v.x = inner < width ? at[0] : 0.0f;
        v.y = inner + 1 < width ? at[1] : 0.0f;
        v.z = inner + 2 < width ? at[2] : 0.0f;
        v.w = inner + 3 < width ? at[3] : 0.0f;
      }
    }
    return v;
  };
  auto write8 = [&](int row, int chunk, float4 low, float4 high) {
    *reinterpret_cast<uint4*>(to + tileOffset<chunksPerRow>(row, chunk)) =
        make_uint4(packBf16(low.x, low.y), packBf16(low.z, low.w), packBf16(high.x, high.y),
                   packBf16(high.z, high.w));
  };
  if (transposed) {
    __shared__ float turned[packedSide * pad];  // [k][row]
#pragma unroll
    for (int i = 0; i < packedSide * packedSide / 4 / threads; i++) {
      int e = i * threads + threadIdx.x, k = e / (packedSide / 4), row = e % (packedSide / 4) * 4;
      float4 v = read4(k0 + k, K, row0 + row, rows);
      float* at = turned + k * pad + row;
      at[0] = v.x, at[1] = v.y, at[2] = v.z, at[3] = v.w;
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < packedSide * chunksPerRow / threads; i++) {
      int e = i * threads + threadIdx.x, row = e / chunksPerRow, chunk = e % chunksPerRow;
      const float* at = turned + chunk * 8 * pad + row;
      write8(row, chunk, make_float4(at[0], at[pad], at[2 * pad], at[3 * pad]),
             make_float4(at[4 * pad], at[5 * pad], at[6 * pad], at[7 * pad]));
    }
  } else {
#pragma unroll
    for (int i = 0; i < packedSide * chunksPerRow / threads; i++) {
      int e = i * threads + threadIdx.x, row = e / chunksPerRow, chunk = e % chunksPerRow;
      int k = k0 + chunk * 8;
      write8(row, chunk, read4(row0 + row, rows, k, K), read4(row0 + row, rows, k + 4, K));
    }
  }
}

KERNEL __launch_bounds__(256) packTiles(const float* src, bf16* dst, int rows, int K) {
  packTile<false>(src, dst, rows, K);
}
KERNEL __launch_bounds__(256) packTilesTransposed(const float* src, bf16* dst, int rows, int K) {
  packTile<true>(src, dst, rows, K);
}
REGISTER_KERNEL(packTiles);
REGISTER_KERNEL(packTilesTransposed);

// out[i] (+)= partial[0, i] + partial[1, i] + ..., from the left, the old value first.
KERNEL mergeChunks(const float* partial, float* out, long long size, int chunks, int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float sum = accumulate ? out[i] + partial[i] : partial[i];
    for (int c = 1; c < chunks; c++) {
      sum += partial[c * size + i];
    }
    out[i] = sum;
  }
}
REGISTER_KERNEL(mergeChunks);

#ifdef HOPPER

struct Sm90Matmul {
  const bf16 *a, *b;  // packed
  const float* bias;
  float* out;
  int M, N, K, batch;
  long long batchA, batchB;  // bf16 elements between products; 0 shares the operand
  int accumulate;
  int chunkSlices;  // slices of 64 along k in a chunk
  int split;        // out is [batch, chunks, M, N], a chunk to a block
};

// The tile of out that a block works on, and where its operands lie.
struct Sm90Place {
  const bf16 *a, *b;  // of slice 0; slices follow each other
  float* out;         // of the product, or of its chunk
  int row0, column0;
  int begin, end;  // slices
};

template <int BM, int BN>
DEVICE Sm90Place sm90Place(const Sm90Matmul& p, int unit, int tilesPerProduct, int slices) {
  Sm90Place place;
  placeOfTile(unit % tilesPerProduct, p.M, p.N, BM, BN, place.row0, place.column0);
  int sum = unit / tilesPerProduct, chunks = p.split ? ceilDiv(slices, p.chunkSlices) : 1;
  long long product = sum / chunks;
  place.begin = sum % chunks * p.chunkSlices;
  place.end = p.split ? min(place.begin + p.chunkSlices, slices) : slices;
  long long strip = static_cast<long long>(slices) * packedSide * packedSide;
  place.a = p.a + product * p.batchA + place.row0 / packedSide * strip;
  place.b = p.b + product * p.batchB + place.column0 / packedSide * strip +
            place.column0 % packedSide * packedSide;
  place.out = p.out + static_cast<long long>(sum) * p.M * p.N;
  return place;
}

// Writes the 16 rows of a warp, or adds them to out, from (m, n) of this lane on. pairs: rows of out
// start at multiples of 8 bytes. The forms are compiled apart, since their conditions would take the
// registers that the sums need.
template <int BN, bool accumulate, bool pairs>
DEVICE void sm90Store(const float (&sum)[BN / 2], float* out, const float* bias, int m, int n,
                      int M, int N) {
#pragma unroll
  for (int half = 0; half < 2; half++) {
    if (m + 8 * half < M) {
      float* row = out + static_cast<long long>(m + 8 * half) * N;
#pragma unroll
      for (int j = 0; j < BN / 8; j++) {
        int c = n + 8 * j;
        float x = sum[4 * j + 2 * half], y = sum[4 * j + 2 * half + 1];
        if (c < N) {
          bool both = pairs || c + 1 < N;
          if (bias != nullptr) {
            x += bias[c];
            y += both ? bias[c + 1] : 0.0f;
          }
          if (pairs) {
            float2* to = reinterpret_cast<float2*>(row + c);
            *to = accumulate ? make_float2(to->x + x, to->y + y) : make_float2(x, y);
          } else {
            row[c] = accumulate ? row[c] + x : x;
            if (both) {
              row[c + 1] = accumulate ? row[c + 1] + y : y;
            }
          }
        }
      }
    }
  }
}

// groups x 64 rows and BN columns per tile; 128 groups + 32 threads.
template <int groups, int BN, int stages>
DEVICE void matmulSm90Blocks(const Sm90Matmul& p) {
  constexpr int BM = groups * packedSide, stageBytes = (BM + BN) * packedSide * 2;
  constexpr int pieceB = BN < packedSide ? BN : packedSide;  // rows of b in one copy
  DYNAMIC_SHARED(unsigned char, anyShared);
  unsigned char* shared = alignedShared(anyShared);
  Mbarrier* full = reinterpret_cast<Mbarrier*>(shared + stages * stageBytes);
  Mbarrier* empty = full + stages;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    for (int s = 0; s < stages; s++) {
      initBarrier(full + s, 1);
      initBarrier(empty + s, 4 * groups);
    }
    fenceBarriers();
  }
  __syncthreads();
  int slices = ceilDiv(p.K, packedSide);
  int perProduct = ceilDiv(p.M, BM) * ceilDiv(p.N, BN);
  int units = perProduct * p.batch * (p.split ? ceilDiv(slices, p.chunkSlices) : 1);
  Turn turn;

  if (warp == 4 * groups) {  // copies
    if (lane != 0) {
      return;
    }
    for (int unit = blockIdx.x; unit < units; unit += gridDim.x) {
      Sm90Place place = sm90Place<BM, BN>(p, unit, perProduct, slices);
      long long strip = static_cast<long long>(slices) * packedSide * packedSide;
      // Strips that begin past the edge do not exist; what their place holds meets no stored element.
      int stripsA = min(groups, ceilDiv(p.M - place.row0, packedSide));
      int piecesB = min(BN / pieceB, ceilDiv(p.N - place.column0, pieceB));
      int bytes = stripsA * packedBytes + piecesB * pieceB * packedSide * 2;
      for (int slice = place.begin; slice < place.end; slice++, next<stages>(turn)) {
        unsigned char* as = shared + turn.stage * stageBytes;
        unsigned char* bs = as + BM * packedSide * 2;
        waitFor(empty + turn.stage, turn.parity ^ 1);
        arriveExpecting(full + turn.stage, bytes);
        const bf16* a = place.a + static_cast<long long>(slice) * packedSide * packedSide;
        const bf16* b = place.b + static_cast<long long>(slice) * packedSide * packedSide;
        for (int i = 0; i < stripsA; i++) {
          bulkCopy(as + i * packedBytes, a + i * strip, packedBytes, full + turn.stage);
        }
        for (int i = 0; i < piecesB; i++) {
          bulkCopy(bs + i * pieceB * packedSide * 2, b + i * strip, pieceB * packedSide * 2,
                   full + turn.stage);
        }
      }
    }
    return;
  }

  int row = warp * 16 + lane / 4, column = lane % 4 * 2;
  bool pairs = p.N % 2 == 0 && reinterpret_cast<unsigned long long>(p.out) % 8 == 0;
  for (int unit = blockIdx.x; unit < units; unit += gridDim.x) {
    Sm90Place place = sm90Place<BM, BN>(p, unit, perProduct, slices);
    for (int begin = place.begin; begin < place.end; begin += p.chunkSlices) {
      int end = min(begin + p.chunkSlices, place.end);
      float sum[BN / 2];
      int before = 0;  // the stage of the slice before
      for (int slice = begin; slice < end; slice++, next<stages>(turn)) {
        unsigned char* as = shared + turn.stage * stageBytes;
        unsigned long long a = describeTile(as + warp / 4 * packedBytes);
        unsigned long long b = describeTile(as + BM * packedSide * 2);
        waitFor(full + turn.stage, turn.parity);
        fenceWgmma();
#pragma unroll
        for (int k = 0; k < packedSide / 16; k++) {
          wgmma<BN>(sum, a + k * 2, b + k * 2, slice > begin || k > 0);  // 16 k: 2 units of 16 bytes
        }
        commitWgmma();
        if (slice > begin) {
          waitWgmma<1>();  // the slice before is read; this one goes on
          if (lane == 0) {
            arrive(empty + before);
          }
        }
        before = turn.stage;
      }
      waitWgmma<0>();
      if (lane == 0) {
        arrive(empty + before);
      }
      const float* bias = begin == 0 ? p.bias : nullptr;
      bool accumulate = !p.split && (p.accumulate || begin > 0);
      int m = place.row0 + row, n = place.column0 + column;
      if (accumulate && pairs) {
        sm90Store<BN, true, true>(sum, place.out, bias, m, n, p.M, p.N);
      } else if (pairs) {
        sm90Store<BN, false, true>(sum, place.out, bias, m, n, p.M, p.N);
      } else if (accumulate) {
        sm90Store<BN, true, false>(sum, place.out, bias, m, n, p.M, p.N);
      } else {
        sm90Store<BN, false, false>(sum, place.out, bias, m, n, p.M, p.N);
      }
    }
  }
}

// grid: any number of blocks; 128 groups + 32 threads; shared memory as in CudaMatmul.WgmmaTile.
#define MATMUL_SM90_KERNEL(BM, BN, stages, blocksPerMultiprocessor)                               \
  KERNEL __launch_bounds__(BM * 2 + 32, blocksPerMultiprocessor)                                  \
      matmulSm90_##BM##x##BN(const bf16* a, const bf16* b, const float* bias, float* out, int M,  \
                             int N, int K, int batch, long long batchA, long long batchB,         \
                             int accumulate, int chunkSlices, int split) {                        \
    Sm90Matmul p = {a,     b,      bias,   out,        M,           N,    K,                      \
                    batch, batchA, batchB, accumulate, chunkSlices, split};                       \
    matmulSm90Blocks<BM / packedSide, BN, stages>(p);                                             \
  }                                                                                               \
  REGISTER_KERNEL(matmulSm90_##BM##x##BN);

MATMUL_SM90_KERNEL(128, 256, 4, 1)
MATMUL_SM90_KERNEL(128, 128, 6, 1)
MATMUL_SM90_KERNEL(64, 128, 4, 2)
MATMUL_SM90_KERNEL(64, 64, 6, 2)
MATMUL_SM90_KERNEL(64, 32, 8, 2)

#endif  // HOPPER
