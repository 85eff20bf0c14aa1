// Causal self-attention with bf16 operands and f32 sums, on tensor cores by mma.sync. The method, the
// chunks of 256 keys and their merging are those of attention.cu; the header there has the sources.
//
// Each warp owns 16 query rows and works alone, so one warp of a training block and a block of one
// warp over a cache do the same operations in the same order: the same bits. The scores of a warp
// leave the tensor core in the layout in which it takes an operand, so P feeds the product with V
// straight from registers.
//
// A weight of a hidden key is 0, and 0 times a NaN or infinite value of that key is NaN: unlike the f32
// kernels, a NaN at a later position reaches the earlier rows that share its tile of 64 keys.
//
// Head sizes are multiples of 8 up to 128, padded with zeros to DP = 32, 64 or 128.
#include "attention_tensor.cuh"

constexpr int bf16TileKeys = 64;

// What a warp holds of its 16 rows: row g in elements 0 and 1 of each tile, row g + 8 in 2 and 3.
template <int DP>
struct WarpRows {
  float m[2], l[2], o[DP / 8][4];

  DEVICE void clear(WarpRows& r) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      r.m[i] = -INFINITY;
      r.l[i] = 0.0f;
    }
#pragma unroll
    for (int j = 0; j < DP / 8; j++) {
#pragma unroll
      for (int e = 0; e < 4; e++) {
        r.o[j][e] = 0.0f;
      }
    }
  }
};

// One tile of 64 keys for the warp's rows. position0: of the warp's first row; key0: of the tile.
template <int DP>
DEVICE void attendTile(WarpRows<DP>& r, const bf16* qs, int warpRow, const bf16* ks, const bf16* vs,
                       int position0, int key0, float scaleLog2) {
  constexpr int chunks = DP / 8, J = bf16TileKeys / 8;
  float s[J][4] = {};
#pragma unroll
  for (int k = 0; k < DP; k += 16) {
    unsigned a[4];
    loadA<chunks>(a, qs, warpRow, k);
#pragma unroll
    for (int j = 0; j < J; j += 2) {
      unsigned b[4];
      loadB<chunks>(b, ks, j * 8, k);
      mmaPair(s[j], s[j + 1], a, b);
    }
  }
  int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  unsigned p[J][2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int visible = position0 + g + 8 * i - key0;  // the last key of the tile that the row sees
    float top = r.m[i];
#pragma unroll
    for (int j = 0; j < J; j++) {
#pragma unroll
      for (int e = 0; e < 2; e++) {
        float v = s[j][2 * i + e] * scaleLog2;
        s[j][2 * i + e] = j * 8 + 2 * t + e <= visible ? v : -INFINITY;
        top = fmaxf(top, s[j][2 * i + e]);
      }
    }
    top = quadMax(top);
    float base = top == -INFINITY ? 0.0f : top, keep = exp2f(r.m[i] - base), sum = 0.0f;
#pragma unroll
    for (int j = 0; j < J; j++) {
      float x = exp2f(s[j][2 * i] - base), y = exp2f(s[j][2 * i + 1] - base);
      sum += x + y;
      p[j][i] = packBf16(x, y);
    }
    r.l[i] = fmaf(r.l[i], keep, quadSum(sum));
    r.m[i] = top;
#pragma unroll
    for (int j = 0; j < DP / 8; j++) {
      r.o[j][2 * i] *= keep;
      r.o[j][2 * i + 1] *= keep;
    }
  }
#pragma unroll
  for (int k = 0; k < bf16TileKeys; k += 16) {
    const unsigned a[4] = {p[k / 8][0], p[k / 8][1], p[k / 8 + 1][0], p[k / 8 + 1][1]};
#pragma unroll
    for (int j = 0; j < DP / 8; j += 2) {
      unsigned b[4];
      loadBTransposed<chunks>(b, vs, j * 8, k);
      mmaPair(r.o[j], r.o[j + 1], a, b);
    }
  }
}

// The merged chunks of a warp's rows. The values wait in shared memory, element e of lane n at
// e 32 + n: registers hold one chunk only.
template <int DP>
struct MergedRows {
  float m[2], l[2];
  float* o;

  static constexpr int floats = DP / 8 * 4 * 32;  // per warp

  DEVICE float& at(const MergedRows& r, int j, int e) {
    return r.o[(j * 4 + e) * 32 + threadIdx.x % 32];
  }

  DEVICE void clear(MergedRows& r, float* o) {
    r.o = o + threadIdx.x / 32 * floats;
#pragma unroll
    for (int i = 0; i < 2; i++) {
      r.m[i] = -INFINITY;
      r.l[i] = 0.0f;
    }
#pragma unroll
    for (int j = 0; j < DP / 8; j++) {
#pragma unroll
      for (int e = 0; e < 4; e++) {
        at(r, j, e) = 0.0f;
      }
    }
  }

  // See mergeChunk in attention.cu.
  DEVICE void merge(MergedRows& total, const WarpRows<DP>& chunk) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      if (chunk.l[i] != 0.0f) {
        float top = fmaxf(total.m[i], chunk.m[i]);
        float keep = exp2f(total.m[i] - top), take = exp2f(chunk.m[i] - top);
        total.m[i] = top;
        total.l[i] = fmaf(total.l[i], keep, chunk.l[i] * take);
#pragma unroll
        for (int j = 0; j < DP / 8; j++) {
#pragma unroll
          for (int e = 2 * i; e < 2 * i + 2; e++) {
            at(total, j, e) = fmaf(at(total, j, e), keep, chunk.o[j][e] * take);
          }
        }
      }
    }
  }
};

// The keys of chunks [firstChunk, lastChunk) for 16 rows per warp; finish(rows) takes each chunk's
// result. Keys and values travel two tiles ahead of the tensor cores.
template <int DP, int warps, class Finish>
DEVICE void attendChunks(bf16* shared, const bf16* q, long long qStride, int rows, int position0,
                         const bf16* k, const bf16* v, long long kvStride, int D, float scaleLog2,
                         int firstChunk, int lastChunk, Finish finish) {
  constexpr int chunks = DP / 8, threads = 32 * warps, tile = bf16TileKeys * DP;
  bf16* qs = shared;
  bf16* kvs = qs + 16 * warps * DP;  // 2 x (keys, values)
  int lastKey = position0 + rows - 1;
  int firstTile = firstChunk * (bf16ChunkKeys / bf16TileKeys);
  int lastTile = min(lastChunk * (bf16ChunkKeys / bf16TileKeys), lastKey / bf16TileKeys + 1);
  auto start = [&](int i) {
    if (i < lastTile) {
      bf16* ks = kvs + i % 2 * 2 * tile;
      int key0 = i * bf16TileKeys, valid = lastKey + 1 - key0;
      loadTile<bf16TileKeys, chunks, threads>(ks, k + key0 * kvStride, kvStride, valid, D / 8);
      loadTile<bf16TileKeys, chunks, threads>(ks + tile, v + key0 * kvStride, kvStride, valid,
                                              D / 8);
    }
    copyCommit();
  };
  loadTile<16 * warps, chunks, threads>(qs, q, qStride, rows, D / 8);
  start(firstTile);
  int warpRow = threadIdx.x / 32 * 16;
  WarpRows<DP> r;
  WarpRows<DP>::clear(r);
  for (int i = firstTile; i < lastTile; i++) {
    copyWait<0>();
    __syncthreads();
    start(i + 1);
    const bf16* ks = kvs + i % 2 * 2 * tile;
    // A tile after all rows of the warp would change nothing.
    if (warpRow < rows && i * bf16TileKeys <= position0 + warpRow + 15) {
      attendTile<DP>(r, qs, warpRow, ks, ks + tile, position0 + warpRow, i * bf16TileKeys,
                     scaleLog2);
    }
    if (i + 1 == lastTile || (i + 1) % (bf16ChunkKeys / bf16TileKeys) == 0) {
      finish(r);
      WarpRows<DP>::clear(r);
    }
  }
}

template <int DP, int warps>
DEVICE void attendAllBf16(const bf16* q, long long qStride, int rows, int position0, const bf16* k,
                          const bf16* v, long long kvStride, int D, float scale, float* out,
                          long long outStride, float* lse) {
  DYNAMIC_SHARED(bf16, shared);
  constexpr int tiles = (16 * warps + 4 * bf16TileKeys) * DP;
  MergedRows<DP> total;
  MergedRows<DP>::clear(total, reinterpret_cast<float*>(shared + tiles));
  int lastChunk = (position0 + rows - 1) / bf16ChunkKeys + 1;
  attendChunks<DP, warps>(shared, q, qStride, rows, position0, k, v, kvStride, D, scale * log2e, 0,
                          lastChunk, [&](const WarpRows<DP>& r) { MergedRows<DP>::merge(total, r); });
  int warpRow = threadIdx.x / 32 * 16, lane = threadIdx.x % 32;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int row = warpRow + lane / 4 + 8 * i;
#pragma unroll
    for (int j = 0; j < DP / 8; j++) {
      int column = j * 8 + 2 * (lane % 4);
      if (row < rows && column < D) {
        out[row * outStride + column] = MergedRows<DP>::at(total, j, 2 * i) / total.l[i];
        out[row * outStride + column + 1] = MergedRows<DP>::at(total, j, 2 * i + 1) / total.l[i];
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int row = warpRow + lane / 4 + 8 * i;
    if (lse != nullptr && lane % 4 == 0 && row < rows) {
      lse[row] = (total.m[i] + log2f(total.l[i])) * ln2;
    }
  }
}

// qkv in bf16, rows of `stride` elements. grid (ceil(T / 16 warps), H, B), 32 warps threads.
template <int DP, int warps>
DEVICE void attentionBf16Block(const bf16* qkv, long long stride, float* out, float* lse, int T,
                               int H, int KV, int D, float scale) {
  constexpr int tileRows = 16 * warps;
  int first = static_cast<int>(gridDim.x - 1 - blockIdx.x) * tileRows, h = blockIdx.y,
      b = blockIdx.z;
  const bf16* base = qkv + static_cast<long long>(b) * T * stride;
  const bf16* k = base + (H + h / (H / KV)) * D;
  attendAllBf16<DP, warps>(base + first * stride + h * D, stride, min(tileRows, T - first), first,
                           k, k + KV * D, stride, D, scale,
                           out + (static_cast<long long>(b) * T + first) * H * D + h * D,
                           static_cast<long long>(H) * D,
                           lse + (static_cast<long long>(b) * H + h) * T + first);
}

KERNEL attentionStoreBf16(const bf16* qkv, long long stride, const int* slots, const int* starts,
                          float* keys, float* values, int batch, int S, int H, int KV, int D,
                          int slotCount, int Tmax, int* problem) {
  long long size = static_cast<long long>(batch) * S * KV * D;
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    int d = static_cast<int>(i % D);
    long long rest = i / D;
    int kv = static_cast<int>(rest % KV);
    rest /= KV;
    int s = static_cast<int>(rest % S), b = static_cast<int>(rest / S);
    if (insideCacheBf16(slots[b], starts[b], S, slotCount, Tmax)) {
      const bf16* row = qkv + (static_cast<long long>(b) * S + s) * stride + (H + kv) * D + d;
      long long to = static_cast<long long>(starts[b] + s) * D + d;
      cacheRows(keys, slots[b], kv, KV, Tmax, D)[to] = row[0];
      cacheRows(values, slots[b], kv, KV, Tmax, D)[to] = row[KV * D];
    } else if (d + kv + s == 0) {
      bool badSlot = slots[b] < 0 || slots[b] >= slotCount;
      reportIndex(problem, badSlot ? attentionSlots : attentionStarts, b,
                  badSlot ? slots[b] : starts[b], badSlot ? slotCount : max(Tmax - S + 1, 0));
    }
  }
}

// New rows over the cache. grid (ceil(S / 16 warps), H, B), 32 warps threads.
template <int DP, int warps>
DEVICE void attentionCachedBf16Block(const bf16* qkv, long long stride, const int* slots,
                                     const int* starts, float* keys, float* values, float* out,
                                     int S, int H, int KV, int D, int slotCount, int Tmax,
                                     float scale) {
  int first = blockIdx.x * 16 * warps, h = blockIdx.y, b = blockIdx.z;
  if (!insideCacheBf16(slots[b], starts[b], S, slotCount, Tmax)) {
    return;
  }
  int kv = h / (H / KV);
  long long row = static_cast<long long>(b) * S + first;
  attendAllBf16<DP, warps>(qkv + row * stride + h * D, stride, min(16 * warps, S - first),
                           starts[b] + first, cacheRows(keys, slots[b], kv, KV, Tmax, D),
                           cacheRows(values, slots[b], kv, KV, Tmax, D), D, D, scale,
                           out + row * H * D + h * D, static_cast<long long>(H) * D, nullptr);
}

// One chunk's rows to partial [rows, chunks, DP+2]: m, l, o. firstRow: of the warp, in (b, h, s) order.
template <int DP>
DEVICE void writePartial(const WarpRows<DP>& r, float* partial, long long firstRow, int rows,
                         int chunks, int chunk) {
  int lane = threadIdx.x % 32;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int row = lane / 4 + 8 * i;
    float* to = partial + ((firstRow + row) * chunks + chunk) * (DP + 2);
    if (row < rows) {
      to[0] = r.m[i];
      to[1] = r.l[i];
#pragma unroll
      for (int j = 0; j < DP / 8; j++) {
        to[2 + j * 8 + 2 * (lane % 4)] = r.o[j][2 * i];
        to[2 + j * 8 + 2 * (lane % 4) + 1] = r.o[j][2 * i + 1];
      }
    }
  }
}

// One chunk of the keys for 16 new rows: partial [B,H,S,chunks,DP+2] holds m, l, o.
// grid (tiles x chunks, H, B), 32 threads.
template <int DP>
DEVICE void attentionSplitBf16Block(const bf16* qkv, long long stride, const int* slots,
                                    const int* starts, float* keys, float* values, float* partial,
                                    int S, int H, int KV, int D, int slotCount, int Tmax,
                                    int chunks, float scale) {
  int chunk = blockIdx.x % chunks, first = blockIdx.x / chunks * 16, h = blockIdx.y, b = blockIdx.z;
  int rows = min(16, S - first), position0 = starts[b] + first;
  if (!insideCacheBf16(slots[b], starts[b], S, slotCount, Tmax) ||
      chunk * bf16ChunkKeys >= position0 + rows) {
    return;
  }
  int kv = h / (H / KV);
  const bf16* q = qkv + (static_cast<long long>(b) * S + first) * stride + h * D;
  DYNAMIC_SHARED(bf16, shared);
  attendChunks<DP, 1>(shared, q, stride, rows, position0, cacheRows(keys, slots[b], kv, KV, Tmax, D),
                      cacheRows(values, slots[b], kv, KV, Tmax, D), D, D, scale * log2e, chunk,
                      chunk + 1, [&](const WarpRows<DP>& r) {
                        writePartial<DP>(r, partial, (static_cast<long long>(b) * H + h) * S + first,
                                         rows, chunks, chunk);
                      });
}

// Merges the chunks of each row in order. One warp per row (b, h, s).
template <int DP>
DEVICE void attentionMergeBf16Row(const float* partial, const int* starts, float* out, int batch,
                                  int S, int H, int D, int chunks) {
  constexpr int n = DP / 32;
  long long row = WarpRow::row();
  if (row >= static_cast<long long>(batch) * H * S) {
    return;
  }
  int s = static_cast<int>(row % S), h = static_cast<int>(row / S % H), lane = threadIdx.x % 32;
  long long b = row / S / H;
  float m = -INFINITY, l = 0.0f, o[n] = {};
  for (int chunk = 0; chunk < chunks && chunk * bf16ChunkKeys <= starts[b] + s; chunk++) {
    const float* from = partial + (row * chunks + chunk) * (DP + 2);
    if (from[1] == 0.0f) {
      continue;
    }
    float top = fmaxf(m, from[0]), keep = exp2f(m - top), take = exp2f(from[0] - top);
    m = top;
    l = fmaf(l, keep, from[1] * take);
#pragma unroll
    for (int i = 0; i < n; i++) {
      o[i] = fmaf(o[i], keep, from[2 + lane + 32 * i] * take);
    }
  }
#pragma unroll
  for (int i = 0; i < n; i++) {
    if (lane + 32 * i < D) {
      out[(b * S + s) * H * D + h * D + lane + 32 * i] = o[i] / l;
    }
  }
}

// ---- Backward ---------------------------------------------------------------------------------------------
//
// As in attention.cu: one kernel owns query tiles and sums dQ over the keys, one owns key tiles and sums
// dK and dV over the queries. qkv and dOut in bf16; lse, delta and the results in f32.

// dQ of 64 rows: 4 warps, 16 rows each. grid (ceil(T / 64), H, B), 128 threads.
template <int DP>
DEVICE void attentionBackwardQueriesBf16(const bf16* qkv, long long stride, const bf16* dOut,
                                         long long outStride, const float* lse, const float* delta,
                                         float* dQkv, int T, int H, int KV, int D, float scale,
                                         int accumulate) {
  constexpr int chunks = DP / 8, tile = 64 * DP, keys = 32, J = keys / 8;
  DYNAMIC_SHARED(bf16, qs);
  bf16 *dos = qs + tile, *kvs = dos + tile;  // 2 x (keys, values) of 32 positions
  int row0 = static_cast<int>(gridDim.x - 1 - blockIdx.x) * 64, h = blockIdx.y, b = blockIdx.z;
  int rows = min(64, T - row0), lastTile = (row0 + rows - 1) / keys + 1;
  const bf16* base = qkv + static_cast<long long>(b) * T * stride;
  const bf16* k = base + (H + h / (H / KV)) * D;
  auto start = [&](int i) {
    if (i < lastTile) {
      bf16* ks = kvs + i % 2 * tile;
      const bf16* from = k + static_cast<long long>(i) * keys * stride;
      loadTile<keys, chunks, 128>(ks, from, stride, T - i * keys, D / 8);
      loadTile<keys, chunks, 128>(ks + keys * DP, from + KV * D, stride, T - i * keys, D / 8);
    }
    copyCommit();
  };
  loadTile<64, chunks, 128>(qs, base + row0 * stride + h * D, stride, rows, D / 8);
  loadTile<64, chunks, 128>(dos, dOut + (static_cast<long long>(b) * T + row0) * outStride + h * D,
                            outStride, rows, D / 8);
  start(0);
  int warpRow = threadIdx.x / 32 * 16, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  float rowLse[2], rowDelta[2], dq[DP / 8][4] = {};
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int row = row0 + warpRow + g + 8 * i;
    long long at = (static_cast<long long>(b) * H + h) * T + row;
    rowLse[i] = row < T ? lse[at] * log2e : INFINITY;
    rowDelta[i] = row < T ? delta[at] : 0.0f;
  }
  for (int i = 0; i < lastTile; i++) {
    copyWait<0>();
    __syncthreads();
    start(i + 1);
    const bf16 *ks = kvs + i % 2 * tile, *vs = ks + keys * DP;
    float s[J][4] = {}, dp[J][4] = {};
#pragma unroll
    for (int d = 0; d < DP; d += 16) {
      unsigned a[4], da[4];
      loadA<chunks>(a, qs, warpRow, d);
      loadA<chunks>(da, dos, warpRow, d);
#pragma unroll
      for (int j = 0; j < J; j += 2) {
        unsigned bk[4], bv[4];
        loadB<chunks>(bk, ks, j * 8, d);
        loadB<chunks>(bv, vs, j * 8, d);
        mmaPair(s[j], s[j + 1], a, bk);
        mmaPair(dp[j], dp[j + 1], da, bv);
      }
    }
    unsigned ds[J][2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int visible = row0 + warpRow + g + 8 * half - i * keys;
#pragma unroll
      for (int j = 0; j < J; j++) {
        float v[2];
#pragma unroll
        for (int e = 0; e < 2; e++) {
          float p = exp2f(fmaf(s[j][2 * half + e], scale * log2e, -rowLse[half]));
          float d = p * (dp[j][2 * half + e] - rowDelta[half]) * scale;
          v[e] = j * 8 + 2 * t + e <= visible ? d : 0.0f;
        }
        ds[j][half] = packBf16(v[0], v[1]);
      }
    }
#pragma unroll
    for (int key = 0; key < keys; key += 16) {
      const unsigned a[4] = {ds[key / 8][0], ds[key / 8][1], ds[key / 8 + 1][0], ds[key / 8 + 1][1]};
#pragma unroll
      for (int j = 0; j < DP / 8; j += 2) {
        unsigned bk[4];
        loadBTransposed<chunks>(bk, ks, j * 8, key);
        mmaPair(dq[j], dq[j + 1], a, bk);
      }
    }
  }
  long long width = static_cast<long long>(H + 2 * KV) * D;
#pragma unroll
  for (int j = 0; j < DP / 8; j++) {
#pragma unroll
    for (int e = 0; e < 4; e++) {
      int row = row0 + warpRow + g + e / 2 * 8, column = j * 8 + 2 * t + e % 2;
      if (row < T && column < D) {
        float* to = dQkv + (static_cast<long long>(b) * T + row) * width + h * D + column;
        *to = accumulate ? *to + dq[j][e] : dq[j][e];
      }
    }
  }
}

// dK and dV of 64 keys: 4 warps, 16 keys each, over tiles of 32 queries and the heads of the group in order.
// Scores are computed transposed, keys by queries, so that P and dS are operands of the products as they
// leave the tensor core. grid (ceil(T / 64), KV, B), 128 threads.
template <int DP>
DEVICE void attentionBackwardKeysBf16(const bf16* qkv, long long stride, const bf16* dOut,
                                      long long outStride, const float* lse, const float* delta,
                                      float* dQkv, int T, int H, int KV, int D, float scale,
                                      int accumulate) {
  constexpr int chunks = DP / 8, tile = 64 * DP, queries = 32, J = queries / 8;
  DYNAMIC_SHARED(bf16, ks);
  bf16 *vs = ks + tile, *qdos = vs + tile;  // 2 x (queries, dOut) of 32 positions
  float* stats = reinterpret_cast<float*>(qdos + 2 * tile);  // 2 x (lse, delta)
  int key0 = blockIdx.x * 64, kv = blockIdx.y, b = blockIdx.z, group = H / KV;
  const bf16* base = qkv + static_cast<long long>(b) * T * stride;
  const bf16* k = base + (H + kv) * D + key0 * stride;
  int firstTile = key0 / queries, tilesPerHead = ceilDiv(T, queries) - firstTile;
  int steps = group * tilesPerHead;
  auto start = [&](int i) {
    if (i < steps) {
      int h = kv * group + i / tilesPerHead, row0 = (firstTile + i % tilesPerHead) * queries;
      bf16* qs = qdos + i % 2 * tile;
      loadTile<queries, chunks, 128>(qs, base + row0 * stride + h * D, stride, T - row0, D / 8);
      loadTile<queries, chunks, 128>(
          qs + queries * DP, dOut + (static_cast<long long>(b) * T + row0) * outStride + h * D,
          outStride, T - row0, D / 8);
      int r = threadIdx.x;
      if (r < queries) {
        long long at = (static_cast<long long>(b) * H + h) * T + row0 + r;
        stats[i % 2 * 2 * queries + r] = row0 + r < T ? lse[at] * log2e : INFINITY;
        stats[i % 2 * 2 * queries + queries + r] = row0 + r < T ? delta[at] : 0.0f;
      }
    }
    copyCommit();
  };
  loadTile<64, chunks, 128>(ks, k, stride, T - key0, D / 8);
  loadTile<64, chunks, 128>(vs, k + KV * D, stride, T - key0, D / 8);
  start(0);
  int warpKey = threadIdx.x / 32 * 16, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  float dk[DP / 8][4] = {}, dv[DP / 8][4] = {};
  for (int i = 0; i < steps; i++) {
    copyWait<0>();
    __syncthreads();
    start(i + 1);
    int row0 = (firstTile + i % tilesPerHead) * queries;
    const bf16 *qs = qdos + i % 2 * tile, *dos = qs + queries * DP;
    const float *rowLse = stats + i % 2 * 2 * queries, *rowDelta = rowLse + queries;
    float s[J][4] = {}, dp[J][4] = {};
#pragma unroll
    for (int d = 0; d < DP; d += 16) {
      unsigned a[4], va[4];
      loadA<chunks>(a, ks, warpKey, d);
      loadA<chunks>(va, vs, warpKey, d);
#pragma unroll
      for (int j = 0; j < J; j += 2) {
        unsigned bq[4], bo[4];
        loadB<chunks>(bq, qs, j * 8, d);
        loadB<chunks>(bo, dos, j * 8, d);
        mmaPair(s[j], s[j + 1], a, bq);
        mmaPair(dp[j], dp[j + 1], va, bo);
      }
    }
    unsigned p[J][2], ds[J][2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int key = key0 + warpKey + g + 8 * half;
#pragma unroll
      for (int j = 0; j < J; j++) {
        float pv[2], dv2[2];
#pragma unroll
        for (int e = 0; e < 2; e++) {
          int r = j * 8 + 2 * t + e;
          bool seen = key <= row0 + r;
          float w = exp2f(fmaf(s[j][2 * half + e], scale * log2e, -rowLse[r]));
          pv[e] = seen ? w : 0.0f;
          dv2[e] = seen ? w * (dp[j][2 * half + e] - rowDelta[r]) * scale : 0.0f;
        }
        p[j][half] = packBf16(pv[0], pv[1]);
        ds[j][half] = packBf16(dv2[0], dv2[1]);
      }
    }
#pragma unroll
    for (int r = 0; r < queries; r += 16) {
      const unsigned ap[4] = {p[r / 8][0], p[r / 8][1], p[r / 8 + 1][0], p[r / 8 + 1][1]};
      const unsigned ad[4] = {ds[r / 8][0], ds[r / 8][1], ds[r / 8 + 1][0], ds[r / 8 + 1][1]};
#pragma unroll
      for (int j = 0; j < DP / 8; j += 2) {
        unsigned bo[4], bq[4];
        loadBTransposed<chunks>(bo, dos, j * 8, r);
        loadBTransposed<chunks>(bq, qs, j * 8, r);
        mmaPair(dv[j], dv[j + 1], ap, bo);
        mmaPair(dk[j], dk[j + 1], ad, bq);
      }
    }
  }
  long long width = static_cast<long long>(H + 2 * KV) * D;
#pragma unroll
  for (int j = 0; j < DP / 8; j++) {
#pragma unroll
    for (int e = 0; e < 4; e++) {
      int key = key0 + warpKey + g + e / 2 * 8, column = j * 8 + 2 * t + e % 2;
      if (key < T && column < D) {
        float* toK = dQkv + (static_cast<long long>(b) * T + key) * width + (H + kv) * D + column;
        float* toV = toK + KV * D;
        *toK = accumulate ? *toK + dk[j][e] : dk[j][e];
        *toV = accumulate ? *toV + dv[j][e] : dv[j][e];
      }
    }
  }
}

// attentionBf16 for devices with much shared memory, attentionNarrowBf16 for those with 99 KB.
#define ATTENTION_BF16_KERNELS(DP)                                                                 \
  KERNEL __launch_bounds__(256, DP <= 64 ? 2 : 1)                                                  \
      attentionBf16_##DP(const bf16* qkv, long long stride, float* out, float* lse, int T, int H,  \
                         int KV, int D, float scale) {                                             \
    attentionBf16Block<DP, 8>(qkv, stride, out, lse, T, H, KV, D, scale);                          \
  }                                                                                                \
  KERNEL __launch_bounds__(64)                                                                     \
      attentionNarrowBf16_##DP(const bf16* qkv, long long stride, float* out, float* lse, int T,   \
                               int H, int KV, int D, float scale) {                                \
    attentionBf16Block<DP, 2>(qkv, stride, out, lse, T, H, KV, D, scale);                          \
  }                                                                                                \
  KERNEL __launch_bounds__(32, 1)                                                                   \
      attentionCachedBf16_##DP(const bf16* qkv, long long stride, const int* slots,                \
                               const int* starts, float* keys, float* values, float* out, int S,   \
                               int H, int KV, int D, int slotCount, int Tmax, float scale) {       \
    attentionCachedBf16Block<DP, 1>(qkv, stride, slots, starts, keys, values, out, S, H, KV, D,    \
                                    slotCount, Tmax, scale);                                       \
  }                                                                                                \
  KERNEL __launch_bounds__(128)                                                                    \
      attentionPrefillBf16_##DP(const bf16* qkv, long long stride, const int* slots,               \
                                const int* starts, float* keys, float* values, float* out, int S,  \
                                int H, int KV, int D, int slotCount, int Tmax, float scale) {      \
    attentionCachedBf16Block<DP, 4>(qkv, stride, slots, starts, keys, values, out, S, H, KV, D,    \
                                    slotCount, Tmax, scale);                                       \
  }                                                                                                \
  KERNEL __launch_bounds__(32, 1)                                                                   \
      attentionSplitBf16_##DP(const bf16* qkv, long long stride, const int* slots,                 \
                              const int* starts, float* keys, float* values, float* partial,       \
                              int S, int H, int KV, int D, int slotCount, int Tmax, int chunks,    \
                              float scale) {                                                       \
    attentionSplitBf16Block<DP>(qkv, stride, slots, starts, keys, values, partial, S, H, KV, D,    \
                                slotCount, Tmax, chunks, scale);                                   \
  }                                                                                                \
  KERNEL attentionMergeBf16_##DP(const float* partial, const int* starts, float* out, int batch,   \
                                 int S, int H, int D, int chunks) {                                \
    attentionMergeBf16Row<DP>(partial, starts, out, batch, S, H, D, chunks);                       \
  }                                                                                                \
  KERNEL __launch_bounds__(128)                                                                    \
      attentionBackwardQueriesBf16_##DP(const bf16* qkv, long long stride, const bf16* dOut,       \
                                        long long outStride, const float* lse, const float* delta, \
                                        float* dQkv, int T, int H, int KV, int D, float scale,     \
                                        int accumulate) {                                          \
    attentionBackwardQueriesBf16<DP>(qkv, stride, dOut, outStride, lse, delta, dQkv, T, H, KV, D,  \
                                     scale, accumulate);                                           \
  }                                                                                                \
  KERNEL __launch_bounds__(128)                                                                    \
      attentionBackwardKeysBf16_##DP(const bf16* qkv, long long stride, const bf16* dOut,          \
                                     long long outStride, const float* lse, const float* delta,    \
                                     float* dQkv, int T, int H, int KV, int D, float scale,        \
                                     int accumulate) {                                             \
    attentionBackwardKeysBf16<DP>(qkv, stride, dOut, outStride, lse, delta, dQkv, T, H, KV, D,     \
                                  scale, accumulate);                                              \
  }                                                                                                \
  REGISTER_KERNEL(attentionBf16_##DP);                                                             \
  REGISTER_KERNEL(attentionNarrowBf16_##DP);                                                       \
  REGISTER_KERNEL(attentionCachedBf16_##DP);                                                       \
  REGISTER_KERNEL(attentionPrefillBf16_##DP);                                                      \
  REGISTER_KERNEL(attentionSplitBf16_##DP);                                                        \
  REGISTER_KERNEL(attentionMergeBf16_##DP);                                                        \
  REGISTER_KERNEL(attentionBackwardQueriesBf16_##DP);                                              \
  REGISTER_KERNEL(attentionBackwardKeysBf16_##DP);

ATTENTION_BF16_KERNELS(32)
ATTENTION_BF16_KERNELS(64)
ATTENTION_BF16_KERNELS(128)

REGISTER_KERNEL(attentionStoreBf16);
