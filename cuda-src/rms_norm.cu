// y = x rstd weight, rstd = 1 / sqrt(mean(x^2) + eps). Zhang, Sennrich, "Root Mean Square Layer
// Normalization" (2019), equation 4. Saves rstd [R]. 8 bytes per element.
#include "common.cuh"

template <class Row>
DEVICE void rmsNormRow(const float* x, const float* weight, float* y, float* rstd, long long rows,
                       int columns, float eps) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  x += r * columns;
  y += r * columns;
  float squares = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      squares = fmaf(v.v[i], v.v[i], squares);
    }
  }
  float scale = 1.0f / sqrtf(Row::sum(squares) / columns + eps);
  if (Row::lane() == 0) {
    rstd[r] = scale;
  }
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns), w = {1.0f, 1.0f, 1.0f, 1.0f};
    if (weight != nullptr) {
      w = load4(weight, c, columns);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      v.v[i] = v.v[i] * scale * w.v[i];
    }
    store4(y, c, columns, v);
  }
}
ROW_KERNELS(rmsNorm,
            (const float* x, const float* weight, float* y, float* rstd, long long rows,
             int columns, float eps),
            (x, weight, y, rstd, rows, columns, eps))

// With g = dY weight, xhat = x rstd: dX (+)= rstd (g - xhat mean(g xhat)). dWeight: normWeightPartial.
template <class Row>
DEVICE void rmsNormBackwardRow(const float* x, const float* weight, const float* rstd,
                               const float* dY, float* dX, long long rows, int columns,
                               int accumulate) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  x += r * columns;
  dY += r * columns;
  dX += r * columns;
  float scale = rstd[r], sumGx = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns), g = load4(dY, c, columns), w = {1.0f, 1.0f, 1.0f, 1.0f};
    if (weight != nullptr) {
      w = load4(weight, c, columns);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      sumGx = fmaf(g.v[i] * w.v[i], v.v[i] * scale, sumGx);
    }
  }
  float meanGx = Row::sum(sumGx) / columns;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns), g = load4(dY, c, columns), w = {1.0f, 1.0f, 1.0f, 1.0f};
    if (weight != nullptr) {
      w = load4(weight, c, columns);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      g.v[i] = scale * (g.v[i] * w.v[i] - v.v[i] * scale * meanGx);
    }
    put4(dX, c, columns, g, accumulate);
  }
}
ROW_KERNELS(rmsNormBackward,
            (const float* x, const float* weight, const float* rstd, const float* dY, float* dX,
             long long rows, int columns, int accumulate),
            (x, weight, rstd, dY, dX, rows, columns, accumulate))
