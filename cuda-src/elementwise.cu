// Sums, products and multiples of whole tensors. Bound by memory: 4 bytes per element and operand.
#include "common.cuh"

// out = a + b; b of bSize elements repeats over the leading axes of a.
KERNEL add(const float* a, const float* b, float* out, long long size, long long bSize) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    out[i] = a[i] + b[bSize == size ? i : i % bSize];
  }
}

// out = a b
KERNEL mul(const float* a, const float* b, float* out, long long size) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    out[i] = a[i] * b[i];
  }
}

// dOther (+)= dOut other: the gradient of one factor is dOut times the other.
KERNEL mulBackward(const float* other, const float* dOut, float* dFactor, long long size,
                   int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float d = dOut[i] * other[i];
    dFactor[i] = accumulate ? dFactor[i] + d : d;
  }
}

// out (+)= factor x
KERNEL scale(const float* x, float* out, long long size, float factor, int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float v = factor * x[i];
    out[i] = accumulate ? out[i] + v : v;
  }
}

REGISTER_KERNEL(add);
REGISTER_KERNEL(mul);
REGISTER_KERNEL(mulBackward);
REGISTER_KERNEL(scale);
