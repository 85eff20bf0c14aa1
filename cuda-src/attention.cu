// Causal self-attention in f32: out = softmax(scale Q K^T) V per head, without the [T, T] matrix.
// Dao, "FlashAttention-2" (2023), algorithms 1 and 2. FLOPs forward 2 T^2 D per head (causal half of
// 4 T^2 D), backward 2.5 times as many. Saves out and lse.
//
// The keys are taken in chunks of 256 positions. Each chunk has a softmax of its own (maximum m, sum l,
// weighted values o); chunks are merged in order. So a chunk can be computed anywhere: attention over
// a long cache splits its chunks among blocks, and the bits of a row stay those of the training pass.
//
// Head sizes up to 128, padded with zeros to DP = 32, 64 or 128.
#include "common.cuh"

constexpr int chunkKeys = 256, tileKeys = 64;

// The 16 lanes with the same ty share a row of scores.
DEVICE float rowLanesSum(float v) {
#pragma unroll
  for (int bits = 8; bits > 0; bits >>= 1) {
    v += __shfl_xor_sync(allLanes, v, bits);
  }
  return v;
}
DEVICE float rowLanesMax(float v) {
#pragma unroll
  for (int bits = 8; bits > 0; bits >>= 1) {
    v = fmaxf(v, __shfl_xor_sync(allLanes, v, bits));
  }
  return v;
}

// rows x DP floats to shared memory in rows of DP + 1; zeros past `valid` rows and past D.
template <int DP>
DEVICE void loadRows(float* to, const float* from, long long stride, int rows, int valid, int D) {
  for (int i = threadIdx.x; i < rows * DP; i += blockDim.x) {
    int r = i / DP, d = i % DP;
    to[r * (DP + 1) + d] = r < valid && d < D ? from[r * stride + d] : 0.0f;
  }
}

// Softmax state of one row: maximum, sum of exponentials. `o` holds that row's weighted values.
struct RowState {
  float m, l;
};

// state, o <- state, o merged with (m, l, oChunk). Explicit fused operations: the same bits wherever
// this is inlined.
template <int n>
DEVICE void mergeChunk(RowState& state, float (&o)[n], float m, float l, const float (&oChunk)[n]) {
  if (l == 0.0f) {
    return;  // no key of the chunk is visible to this row
  }
  float top = fmaxf(state.m, m);
  float keep = expf(state.m - top), take = expf(m - top);
  state.m = top;
  state.l = fmaf(state.l, keep, l * take);
#pragma unroll
  for (int i = 0; i < n; i++) {
    o[i] = fmaf(o[i], keep, oChunk[i] * take);
  }
}

// One block, 16 R query rows: lane tx of row group ty holds rows ty + 16 i, score columns tx + 16 j and
// value columns tx + 16 c. Calls finish(row, m, l, o) with the result of every chunk.
template <int DP, int R, class Finish>
DEVICE void attendChunk(float* shared, const float* q, long long qStride, int rows, int position0,
                        const float* k, const float* v, long long kvStride, int D, float scale,
                        int chunk, Finish finish) {
  constexpr int C = DP / 16, J = tileKeys / 16, pad = DP + 1;
  float* qs = shared;
  float* kvs = qs + 16 * R * pad;
  float* ps = kvs + tileKeys * pad;
  int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  float m[R], l[R], o[R][C] = {};
#pragma unroll
  for (int i = 0; i < R; i++) {
    m[i] = -INFINITY;
    l[i] = 0.0f;
  }
  int lastKey = position0 + rows - 1;  // the last one that any row of this block sees
  for (int key0 = chunk * chunkKeys; key0 < (chunk + 1) * chunkKeys && key0 <= lastKey;
       key0 += tileKeys) {
    int valid = min(tileKeys, lastKey + 1 - key0);
    __syncthreads();
    loadRows<DP>(kvs, k + key0 * kvStride, kvStride, tileKeys, valid, D);
    __syncthreads();
    float s[R][J] = {};
#pragma unroll 4
    for (int d = 0; d < DP; d++) {
      float qv[R], kv[J];
#pragma unroll
      for (int i = 0; i < R; i++) {
        qv[i] = qs[(ty + 16 * i) * pad + d];
      }
#pragma unroll
      for (int j = 0; j < J; j++) {
        kv[j] = kvs[(tx + 16 * j) * pad + d];
      }
#pragma unroll
      for (int i = 0; i < R; i++) {
#pragma unroll
        for (int j = 0; j < J; j++) {
          s[i][j] = fmaf(qv[i], kv[j], s[i][j]);
        }
      }
    }
    bool masked = key0 + tileKeys - 1 > position0;  // some key lies after some row's position
#pragma unroll
    for (int i = 0; i < R; i++) {
      int visible = position0 + ty + 16 * i - key0;  // the last key of the tile that the row sees
      float top = m[i];
#pragma unroll
      for (int j = 0; j < J; j++) {
        s[i][j] = tx + 16 * j <= visible ? s[i][j] * scale : -INFINITY;
        top = fmaxf(top, s[i][j]);
      }
      top = rowLanesMax(top);
      float base = top == -INFINITY ? 0.0f : top, keep = expf(m[i] - base), sum = 0.0f;
#pragma unroll
      for (int j = 0; j < J; j++) {
        float p = expf(s[i][j] - base);
        ps[(ty + 16 * i) * (tileKeys + 1) + tx + 16 * j] = p;
        sum += p;
      }
      l[i] = fmaf(l[i], keep, rowLanesSum(sum));
      m[i] = top;
#pragma unroll
      for (int c = 0; c < C; c++) {
        o[i][c] *= keep;
      }
    }
    __syncthreads();
    loadRows<DP>(kvs, v + key0 * kvStride, kvStride, tileKeys, valid, D);
    __syncthreads();
#pragma unroll 4
    for (int key = 0; key < tileKeys; key++) {
      float pv[R], vv[C];
#pragma unroll
      for (int i = 0; i < R; i++) {
        pv[i] = ps[(ty + 16 * i) * (tileKeys + 1) + key];
      }
#pragma unroll
      for (int c = 0; c < C; c++) {
        vv[c] = kvs[key * pad + tx + 16 * c];
      }
#pragma unroll
      for (int i = 0; i < R; i++) {
        // A weight of 0 would still turn a NaN of a hidden key into NaN.
        bool sees = !masked || key0 + key <= position0 + ty + 16 * i;
#pragma unroll
        for (int c = 0; c < C; c++) {
          o[i][c] = sees ? fmaf(pv[i], vv[c], o[i][c]) : o[i][c];
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < R; i++) {
    finish(i, m[i], l[i], o[i]);
  }
}

// All chunks of a tile of rows, merged in order; writes out and, where wanted, lse.
template <int DP, int R>
DEVICE void attendAll(const float* q, long long qStride, int rows, int position0, const float* k,
                      const float* v, long long kvStride, int D, float scale, float* out,
                      long long outStride, float* lse) {
  constexpr int C = DP / 16;
  DYNAMIC_SHARED(float, shared);
  loadRows<DP>(shared, q, qStride, 16 * R, rows, D);
  RowState state[R];
  float total[R][C] = {};
#pragma unroll
  for (int i = 0; i < R; i++) {
    state[i] = {-INFINITY, 0.0f};
  }
  for (int chunk = 0; chunk * chunkKeys < position0 + rows; chunk++) {
    attendChunk<DP, R>(shared, q, qStride, rows, position0, k, v, kvStride, D, scale, chunk,
                       [&](int i, float m, float l, const float(&o)[C]) {
                         mergeChunk<C>(state[i], total[i], m, l, o);
                       });
  }
  int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
#pragma unroll
  for (int i = 0; i < R; i++) {
    int row = ty + 16 * i;
    if (row < rows) {
#pragma unroll
      for (int c = 0; c < C; c++) {
        if (tx + 16 * c < D) {
          out[row * outStride + tx + 16 * c] = total[i][c] / state[i].l;
        }
      }
      if (lse != nullptr && tx == 0) {
        lse[row] = state[i].m + logf(state[i].l);
      }
    }
  }
}

// qkv [B,T,(H+2K)*D], out [B,T,H*D], lse [B,H,T]. grid (ceil(T / 64), H, B), 256 threads.
template <int DP>
DEVICE void attentionBlock(const float* qkv, float* out, float* lse, int T, int H, int KV, int D,
                           float scale) {
  // The longest rows first: the last blocks to run are then the short ones.
  int first = static_cast<int>(gridDim.x - 1 - blockIdx.x) * 64, h = blockIdx.y, b = blockIdx.z;
  long long width = static_cast<long long>(H + 2 * KV) * D;
  const float* base = qkv + b * T * width;
  const float* k = base + (H + h / (H / KV)) * D;
  attendAll<DP, 4>(base + first * width + h * D, width, min(64, T - first), first, k, k + KV * D,
                   width, D, scale, out + (static_cast<long long>(b) * T + first) * H * D + h * D,
                   static_cast<long long>(H) * D, lse + (static_cast<long long>(b) * H + h) * T + first);
}

// Whether row b of a cached call has a slot and positions inside the cache. A row that has not is
// reported by attentionStore and left out by everyone.
DEVICE bool insideCache(int slot, int start, int S, int slotCount, int Tmax) {
  return slot >= 0 && slot < slotCount && start >= 0 && start + S <= Tmax;
}

// Stores the new keys and values of qkv [B,S,(H+2K)*D] at positions starts[b].. of cache slot slots[b].
// keys, values [slots,K,Tmax,D].
KERNEL attentionStore(const float* qkv, const int* slots, const int* starts, float* keys,
                      float* values, int batch, int S, int H, int KV, int D, int slotCount,
                      int Tmax, int* problem) {
  long long size = static_cast<long long>(batch) * S * KV * D;
  long long width = static_cast<long long>(H + 2 * KV) * D;
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    int d = static_cast<int>(i % D);
    long long rest = i / D;
    int kv = static_cast<int>(rest % KV);
    rest /= KV;
    int s = static_cast<int>(rest % S), b = static_cast<int>(rest / S);
    int position = starts[b] + s;
    if (insideCache(slots[b], starts[b], S, slotCount, Tmax)) {
      const float* row = qkv + (static_cast<long long>(b) * S + s) * width + (H + kv) * D + d;
      long long to = ((static_cast<long long>(slots[b]) * KV + kv) * Tmax + position) * D + d;
      keys[to] = row[0];
      values[to] = row[KV * D];
    } else if (d + kv + s == 0) {
      bool badSlot = slots[b] < 0 || slots[b] >= slotCount;
      reportIndex(problem, badSlot ? attentionSlots : attentionStarts, b,
                  badSlot ? slots[b] : starts[b], badSlot ? slotCount : max(Tmax - S + 1, 0));
    }
  }
}

// New rows over the cache. grid (ceil(S / 16 R), H, B), 256 threads.
template <int DP, int R>
DEVICE void attentionCachedBlock(const float* qkv, const int* slots, const int* starts,
                                 const float* keys, const float* values, float* out, int S, int H,
                                 int KV, int D, int slotCount, int Tmax, float scale) {
  int first = blockIdx.x * 16 * R, h = blockIdx.y, b = blockIdx.z;
  if (!insideCache(slots[b], starts[b], S, slotCount, Tmax)) {
    return;
  }
  long long width = static_cast<long long>(H + 2 * KV) * D;
  long long cache = (static_cast<long long>(slots[b]) * KV + h / (H / KV)) * Tmax * D;
  long long row = static_cast<long long>(b) * S + first;
  attendAll<DP, R>(qkv + row * width + h * D, width, min(16 * R, S - first), starts[b] + first,
                   keys + cache, values + cache, D, D, scale, out + row * H * D + h * D,
                   static_cast<long long>(H) * D, nullptr);
}

// One chunk of the keys for new rows: partial [B,H,S,chunks,DP+2] holds m, l, o. grid (tiles x chunks, H, B).
template <int DP, int R>
DEVICE void attentionSplitBlock(const float* qkv, const int* slots, const int* starts,
                                const float* keys, const float* values, float* partial, int S,
                                int H, int KV, int D, int slotCount, int Tmax, int chunks, float scale) {
  constexpr int C = DP / 16;
  int chunk = blockIdx.x % chunks, first = blockIdx.x / chunks * 16 * R, h = blockIdx.y,
      b = blockIdx.z;
  int rows = min(16 * R, S - first), position0 = starts[b] + first;
  if (!insideCache(slots[b], starts[b], S, slotCount, Tmax) ||
      chunk * chunkKeys >= position0 + rows) {
    return;  // attentionMerge stops at the last visible chunk too
  }
  long long width = static_cast<long long>(H + 2 * KV) * D;
  long long cache = (static_cast<long long>(slots[b]) * KV + h / (H / KV)) * Tmax * D;
  const float* q = qkv + (static_cast<long long>(b) * S + first) * width + h * D;
  DYNAMIC_SHARED(float, shared);
  loadRows<DP>(shared, q, width, 16 * R, rows, D);
  int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  attendChunk<DP, R>(shared, q, width, rows, position0, keys + cache, values + cache, D, D, scale,
                     chunk, [&](int i, float m, float l, const float(&o)[C]) {
                       int row = ty + 16 * i;
                       if (row < rows) {
                         long long at = ((static_cast<long long>(b) * H + h) * S + first + row) * chunks + chunk;
                         float* to = partial + at * (DP + 2);
                         if (tx == 0) {
                           to[0] = m;
                           to[1] = l;
                         }
#pragma unroll
                         for (int c = 0; c < C; c++) {
                           to[2 + tx + 16 * c] = o[c];
                         }
                       }
                     });
}

// Merges the chunks of each row in order. One warp per row; out [B,S,H*D].
template <int DP>
DEVICE void attentionMergeRow(const float* partial, const int* starts, float* out, int batch, int S,
                              int H, int D, int chunks) {
  constexpr int n = DP / 32;
  long long row = WarpRow::row();  // (b, h, s)
  if (row >= static_cast<long long>(batch) * H * S) {
    return;
  }
  int s = static_cast<int>(row % S), h = static_cast<int>(row / S % H);
  long long b = row / S / H;
  int lane = threadIdx.x % 32;
  RowState state = {-INFINITY, 0.0f};
  float total[n] = {};
  for (int chunk = 0; chunk < chunks && chunk * chunkKeys <= starts[b] + s; chunk++) {
    const float* from = partial + (row * chunks + chunk) * (DP + 2);
    float o[n];
#pragma unroll
    for (int i = 0; i < n; i++) {
      o[i] = from[2 + lane + 32 * i];
    }
    mergeChunk<n>(state, total, from[0], from[1], o);
  }
#pragma unroll
  for (int i = 0; i < n; i++) {
    if (lane + 32 * i < D) {
      out[(b * S + s) * H * D + h * D + lane + 32 * i] = total[i] / state.l;
    }
  }
}

// ---- Backward ---------------------------------------------------------------------------------------------
//
// P = exp(scale Q K^T - lse); dV = P^T dO; dP = dO V^T; dS = P (dP - delta) scale with delta = sum of dO O;
// dQ = dS K; dK = dS^T Q. One kernel owns query tiles and sums dQ over the keys in order, one owns key
// tiles and sums dK and dV over the queries in order: scores are computed twice, and no atomics needed.

constexpr int backTile = 32;

// delta[b,h,t] = sum over d of dOut out. One warp per row (b, t, h).
KERNEL attentionDelta(const float* out, const float* dOut, float* delta, int batch, int T, int H,
                      int D) {
  long long row = WarpRow::row();
  if (row >= static_cast<long long>(batch) * T * H) {
    return;
  }
  float s = 0.0f;
  for (int d = threadIdx.x % 32; d < D; d += 32) {
    s = fmaf(dOut[row * D + d], out[row * D + d], s);
  }
  s = warpSum(s);
  int h = static_cast<int>(row % H);
  long long t = row / H % T, b = row / H / T;
  if (threadIdx.x % 32 == 0) {
    delta[(b * H + h) * T + t] = s;
  }
}

// p and ds of rows row0.. and keys key0.. for this thread's 2 x 2 scores (rows ty + 16 i, keys tx + 16 j).
template <int DP>
DEVICE void scoresBackward(const float* qs, const float* dos, const float* ks, const float* vs,
                           const float* lse, const float* delta, int row0, int key0, int T,
                           float scale, float (&p)[2][2], float (&ds)[2][2]) {
  constexpr int pad = DP + 1;
  int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  float s[2][2] = {}, dp[2][2] = {};
#pragma unroll 4
  for (int d = 0; d < DP; d++) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
      for (int j = 0; j < 2; j++) {
        int r = (ty + 16 * i) * pad + d, k = (tx + 16 * j) * pad + d;
        s[i][j] = fmaf(qs[r], ks[k], s[i][j]);
        dp[i][j] = fmaf(dos[r], vs[k], dp[i][j]);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int row = row0 + ty + 16 * i;
#pragma unroll
    for (int j = 0; j < 2; j++) {
      bool visible = row < T && key0 + tx + 16 * j <= row;
      p[i][j] = visible ? expf(fmaf(s[i][j], scale, -lse[row])) : 0.0f;
      ds[i][j] = visible ? p[i][j] * (dp[i][j] - delta[row]) * scale : 0.0f;
    }
  }
}

// dQ of one tile of 32 rows. grid (ceil(T / 32), H, B), 256 threads.
template <int DP>
DEVICE void attentionBackwardQueries(const float* qkv, const float* lse, const float* dOut,
                                     const float* delta, float* dQkv, int T, int H, int KV, int D,
                                     float scale, int accumulate) {
  constexpr int pad = DP + 1, C = DP / 16, size = backTile * pad;
  DYNAMIC_SHARED(float, qs);
  float *dos = qs + size, *ks = dos + size, *vs = ks + size, *dss = vs + size;
  int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  int row0 = blockIdx.x * backTile, h = blockIdx.y, b = blockIdx.z, rows = min(backTile, T - row0);
  long long width = static_cast<long long>(H + 2 * KV) * D, outWidth = static_cast<long long>(H) * D;
  const float* base = qkv + b * T * width;
  const float* k = base + (H + h / (H / KV)) * D;
  const float* rowLse = lse + (static_cast<long long>(b) * H + h) * T;
  const float* rowDelta = delta + (static_cast<long long>(b) * H + h) * T;
  loadRows<DP>(qs, base + row0 * width + h * D, width, backTile, rows, D);
  loadRows<DP>(dos, dOut + (static_cast<long long>(b) * T + row0) * outWidth + h * D, outWidth,
               backTile, rows, D);
  float dq[2][C] = {};
  for (int key0 = 0; key0 < row0 + rows; key0 += backTile) {
    int keys = min(backTile, T - key0);
    __syncthreads();
    loadRows<DP>(ks, k + key0 * width, width, backTile, keys, D);
    loadRows<DP>(vs, k + KV * D + key0 * width, width, backTile, keys, D);
    __syncthreads();
    float p[2][2], ds[2][2];
    scoresBackward<DP>(qs, dos, ks, vs, rowLse, rowDelta, row0, key0, T, scale, p, ds);
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
      for (int j = 0; j < 2; j++) {
        dss[(ty + 16 * i) * (backTile + 1) + tx + 16 * j] = ds[i][j];
      }
    }
    __syncthreads();
    for (int key = 0; key < keys; key++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        float d = dss[(ty + 16 * i) * (backTile + 1) + key];
        bool sees = key0 + key <= row0 + ty + 16 * i;
#pragma unroll
        for (int c = 0; c < C; c++) {
          dq[i][c] = sees ? fmaf(d, ks[key * pad + tx + 16 * c], dq[i][c]) : dq[i][c];
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int row = row0 + ty + 16 * i;
#pragma unroll
    for (int c = 0; c < C; c++) {
      if (row < T && tx + 16 * c < D) {
        float* to = dQkv + (static_cast<long long>(b) * T + row) * width + h * D + tx + 16 * c;
        *to = accumulate ? *to + dq[i][c] : dq[i][c];
      }
    }
  }
}

// dK and dV of one tile of 32 keys, over the query heads of the group in order. grid (ceil(T / 32), KV, B).
template <int DP>
DEVICE void attentionBackwardKeys(const float* qkv, const float* lse, const float* dOut,
                                  const float* delta, float* dQkv, int T, int H, int KV, int D,
                                  float scale, int accumulate) {
  constexpr int pad = DP + 1, C = DP / 16, size = backTile * pad;
  DYNAMIC_SHARED(float, qs);
  float *dos = qs + size, *ks = dos + size, *vs = ks + size, *dss = vs + size,
        *ps = dss + backTile * (backTile + 1);
  int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  int key0 = blockIdx.x * backTile, kv = blockIdx.y, b = blockIdx.z, keys = min(backTile, T - key0);
  long long width = static_cast<long long>(H + 2 * KV) * D, outWidth = static_cast<long long>(H) * D;
  const float* base = qkv + b * T * width;
  const float* k = base + (H + kv) * D + key0 * width;
  loadRows<DP>(ks, k, width, backTile, keys, D);
  loadRows<DP>(vs, k + KV * D, width, backTile, keys, D);
  float dk[2][C] = {}, dv[2][C] = {};
  for (int h = kv * (H / KV); h < (kv + 1) * (H / KV); h++) {
    const float* rowLse = lse + (static_cast<long long>(b) * H + h) * T;
    const float* rowDelta = delta + (static_cast<long long>(b) * H + h) * T;
    for (int row0 = key0; row0 < T; row0 += backTile) {
      int rows = min(backTile, T - row0);
      __syncthreads();
      loadRows<DP>(qs, base + row0 * width + h * D, width, backTile, rows, D);
      loadRows<DP>(dos, dOut + (static_cast<long long>(b) * T + row0) * outWidth + h * D, outWidth,
                   backTile, rows, D);
      __syncthreads();
      float p[2][2], ds[2][2];
      scoresBackward<DP>(qs, dos, ks, vs, rowLse, rowDelta, row0, key0, T, scale, p, ds);
#pragma unroll
      for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int j = 0; j < 2; j++) {
          int at = (ty + 16 * i) * (backTile + 1) + tx + 16 * j;
          dss[at] = ds[i][j];
          ps[at] = p[i][j];
        }
      }
      __syncthreads();
      for (int row = 0; row < rows; row++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
          int key = ty + 16 * i;
          float d = dss[row * (backTile + 1) + key], w = ps[row * (backTile + 1) + key];
          bool seen = key0 + key <= row0 + row;
#pragma unroll
          for (int c = 0; c < C; c++) {
            int at = row * pad + tx + 16 * c;
            dk[i][c] = seen ? fmaf(d, qs[at], dk[i][c]) : dk[i][c];
            dv[i][c] = seen ? fmaf(w, dos[at], dv[i][c]) : dv[i][c];
          }
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int key = key0 + ty + 16 * i;
#pragma unroll
    for (int c = 0; c < C; c++) {
      if (key < T && tx + 16 * c < D) {
        float* toK = dQkv + (static_cast<long long>(b) * T + key) * width + (H + kv) * D + tx + 16 * c;
        float* toV = toK + KV * D;
        *toK = accumulate ? *toK + dk[i][c] : dk[i][c];
        *toV = accumulate ? *toV + dv[i][c] : dv[i][c];
      }
    }
  }
}

#define ATTENTION_KERNELS(DP)                                                                      \
  KERNEL __launch_bounds__(256) attention##DP(const float* qkv, float* out, float* lse, int T,     \
                                              int H, int KV, int D, float scale) {                 \
    attentionBlock<DP>(qkv, out, lse, T, H, KV, D, scale);                                         \
  }                                                                                                \
  KERNEL __launch_bounds__(256)                                                                    \
      attentionCached##DP(const float* qkv, const int* slots, const int* starts,                   \
                          const float* keys, const float* values, float* out, int S, int H,        \
                          int KV, int D, int slotCount, int Tmax, float scale) {                                  \
    attentionCachedBlock<DP, 1>(qkv, slots, starts, keys, values, out, S, H, KV, D, slotCount, Tmax, scale);\
  }                                                                                                \
  KERNEL __launch_bounds__(256)                                                                    \
      attentionPrefill##DP(const float* qkv, const int* slots, const int* starts,                  \
                           const float* keys, const float* values, float* out, int S, int H,       \
                           int KV, int D, int slotCount, int Tmax, float scale) {                                 \
    attentionCachedBlock<DP, 4>(qkv, slots, starts, keys, values, out, S, H, KV, D, slotCount, Tmax, scale);\
  }                                                                                                \
  KERNEL __launch_bounds__(256)                                                                    \
      attentionSplit##DP(const float* qkv, const int* slots, const int* starts, const float* keys, \
                         const float* values, float* partial, int S, int H, int KV, int D,         \
                         int slotCount, int Tmax, int chunks, float scale) {                       \
    attentionSplitBlock<DP, 1>(qkv, slots, starts, keys, values, partial, S, H, KV, D, slotCount,  \
                               Tmax, chunks, scale);                                                    \
  }                                                                                                \
  KERNEL attentionMerge##DP(const float* partial, const int* starts, float* out, int batch, int S, \
                            int H, int D, int chunks) {                                            \
    attentionMergeRow<DP>(partial, starts, out, batch, S, H, D, chunks);                           \
  }                                                                                                \
  KERNEL __launch_bounds__(256)                                                                    \
      attentionBackwardQueries##DP(const float* qkv, const float* lse, const float* dOut,          \
                                   const float* delta, float* dQkv, int T, int H, int KV, int D,   \
                                   float scale, int accumulate) {                                  \
    attentionBackwardQueries<DP>(qkv, lse, dOut, delta, dQkv, T, H, KV, D, scale, accumulate);     \
  }                                                                                                \
  KERNEL __launch_bounds__(256)                                                                    \
      attentionBackwardKeys##DP(const float* qkv, const float* lse, const float* dOut,             \
                                const float* delta, float* dQkv, int T, int H, int KV, int D,      \
                                float scale, int accumulate) {                                     \
    attentionBackwardKeys<DP>(qkv, lse, dOut, delta, dQkv, T, H, KV, D, scale, accumulate);        \
  }                                                                                                \
  REGISTER_KERNEL(attention##DP);                                                                  \
  REGISTER_KERNEL(attentionCached##DP);                                                            \
  REGISTER_KERNEL(attentionPrefill##DP);                                                           \
  REGISTER_KERNEL(attentionSplit##DP);                                                             \
  REGISTER_KERNEL(attentionMerge##DP);                                                             \
  REGISTER_KERNEL(attentionBackwardQueries##DP);                                                   \
  REGISTER_KERNEL(attentionBackwardKeys##DP);

ATTENTION_KERNELS(32)
ATTENTION_KERNELS(64)
ATTENTION_KERNELS(128)

REGISTER_KERNEL(attentionStore);
REGISTER_KERNEL(attentionDelta);
