// y = x m / (1 - p), with m made from the address (seed, stream, step, row, column): the backward pass
// makes it anew and nothing is saved. One Philox block serves four columns.
#include "common.cuh"

// Forward and backward are one map: x to y, or dY to dX. A uniform number is the upper 24 bits of a
// word; `threshold` is the smallest such count that is at least p, `keep` is 1 - p.
KERNEL dropout(const float* x, float* y, long long rows, int columns, unsigned threshold, float keep,
               unsigned seedLow, unsigned seedHigh, unsigned stream, unsigned step,
               int accumulate) {
  long long quads = (columns + 3) / 4;
  for (long long i = globalThread(); i < rows * quads; i += globalThreads()) {
    long long r = i / quads;
    int quad = static_cast<int>(i % quads);
    uint4 words = philox(quad, static_cast<unsigned>(r), step, stream, seedLow, seedHigh);
    unsigned word[4] = {words.x, words.y, words.z, words.w};
    Four v = load4(x + r * columns, quad * 4, columns);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      v.v[j] = word[j] >> 8 >= threshold ? v.v[j] / keep : 0.0f;
    }
    put4(y + r * columns, quad * 4, columns, v, accumulate);
  }
}
REGISTER_KERNEL(dropout);
