// x = value. Bytes: 4 per element written.
#include "common.cuh"

KERNEL fillF32(float* x, long long size, float value) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    x[i] = value;
  }
}

KERNEL fillI32(int* x, long long size, int value) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    x[i] = value;
  }
}

KERNEL fillBf16(bf16* x, long long size, float value) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    x[i] = toBf16(value);
  }
}

REGISTER_KERNEL(fillF32);
REGISTER_KERNEL(fillI32);
REGISTER_KERNEL(fillBf16);
