// What compute capability 9.0 adds for matrix products, with its CPU branch: barriers in shared memory
// that also count bytes (mbarrier), copies by the TMA unit (cp.async.bulk), and matrix instructions of
// a warpgroup, four warps, that read operands from shared memory (wgmma). All three run on their own
// while the threads go on. PTX ISA 8.0, chapters "mbarrier", "cp.async.bulk", "wgmma", "setmaxnreg".
//
// The code exists for sm_90a only (HOPPER). The emulation executes it with the same addresses: it
// decodes the matrix descriptors, applies the swizzle, counts the bytes of a barrier, and finishes
// copies and products as late as a wait allows.
#pragma once

#include "common.cuh"

#if !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HOPPER
#endif

// ---- Barriers that count arrivals and bytes -----------------------------------------------------------

// A phase ends when `arrivals` arrivals and all announced bytes are there; the next begins at once.
// Waiters name the parity of the phase that they wait for: 0 for the first.
using Mbarrier = unsigned long long;

#ifdef HOPPER

// One thread. fenceBarriers and a block barrier must follow before others use it.
DEVICE void initBarrier(Mbarrier* barrier, int arrivals) {
#ifdef __CUDA_ARCH__
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;\n" ::"r"(sharedAddress(barrier)),
               "r"(arrivals)
               : "memory");
#elif !defined(__CUDACC__)
  emulation::initBarrier(barrier, arrivals);
#endif
}

// Shows initialised barriers to the copy unit.
DEVICE void fenceBarriers() {
#ifdef __CUDA_ARCH__
  asm volatile("fence.mbarrier_init.release.cluster;\n" ::: "memory");
  asm volatile("fence.proxy.async.shared::cta;\n" ::: "memory");
#endif
}

DEVICE void arrive(Mbarrier* barrier) {
#ifdef __CUDA_ARCH__
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];\n" ::"r"(sharedAddress(barrier)) : "memory");
#elif !defined(__CUDACC__)
  emulation::arrive(barrier, 0);
#endif
}

// Arrives and announces `bytes` that copies will bring in this phase.
DEVICE void arriveExpecting(Mbarrier* barrier, int bytes) {
#ifdef __CUDA_ARCH__
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;\n" ::"r"(
                   sharedAddress(barrier)),
               "r"(bytes)
               : "memory");
#elif !defined(__CUDACC__)
  emulation::arrive(barrier, bytes);
#endif
}

// Waits for the end of the phase of this parity.
DEVICE void waitFor(Mbarrier* barrier, int parity) {
#ifdef __CUDA_ARCH__
  asm volatile(
      "{\n.reg .pred done;\n"
      "again:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@!done bra again;\n}\n" ::"r"(sharedAddress(barrier)),
      "r"(parity)
      : "memory");
#elif !defined(__CUDACC__)
  emulation::waitFor({__FILE__, __LINE__}, barrier, parity);
#endif
}

// ---- Copies by the TMA unit ---------------------------------------------------------------------------

// Starts the copy of consecutive bytes to shared memory, as they lie; both addresses and the size are
// multiples of 16. The barrier counts the bytes as they arrive. One thread.
DEVICE void bulkCopy(void* to, const void* from, int bytes, Mbarrier* barrier) {
#ifdef __CUDA_ARCH__
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];\n" ::"r"(
          sharedAddress(to)),
      "l"(from), "r"(bytes), "r"(sharedAddress(barrier))
      : "memory");
#elif !defined(__CUDACC__)
  emulation::bulkCopy(to, from, bytes, barrier);
#endif
}

// ---- Matrix instructions of a warpgroup ---------------------------------------------------------------

#ifdef __CUDA_ARCH__
#include "wgmma_instructions.cuh"
#endif

// Names a matrix in shared memory for wgmma: rows of rowBytes, 128 or 64, one after the other, their
// 16-byte chunks in the order of tileOffset. The tile starts at a multiple of 1024 bytes. The matrix has k
// along the rows (a step of 16 is 2 units of the descriptor's address) or down the rows (16 of them are
// rowBytes units, and wider matrices go on `planeBytes` later).
template <int rowBytes = 128>
DEVICE unsigned long long describeTile(const void* tile, int planeBytes = 16) {
  static_assert(rowBytes == 128 || rowBytes == 64);
#ifdef __CUDA_ARCH__
  unsigned address = sharedAddress(tile);
#elif !defined(__CUDACC__)
  unsigned address = emulation::sharedAddress(tile);
#else
  unsigned address = 0;
#endif
  constexpr unsigned long long strideBytes = 8 * rowBytes, swizzle = rowBytes == 128 ? 1 : 2;
  return (address & 0x3ffff) >> 4 | static_cast<unsigned long long>(planeBytes >> 4) << 16 |
         strideBytes >> 4 << 32 | swizzle << 62;
}

// Before the first wgmma, and after registers of a sum were touched.
DEVICE void fenceWgmma() {
#ifdef __CUDA_ARCH__
  asm volatile("wgmma.fence.sync.aligned;\n" ::: "memory");
#endif
}

// Starts d = a b (+ d where `keep`) for 64 x N x 16. Warp w of the group holds rows 16 w .. 16 w + 15:
// lane 4 g + t has row g in d[4 j], d[4 j + 1] and row g + 8 in d[4 j + 2], d[4 j + 3], at columns
// 8 j + 2 t and 8 j + 2 t + 1. d must not be touched before waitWgmma.
template <int N>
DEVICE void wgmma(float (&d)[N / 2], unsigned long long a, unsigned long long b, bool keep) {
#ifdef __CUDA_ARCH__
  wgmmaInstruction(d, a, b, keep);
#elif !defined(__CUDACC__)
  emulation::enqueueWgmma(d, N, a, b, keep);
#endif
}

// The same with a in registers, laid out as for mma16816: lane 4 g + t of warp w has rows 16 w + g and
// 16 w + g + 8. b has k down the rows of its tile. Neither d nor a may be touched before waitWgmma.
template <int N>
DEVICE void wgmmaDown(float (&d)[N / 2], const unsigned (&a)[4], unsigned long long b, bool keep) {
#ifdef __CUDA_ARCH__
  wgmmaDownInstruction(d, a, b, keep);
#elif !defined(__CUDACC__)
  emulation::enqueueWgmmaDown(d, N, a, b, keep);
#endif
}

DEVICE void commitWgmma() {
#ifdef __CUDA_ARCH__
  asm volatile("wgmma.commit_group.sync.aligned;\n" ::: "memory");
#elif !defined(__CUDACC__)
  emulation::commitWgmma();
#endif
}

// Waits until at most `pending` of the latest groups are unfinished.
template <int pending>
DEVICE void waitWgmma() {
#ifdef __CUDA_ARCH__
  asm volatile("wgmma.wait_group.sync.aligned %0;\n" ::"n"(pending) : "memory");
#elif !defined(__CUDACC__)
  emulation::waitForWgmma({__FILE__, __LINE__}, pending);
#endif
}

// After waitWgmma and before ordinary code uses the sums: keeps the compiler from moving that use up.
template <int n>
DEVICE void settle(float (&d)[n]) {
#ifdef __CUDA_ARCH__
#pragma unroll
  for (int i = 0; i < n; i++) {
    asm volatile("" : "+f"(d[i])::"memory");
  }
#endif
}

// ---- Warps with different work ------------------------------------------------------------------------

// Registers per thread from here on, a multiple of 8: a warpgroup that only copies gives some away to
// those that compute. All warps of a group; the kernel says its threads per block.
template <int registers>
DEVICE void shrinkRegisters() {
#ifdef __CUDA_ARCH__
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;\n" ::"n"(registers));
#endif
}
template <int registers>
DEVICE void growRegisters() {
#ifdef __CUDA_ARCH__
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;\n" ::"n"(registers));
#endif
}

// After ordinary writes to shared memory that wgmma or a bulk copy is to see; a barrier must follow.
DEVICE void fenceAsync() {
#ifdef __CUDA_ARCH__
  asm volatile("fence.proxy.async.shared::cta;\n" ::: "memory");
#endif
}

// The first multiple of 1024 bytes, from which the swizzle counts.
DEVICE unsigned char* alignedShared(unsigned char* shared) {
#ifdef __CUDACC__
  unsigned misplaced = sharedAddress(shared) % 1024;
#else
  unsigned misplaced = emulation::sharedAddress(shared) % 1024;
#endif
  return shared + (1024 - misplaced) % 1024;
}

// A place in a ring of stages: which one, and the parity of its present phase.
struct Turn {
  int stage = 0, parity = 0;
};
template <int stages>
DEVICE void next(Turn& turn) {
  turn.stage++;
  if (turn.stage == stages) {
    turn.stage = 0;
    turn.parity ^= 1;
  }
}

#endif  // HOPPER
