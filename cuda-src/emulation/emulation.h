// Lets the .cu files of this folder compile with g++ and run on the CPU.
//
// The kernels must be right before they reach a GPU, and most machines that build them have none.
// The threads of a block are fibers that run one at a time: a thread runs until it meets a barrier
// or a warp-level operation, then the next lane of its warp runs. One warp runs until all its lanes
// wait at a block barrier, then the next warp. Blocks run one after the other.
//
// What this catches: wrong indices, wrong fragment layouts, missing barriers (run the lanes in
// reverse order too), divergent barriers, missing waits of asynchronous copies (a copy is done as
// late as its wait allows), barriers that nothing ends, reads of uninitialised shared or device memory (both are filled with
// NaN). What it cannot catch: memory-order bugs between warps; compute-sanitizer on a GPU does.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)
#define __grid_constant__

struct uint3 {
  unsigned x, y, z;
};
struct uint2 {
  unsigned x, y;
};
struct __align__(16) uint4 {
  unsigned x, y, z, w;
};
struct __align__(8) float2 {
  float x, y;
};
struct __align__(16) float4 {
  float x, y, z, w;
};

static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) {
  return {x, y, z, w};
}

namespace emulation {

constexpr int warpLanes = 32;
constexpr int maxWordsPerLane = 12;  // mma.m16n8k16 brings in 4 + 2 + 4 registers

// What the lanes of a warp hand each other in one warp-level operation.
struct Exchange {
  alignas(64) uint32_t in[warpLanes][maxWordsPerLane];
  alignas(64) uint32_t out[warpLanes][4];
};

struct CopyQueue {
  // 16-byte asynchronous copies that no wait has completed yet, oldest first.
  static constexpr int capacity = 256;
  struct Copy {
    void* to;
    const void* from;
    int bytes;      // written
    int fromBytes;  // read; the rest is zero-filled
    int group;
  };
  Copy copies[capacity];
  int first = 0, count = 0, openGroup = 0;
};

// A place in the source: two threads of a block that wait at different places have diverged.
struct Site {
  const char* file;
  int line;
};

struct Thread {
  uint3 index;
  int lane;
  int phase;  // which of the warp's two exchange buffers the next operation uses
  struct Warp* warp;
  void* stackPointer;
  Site waitsAt;
  CopyQueue* copyQueue;
};

extern Thread* current;
extern uint3 block, blockSize, gridSize;
extern unsigned char* dynamicShared;

void blockBarrier(Site site);

// Waits until every lane of the warp has arrived; the last one to arrive runs `collective` first.
void warpBarrier(Site site, unsigned mask, void (*collective)(Exchange&), Exchange* exchange);
Exchange& nextExchange();

void enqueueCopy(void* to, const void* from, int bytes, int fromBytes);
void commitCopies();
void waitForCopies(int groupsLeftPending);

// ---- Compute capability 9.0: hopper.cpp, called by hopper.cuh -----------------------------------

void initBarrier(void* barrier, int arrivals);
void arrive(void* barrier, int bytesToCome);
void waitFor(Site site, void* barrier, int parity);
void bulkCopy(void* to, const void* from, int bytes, void* barrier);
unsigned sharedAddress(const void* p);
void enqueueWgmma(float* d, int n, uint64_t a, uint64_t b, bool keep);
void enqueueWgmmaDown(float* d, int n, const uint32_t (&a)[4], uint64_t b, bool keep);
void commitWgmma();
void waitForWgmma(Site site, int groupsLeftPending);

// For hopper.cpp: the lane stands aside until the others can do nothing more; something happened that
// a lane which stands aside may wait for; shared memory, which starts at this address.
void standAside(Site site);
void noteProgress();
extern unsigned char* sharedOrigin;
// For the scheduler: finishes one copy, if any is under way; what a block left unfinished, or null.
bool finishOneCopy(bool newest);
const char* unfinished();

[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

// ---- Kernels by name, called with an argument block as cuLaunchKernel takes it ----------------

using Trampoline = void (*)(void (*kernel)(), void** parameters);

void registerKernel(const char* name, void (*kernel)(), Trampoline trampoline);

template <class... A, size_t... I>
void callWith(void (*kernel)(A...), void** parameters, std::index_sequence<I...>) {
  kernel(*static_cast<std::remove_reference_t<A>*>(parameters[I])...);
}

template <class... A>
struct Registration {
  Registration(const char* name, void (*kernel)(A...)) {
    registerKernel(name, reinterpret_cast<void (*)()>(kernel), [](void (*k)(), void** parameters) {
      callWith(reinterpret_cast<void (*)(A...)>(k), parameters, std::index_sequence_for<A...>{});
    });
  }
};

}  // namespace emulation

#define REGISTER_KERNEL(name) static const emulation::Registration registration_##name(#name, name)
#define DYNAMIC_SHARED(type, name) type* name = reinterpret_cast<type*>(emulation::dynamicShared)

#define threadIdx (emulation::current->index)
#define blockIdx (emulation::block)
#define blockDim (emulation::blockSize)
#define gridDim (emulation::gridSize)
#define warpSize 32

// ---- Barriers, shuffles, votes -----------------------------------------------------------------

#define EMULATED_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

static inline void __syncthreads(EMULATED_SITE) { emulation::blockBarrier({file, line}); }

static inline void __syncwarp(unsigned mask = 0xffffffffu, EMULATED_SITE) {
  emulation::warpBarrier({file, line}, mask, nullptr, nullptr);
}

static inline void __threadfence() {}
static inline void __threadfence_block() {}

namespace emulation {

template <class T>
T shuffle(Site site, unsigned mask, T value, int sourceLane) {
  static_assert(sizeof(T) <= 8);
  Exchange& x = nextExchange();
  memcpy(x.in[current->lane], &value, sizeof(T));
  warpBarrier(site, mask, nullptr, nullptr);
  T result;
  memcpy(&result, x.in[sourceLane], sizeof(T));
  return result;
}

static inline unsigned ballot(Site site, unsigned mask, bool vote) {
  Exchange& x = nextExchange();
  x.in[current->lane][0] = vote;
  warpBarrier(site, mask, nullptr, nullptr);
  unsigned result = 0;
  for (int i = 0; i < warpLanes; i++) {
    result |= (mask >> i & 1 && x.in[i][0]) ? 1u << i : 0u;
  }
  return result;
}

}  // namespace emulation

template <class T>
static inline T __shfl_sync(unsigned mask, T value, int source, int width = 32, EMULATED_SITE) {
  int lane = emulation::current->lane;
  return emulation::shuffle({file, line}, mask, value, (lane & -width) | (source & (width - 1)));
}

template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, EMULATED_SITE) {
  int lane = emulation::current->lane, source = lane ^ bits;
  bool inside = (source & -width) == (lane & -width);
  return emulation::shuffle({file, line}, mask, value, inside ? source : lane);
}

template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, int delta, int width = 32, EMULATED_SITE) {
  int lane = emulation::current->lane, source = lane + delta;
  bool inside = (source & -width) == (lane & -width);
  return emulation::shuffle({file, line}, mask, value, inside ? source : lane);
}

template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, int delta, int width = 32, EMULATED_SITE) {
  int lane = emulation::current->lane, source = lane - delta;
  bool inside = source >= 0 && (source & -width) == (lane & -width);
  return emulation::shuffle({file, line}, mask, value, inside ? source : lane);
}

static inline unsigned __ballot_sync(unsigned mask, bool vote, EMULATED_SITE) {
  return emulation::ballot({file, line}, mask, vote);
}
static inline bool __any_sync(unsigned mask, bool vote, EMULATED_SITE) {
  return emulation::ballot({file, line}, mask, vote) != 0;
}
static inline bool __all_sync(unsigned mask, bool vote, EMULATED_SITE) {
  return emulation::ballot({file, line}, mask, vote) == mask;
}

// ---- Integer atomics: one fiber runs at a time, so plain updates are atomic ---------------------

template <class T>
static inline T atomicAdd(T* address, T value) {
  static_assert(std::is_integral_v<T>, "float atomics have no fixed order of reduction");
  T old = *address;
  *address = old + value;
  return old;
}
template <class T>
static inline T atomicMin(T* address, T value) {
  static_assert(std::is_integral_v<T>);
  T old = *address;
  *address = old < value ? old : value;
  return old;
}
template <class T>
static inline T atomicMax(T* address, T value) {
  static_assert(std::is_integral_v<T>);
  T old = *address;
  *address = old > value ? old : value;
  return old;
}

// ---- Mathematics and bits ------------------------------------------------------------------------

static inline int __float_as_int(float v) { return __builtin_bit_cast(int, v); }
static inline unsigned __float_as_uint(float v) { return __builtin_bit_cast(unsigned, v); }
static inline float __int_as_float(int v) { return __builtin_bit_cast(float, v); }
static inline float __uint_as_float(unsigned v) { return __builtin_bit_cast(float, v); }
static inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32);
}
static inline int __popc(unsigned v) { return __builtin_popcount(v); }
static inline int __ffs(int v) { return __builtin_ffs(v); }
static inline int __clz(int v) { return v == 0 ? 32 : __builtin_clz(v); }
static inline float rsqrtf(float v) { return 1.0f / sqrtf(v); }
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __fmul_rn(float a, float b) {
  // The volatile keeps g++ from contracting the product into a fused multiply-add.
  volatile float product = a * b;
  return product;
}
static inline float __fadd_rn(float a, float b) {
  volatile float sum = a + b;
  return sum;
}
template <class T>
static inline T __ldg(const T* address) {
  return *address;
}

template <class T>
static inline T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
static inline T max(T a, T b) {
  return a < b ? b : a;
}
static inline long long min(long long a, int b) { return a < b ? a : b; }
static inline long long max(long long a, int b) { return a > b ? a : b; }

// ---- Tensor-core instructions, one warp at a time ---------------------------------------------------

namespace emulation {

// D = A B + C for mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32. Fragment layouts: PTX ISA,
// "Matrix Fragments for mma.m16n8k16 with floating point type". `in` holds A (4), B (2), C (4).
void mmaM16N8K16(Exchange& x);

// ldmatrix.sync.aligned.m8n8.x4 and its transposing form. `in` holds one row address per lane.
void loadMatrix4(Exchange& x);
void loadMatrix4Transposed(Exchange& x);

}  // namespace emulation
