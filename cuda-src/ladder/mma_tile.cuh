// What steps 7 and 8 share: one slice of 64 along k for a warp's 64 x 32 of out, from swizzled tiles
// in shared memory, and the way of the sums to device memory.
#pragma once

#include "../tensor_core.cuh"

// a: 128 x 64 in rows of 8 chunks; b: 64 x 128 in rows of 16 chunks.
DEVICE void ladderMmaSlice(float (&sum)[4][4][4], const bf16* as, const bf16* bs, int warpRow,
                           int warpColumn) {
#pragma unroll
  for (int k = 0; k < 64; k += 16) {
    unsigned a[4][4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      loadA<8>(a[i], as, warpRow + i * 16, k);
    }
#pragma unroll
    for (int j = 0; j < 4; j += 2) {
      unsigned b[4];
      loadBTransposed<16>(b, bs, warpColumn + j * 8, k);
#pragma unroll
      for (int i = 0; i < 4; i++) {
        mmaPair(sum[i][j], sum[i][j + 1], a[i], b);
      }
    }
  }
}

// out: the block's first element; the warp's part begins at (row, column).
DEVICE void ladderStore(const float (&sum)[4][4][4], float* out, int N, int row, int column) {
  int lane = threadIdx.x % 32;
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        long long at = row + i * 16 + lane / 4 + half * 8;
        *reinterpret_cast<float2*>(out + at * N + column + j * 8 + lane % 4 * 2) =
            make_float2(sum[i][j][2 * half], sum[i][j][2 * half + 1]);
      }
    }
  }
}
