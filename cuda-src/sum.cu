// Sums in a fixed order. Long sums take two launches: partial sums over chunks of a fixed size, then
// the partial sums in order; the number of blocks never enters the order.
#include "common.cuh"

// partial[chunk, c] = sum over the chunk's rows of x[r, c], r increasing. grid (columns, chunks).
KERNEL sumRowsPartial(const float* x, float* partial, long long rows, int columns, int rowsPerChunk) {
  int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= columns) {
    return;
  }
  long long first = static_cast<long long>(blockIdx.y) * rowsPerChunk;
  long long last = first + rowsPerChunk < rows ? first + rowsPerChunk : rows;
  float s = 0.0f;
  for (long long r = first; r < last; r++) {
    s += x[r * columns + c];
  }
  partial[static_cast<long long>(blockIdx.y) * columns + c] = s;
}

// out[c] (+)= sum of partial[chunk, c], chunks in order.
KERNEL sumChunks(const float* partial, float* out, int chunks, int columns, int accumulate) {
  int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= columns) {
    return;
  }
  float s = 0.0f;
  for (int i = 0; i < chunks; i++) {
    s += partial[static_cast<long long>(i) * columns + c];
  }
  out[c] = accumulate ? out[c] + s : s;
}

// out[r] = factor * sum over c of x[r, c]
template <class Row>
DEVICE void sumColumnsRow(const float* x, float* out, long long rows, int columns, float factor) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  float s = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x + r * columns, c, columns);
    s += (v.v[0] + v.v[1]) + (v.v[2] + v.v[3]);
  }
  s = Row::sum(s);
  if (Row::lane() == 0) {
    out[r] = factor * s;
  }
}
ROW_KERNELS(sumColumns, (const float* x, float* out, long long rows, int columns, float factor),
            (x, out, rows, columns, factor))

// dX[r, c] (+)= factor dOut[r]
KERNEL sumColumnsBackward(const float* dOut, float* dX, long long size, int columns, float factor,
                          int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float d = factor * dOut[i / columns];
    dX[i] = accumulate ? dX[i] + d : d;
  }
}

// Partial sums over chunks of `chunk` elements, one block each; four sums per thread, one for each
// element of the 16 bytes that it loads at a time.
KERNEL sumSquaresPartial(const float* x, float* partial, long long size, int chunk) {
  long long first = static_cast<long long>(blockIdx.x) * chunk;
  int count = static_cast<int>(first + chunk < size ? chunk : size - first);
  float s[4] = {};
  FOR_COLUMNS(BlockRow, c, count) {
    Four v = load4(x + first, c, count);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      s[i] = fmaf(v.v[i], v.v[i], s[i]);
    }
  }
  float sum = blockSum((s[0] + s[1]) + (s[2] + s[3]));
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
  }
}

// A weight of exactly 0 skips its slot, so that a NaN there does not matter.
KERNEL weightedSumPartial(const float* x, const float* weights, float* partial, long long size,
                          int chunk) {
  long long first = static_cast<long long>(blockIdx.x) * chunk;
  long long last = first + chunk < size ? first + chunk : size;
  float s = 0.0f;
  for (long long i = first + threadIdx.x; i < last; i += blockDim.x) {
    float w = weights[i];
    s = w == 0.0f ? s : fmaf(w, x[i], s);
  }
  s = blockSum(s);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = s;
  }
}

// out[0] (+)= sum of the partial sums. One block.
KERNEL sumPartials(const float* partial, float* out, long long count, int accumulate) {
  float s = 0.0f;
  for (long long i = threadIdx.x; i < count; i += blockDim.x) {
    s += partial[i];
  }
  s = blockSum(s);
  if (threadIdx.x == 0) {
    out[0] = accumulate ? out[0] + s : s;
  }
}

// dX[i] (+)= dOut[0] weights[i]
KERNEL weightedSumBackward(const float* weights, const float* dOut, float* dX, long long size,
                           int accumulate) {
  float d = dOut[0];
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float v = d * weights[i];
    dX[i] = accumulate ? dX[i] + v : v;
  }
}

// out[0] = min(1, maxNorm / sqrt(sumSquares[0])); a sum that is not finite gives NaN, never 1.
KERNEL clipFactor(const float* sumSquares, float* out, float maxNorm) {
  if (globalThread() == 0) {
    float factor = maxNorm / sqrtf(sumSquares[0]);
    out[0] = factor > 1.0f ? 1.0f : factor;
  }
}

// count[0] += number of NaN or infinite elements.
KERNEL countNotFinite(const float* x, long long size, unsigned long long* count) {
  unsigned long long mine = 0;
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    mine += (__float_as_uint(x[i]) & 0x7f800000u) == 0x7f800000u;
  }
  if (mine != 0) {
    atomicAdd(count, mine);
  }
}

REGISTER_KERNEL(sumRowsPartial);
REGISTER_KERNEL(sumChunks);
REGISTER_KERNEL(sumColumnsBackward);
REGISTER_KERNEL(sumSquaresPartial);
REGISTER_KERNEL(weightedSumPartial);
REGISTER_KERNEL(sumPartials);
REGISTER_KERNEL(weightedSumBackward);
REGISTER_KERNEL(clipFactor);
REGISTER_KERNEL(countNotFinite);
