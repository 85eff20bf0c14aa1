// Step 8: a pipeline of asynchronous copies.
//
// cp.async moves 16 bytes from device to shared memory without passing through registers, and returns
// at once. With three stages, two slices are under way while the tensor cores work on the third; the
// loop waits only for a copy that began two slices ago, and one barrier per slice is enough. grid
// (N / 128, M / 128), 256 threads, 96 KB of shared memory. matmul_bf16.cu adds edges, transposes, more
// tiles, and an order of blocks that shares slices in the L2 cache.
#include "mma_tile.cuh"

KERNEL __launch_bounds__(256)
    ladderMatmul8(const bf16* a, const bf16* b, float* out, int M, int N, int K) {
  constexpr int side = 128, depth = 64, threads = 256, stages = 3, size = side * depth;
  DYNAMIC_SHARED(bf16, shared);  // stages x (a, b)
  int t = threadIdx.x, warpRow = t / 128 * 64, warpColumn = t / 32 % 4 * 32;
  long long row0 = blockIdx.y * side, column0 = blockIdx.x * side;
  int slices = K / depth;
  auto start = [&](int slice) {
    if (slice < slices) {
      bf16 *as = shared + slice % stages * 2 * size, *bs = as + size;
      loadTile<side, 8, threads>(as, a + row0 * K + slice * depth, K, side, 8);
      loadTile<depth, 16, threads>(bs, b + static_cast<long long>(slice) * depth * N + column0, N,
                                   depth, 16);
    }
    copyCommit();  // also when empty: waits count groups
  };
  float sum[4][4][4] = {};
  start(0);
  start(1);
  for (int slice = 0; slice < slices; slice++) {
    copyWait<1>();
    __syncthreads();  // the slice is there for all, and all are done with the one to be overwritten
    start(slice + 2);
    const bf16* as = shared + slice % stages * 2 * size;
    ladderMmaSlice(sum, as, as + size, warpRow, warpColumn);
  }
  ladderStore(sum, out + row0 * N + column0, N, warpRow, warpColumn);
}
REGISTER_KERNEL(ladderMatmul8);
