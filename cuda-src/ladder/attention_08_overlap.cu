// Attention, step 8: softmax while the tensor cores multiply.
//
// The scores of the next tile are started before the values of this one, and become weights while those
// products still run. A tile more of scores lives in registers. The sums, and so the bits, are those of
// step 7. grid (T / 64, H), 160 threads, 58 KB of shared memory.
// attention_sm90.cu, the last step, adds wider tiles of keys, two groups of rows that share them, blocks that
// stay, registers given away by the copying warps, edges, other heads, and sums in chunks of 256 keys.
#include "wgmma_attention.cuh"

#ifdef HOPPER

KERNEL __launch_bounds__(160)
    ladderAttention8(const bf16* heads, float* out, int T, int H, float scale) {
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
    for (int tile = 0; tile <= own + 1; tile++) {  // keys 0, keys 1, values 0, keys 2, values 1, ...
      if (tile <= own) {
        R::copyRows<D, side, false>(ring, k, T, tile * side, side);
      }
      if (tile > 0) {
        R::copyRows<D, side, false>(ring, v, T, (tile - 1) * side, side);
      }
    }
    return;
  }
  LadderGroup r;
  ladderStart(r);
  int stageK, stageV;
  waitFor(queries, 0);
  startAcross<D, side, side>(r.s, qs, R::take(ring, stageK));
  waitWgmma<0>();
  settle(r.s);
  R::release(ring, stageK);
  ladderWeigh(r, 0, own, scale);
  packSums<side>(r.p, r.s);
  for (int tile = 1; tile <= own; tile++) {
    startAcross<D, side, side>(r.s, qs, R::take(ring, stageK));
    startDown<D, side>(r.o, r.p, R::take(ring, stageV), tile > 1);
    commitWgmma();
    waitWgmma<1>();  // the scores; the values go on
    settle(r.s);
    R::release(ring, stageK);
    ladderWeigh(r, tile, own, scale);
    waitWgmma<0>();
    settle(r.o);
    R::release(ring, stageV);
    ladderShrink(r);
    packSums<side>(r.p, r.s);
  }
  unsigned char* vs = R::take(ring, stageV);
  fenceWgmma();
  startDown<D, side>(r.o, r.p, vs, own > 0);
  commitWgmma();
  waitWgmma<0>();
  settle(r.o);
  R::release(ring, stageV);
  ladderStoreRows(r, out, own * side, H, h);
}
REGISTER_KERNEL(ladderAttention8);

#endif  // HOPPER
