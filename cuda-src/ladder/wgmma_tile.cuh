// What steps 9 to 11 share: the packed operands (matmul_sm90.cu, packTiles), one slice of 64
// along k, and the way of the sums to device memory.
#pragma once

#include "../hopper.cuh"

#ifdef HOPPER

constexpr int ladderTile = 64 * 64, ladderTileBytes = 2 * ladderTile;

// Rows row0.. of a packed operand at a slice: strips of 64 rows, their slices one after the other.
DEVICE const bf16* ladderPacked(const bf16* operand, long long row0, int slice, int slices) {
  return operand + (row0 / 64 * slices + slice) * ladderTile;
}

// Starts the copies of one slice of 64 aTiles rows of a and 128 columns of b, a above b in `stage`.
template <int aTiles>
DEVICE void ladderCopySlice(unsigned char* stage, const bf16* a, const bf16* b, long long row0,
                            long long column0, int slice, int slices, Mbarrier* full) {
  arriveExpecting(full, (aTiles + 2) * ladderTileBytes);
  for (int i = 0; i < aTiles; i++) {
    bulkCopy(stage + i * ladderTileBytes, ladderPacked(a, row0 + 64 * i, slice, slices),
             ladderTileBytes, full);
  }
  for (int i = 0; i < 2; i++) {
    bulkCopy(stage + (aTiles + i) * ladderTileBytes,
             ladderPacked(b, column0 + 64 * i, slice, slices), ladderTileBytes, full);
  }
}

// Starts the products of a slice: 64 x 128 x 64, in four instructions.
DEVICE void ladderWgmmaSlice(float (&sum)[64], const unsigned char* as, const unsigned char* bs,
                             bool first) {
  unsigned long long a = describeTile(as), b = describeTile(bs);
  fenceWgmma();
#pragma unroll
  for (int k = 0; k < 4; k++) {
    wgmma<128>(sum, a + 2 * k, b + 2 * k, !(first && k == 0));
  }
  commitWgmma();
}

// out: the first element of the warpgroup's 64 x 128.
DEVICE void ladderStore(const float (&sum)[64], float* out, int N) {
  long long row = threadIdx.x / 32 % 4 * 16 + threadIdx.x % 32 / 4;
  float* to = out + row * N + threadIdx.x % 4 * 2;
#pragma unroll
  for (int j = 0; j < 16; j++) {
    *reinterpret_cast<float2*>(to + j * 8) = make_float2(sum[4 * j], sum[4 * j + 1]);
    *reinterpret_cast<float2*>(to + 8LL * N + j * 8) = make_float2(sum[4 * j + 2], sum[4 * j + 3]);
  }
}

#endif  // HOPPER
