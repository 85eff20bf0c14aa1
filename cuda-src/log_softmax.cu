// y = x - max - ln sum exp(x - max), along the last axis. 8 bytes per element. Saves y.
#include "common.cuh"

template <class Row>
DEVICE void logSoftmaxRow(const float* x, float* y, long long rows, int columns) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  x += r * columns;
  y += r * columns;
  RowExp e = rowExp<Row>(x, columns, 1.0f);
  float m = e.max, logSum = logf(e.sum);
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      v.v[i] = v.v[i] - m - logSum;
    }
    store4(y, c, columns, v);
  }
}
ROW_KERNELS(logSoftmax, (const float* x, float* y, long long rows, int columns),
            (x, y, rows, columns))

// dX (+)= dY - exp(y) sum dY
template <class Row>
DEVICE void logSoftmaxBackwardRow(const float* y, const float* dY, float* dX, long long rows,
                                  int columns, int accumulate) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  y += r * columns;
  dY += r * columns;
  dX += r * columns;
  float total = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four d = load4(dY, c, columns);
    total += (d.v[0] + d.v[1]) + (d.v[2] + d.v[3]);
  }
  total = Row::sum(total);
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(y, c, columns), d = load4(dY, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      d.v[i] = fmaf(-expf(v.v[i]), total, d.v[i]);
    }
    put4(dX, c, columns, d, accumulate);
  }
}
ROW_KERNELS(logSoftmaxBackward,
            (const float* y, const float* dY, float* dX, long long rows, int columns,
             int accumulate),
            (y, dY, dX, rows, columns, accumulate))
