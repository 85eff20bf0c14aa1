// Attention, step 6: the instructions of four warps (wgmma) and copies that one thread starts (TMA).
//
// A warpgroup owns 64 rows. It multiplies straight from shared memory: queries by keys over the columns of
// both, and weights, which stay in registers as the first product leaves them, by values over their rows.
// ldmatrix is gone, and so are the registers that it filled. Nothing overlaps yet: copy, scores, softmax and
// values follow each other. grid (T / 64, H), 128 threads, 25 KB of shared memory.
#include "wgmma_attention.cuh"

#ifdef HOPPER

KERNEL __launch_bounds__(128)
    ladderAttention6(const bf16* heads, float* out, int T, int H, float scale) {
  constexpr int D = ladderSide, side = ladderSide;
  DYNAMIC_SHARED(unsigned char, any);
  unsigned char* qs = alignedShared(any);
  unsigned char *ks = qs + ladderTileRows, *vs = ks + ladderTileRows;
  Mbarrier* full = reinterpret_cast<Mbarrier*>(vs + ladderTileRows);
  int own = gridDim.x - 1 - blockIdx.x, h = blockIdx.y;
  long long image = static_cast<long long>(T) * D;
  const bf16 *q = heads + h * image, *k = q + H * image, *v = k + H * image;
  if (threadIdx.x == 0) {
    initBarrier(full, 1);
    fenceBarriers();
  }
  LadderGroup r;
  ladderStart(r);
  for (int tile = 0; tile <= own; tile++) {
    __syncthreads();  // all have read the tile before
    if (threadIdx.x == 0) {
      arriveExpecting(full, (tile == 0 ? 3 : 2) * ladderTileRows);
      if (tile == 0) {
        bulkCopy(qs, q + own * side * D, ladderTileRows, full);
      }
      bulkCopy(ks, k + tile * side * D, ladderTileRows, full);
      bulkCopy(vs, v + tile * side * D, ladderTileRows, full);
    }
    waitFor(full, tile % 2);
    startAcross<D, side, side>(r.s, qs, ks);
    waitWgmma<0>();
    settle(r.s);
    ladderWeigh(r, tile, own, scale);
    if (tile > 0) {
      ladderShrink(r);
    }
    packSums<side>(r.p, r.s);
    fenceWgmma();
    startDown<D, side>(r.o, r.p, vs, tile > 0);
    commitWgmma();
    waitWgmma<0>();
    settle(r.o);
  }
  ladderStoreRows(r, out, own * side, H, h);
}
REGISTER_KERNEL(ladderAttention6);

#endif  // HOPPER
