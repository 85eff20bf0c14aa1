// What steps 4 and 5 of attention share: one tile of 64 keys for the 16 rows of a warp.
#pragma once

#include "../tensor_core.cuh"

// The 16 rows of a warp: rows g and g + 8 in each lane, as mma.sync leaves them.
struct LadderRows {
  float top[2], sum[2], o[8][4];
};

DEVICE void ladderClear(LadderRows& r) {
#pragma unroll
  for (int i = 0; i < 2; i++) {
    r.top[i] = -INFINITY;
    r.sum[i] = 0.0f;
  }
#pragma unroll
  for (int j = 0; j < 8; j++) {
#pragma unroll
    for (int e = 0; e < 4; e++) {
      r.o[j][e] = 0.0f;
    }
  }
}

// qs, ks, vs: tiles of 64 x 64 in rows of 8 chunks. diagonal: row i of the tile sees keys 0 to i.
DEVICE void ladderAttend(LadderRows& r, const bf16* qs, const bf16* ks, const bf16* vs, float scale,
                         bool diagonal) {
  int warpRow = threadIdx.x / 32 * 16, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  float s[8][4] = {};
#pragma unroll
  for (int k = 0; k < 64; k += 16) {
    unsigned a[4];
    loadA<8>(a, qs, warpRow, k);
#pragma unroll
    for (int j = 0; j < 8; j += 2) {
      unsigned b[4];
      loadB<8>(b, ks, j * 8, k);
      mmaPair(s[j], s[j + 1], a, b);
    }
  }
  unsigned p[8][2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int visible = diagonal ? warpRow + g + 8 * i : 63;
    float top = r.top[i], tileSum = 0.0f;
#pragma unroll
    for (int j = 0; j < 8; j++) {
#pragma unroll
      for (int e = 0; e < 2; e++) {
        float& v = s[j][2 * i + e];
        v = j * 8 + 2 * t + e <= visible ? v * scale : -INFINITY;
        top = fmaxf(top, v);
      }
    }
    top = fmaxf(top, __shfl_xor_sync(allLanes, top, 1));
    top = fmaxf(top, __shfl_xor_sync(allLanes, top, 2));
    float keep = expf(r.top[i] - top);
    r.top[i] = top;
#pragma unroll
    for (int j = 0; j < 8; j++) {
      float x = expf(s[j][2 * i] - top), y = expf(s[j][2 * i + 1] - top);
      tileSum += x + y;
      p[j][i] = packBf16(x, y);
      r.o[j][2 * i] *= keep;
      r.o[j][2 * i + 1] *= keep;
    }
    tileSum += __shfl_xor_sync(allLanes, tileSum, 1);
    tileSum += __shfl_xor_sync(allLanes, tileSum, 2);
    r.sum[i] = fmaf(r.sum[i], keep, tileSum);
  }
#pragma unroll
  for (int k = 0; k < 64; k += 16) {
    const unsigned a[4] = {p[k / 8][0], p[k / 8][1], p[k / 8 + 1][0], p[k / 8 + 1][1]};
#pragma unroll
    for (int j = 0; j < 8; j += 2) {
      unsigned b[4];
      loadBTransposed<8>(b, vs, j * 8, k);
      mmaPair(r.o[j], r.o[j + 1], a, b);
    }
  }
}

// out [T, H 64] from row row0 on, head h.
DEVICE void ladderFinish(const LadderRows& r, float* out, int row0, int H, int h) {
  int warpRow = threadIdx.x / 32 * 16, lane = threadIdx.x % 32;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    long long row = row0 + warpRow + lane / 4 + 8 * i;
#pragma unroll
    for (int j = 0; j < 8; j++) {
      *reinterpret_cast<float2*>(out + (row * H + h) * 64 + j * 8 + lane % 4 * 2) =
          make_float2(r.o[j][2 * i] / r.sum[i], r.o[j][2 * i + 1] / r.sum[i]);
    }
  }
}
