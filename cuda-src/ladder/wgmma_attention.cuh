// What steps 6 to 8 of attention share: heads of 64 as images (attention_sm90.cuh), tiles of 64 keys, and
// the 64 rows of a warpgroup, whose softmax and products are those of the shipped kernel.
#pragma once

#include "../attention_sm90.cuh"

#ifdef HOPPER

constexpr int ladderSide = 64, ladderTileRows = 2 * ladderSide * ladderSide;  // bytes of a tile

// o and its softmax after a tile: weights in p, what was summed before under the new maximum.
struct LadderGroup {
  float s[32], o[32], m[2], l[2], keep[2];
  unsigned p[4][4];
};

DEVICE void ladderStart(LadderGroup& r) {
#pragma unroll
  for (int i = 0; i < 2; i++) {
    r.m[i] = -INFINITY;
    r.l[i] = 0.0f;
  }
}

// The scores in r.s of key tile `tile` to weights there, for the rows of query tile `own`.
DEVICE void ladderWeigh(LadderGroup& r, int tile, int own, float scale) {
  int row = own * ladderSide + threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4;
  const int seen[2] = {row, row + 8};
  weigh<ladderSide>(r.s, r.m, r.l, r.keep, tile * ladderSide, seen, tile == own, scale * log2e);
}

DEVICE void ladderShrink(LadderGroup& r) {
#pragma unroll
  for (int e = 0; e < 32; e++) {
    r.o[e] *= r.keep[e % 4 / 2];
  }
}

// out [T, H 64] from row row0 on, head h.
DEVICE void ladderStoreRows(const LadderGroup& r, float* out, int row0, int H, int h) {
  const float sum[2] = {quadSum(r.l[0]), quadSum(r.l[1])};
  storeRows<ladderSide>(r.o, sum, ladderSide, [&](int row) {
    return out + (static_cast<long long>(row0 + row) * H + h) * ladderSide;
  });
}

#endif  // HOPPER
