// Causal self-attention with bf16 operands and f32 sums by wgmma, for sm_90a and heads of 32, 64 or 128.
// Shah et al., "FlashAttention-3" (2024), algorithms 1 and 2, with the chunks of 256 keys of attention.cu,
// which has the other sources. FLOPs 2 B H T^2 D.
//
// A warpgroup owns 64 query rows. One warp copies tiles of keys and values, ahead, by the TMA unit. While
// the tensor cores multiply one tile's weights with its values, the scores of the next tile become weights.
// The weights stay in registers: a sum's layout is that of an operand.
//
// Over a cache the same steps run on the same operands, so a token has the same bits sampled and trained.
// There the rows of all heads that share keys stand in one warpgroup; few rows leave most of an instruction
// unused, but its time is below that of reading the keys.
//
// As in attention_bf16.cu a NaN at a later position reaches earlier rows that share its tile.
#include "attention_sm90.cuh"

// qkv [B,S,(H+2KV)*D] in f32: its keys and values to positions starts[b].. of the cache, as images of Tmax
// rows for each (slot, head).
template <int D>
DEVICE void attentionStoreSm90(const float* qkv, const int* slots, const int* starts, float* keys,
                               float* values, int batch, int S, int H, int KV, int slotCount,
                               int Tmax, int* problem) {
  constexpr int chunks = D / 8;
  long long size = static_cast<long long>(batch) * S * KV * chunks;
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    int chunk = static_cast<int>(i % chunks), kv = static_cast<int>(i / chunks % KV);
    long long row = i / chunks / KV;
    int s = static_cast<int>(row % S), b = static_cast<int>(row / S);
    if (insideCacheBf16(slots[b], starts[b], S, slotCount, Tmax)) {
      const float* from = qkv + (row * (H + 2 * KV) + H + kv) * D + chunk * 8;
      long long to = HeadImage<D>::offset(Tmax, starts[b] + s, chunk);
      *reinterpret_cast<uint4*>(cacheRows(keys, slots[b], kv, KV, Tmax, D) + to) = roundChunk(from);
      *reinterpret_cast<uint4*>(cacheRows(values, slots[b], kv, KV, Tmax, D) + to) =
          roundChunk(from + KV * D);
    } else if (chunk + kv + s == 0) {
      bool badSlot = slots[b] < 0 || slots[b] >= slotCount;
      reportIndex(problem, badSlot ? attentionSlots : attentionStarts, b,
                  badSlot ? slots[b] : starts[b], badSlot ? slotCount : max(Tmax - S + 1, 0));
    }
  }
}

#define ATTENTION_SM90_IMAGES(D)                                                                   \
  KERNEL packHeads_##D(const float* src, bf16* dst, int batch, int T, int heads) {                 \
    packHeadsOf<D>(src, dst, batch, T, heads);                                                     \
  }                                                                                                \
  KERNEL attentionStoreSm90_##D(const float* qkv, const int* slots, const int* starts,             \
                                float* keys, float* values, int batch, int S, int H, int KV,       \
                                int slotCount, int Tmax, int* problem) {                           \
    attentionStoreSm90<D>(qkv, slots, starts, keys, values, batch, S, H, KV, slotCount, Tmax,      \
                          problem);                                                                \
  }                                                                                                \
  REGISTER_KERNEL(packHeads_##D);                                                                  \
  REGISTER_KERNEL(attentionStoreSm90_##D);

ATTENTION_SM90_IMAGES(32)
ATTENTION_SM90_IMAGES(64)
ATTENTION_SM90_IMAGES(128)

#ifdef HOPPER

// The rows of a warpgroup, as wgmma leaves them: row g of a lane's warp in o[4 j], o[4 j + 1], row g + 8 in
// o[4 j + 2], o[4 j + 3], with maximum m and sum l of its weights; l of a chunk is this lane's part.
template <int D>
struct Sm90Rows {
  float m[2], l[2], o[D / 2];

  // See mergeChunk in attention.cu.
  DEVICE void merge(Sm90Rows& total, const float (&m)[2], const float (&l)[2],
                    const float (&o)[D / 2]) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      if (l[i] != 0.0f) {
        float top = fmaxf(total.m[i], m[i]);
        float keep = exp2f(total.m[i] - top), take = exp2f(m[i] - top);
        total.m[i] = top;
        total.l[i] = fmaf(total.l[i], keep, l[i] * take);
#pragma unroll
        for (int j = 0; j < D / 8; j++) {
#pragma unroll
          for (int e = 4 * j + 2 * i; e < 4 * j + 2 * i + 2; e++) {
            total.o[e] = fmaf(total.o[e], keep, o[e] * take);
          }
        }
      }
    }
  }

  DEVICE void clear(Sm90Rows& r) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      r.m[i] = -INFINITY;
      r.l[i] = 0.0f;
    }
#pragma unroll
    for (int e = 0; e < D / 2; e++) {
      r.o[e] = 0.0f;
    }
  }
};

// The keys of tiles [first, last), first the start of a chunk, for 64 rows whose queries lie at `qs` in
// planes of qRows rows. leastSeen: the last key that the warp's first row sees. finish(m, l, o) takes each
// chunk's result. The ring brings K 0, K 1, V 0, K 2, V 1, ...: see copyKeys.
template <int D, int qRows, class R, class Finish>
DEVICE void attendSm90(R& ring, const unsigned char* qs, const int (&seen)[2], int leastSeen,
                       int first, int last, float scaleLog2, Finish finish) {
  constexpr int keys = Sm90Tile<D>::keys, tilesPerChunk = bf16ChunkKeys / keys;
  float s[keys / 2], o[D / 2], m[2] = {-INFINITY, -INFINITY}, l[2] = {0.0f, 0.0f}, keep[2];
  unsigned p[keys / 16][4];
  int stageK, stageV;
  startAcross<D, qRows, keys>(s, qs, R::take(ring, stageK));
  waitWgmma<0>();
  settle(s);
  R::release(ring, stageK);
  weigh<keys>(s, m, l, keep, first * keys, seen, (first + 1) * keys - 1 > leastSeen, scaleLog2);
  packSums<keys>(p, s);
  for (int tile = first + 1; tile < last; tile++) {
    startAcross<D, qRows, keys>(s, qs, R::take(ring, stageK));
    startDown<D, keys>(o, p, R::take(ring, stageV), (tile - 1) % tilesPerChunk != 0);
    commitWgmma();
    waitWgmma<1>();
    settle(s);
    R::release(ring, stageK);
    bool newChunk = tile % tilesPerChunk == 0;
    float chunkM[2] = {m[0], m[1]}, chunkL[2] = {l[0], l[1]};
    if (newChunk) {
      m[0] = m[1] = -INFINITY;
      l[0] = l[1] = 0.0f;
    }
    weigh<keys>(s, m, l, keep, tile * keys, seen, (tile + 1) * keys - 1 > leastSeen, scaleLog2);
    waitWgmma<0>();
    settle(o);
    R::release(ring, stageV);
    if (newChunk) {
      finish(chunkM, chunkL, o);
    } else {
#pragma unroll
      for (int e = 0; e < D / 2; e++) {
        o[e] *= keep[e % 4 / 2];
      }
    }
    packSums<keys>(p, s);
  }
  fenceWgmma();
  startDown<D, keys>(o, p, R::take(ring, stageV), (last - 1) % tilesPerChunk != 0);
  commitWgmma();
  waitWgmma<0>();
  settle(o);
  R::release(ring, stageV);
  finish(m, l, o);
}

// The copying warp's side of attendSm90. Values past lastKey are 0, since their weight 0 would make NaN
// of what happens to lie there; scores of such keys are replaced.
template <int D, class R>
DEVICE void copyKeys(R& ring, const bf16* k, const bf16* v, long long rows, int first, int last,
                     int lastKey) {
  constexpr int keys = Sm90Tile<D>::keys;
  for (int tile = first; tile <= last; tile++) {
    if (tile < last) {
      int key0 = tile * keys;
      R::template copyRows<D, keys, false>(ring, k, rows, key0, min(keys, lastKey + 1 - key0));
    }
    if (tile > first) {
      int key0 = (tile - 1) * keys;
      R::template copyRows<D, keys, true>(ring, v, rows, key0, min(keys, lastKey + 1 - key0));
    }
  }
}

// Whole sequences. heads: images [B,H+2KV] of T rows. groups x 64 query rows per tile; grid: any number of
// blocks, 128 (groups + 1) threads; shared memory as in AttentionTile. The longest rows come first, so
// that the last to run are short.
template <int D, int groups, int stages>
DEVICE void attentionSm90Blocks(const bf16* heads, float* out, float* lse, int batch, int T, int H,
                                int KV, float scale) {
  using Image = HeadImage<D>;
  using KeyRing = Ring<stages, Sm90Tile<D>::bytes>;
  constexpr int tileRows = 64 * groups, keys = Sm90Tile<D>::keys;
  DYNAMIC_SHARED(unsigned char, anyShared);
  unsigned char* qs = alignedShared(anyShared);
  unsigned char* slots = qs + 2 * tileRows * D;
  unsigned char* barriers = slots + stages * Sm90Tile<D>::bytes;
  KeyRing ring = KeyRing::at(slots, barriers);
  Mbarrier *queriesThere = ring.empty + stages, *queriesRead = queriesThere + 1;
  if (threadIdx.x == 0) {
    KeyRing::init(ring, 4 * groups);
    initBarrier(queriesThere, 1);
    initBarrier(queriesRead, 4 * groups);
    fenceBarriers();
  }
  __syncthreads();
  int tiles = ceilDiv(T, tileRows), perTile = H * batch, warp = threadIdx.x / 32;
  long long imageSize = static_cast<long long>(T) * D;
  int parity = 0;

  if (warp >= 4 * groups) {
    shrinkRegisters<24>();
    if (warp > 4 * groups) {
      return;
    }
    for (int unit = blockIdx.x; unit < tiles * perTile; unit += gridDim.x, parity ^= 1) {
      int row0 = (tiles - 1 - unit / perTile) * tileRows, h = unit % perTile % H;
      const bf16* base = heads + static_cast<long long>(unit % perTile / H) * (H + 2 * KV) * imageSize;
      const bf16 *q = base + h * imageSize, *k = base + (H + h / (H / KV)) * imageSize;
      int rows = min(tileRows, T - row0), lastKey = row0 + rows - 1;
      waitFor(queriesRead, parity ^ 1);
      if (threadIdx.x % 32 == 0) {
        arriveExpecting(queriesThere, 2 * rows * D);
        copyResident<D, tileRows>(qs, q, T, row0, rows, queriesThere);
      }
      copyKeys<D>(ring, k, k + KV * imageSize, T, 0, lastKey / keys + 1, lastKey);
    }
    return;
  }

  growRegisters<groups == 1 ? 232 : 240>();
  int group0 = warp / 4 * 64, lane = threadIdx.x % 32, g = warp % 4 * 16 + lane / 4;
  for (int unit = blockIdx.x; unit < tiles * perTile; unit += gridDim.x, parity ^= 1) {
    int row0 = (tiles - 1 - unit / perTile) * tileRows, h = unit % perTile % H, b = unit % perTile / H;
    int rows = min(tileRows, T - row0), first = row0 + group0;
    const int seen[2] = {first + g, first + g + 8};
    Sm90Rows<D> total;
    Sm90Rows<D>::clear(total);
    waitFor(queriesThere, parity);
    attendSm90<D, tileRows>(
        ring, qs + group0 * Image::rowBytes, seen, first + warp % 4 * 16, 0,
        (row0 + rows - 1) / keys + 1, scale * log2e,
        [&](const float(&m)[2], const float(&l)[2], const float(&o)[D / 2]) {
          const float sum[2] = {quadSum(l[0]), quadSum(l[1])};
          Sm90Rows<D>::merge(total, m, sum, o);
        });
    if (lane == 0) {
      arrive(queriesRead);
    }
    long long width = static_cast<long long>(H) * D;
    float* to = out + (static_cast<long long>(b) * T + first) * width + h * D;
    storeRows<D>(total.o, total.l, rows - group0, [&](int row) { return to + row * width; });
#pragma unroll
    for (int i = 0; i < 2; i++) {
      if (lane % 4 == 0 && seen[i] < T) {
        lse[(static_cast<long long>(b) * H + h) * T + seen[i]] =
            (total.m[i] + log2f(total.l[i])) * ln2;
      }
    }
  }
}

// One chunk's rows to partial [rows, chunks, D+2]: m, l, o. at(row): of the warpgroup's rows, in the order
// of attentionMergeBf16.
template <int D, class At>
DEVICE void writePartialSm90(const float (&m)[2], const float (&l)[2], const float (&o)[D / 2],
                             float* partial, int rows, int chunks, int chunk, At at) {
  int lane = threadIdx.x % 32;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    float sum = quadSum(l[i]);
    int row = threadIdx.x / 32 * 16 + lane / 4 + 8 * i;
    if (row < rows) {
      float* to = partial + (at(row) * chunks + chunk) * (D + 2);
      to[0] = m[i];
      to[1] = sum;
#pragma unroll
      for (int j = 0; j < D / 8; j++) {
        to[2 + j * 8 + 2 * (lane % 4)] = o[4 * j + 2 * i];
        to[2 + j * 8 + 2 * (lane % 4) + 1] = o[4 * j + 2 * i + 1];
      }
    }
  }
}

// New rows over the cache: 64 of the S H / KV rows that share keys, those of one token next to each other.
// grid (tiles, KV, B), or (tiles x chunks, KV, B) where split: then a block takes one chunk of the keys
// and out is partial [B,H,S,chunks,D+2]. 160 threads.
template <int D, int stages, bool split>
DEVICE void attentionCachedSm90Block(const float* qkv, const int* slots, const int* starts,
                                     float* keys, float* values, float* out, int S, int H, int KV,
                                     int slotCount, int Tmax, int chunks, float scale) {
  using Image = HeadImage<D>;
  using KeyRing = Ring<stages, Sm90Tile<D>::bytes>;
  constexpr int tileKeys = Sm90Tile<D>::keys, threads = 160, perRow = D / 8;
  int group = H / KV, kv = blockIdx.y, b = blockIdx.z, chunk = split ? blockIdx.x % chunks : 0;
  int row0 = (split ? blockIdx.x / chunks : blockIdx.x) * 64, rows = min(64, group * S - row0);
  if (!insideCacheBf16(slots[b], starts[b], S, slotCount, Tmax)) {
    return;
  }
  int lastKey = starts[b] + (row0 + rows - 1) / group;
  int first = split ? chunk * (bf16ChunkKeys / tileKeys) : 0, last = lastKey / tileKeys + 1;
  if (split) {
    last = min(last, first + bf16ChunkKeys / tileKeys);
  }
  if (first >= last) {
    return;
  }
  DYNAMIC_SHARED(unsigned char, anyShared);
  unsigned char* qs = alignedShared(anyShared);
  unsigned char* tiles = qs + 2 * 64 * D;
  KeyRing ring = KeyRing::at(tiles, tiles + stages * Sm90Tile<D>::bytes);
  if (threadIdx.x == 0) {
    KeyRing::init(ring, 4);
    fenceBarriers();
  }
  long long token0 = static_cast<long long>(b) * S;
  for (int e = threadIdx.x; e < 64 * perRow; e += threads) {
    int row = e / perRow, at = e % perRow, s = (row0 + row) / group, h = kv * group + (row0 + row) % group;
    *reinterpret_cast<uint4*>(qs + 2 * Image::offset(64, row, at)) =
        row < rows ? roundChunk(qkv + ((token0 + s) * (H + 2 * KV) + h) * D + at * 8)
                   : make_uint4(0, 0, 0, 0);
  }
  fenceAsync();
  __syncthreads();
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (warp == 4) {
    copyKeys<D>(ring, cacheRows(keys, slots[b], kv, KV, Tmax, D),
                cacheRows(values, slots[b], kv, KV, Tmax, D), Tmax, first, last,
                min(lastKey, last * tileKeys - 1));
    return;
  }
  int warpRow = row0 + warp * 16;
  const int seen[2] = {starts[b] + (warpRow + lane / 4) / group,
                       starts[b] + (warpRow + lane / 4 + 8) / group};
  int leastSeen = starts[b] + warpRow / group;
  if (split) {
    attendSm90<D, 64>(ring, qs, seen, leastSeen, first, last, scale * log2e,
                      [&](const float(&m)[2], const float(&l)[2], const float(&o)[D / 2]) {
                        writePartialSm90<D>(m, l, o, out, rows, chunks, chunk, [&](int row) {
                          int h = kv * group + (row0 + row) % group;
                          return (static_cast<long long>(b) * H + h) * S + (row0 + row) / group;
                        });
                      });
  } else {
    Sm90Rows<D> total;
    Sm90Rows<D>::clear(total);
    attendSm90<D, 64>(ring, qs, seen, leastSeen, first, last, scale * log2e,
                      [&](const float(&m)[2], const float(&l)[2], const float(&o)[D / 2]) {
                        const float sum[2] = {quadSum(l[0]), quadSum(l[1])};
                        Sm90Rows<D>::merge(total, m, sum, o);
                      });
    storeRows<D>(total.o, total.l, rows, [&](int row) {
      int h = kv * group + (row0 + row) % group;
      return out + ((token0 + (row0 + row) / group) * H + h) * D;
    });
  }
}

#define ATTENTION_SM90_KERNEL(D, rows, stages, blocksPerMultiprocessor)                            \
  KERNEL __launch_bounds__(2 * rows + 128, blocksPerMultiprocessor)                                \
      attentionSm90_##D##_##rows(const bf16* heads, float* out, float* lse, int batch, int T,      \
                                 int H, int KV, float scale) {                                     \
    attentionSm90Blocks<D, rows / 64, stages>(heads, out, lse, batch, T, H, KV, scale);            \
  }                                                                                                \
  REGISTER_KERNEL(attentionSm90_##D##_##rows);

#define ATTENTION_SM90_CACHED_KERNELS(D, stages)                                                   \
  KERNEL __launch_bounds__(160, 1)                                                                 \
      attentionCachedSm90_##D(const float* qkv, const int* slots, const int* starts, float* keys,  \
                              float* values, float* out, int S, int H, int KV, int slotCount,      \
                              int Tmax, int chunks, float scale) {                                 \
    attentionCachedSm90Block<D, stages, false>(qkv, slots, starts, keys, values, out, S, H, KV,    \
                                               slotCount, Tmax, chunks, scale);                    \
  }                                                                                                \
  KERNEL __launch_bounds__(160, 1)                                                                 \
      attentionSplitSm90_##D(const float* qkv, const int* slots, const int* starts, float* keys,   \
                             float* values, float* out, int S, int H, int KV, int slotCount,       \
                             int Tmax, int chunks, float scale) {                                  \
    attentionCachedSm90Block<D, stages, true>(qkv, slots, starts, keys, values, out, S, H, KV,     \
                                              slotCount, Tmax, chunks, scale);                     \
  }                                                                                                \
  REGISTER_KERNEL(attentionCachedSm90_##D);                                                        \
  REGISTER_KERNEL(attentionSplitSm90_##D);

ATTENTION_SM90_KERNEL(32, 64, 5, 2)
ATTENTION_SM90_KERNEL(64, 64, 5, 2)
ATTENTION_SM90_KERNEL(128, 64, 5, 2)
ATTENTION_SM90_KERNEL(32, 128, 8, 1)
ATTENTION_SM90_KERNEL(64, 128, 8, 1)
ATTENTION_SM90_KERNEL(128, 128, 8, 1)
ATTENTION_SM90_CACHED_KERNELS(32, 4)
ATTENTION_SM90_CACHED_KERNELS(64, 4)
ATTENTION_SM90_CACHED_KERNELS(128, 4)

#endif  // HOPPER
