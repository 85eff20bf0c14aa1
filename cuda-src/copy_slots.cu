// The first positions of cached sequences, copied into another cache: slot r takes slot sources[r], a negative
// source leaves it alone. Moves the bytes of the prompts that are taken.
#include "common.cuh"

// Rounded rows begin at the first multiple of 16 bytes of their room: see cacheRows.
DEVICE unsigned* rowsOf(const unsigned* cache, int rounded) {
  auto at = reinterpret_cast<unsigned long long>(cache);
  return reinterpret_cast<unsigned*>(rounded ? (at + 15) / 16 * 16 : at);
}

// A slot has `heads` blocks of fromHead (toHead) words, a block `planes` runs that begin every fromPlane
// (toPlane) words; the first `run` words of each are copied. grid (any, rows); blocks of idle rows end at once.
KERNEL copySlots(const unsigned* fromKeys, const unsigned* fromValues, const int* sources,
                 unsigned* keys, unsigned* values, int rounded, int heads, int planes, int run,
                 long long fromHead, long long fromPlane, long long toHead, long long toPlane) {
  int r = blockIdx.y, source = sources[r];
  if (source < 0) {
    return;
  }
  fromKeys = rowsOf(fromKeys, rounded);
  fromValues = rowsOf(fromValues, rounded);
  keys = rowsOf(keys, rounded);
  values = rowsOf(values, rounded);
  bool quads = ((run | fromHead | fromPlane | toHead | toPlane) & 3) == 0 &&
               ((reinterpret_cast<unsigned long long>(fromKeys) |
                 reinterpret_cast<unsigned long long>(fromValues) |
                 reinterpret_cast<unsigned long long>(keys) |
                 reinterpret_cast<unsigned long long>(values)) & 15) == 0;
  int unit = quads ? 4 : 1;
  long long size = static_cast<long long>(heads) * planes * (run / unit);
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    long long c = i % (run / unit), j = i / (run / unit);
    long long head = j / planes, plane = j % planes;
    long long from = (static_cast<long long>(source) * heads + head) * fromHead + plane * fromPlane + c * unit;
    long long to = (static_cast<long long>(r) * heads + head) * toHead + plane * toPlane + c * unit;
    if (quads) {
      *reinterpret_cast<uint4*>(keys + to) = *reinterpret_cast<const uint4*>(fromKeys + from);
      *reinterpret_cast<uint4*>(values + to) = *reinterpret_cast<const uint4*>(fromValues + from);
    } else {
      keys[to] = fromKeys[from];
      values[to] = fromValues[from];
    }
  }
}
REGISTER_KERNEL(copySlots);
