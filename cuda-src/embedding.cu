// out[n, :] = table[indices[n], :]; table [V, C], indices [N], out [N, C].
#include "common.cuh"

// An index outside [0, V) writes zeros and leaves a report for the host (see reportIndex).
KERNEL embedding(const float* table, const int* indices, float* out, long long rows, int columns,
                 int vocabulary, int* problem) {
  for (long long i = globalThread(); i < rows * columns; i += globalThreads()) {
    long long n = i / columns, c = i % columns;
    int index = indices[n];
    bool inside = index >= 0 && index < vocabulary;
    out[i] = inside ? table[static_cast<long long>(index) * columns + c] : 0.0f;
    if (!inside && c == 0) {
      reportIndex(problem, embeddingIndices, n, index, vocabulary);
    }
  }
}

// dTable[indices[n], :] += dOut[n, :], n in increasing order. One warp owns 128 columns of one table
// row: it scans the indices and adds the rows that name it, so that no atomics are needed and the
// order is fixed. The scan reads 4 N bytes from the L2 cache per warp. grid (V, columns / 128).
KERNEL embeddingBackward(const int* indices, const float* dOut, float* dTable, int rows, int columns,
                         int vocabulary, int* problem) {
  int warpsPerBlock = blockDim.x / 32, lane = threadIdx.x % 32;
  int token = blockIdx.x * warpsPerBlock + threadIdx.x / 32;
  if (token >= vocabulary) {
    return;
  }
  int column = blockIdx.y * 128 + lane * 4;
  float* to = dTable + static_cast<long long>(token) * columns;
  Four sum = {};
  bool touched = false, mine = column < columns;
  for (int first = 0; first < rows; first += 32) {
    int index = first + lane < rows ? indices[first + lane] : -1;
    if (token == 0 && blockIdx.y == 0 && first + lane < rows &&
        (index < 0 || index >= vocabulary)) {
      reportIndex(problem, embeddingBackwardIndices, first + lane, index, vocabulary);
    }
    unsigned matches = __ballot_sync(allLanes, index == token);
    if (matches != 0 && !touched) {
      touched = true;
      if (mine) {
        sum = load4(to, column, columns);
      }
    }
    for (; matches != 0; matches &= matches - 1) {
      long long n = first + __ffs(static_cast<int>(matches)) - 1;
      if (mine) {
        Four d = load4(dOut + n * columns, column, columns);
#pragma unroll
        for (int i = 0; i < 4; i++) {
          sum.v[i] += d.v[i];
        }
      }
    }
  }
  if (touched && mine) {
    store4(to, column, columns, sum);
  }
}

REGISTER_KERNEL(embedding);
REGISTER_KERNEL(embeddingBackward);
