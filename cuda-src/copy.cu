// Copies: between element types, of rectangles, and with permuted axes.
#include "common.cuh"

// dst = src, rounded to nearest even.
KERNEL copyF32ToBf16(const float* src, bf16* dst, long long size) {
  long long quads = size / 4;
  bool vector = reinterpret_cast<unsigned long long>(src) % 16 == 0 &&
                reinterpret_cast<unsigned long long>(dst) % 8 == 0;
  if (!vector) {
    quads = 0;
  }
  for (long long i = globalThread(); i < quads; i += globalThreads()) {
    float4 v = reinterpret_cast<const float4*>(src)[i];
    reinterpret_cast<uint2*>(dst)[i] = make_uint2(packBf16(v.x, v.y), packBf16(v.z, v.w));
  }
  for (long long i = quads * 4 + globalThread(); i < size; i += globalThreads()) {
    dst[i] = toBf16(src[i]);
  }
}

KERNEL copyBf16ToF32(const bf16* src, float* dst, long long size) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    dst[i] = toFloat(src[i]);
  }
}

// dst = src, 4 and 2 bytes per element.
KERNEL copyWords(const unsigned* src, unsigned* dst, long long size) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    dst[i] = src[i];
  }
}

KERNEL copyHalfWords(const unsigned short* src, unsigned short* dst, long long size) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    dst[i] = src[i];
  }
}

// dst[r * dstStride + c] (+)= src[r * srcStride + c] for r below rows, c below columns.
KERNEL copyBlock(const float* src, long long srcStride, float* dst, long long dstStride, int rows,
                 int columns, int accumulate) {
  long long size = static_cast<long long>(rows) * columns;
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    long long r = i / columns, c = i % columns;
    float value = src[r * srcStride + c];
    float* to = dst + r * dstStride + c;
    *to = accumulate ? *to + value : value;
  }
}

// The same for 32-bit integers.
KERNEL copyBlockI32(const int* src, long long srcStride, int* dst, long long dstStride, int rows,
                    int columns, int accumulate) {
  long long size = static_cast<long long>(rows) * columns;
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    long long r = i / columns, c = i % columns;
    int value = src[r * srcStride + c];
    int* to = dst + r * dstStride + c;
    *to = accumulate ? *to + value : value;
  }
}

// out[i0,i1,i2,i3] (+)= x[i0 s0 + i1 s1 + i2 s2 + i3 s3]; d are the extents of out.
KERNEL permute(const float* x, float* out, int d1, int d2, int d3, long long size, long long s0,
               long long s1, long long s2, long long s3, int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    long long i3 = i % d3, rest = i / d3;
    long long i2 = rest % d2;
    rest /= d2;
    long long i1 = rest % d1, i0 = rest / d1;
    float value = x[i0 * s0 + i1 * s1 + i2 * s2 + i3 * s3];
    out[i] = accumulate ? out[i] + value : value;
  }
}

REGISTER_KERNEL(copyF32ToBf16);
REGISTER_KERNEL(copyBf16ToF32);
REGISTER_KERNEL(copyWords);
REGISTER_KERNEL(copyHalfWords);
REGISTER_KERNEL(copyBlock);
REGISTER_KERNEL(copyBlockI32);
REGISTER_KERNEL(permute);
