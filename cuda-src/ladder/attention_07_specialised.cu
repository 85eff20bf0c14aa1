// Attention, step 7: a warp that only copies.
//
// It fills a ring of six tiles, keys and values in turn, as fast as they come free; four warps multiply. No
// barrier of the whole block is left in the loop, and the copies are several tiles ahead: the tensor cores
// wait for the softmax only. grid (T / 64, H), 160 threads, 58 KB of shared memory.
#include "wgmma_attention.cuh"

#ifdef HOPPER

KERNEL __launch_bounds__(160)
    ladderAttention7(const bf16* heads, float* out, int T, int H, float scale) {
  constexpr int D = ladderSide, side = ladderSide, stages = 6;
  using R = Ring<stages, ladderTileRows>;
  DYNAMIC_SHARED(unsigned char, any);
  unsigned char* qs = alignedShared(any);
  R ring = R::at(qs + ladderTileRows, qs + (1 + stages) * ladderTileRows);
  Mbarrier* queries = ring.empty + stages;
  int own = gridDim.x - 1 - blockIdx.x, h = blockIdx.y;
  long long image = static_cast<long long>(T) * D;
  const bf16 *q = heads + h * image, *k = q + H * image, *v = k + H * image;
  if (threadIdx.x == 0) {
    R::init(ring, 4);
    initBarrier(queries, 1);
    fenceBarriers();
  }
  __syncthreads();
  if (threadIdx.x / 32 == 4) {
    if (threadIdx.x % 32 == 0) {
      arriveExpecting(queries, ladderTileRows);
      bulkCopy(qs, q + own * side * D, ladderTileRows, queries);
    }
    for (int tile = 0; tile <= own; tile++) {
      R::copyRows<D, side, false>(ring, k, T, tile * side, side);
      R::copyRows<D, side, false>(ring, v, T, tile * side, side);
    }
    return;
  }
  LadderGroup r;
  ladderStart(r);
  waitFor(queries, 0);
  for (int tile = 0; tile <= own; tile++) {
    int stage;
    startAcross<D, side, side>(r.s, qs, R::take(ring, stage));
    waitWgmma<0>();
    settle(r.s);
    R::release(ring, stage);
    ladderWeigh(r, tile, own, scale);
    if (tile > 0) {
      ladderShrink(r);
    }
    packSums<side>(r.p, r.s);
    unsigned char* vs = R::take(ring, stage);
    fenceWgmma();
    startDown<D, side>(r.o, r.p, vs, tile > 0);
    commitWgmma();
    waitWgmma<0>();
    settle(r.o);
    R::release(ring, stage);
  }
  ladderStoreRows(r, out, own * side, H, h);
}
REGISTER_KERNEL(ladderAttention7);

#endif  // HOPPER
