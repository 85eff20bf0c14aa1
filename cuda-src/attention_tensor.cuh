// What attention by mma.sync and by wgmma share. The method and its sources are in attention.cu.
#pragma once

#include "tensor_core.cuh"

// Keys that share a softmax; the chunks of a row are merged in order.
constexpr int bf16ChunkKeys = 256;

// exp2 takes one instruction, so that scores are in units of ln 2: p = 2^(s scale log2(e) - m).
constexpr float log2e = 1.4426950408889634f, ln2 = 0.6931471805599453f;

// The four lanes 4 g .. 4 g + 3 share rows g and g + 8.
DEVICE float quadMax(float v) {
  v = fmaxf(v, __shfl_xor_sync(allLanes, v, 1));
  return fmaxf(v, __shfl_xor_sync(allLanes, v, 2));
}
DEVICE float quadSum(float v) {
  v += __shfl_xor_sync(allLanes, v, 1);
  return v + __shfl_xor_sync(allLanes, v, 2);
}

DEVICE bool insideCacheBf16(int slot, int start, int S, int slotCount, int Tmax) {
  return slot >= 0 && slot < slotCount && start >= 0 && start + S <= Tmax;
}

// The cache holds bf16 in the first half of the f32 room of each (slot, head), from its first address
// that is a multiple of 16 bytes on.
DEVICE bf16* cacheRows(float* cache, int slot, int kv, int KV, int Tmax, int D) {
  auto room = reinterpret_cast<unsigned long long>(
      cache + (static_cast<long long>(slot) * KV + kv) * Tmax * D);
  return reinterpret_cast<bf16*>((room + 15) / 16 * 16);
}
