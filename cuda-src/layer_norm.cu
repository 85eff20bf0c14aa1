// xhat = (x - mean) rstd, y = xhat weight + bias, rstd = 1 / sqrt(var + eps) with the biased variance.
// Ba, Kiros, Hinton, "Layer Normalization" (2016). Saves mean and rstd [R]. 8 bytes per element.
#include "common.cuh"

template <class Row>
DEVICE void layerNormRow(const float* x, const float* weight, const float* bias, float* y,
                         float* mean, float* rstd, long long rows, int columns, float eps) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  x += r * columns;
  y += r * columns;
  float s = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns);
    s += (v.v[0] + v.v[1]) + (v.v[2] + v.v[3]);
  }
  float mu = Row::sum(s) / columns;
  float squares = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float d = v.v[i] - mu;
      squares = c + i < columns ? fmaf(d, d, squares) : squares;
    }
  }
  float scale = 1.0f / sqrtf(Row::sum(squares) / columns + eps);
  if (Row::lane() == 0) {
    mean[r] = mu;
    rstd[r] = scale;
  }
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns);
    Four w = {1.0f, 1.0f, 1.0f, 1.0f}, b = {};
    if (weight != nullptr) {
      w = load4(weight, c, columns);
    }
    if (bias != nullptr) {
      b = load4(bias, c, columns);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      v.v[i] = fmaf((v.v[i] - mu) * scale, w.v[i], b.v[i]);
    }
    store4(y, c, columns, v);
  }
}
ROW_KERNELS(layerNorm,
            (const float* x, const float* weight, const float* bias, float* y, float* mean,
             float* rstd, long long rows, int columns, float eps),
            (x, weight, bias, y, mean, rstd, rows, columns, eps))

// With g = dY weight: dX (+)= rstd (g - mean(g) - xhat mean(g xhat))
template <class Row>
DEVICE void layerNormBackwardRow(const float* x, const float* weight, const float* mean,
                                 const float* rstd, const float* dY, float* dX, long long rows,
                                 int columns, int accumulate) {
  long long r = Row::row();
  if (r >= rows) {
    return;
  }
  x += r * columns;
  dY += r * columns;
  dX += r * columns;
  float mu = mean[r], scale = rstd[r];
  float sumG = 0.0f, sumGx = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns), g = load4(dY, c, columns), w = {1.0f, 1.0f, 1.0f, 1.0f};
    if (weight != nullptr) {
      w = load4(weight, c, columns);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float gw = g.v[i] * w.v[i];
      sumG += gw;
      sumGx = fmaf(gw, (v.v[i] - mu) * scale, sumGx);
    }
  }
  float meanG = Row::sum(sumG) / columns, meanGx = Row::sum(sumGx) / columns;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns), g = load4(dY, c, columns), w = {1.0f, 1.0f, 1.0f, 1.0f};
    if (weight != nullptr) {
      w = load4(weight, c, columns);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float xhat = (v.v[i] - mu) * scale;
      g.v[i] = scale * (g.v[i] * w.v[i] - meanG - xhat * meanGx);
    }
    put4(dX, c, columns, g, accumulate);
  }
}
ROW_KERNELS(layerNormBackward,
            (const float* x, const float* weight, const float* mean, const float* rstd,
             const float* dY, float* dX, long long rows, int columns, int accumulate),
            (x, weight, mean, rstd, dY, dX, rows, columns, accumulate))

// Partial sums of dWeight (+)= sum dY xhat and dBias (+)= sum dY over chunks of rows, rows in
// increasing order; sumChunks adds them up. mean null: the norm is RMSNorm, xhat = x rstd. Either
// output may be null. grid (columns, chunks).
KERNEL normWeightPartial(const float* x, const float* mean, const float* rstd, const float* dY,
                         float* dWeight, float* dBias, long long rows, int columns,
                         int rowsPerChunk) {
  int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= columns) {
    return;
  }
  long long first = static_cast<long long>(blockIdx.y) * rowsPerChunk;
  long long last = first + rowsPerChunk < rows ? first + rowsPerChunk : rows;
  float sumW = 0.0f, sumB = 0.0f;
  for (long long r = first; r < last; r++) {
    float d = dY[r * columns + c];
    float centred = x[r * columns + c] - (mean != nullptr ? mean[r] : 0.0f);
    sumW = fmaf(d, centred * rstd[r], sumW);
    sumB += d;
  }
  long long at = static_cast<long long>(blockIdx.y) * columns + c;
  if (dWeight != nullptr) {
    dWeight[at] = sumW;
  }
  if (dBias != nullptr) {
    dBias[at] = sumB;
  }
}
REGISTER_KERNEL(normWeightPartial);
