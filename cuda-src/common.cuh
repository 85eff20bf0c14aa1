// What every kernel here shares: bf16, fixed-order reductions, vector loads, Philox, and the
// tensor-core instructions with their CPU branch.
//
// Nothing but this folder is included, so that NVRTC compiles the same files on a machine without
// a CUDA toolkit. Reductions add in an order fixed by the row length alone, never by the batch, and
// no kernel uses a float atomic: one input gives one result, bit for bit.
#pragma once

#ifdef __CUDACC__
#define REGISTER_KERNEL(name)
#define DYNAMIC_SHARED(type, name) type* name = reinterpret_cast<type*>(dynamicShared())
#ifdef __CUDACC_RTC__
#define INFINITY __int_as_float(0x7f800000)
#endif
#else
#include "emulation/emulation.h"
#endif

#define KERNEL extern "C" __global__ void
#define DEVICE static __device__ __forceinline__

#ifdef __CUDACC__
DEVICE unsigned char* dynamicShared() {
  extern __shared__ __align__(128) unsigned char sharedBytes[];
  return sharedBytes;
}
#endif

constexpr unsigned allLanes = 0xffffffffu;

template <class T>
DEVICE T ceilDiv(T a, T b) {
  return (a + b - 1) / b;
}

// The position of this thread in the whole grid, and the number of threads of the grid (1-D).
DEVICE long long globalThread() {
  return static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
}
DEVICE long long globalThreads() { return static_cast<long long>(gridDim.x) * blockDim.x; }

// ---- Bad indices --------------------------------------------------------------------------------------

// Which operand held a bad index; CudaDevice.IndexProblem gives the names in this order.
enum IndexOperand {
  embeddingIndices,
  embeddingBackwardIndices,
  rotaryStarts,
  attentionSlots,
  attentionStarts,
  crossEntropyTargets,
  crossEntropyBackwardTargets,
  tokenLogProbsTokens,
  tokenLogProbsBackwardTokens
};

// Leaves a report for the host in problem[0..4]: count, operand, row, index, limit. The first wins.
DEVICE void reportIndex(int* problem, IndexOperand operand, long long row, int index, int limit) {
  if (atomicAdd(problem, 1) == 0) {
    problem[1] = operand;
    problem[2] = static_cast<int>(row);
    problem[3] = index;
    problem[4] = limit;
  }
}

// A token id: below 0 means masked; at or above `limit` is reported and then counts as masked.
DEVICE int tokenOrMasked(int token, int limit, long long row, int* problem, IndexOperand operand) {
  if (token >= limit) {
    reportIndex(problem, operand, row, token, limit);
    return -1;
  }
  return token;
}

// ---- Minimum and maximum that hand NaN on, as the reference's do ------------------------------------

DEVICE float minNan(float a, float b) { return a < b || a != a ? a : b; }
DEVICE float maxNan(float a, float b) { return a > b || a != a ? a : b; }
DEVICE float clampNan(float v, float low, float high) { return maxNan(low, minNan(high, v)); }

// ---- bf16: the upper half of an f32, rounded to nearest even --------------------------------------

struct __align__(2) bf16 {
  unsigned short bits;
};
struct __align__(4) bf16x2 {
  bf16 x, y;
};

DEVICE float toFloat(bf16 v) { return __uint_as_float(static_cast<unsigned>(v.bits) << 16); }
DEVICE float toFloat(float v) { return v; }

DEVICE bf16 toBf16(float v) {
  bf16 result;
#ifdef __CUDA_ARCH__
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(v));
#else
  unsigned bits = __float_as_uint(v);
  bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  result.bits = nan ? 0x7fff : static_cast<unsigned short>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
#endif
  return result;
}

// Two values in one register, the first in the lower half, as the tensor cores take them.
DEVICE unsigned packBf16(float first, float second) {
#ifdef __CUDA_ARCH__
  unsigned result;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(second), "f"(first));
  return result;
#else
  return toBf16(first).bits | static_cast<unsigned>(toBf16(second).bits) << 16;
#endif
}

// ---- Reductions in a fixed order -------------------------------------------------------------------

// A butterfly: every lane ends with the same bits, because each step adds the same two numbers on
// both sides.
DEVICE float warpSum(float v) {
#pragma unroll
  for (int bits = 16; bits > 0; bits >>= 1) {
    v += __shfl_xor_sync(allLanes, v, bits);
  }
  return v;
}

DEVICE float warpMax(float v) {
#pragma unroll
  for (int bits = 16; bits > 0; bits >>= 1) {
    v = fmaxf(v, __shfl_xor_sync(allLanes, v, bits));
  }
  return v;
}

// Sum over the block, in every thread. The leading barrier lets calls follow each other.
DEVICE float blockSum(float v) {
  __shared__ float partial[32];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  v = warpSum(v);
  if (warps == 1) {
    return v;
  }
  __syncthreads();
  if (lane == 0) {
    partial[warp] = v;
  }
  __syncthreads();
  return warpSum(lane < warps ? partial[lane] : 0.0f);
}

DEVICE float blockMax(float v) {
  __shared__ float partial[32];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  v = warpMax(v);
  if (warps == 1) {
    return v;
  }
  __syncthreads();
  if (lane == 0) {
    partial[warp] = v;
  }
  __syncthreads();
  return warpMax(lane < warps ? partial[lane] : -INFINITY);
}

// ---- Rows -------------------------------------------------------------------------------------------

// Who works on one row: a warp for short rows, a block for long ones. Every row kernel is written
// once against these two and compiled for both (ROW_KERNELS). The order of each sum is fixed by the
// row length and the launch, which the row length alone decides.
struct WarpRow {
  DEVICE long long row() {
    return static_cast<long long>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32;
  }
  DEVICE int lane() { return threadIdx.x % 32; }
  DEVICE int lanes() { return 32; }
  DEVICE float sum(float v) { return warpSum(v); }
  DEVICE float max(float v) { return warpMax(v); }
};

// The first warp of a block, on the block's row.
struct FirstWarpRow : WarpRow {
  DEVICE long long row() { return blockIdx.x; }
};

struct BlockRow {
  DEVICE long long row() { return blockIdx.x; }
  DEVICE int lane() { return threadIdx.x; }
  DEVICE int lanes() { return blockDim.x; }
  DEVICE float sum(float v) { return blockSum(v); }
  DEVICE float max(float v) { return blockMax(v); }
};

// Compiles `template <class Row> name##Row(...)` into kernels name##Warp and name##Block.
#define ROW_KERNELS(name, parameters, arguments)                                            \
  KERNEL name##Warp parameters { name##Row<WarpRow> arguments; }                           \
  KERNEL __launch_bounds__(1024) name##Block parameters { name##Row<BlockRow> arguments; } \
  REGISTER_KERNEL(name##Warp);                                                             \
  REGISTER_KERNEL(name##Block);

// Four neighbouring columns of a row, one 16-byte access where the address allows it. Columns past
// the end read as `pad`. A lane handles the same columns either way, so the bits do not depend on
// the alignment.
DEVICE bool aligned16(const void* p, int columns) {
  return columns % 4 == 0 && reinterpret_cast<unsigned long long>(p) % 16 == 0;
}

struct Four {
  float v[4];
};

DEVICE Four load4(const float* row, int column, int columns, float pad = 0.0f) {
  Four r;
  if (aligned16(row, columns)) {
    float4 q = *reinterpret_cast<const float4*>(row + column);
    r.v[0] = q.x, r.v[1] = q.y, r.v[2] = q.z, r.v[3] = q.w;
  } else {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      r.v[i] = column + i < columns ? row[column + i] : pad;
    }
  }
  return r;
}

DEVICE void store4(float* row, int column, int columns, const Four& r) {
  if (aligned16(row, columns)) {
    *reinterpret_cast<float4*>(row + column) = make_float4(r.v[0], r.v[1], r.v[2], r.v[3]);
  } else {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (column + i < columns) {
        row[column + i] = r.v[i];
      }
    }
  }
}

// row (+)= r: the old value plus the new one where `accumulate`.
DEVICE void put4(float* row, int column, int columns, Four r, bool accumulate) {
  if (accumulate) {
    Four old = load4(row, column, columns);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      r.v[i] = old.v[i] + r.v[i];
    }
  }
  store4(row, column, columns, r);
}

// for (column = first of this lane; ...) over groups of four columns.
#define FOR_COLUMNS(Row, column, columns) \
  for (int column = Row::lane() * 4; column < (columns); column += Row::lanes() * 4)

// Maximum of a row; NaN anywhere shows later, in the sum of exponentials.
template <class Row>
DEVICE float rowMax(const float* x, int columns, float factor) {
  float m = -INFINITY;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns, -INFINITY);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      m = fmaxf(m, c + i < columns ? v.v[i] * factor : -INFINITY);
    }
  }
  return Row::max(m);
}

// Maximum of a row and the sum of its exponentials relative to that.
struct RowExp {
  float max, sum;
};

// The same for x factor in one sweep, so that long rows cross the caches once: each lane keeps a
// maximum so far and a sum relative to it, scaled down when the maximum grows. Milakov, Gimelshein,
// "Online normalizer calculation for softmax" (2018), algorithm 3. A row of -inf only gives NaN.
template <class Row>
DEVICE RowExp rowExp(const float* x, int columns, float factor) {
  float m = -INFINITY, s = 0.0f;
  FOR_COLUMNS(Row, c, columns) {
    Four v = load4(x, c, columns);
    float top = m;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      v.v[i] = c + i < columns ? v.v[i] * factor : -INFINITY;
      top = fmaxf(top, v.v[i]);
    }
    float base = top == -INFINITY ? 0.0f : top;
    s *= expf(m - base);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      s += expf(v.v[i] - base);
    }
    m = top;
  }
  float top = Row::max(m);
  return {top, Row::sum(s * expf(m - top))};
}

// ln of the sum of exp(x factor): one function for cross-entropy, token log-probs, entropy, KL and
// sampling, so that they agree bit for bit. `factor` is 1 / temperature.
template <class Row>
DEVICE float rowLogSumExp(const float* x, int columns, float factor) {
  RowExp e = rowExp<Row>(x, columns, factor);
  return e.max + logf(e.sum);
}

// ---- Tensor cores and asynchronous copies -------------------------------------------------------------

// d += a b for one 16 x 8 tile with k = 16. Lane 4 g + t holds rows g and g + 8, columns 2 t and
// 2 t + 1 of d. PTX ISA, mma.sync.aligned.m16n8k16.
DEVICE void mma16816(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#ifdef __CUDA_ARCH__
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#elif !defined(__CUDACC__)
  emulation::Exchange& x = emulation::nextExchange();
  unsigned* in = x.in[emulation::current->lane];
  memcpy(in, a, 16);
  memcpy(in + 4, b, 8);
  memcpy(in + 6, d, 16);
  emulation::warpBarrier({__FILE__, __LINE__}, allLanes, emulation::mmaM16N8K16, &x);
  memcpy(d, x.out[emulation::current->lane], 16);
#endif
}

#ifdef __CUDACC__
DEVICE unsigned sharedAddress(const void* p) {
  return static_cast<unsigned>(__cvta_generic_to_shared(p));
}
#endif

// Loads four 8 x 8 matrices of 16-bit values; lanes 8 i to 8 i + 7 give the rows of matrix i.
DEVICE void loadMatrix4(unsigned (&r)[4], const void* row) {
#ifdef __CUDA_ARCH__
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(sharedAddress(row))
               : "memory");
#elif !defined(__CUDACC__)
  emulation::Exchange& x = emulation::nextExchange();
  memcpy(x.in[emulation::current->lane], &row, sizeof row);
  emulation::warpBarrier({__FILE__, __LINE__}, allLanes, emulation::loadMatrix4, &x);
  memcpy(r, x.out[emulation::current->lane], 16);
#endif
}

// The same, each matrix transposed.
DEVICE void loadMatrix4Transposed(unsigned (&r)[4], const void* row) {
#ifdef __CUDA_ARCH__
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(sharedAddress(row))
               : "memory");
#elif !defined(__CUDACC__)
  emulation::Exchange& x = emulation::nextExchange();
  memcpy(x.in[emulation::current->lane], &row, sizeof row);
  emulation::warpBarrier({__FILE__, __LINE__}, allLanes, emulation::loadMatrix4Transposed, &x);
  memcpy(r, x.out[emulation::current->lane], 16);
#endif
}

// Starts a copy of 16 bytes from device to shared memory; where not `valid`, zeros are written.
DEVICE void copyAsync16(void* to, const void* from, bool valid = true) {
#ifdef __CUDA_ARCH__
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(sharedAddress(to)),
               "l"(from), "r"(valid ? 16 : 0)
               : "memory");
#elif !defined(__CUDACC__)
  emulation::enqueueCopy(to, from, 16, valid ? 16 : 0);
#endif
}

// The same for 4 bytes: rows whose length is no multiple of 16 bytes.
DEVICE void copyAsync4(void* to, const void* from, bool valid = true) {
#ifdef __CUDA_ARCH__
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;\n" ::"r"(sharedAddress(to)),
               "l"(from), "r"(valid ? 4 : 0)
               : "memory");
#elif !defined(__CUDACC__)
  emulation::enqueueCopy(to, from, 4, valid ? 4 : 0);
#endif
}

DEVICE void copyCommit() {
#ifdef __CUDA_ARCH__
  asm volatile("cp.async.commit_group;\n" ::: "memory");
#elif !defined(__CUDACC__)
  emulation::commitCopies();
#endif
}

// Waits until at most `pending` of this thread's latest groups are unfinished.
template <int pending>
DEVICE void copyWait() {
#ifdef __CUDA_ARCH__
  asm volatile("cp.async.wait_group %0;\n" ::"n"(pending) : "memory");
#elif !defined(__CUDACC__)
  emulation::waitForCopies(pending);
#endif
}

// ---- Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011 ------------

DEVICE uint4 philox(unsigned c0, unsigned c1, unsigned c2, unsigned c3, unsigned k0, unsigned k1) {
#pragma unroll
  for (int round = 0; round < 10; round++) {
    unsigned high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
    unsigned high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return make_uint4(c0, c1, c2, c3);
}
