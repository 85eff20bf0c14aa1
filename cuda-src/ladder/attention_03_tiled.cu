// Attention, step 3: tiles, that is flash attention in f32.
//
// 64 rows share each tile of 64 keys and values in shared memory, so device memory gives each of them
// once per 64 rows instead of once per row, and the sums are scaled once per tile (Dao et al., 2022).
// Four threads share a row: 16 keys and 16 values of the head each. grid (T / 64, H), 256 threads, 67 KB
// of shared memory.
#include "../common.cuh"

KERNEL __launch_bounds__(256)
    ladderAttention3(const float* qkv, float* out, int T, int H, float scale) {
  constexpr int D = 64, side = 64, pad = D + 1, each = 16, threads = 256;
  DYNAMIC_SHARED(float, qs);
  float *ks = qs + side * pad, *vs = ks + side * pad, *ps = vs + side * pad;
  int tile = blockIdx.x, h = blockIdx.y, row = threadIdx.x / 4, part = threadIdx.x % 4;
  long long width = 3LL * H * D;
  auto load = [&](float* to, int column, int row0) {
    for (int e = threadIdx.x; e < side * D; e += threads) {
      to[e / D * pad + e % D] = qkv[(row0 + e / D) * width + column + e % D];
    }
  };
  load(qs, h * D, tile * side);
  float top = -INFINITY, sum = 0.0f, o[each] = {};
  for (int i = 0; i <= tile; i++) {
    __syncthreads();
    load(ks, (H + h) * D, i * side);
    load(vs, (2 * H + h) * D, i * side);
    __syncthreads();
    float s[each] = {}, newTop = top, tileSum = 0.0f;
#pragma unroll 4
    for (int d = 0; d < D; d++) {
      float qv = qs[row * pad + d];
#pragma unroll
      for (int j = 0; j < each; j++) {
        s[j] = fmaf(qv, ks[(part + 4 * j) * pad + d], s[j]);
      }
    }
#pragma unroll
    for (int j = 0; j < each; j++) {
      bool visible = i < tile || part + 4 * j <= row;
      s[j] = visible ? s[j] * scale : -INFINITY;
      newTop = fmaxf(newTop, s[j]);
    }
    newTop = fmaxf(newTop, __shfl_xor_sync(allLanes, newTop, 1));
    newTop = fmaxf(newTop, __shfl_xor_sync(allLanes, newTop, 2));
    float keep = expf(top - newTop);
    top = newTop;
#pragma unroll
    for (int j = 0; j < each; j++) {
      float p = expf(s[j] - top);
      ps[row * pad + part + 4 * j] = p;
      tileSum += p;
    }
    tileSum += __shfl_xor_sync(allLanes, tileSum, 1);
    tileSum += __shfl_xor_sync(allLanes, tileSum, 2);
    sum = fmaf(sum, keep, tileSum);
    __syncwarp();  // a row's weights come from the four threads that use them
#pragma unroll
    for (int c = 0; c < each; c++) {
      o[c] *= keep;
    }
#pragma unroll 4
    for (int key = 0; key < side; key++) {
      float p = ps[row * pad + key];
#pragma unroll
      for (int c = 0; c < each; c++) {
        o[c] = fmaf(p, vs[key * pad + part + 4 * c], o[c]);
      }
    }
  }
#pragma unroll
  for (int c = 0; c < each; c++) {
    out[((static_cast<long long>(tile) * side + row) * H + h) * D + part + 4 * c] = o[c] / sum;
  }
}
REGISTER_KERNEL(ladderAttention3);
