// y = exp(x - max) / sum exp(x - max), along the last axis. Reads x once from memory (the second
// sweep hits the caches), writes y: 8 bytes per element. Saves y.
#include "common.cuh"

template <class Row>
DEVICE void softmaxRow(const float* x, float* y, long long rows, int columns) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  x += r * columns;
  y += r * columns;
  RowExp e = rowExp<Row>(x, columns, 1.0f);
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      v.v[i] = expf(v.v[i] - e.max) / e.sum;
    }
    store4(y, c, columns, v);
  }
}
ROW_KERNELS(softmax, (const float* x, float* y, long long rows, int columns),
            (x, y, rows, columns))

// dX (+)= y (dY - sum dY y)
template <class Row>
DEVICE void softmaxBackwardRow(const float* y, const float* dY, float* dX, long long rows,
                               int columns, int accumulate) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  y += r * columns;
  dY += r * columns;
  dX += r * columns;
  float dot = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four p = load4(y, c, columns), d = load4(dY, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      dot = fmaf(d.v[i], p.v[i], dot);
    }
  }
  dot = Row::sum(dot);
  FOR_COLUMNS(Row, c, columns) {
    Four p = load4(y, c, columns), d = load4(dY, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      d.v[i] = p.v[i] * (d.v[i] - dot);
    }
    put4(dX, c, columns, d, accumulate);
  }
}
ROW_KERNELS(softmaxBackward,
            (const float* y, const float* dY, float* dX, long long rows, int columns,
             int accumulate),
            (y, dY, dX, rows, columns, accumulate))
