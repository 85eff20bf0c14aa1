// Rotary position embedding, half-split pairing (i, i + D/2). Su et al., "RoFormer" (2021), equation 34.
// y_i = x_i cos - x_{i+D/2} sin; y_{i+D/2} = x_{i+D/2} cos + x_i sin. The gradient turns the other way.
#include "common.cuh"

// x [B,T,W]; the first `heads` heads of headSize turn, the rest of the row is copied. starts [B] or
// null; table [positions, headSize], cos in the first half of a row, sin in the second. y may be x.
KERNEL rotary(const float* x, const int* starts, const float* table, float* y, int batch, int time,
              int width, int heads, int headSize, int inverse, int positions, int* problem) {
  int half = headSize / 2, turned = heads * half, rest = width - heads * headSize;
  long long perRow = turned + rest;
  long long size = static_cast<long long>(batch) * time * perRow;
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    long long row = i / perRow;
    int item = static_cast<int>(i % perRow);
    const float* from = x + row * width;
    float* to = y + row * width;
    int b = static_cast<int>(row / time), t = static_cast<int>(row % time);
    long long position = (starts != nullptr ? starts[b] : 0) + t;
    bool inside = position >= 0 && position < positions;
    if (item == 0 && !inside) {
      reportIndex(problem, rotaryStarts, row, static_cast<int>(position), positions);
    }
    if (item >= turned) {
      int c = heads * headSize + item - turned;
      to[c] = from[c];
      continue;
    }
    if (!inside) {
      continue;
    }
    int c = item / half * headSize + item % half;
    float cosine = table[position * headSize + item % half];
    float sine = table[position * headSize + half + item % half];
    sine = inverse ? -sine : sine;
    float first = from[c], second = from[c + half];
    to[c] = fmaf(first, cosine, -(second * sine));
    to[c + half] = fmaf(second, cosine, first * sine);
  }
}
REGISTER_KERNEL(rotary);
