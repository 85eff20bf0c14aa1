// The backward pass of attention_sm90.cu: attention.cu has the equations. As there, one kernel owns query
// rows and sums dQ over the keys, one owns keys and sums dK and dV over the queries and heads, in order:
// no atomics, at the price of computing the scores twice. FLOPs 7 B H T^2 D.
//
// All five products read the same images: q k and dO v over the columns of their rows, and ds k, p dO and
// ds q over the rows, with p and ds in registers as the products before leave them. In the second kernel
// scores are transposed, keys by queries, for that. The products of one tile run while p and ds of the
// next are computed.
#include "attention_sm90.cuh"

constexpr int sm90Queries = 64;  // of a tile that a warpgroup's keys meet

// stats [B, H, ceil(T / 64), 2, 64]: lse in units of ln 2, and delta = sum(out dOut) of each row; past T
// infinity, which makes all weights 0, and 0. One warp per row, in the order of stats.
KERNEL attentionStatsSm90(const float* out, const float* dOut, const float* lse, float* stats,
                          int batch, int T, int H, int D) {
  int padded = ceilDiv(T, sm90Queries) * sm90Queries, lane = threadIdx.x % 32;
  long long i = WarpRow::row();
  if (i >= static_cast<long long>(batch) * H * padded) {
    return;
  }
  int t = static_cast<int>(i % padded);
  long long sequence = i / padded, h = sequence % H, b = sequence / H;
  float sum = 0.0f;
  if (t < T) {
    long long row = ((b * T + t) * H + h) * D;
    for (int d = lane; d < D; d += 32) {
      sum = fmaf(out[row + d], dOut[row + d], sum);
    }
    sum = warpSum(sum);
  }
  if (lane == 0) {
    float* to = stats + (sequence * padded + t / sm90Queries * sm90Queries) * 2 + t % sm90Queries;
    to[0] = t < T ? lse[sequence * T + t] * log2e : INFINITY;
    to[sm90Queries] = sum;
  }
}
REGISTER_KERNEL(attentionStatsSm90);

#ifdef HOPPER

struct Sm90Backward {
  const bf16* heads;  // images [B,H+2KV] of T rows
  const bf16* dOut;   // images [B,H]
  const float* stats;
  float* dQkv;  // [B,T,(H+2KV)*D]
  int batch, T, H, KV;
  float scale;
  int accumulate;
};

// Where the operands of a block lie in shared memory.
template <int D, int groups, int stages, int slotBytes>
struct Sm90BackwardPlace {
  static constexpr int residentBytes = 2 * 64 * groups * D, statsBytes = 2 * sm90Queries * 4;
  using R = Ring<stages, slotBytes>;
  unsigned char *first, *second;  // resident rows: queries and dOut, or keys and values
  unsigned char* stats;           // for each stage
  R ring;
  Mbarrier *there, *read;  // the resident rows

  DEVICE Sm90BackwardPlace make(unsigned char* shared) {
    Sm90BackwardPlace p;
    p.first = shared;
    p.second = p.first + residentBytes;
    unsigned char* slots = p.second + residentBytes;
    p.stats = slots + stages * slotBytes;
    p.ring = R::at(slots, p.stats + stages * statsBytes);
    p.there = p.ring.empty + stages;
    p.read = p.there + 1;
    if (threadIdx.x == 0) {
      R::init(p.ring, 4 * groups);
      initBarrier(p.there, 1);
      initBarrier(p.read, 4 * groups);
      fenceBarriers();
    }
    __syncthreads();
    return p;
  }
};

// dst (+)= scale sum for the rows of a warpgroup below `rows`, `width` apart.
template <int D>
DEVICE void storeGradient(const float (&sum)[D / 2], float scale, float* dst, long long width,
                          int rows, int accumulate) {
  int lane = threadIdx.x % 32, firstRow = threadIdx.x % 128 / 32 * 16 + lane / 4;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int row = firstRow + 8 * i;
    if (row < rows) {
      float* to = dst + row * width + lane % 4 * 2;
      bool pairs = reinterpret_cast<unsigned long long>(to) % 8 == 0;
#pragma unroll
      for (int j = 0; j < D / 8; j++) {
        float x = sum[4 * j + 2 * i] * scale, y = sum[4 * j + 2 * i + 1] * scale;
        if (pairs) {
          float2* both = reinterpret_cast<float2*>(to + j * 8);
          *both = accumulate ? make_float2(both->x + x, both->y + y) : make_float2(x, y);
        } else {
          to[j * 8] = accumulate ? to[j * 8] + x : x;
          to[j * 8 + 1] = accumulate ? to[j * 8 + 1] + y : y;
        }
      }
    }
  }
}

// ---- dQ: 64 x groups query rows to a block, over the keys ------------------------------------------------

// Scores s and dp = dO v of keys key0.. to ds / scale, in s.
template <int keys>
DEVICE void gradeQueries(float (&s)[keys / 2], const float (&dp)[keys / 2], const float (&lse)[2],
                         const float (&delta)[2], int key0, const int (&seen)[2], bool hides,
                         float scaleLog2) {
#pragma unroll
  for (int e = 0; e < keys / 2; e++) {
    int i = e % 4 / 2;
    s[e] = exp2Fast(fmaf(s[e], scaleLog2, -lse[i])) * (dp[e] - delta[i]);
  }
  if (hides) {
    int column = key0 + threadIdx.x % 4 * 2;
#pragma unroll
    for (int e = 0; e < keys / 2; e++) {
      s[e] = column + e / 4 * 8 + e % 2 <= seen[e % 4 / 2] ? s[e] : 0.0f;
    }
  }
}

// grid: any number of blocks; 128 (groups + 1) threads.
template <int D, int groups, int stages>
DEVICE void attentionBackwardQueriesSm90Blocks(const Sm90Backward& p) {
  using Image = HeadImage<D>;
  using Place = Sm90BackwardPlace<D, groups, stages, Sm90Tile<D>::bytes>;
  using R = typename Place::R;
  constexpr int tileRows = 64 * groups, keys = Sm90Tile<D>::keys;
  DYNAMIC_SHARED(unsigned char, anyShared);
  Place place = Place::make(alignedShared(anyShared));
  int T = p.T, H = p.H, KV = p.KV, tiles = ceilDiv(T, tileRows), perTile = H * p.batch;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, parity = 0;
  long long imageSize = static_cast<long long>(T) * D;

  if (warp >= 4 * groups) {
    shrinkRegisters<24>();
    if (warp > 4 * groups) {
      return;
    }
    for (int unit = blockIdx.x; unit < tiles * perTile; unit += gridDim.x, parity ^= 1) {
      int row0 = (tiles - 1 - unit / perTile) * tileRows, h = unit % perTile % H;
      int rows = min(tileRows, T - row0), end = row0 + rows;
      long long b = unit % perTile / H;
      const bf16* base = p.heads + b * (H + 2 * KV) * imageSize;
      const bf16* k = base + (H + h / (H / KV)) * imageSize;
      waitFor(place.read, parity ^ 1);
      if (lane == 0) {
        arriveExpecting(place.there, 4 * rows * D);
        copyResident<D, tileRows>(place.first, base + h * imageSize, T, row0, rows, place.there);
        copyResident<D, tileRows>(place.second, p.dOut + (b * H + h) * imageSize, T, row0, rows,
                                  place.there);
      }
      for (int key0 = 0; key0 < end; key0 += keys) {
        int valid = min(keys, end - key0);
        // A gradient of 0 for a key past the end would make NaN of what lies there.
        R::template copyRows<D, keys, true>(place.ring, k, T, key0, valid);
        R::template copyRows<D, keys, false>(place.ring, k + KV * imageSize, T, key0, valid);
      }
    }
    return;
  }

  growRegisters<groups == 1 ? 232 : 240>();
  R& ring = place.ring;
  int group0 = warp / 4 * 64, g = warp % 4 * 16 + lane / 4;
  const unsigned char* qs = place.first + group0 * Image::rowBytes;
  const unsigned char* dos = place.second + group0 * Image::rowBytes;
  float scaleLog2 = p.scale * log2e;
  for (int unit = blockIdx.x; unit < tiles * perTile; unit += gridDim.x, parity ^= 1) {
    int row0 = (tiles - 1 - unit / perTile) * tileRows, h = unit % perTile % H;
    int first = row0 + group0, end = min(row0 + tileRows, T), leastSeen = first + warp % 4 * 16;
    long long b = unit % perTile / H;
    const int seen[2] = {first + g, first + g + 8};
    float lse[2], delta[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      long long sequence = (b * H + h) * ceilDiv(T, sm90Queries);
      const float* from = p.stats + (sequence + seen[i] / sm90Queries) * 2 * sm90Queries;
      lse[i] = seen[i] < T ? from[seen[i] % sm90Queries] : INFINITY;
      delta[i] = seen[i] < T ? from[seen[i] % sm90Queries + sm90Queries] : 0.0f;
    }
    waitFor(place.there, parity);
    float s[keys / 2], dp[keys / 2], dq[D / 2];
    unsigned ds[keys / 16][4];
    int stageK, stageV;
    unsigned char* ks = R::take(ring, stageK);
    startAcross<D, tileRows, keys>(s, qs, ks);
    startAcross<D, tileRows, keys>(dp, dos, R::take(ring, stageV));
    waitWgmma<0>();
    settle(s);
    settle(dp);
    R::release(ring, stageV);
    gradeQueries<keys>(s, dp, lse, delta, 0, seen, keys - 1 > leastSeen, scaleLog2);
    packSums<keys>(ds, s);
    for (int key0 = keys; key0 < end; key0 += keys) {
      int stageBefore = stageK;
      const unsigned char* before = ks;
      ks = R::take(ring, stageK);
      startAcross<D, tileRows, keys>(s, qs, ks);
      startAcross<D, tileRows, keys>(dp, dos, R::take(ring, stageV));
      startDown<D, keys>(dq, ds, before, key0 > keys);
      commitWgmma();
      waitWgmma<1>();
      settle(s);
      settle(dp);
      R::release(ring, stageV);
      gradeQueries<keys>(s, dp, lse, delta, key0, seen, key0 + keys - 1 > leastSeen, scaleLog2);
      waitWgmma<0>();
      settle(dq);
      R::release(ring, stageBefore);
      packSums<keys>(ds, s);
    }
    if (lane == 0) {
      arrive(place.read);
    }
    fenceWgmma();
    startDown<D, keys>(dq, ds, ks, end > keys);
    commitWgmma();
    waitWgmma<0>();
    settle(dq);
    R::release(ring, stageK);
    long long width = static_cast<long long>(H + 2 * KV) * D;
    storeGradient<D>(dq, p.scale, p.dQkv + (b * T + first) * width + h * D, width, end - first,
                     p.accumulate);
  }
}

// ---- dK and dV: 64 x groups keys to a block, over the queries and heads that see them --------------------

// Transposed scores of queries row0.. to weights.
DEVICE void weighKeys(float (&s)[sm90Queries / 2], const float* stats, int row0, int key, bool hides,
                      float scaleLog2) {
  int column = threadIdx.x % 4 * 2;
#pragma unroll
  for (int j = 0; j < sm90Queries / 8; j++) {
    float2 lse = *reinterpret_cast<const float2*>(stats + j * 8 + column);
#pragma unroll
    for (int e = 4 * j; e < 4 * j + 4; e++) {
      s[e] = exp2Fast(fmaf(s[e], scaleLog2, e % 2 == 0 ? -lse.x : -lse.y));
    }
  }
  if (hides) {
#pragma unroll
    for (int e = 0; e < sm90Queries / 2; e++) {
      bool seen = key + e % 4 / 2 * 8 <= row0 + column + e / 4 * 8 + e % 2;
      s[e] = seen ? s[e] : 0.0f;
    }
  }
}

// dp = v dO to ds / scale.
DEVICE void gradeKeys(float (&dp)[sm90Queries / 2], const float (&weights)[sm90Queries / 2],
                      const float* stats) {
#pragma unroll
  for (int j = 0; j < sm90Queries / 8; j++) {
    float2 delta =
        *reinterpret_cast<const float2*>(stats + sm90Queries + j * 8 + threadIdx.x % 4 * 2);
#pragma unroll
    for (int e = 4 * j; e < 4 * j + 4; e++) {
      dp[e] = weights[e] * (dp[e] - (e % 2 == 0 ? delta.x : delta.y));
    }
  }
}

// What a warpgroup's keys meet: `steps` tiles of queries, from each head's tile firstTile on.
struct Sm90Meeting {
  const unsigned char *ks, *vs;  // the warpgroup's rows
  const unsigned char* stats;
  int firstTile, perHead, steps;
  int key, warpKey;  // of this lane, of its warp
  float scaleLog2;
};

// dk and dv, not scaled. The products of one step run while the weights of the next are computed.
template <int D, int tileRows, class R>
DEVICE void sumKeysAhead(float (&dk)[D / 2], float (&dv)[D / 2], R& ring, const Sm90Meeting& p) {
  constexpr int queries = sm90Queries;
  float s[queries / 2], dp[queries / 2];
  unsigned weights[queries / 16][4], ds[queries / 16][4];
  int stageQ = 0, stageO = 0;
  const unsigned char *qs = nullptr, *dos = nullptr;
  for (int step = 0; step < p.steps; step++) {
    int beforeQ = stageQ, beforeO = stageO;
    const unsigned char *oldQs = qs, *oldDos = dos;
    qs = R::take(ring, stageQ);
    startAcross<D, tileRows, queries>(s, p.ks, qs);
    dos = R::take(ring, stageO);
    startAcross<D, tileRows, queries>(dp, p.vs, dos);
    if (step > 0) {
      startDown<D, queries>(dv, weights, oldDos, step > 1);
      startDown<D, queries>(dk, ds, oldQs, step > 1);
      commitWgmma();
      waitWgmma<1>();
    } else {
      waitWgmma<0>();
    }
    settle(s);
    settle(dp);
    int row0 = (p.firstTile + step % p.perHead) * queries;
    const float* stats = reinterpret_cast<const float*>(p.stats + stageQ * 8 * queries);
    weighKeys(s, stats, row0, p.key, p.warpKey + 15 > row0, p.scaleLog2);
    gradeKeys(dp, s, stats);
    if (step > 0) {
      waitWgmma<0>();
      settle(dk);
      settle(dv);
      R::release(ring, beforeQ);
      R::release(ring, beforeO);
    }
    packSums<queries>(weights, s);
    packSums<queries>(ds, dp);
  }
  fenceWgmma();
  startDown<D, queries>(dv, weights, dos, p.steps > 1);
  startDown<D, queries>(dk, ds, qs, p.steps > 1);
  commitWgmma();
  waitWgmma<0>();
  settle(dk);
  settle(dv);
  R::release(ring, stageQ);
  R::release(ring, stageO);
}

// The same sums with fewer registers, for heads of 128: only the products of one step run meanwhile.
template <int D, int tileRows, class R>
DEVICE void sumKeysInTurn(float (&dk)[D / 2], float (&dv)[D / 2], R& ring, const Sm90Meeting& p) {
  constexpr int queries = sm90Queries;
  float s[queries / 2], dp[queries / 2];
  unsigned operand[queries / 16][4];
  int stageQ, stageO;
  for (int step = 0; step < p.steps; step++) {
    const unsigned char* qs = R::take(ring, stageQ);
    startAcross<D, tileRows, queries>(s, p.ks, qs);
    const unsigned char* dos = R::take(ring, stageO);
    startAcross<D, tileRows, queries>(dp, p.vs, dos);
    waitWgmma<1>();
    settle(s);
    int row0 = (p.firstTile + step % p.perHead) * queries;
    const float* stats = reinterpret_cast<const float*>(p.stats + stageQ * 8 * queries);
    weighKeys(s, stats, row0, p.key, p.warpKey + 15 > row0, p.scaleLog2);
    packSums<queries>(operand, s);
    waitWgmma<0>();
    settle(dp);
    fenceWgmma();
    startDown<D, queries>(dv, operand, dos, step > 0);
    commitWgmma();
    gradeKeys(dp, s, stats);
    waitWgmma<0>();
    settle(dv);
    R::release(ring, stageO);
    packSums<queries>(operand, dp);
    fenceWgmma();
    startDown<D, queries>(dk, operand, qs, step > 0);
    commitWgmma();
    waitWgmma<0>();
    settle(dk);
    R::release(ring, stageQ);
  }
}

// grid: any number of blocks; 128 (groups + 1) threads. The first keys, which most queries see, come first.
template <int D, int groups, int stages>
DEVICE void attentionBackwardKeysSm90Blocks(const Sm90Backward& p) {
  using Image = HeadImage<D>;
  using Place = Sm90BackwardPlace<D, groups, stages, 2 * sm90Queries * D>;
  using R = typename Place::R;
  constexpr int tileRows = 64 * groups, queries = sm90Queries;
  // One group with heads of 128 has a multiprocessor to itself, and all the registers it can name.
  constexpr bool moveRegisters = groups > 1 || D < 128;
  DYNAMIC_SHARED(unsigned char, anyShared);
  Place place = Place::make(alignedShared(anyShared));
  int T = p.T, H = p.H, KV = p.KV, perTile = KV * p.batch, group = H / KV;
  int units = ceilDiv(T, tileRows) * perTile, queryTiles = ceilDiv(T, queries);
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, parity = 0;
  long long imageSize = static_cast<long long>(T) * D;

  if (warp >= 4 * groups) {
    if constexpr (moveRegisters) {
      shrinkRegisters<24>();
    }
    if (warp > 4 * groups) {
      return;
    }
    for (int unit = blockIdx.x; unit < units; unit += gridDim.x, parity ^= 1) {
      int key0 = unit / perTile * tileRows, kv = unit % perTile % KV, rows = min(tileRows, T - key0);
      long long b = unit % perTile / KV;
      const bf16* base = p.heads + b * (H + 2 * KV) * imageSize;
      const bf16* k = base + (H + kv) * imageSize;
      waitFor(place.read, parity ^ 1);
      if (lane == 0) {
        arriveExpecting(place.there, 4 * rows * D);
        copyResident<D, tileRows>(place.first, k, T, key0, rows, place.there);
        copyResident<D, tileRows>(place.second, k + KV * imageSize, T, key0, rows, place.there);
      }
      for (int h = kv * group; h < (kv + 1) * group; h++) {
        for (int tile = key0 / queries; tile < queryTiles; tile++) {
          int row0 = tile * queries, valid = min(queries, T - row0);
          const float* stats = p.stats + ((b * H + h) * queryTiles + tile) * 2 * queries;
          R::template copyRows<D, queries, true>(
              place.ring, base + h * imageSize, T, row0, valid,
              place.stats + place.ring.turn.stage * Place::statsBytes, stats, Place::statsBytes);
          R::template copyRows<D, queries, true>(place.ring, p.dOut + (b * H + h) * imageSize, T,
                                                 row0, valid);
        }
      }
    }
    return;
  }

  if constexpr (moveRegisters) {
    growRegisters<groups == 1 ? 232 : 240>();
  }
  R& ring = place.ring;
  int group0 = warp / 4 * 64;
  const unsigned char* ks = place.first + group0 * Image::rowBytes;
  const unsigned char* vs = place.second + group0 * Image::rowBytes;
  float scaleLog2 = p.scale * log2e;
  for (int unit = blockIdx.x; unit < units; unit += gridDim.x, parity ^= 1) {
    int key0 = unit / perTile * tileRows, kv = unit % perTile % KV;
    int first = key0 + group0, warpKey = first + warp % 4 * 16, key = warpKey + lane / 4;
    int firstTile = key0 / queries, perHead = queryTiles - firstTile;
    long long b = unit % perTile / KV;
    waitFor(place.there, parity);
    const Sm90Meeting meeting = {ks,    vs,  place.stats, firstTile, perHead, perHead * group,
                                 key, warpKey, scaleLog2};
    float dk[D / 2], dv[D / 2];
    if constexpr (D == 128) {
      sumKeysInTurn<D, tileRows>(dk, dv, ring, meeting);
    } else {
      sumKeysAhead<D, tileRows>(dk, dv, ring, meeting);
    }
    if (lane == 0) {
      arrive(place.read);
    }
    long long width = static_cast<long long>(H + 2 * KV) * D;
    float* to = p.dQkv + (b * T + first) * width + (H + kv) * D;
    storeGradient<D>(dk, p.scale, to, width, T - first, p.accumulate);
    storeGradient<D>(dv, 1.0f, to + KV * D, width, T - first, p.accumulate);
  }
}

#define ATTENTION_BACKWARD_SM90_KERNEL(owns, D, rows, stages, blocksPerMultiprocessor)             \
  KERNEL __launch_bounds__(2 * rows + 128, blocksPerMultiprocessor)                                \
      attentionBackward##owns##Sm90_##D##_##rows(                                                  \
          const bf16* heads, const bf16* dOut, const float* stats, float* dQkv, int batch, int T,  \
          int H, int KV, float scale, int accumulate) {                                            \
    Sm90Backward p = {heads, dOut, stats, dQkv, batch, T, H, KV, scale, accumulate};               \
    attentionBackward##owns##Sm90Blocks<D, rows / 64, stages>(p);                                  \
  }                                                                                                \
  REGISTER_KERNEL(attentionBackward##owns##Sm90_##D##_##rows);

ATTENTION_BACKWARD_SM90_KERNEL(Queries, 32, 64, 4, 2)
ATTENTION_BACKWARD_SM90_KERNEL(Queries, 64, 64, 4, 2)
ATTENTION_BACKWARD_SM90_KERNEL(Queries, 128, 64, 4, 2)
ATTENTION_BACKWARD_SM90_KERNEL(Queries, 32, 128, 8, 1)
ATTENTION_BACKWARD_SM90_KERNEL(Queries, 64, 128, 8, 1)
ATTENTION_BACKWARD_SM90_KERNEL(Queries, 128, 128, 8, 1)
ATTENTION_BACKWARD_SM90_KERNEL(Keys, 32, 64, 4, 2)
ATTENTION_BACKWARD_SM90_KERNEL(Keys, 64, 64, 4, 2)
ATTENTION_BACKWARD_SM90_KERNEL(Keys, 128, 64, 4, 1)
ATTENTION_BACKWARD_SM90_KERNEL(Keys, 32, 128, 8, 1)
ATTENTION_BACKWARD_SM90_KERNEL(Keys, 64, 128, 8, 1)
ATTENTION_BACKWARD_SM90_KERNEL(Keys, 128, 128, 8, 1)

#endif  // HOPPER
