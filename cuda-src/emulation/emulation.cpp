// The scheduler, the launch entry and the device memory of the CPU emulation (see emulation.h).
#include "emulation.h"

#include <cstdarg>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "fiber.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim

namespace emulation {

struct Warp {
  Thread* lanes = nullptr;
  unsigned live = 0;     // lanes that have not returned from the kernel
  unsigned ready = 0;    // lanes that can run now
  unsigned waiting = 0;  // lanes that wait in a warp-level operation
  unsigned aside = 0;    // lanes that wait for a barrier in shared memory
  Exchange exchange[2];
};

Thread* current = nullptr;
uint3 block, blockSize, gridSize;
unsigned char* dynamicShared = nullptr;
unsigned char* sharedOrigin = nullptr;

namespace {

struct Kernel {
  void (*function)();
  Trampoline trampoline;
};

// Construct on first use: kernels register from static initialisers of other files.
std::map<std::string, Kernel>& kernels() {
  static std::map<std::string, Kernel> all;
  return all;
}

// An odd multiple of the cache line keeps the hot ends of the stacks from sharing one cache set.
#ifdef __SANITIZE_ADDRESS__
constexpr size_t stackBytes = 256 * 1024 + 320;
#else
constexpr size_t stackBytes = 32 * 1024 + 320;
#endif
constexpr int maxThreadsPerBlock = 1024;
constexpr size_t maxSharedBytes = 227 * 1024;  // of compute capability 9.0, the larger one
constexpr uint64_t stackGuard = 0x5afe57acca11ed00ull;

// Dynamic shared memory starts at an address that is a multiple of no more than this.
constexpr size_t sharedAlignment = 128;

bool reverseLanes = false;
bool progress = false;  // since the lanes that stand aside last looked

unsigned char* stacks = nullptr;
void* schedulerStackPointer = nullptr;
Thread threads[maxThreadsPerBlock];
CopyQueue copyQueues[maxThreadsPerBlock];
Warp warps[maxThreadsPerBlock / warpLanes];
Kernel running;
const char* runningName = "";
void** runningParameters = nullptr;
bool failed = false;
char message[1024];

unsigned char* stackOf(const Thread* thread) { return stacks + (thread - threads) * stackBytes; }

int firstLane(unsigned lanes) {
  return reverseLanes ? 31 - __builtin_clz(lanes) : __builtin_ctz(lanes);
}

// The next lane to run after `lane`, round robin, so that lanes meet warp operations in order.
int nextLane(unsigned lanes, int lane) {
  unsigned later = reverseLanes ? lanes & ((1u << lane) - 1)
                                : lanes & static_cast<unsigned>(~0ull << (lane + 1));
  return firstLane(later != 0 ? later : lanes);
}

void switchTo(Thread* thread) {
  void** save = &current->stackPointer;
  current = thread;
  fiber::switchStack(save, thread->stackPointer, stackOf(thread), stackBytes);
}

void switchToScheduler(Thread* from, bool finished = false) {
  fiber::switchToMain(finished ? nullptr : &from->stackPointer, schedulerStackPointer);
}

// Leaves the current lane for another ready lane of its warp, or for the scheduler.
void yield() {
  Thread* self = current;
  Warp& warp = *self->warp;
  if (warp.ready != 0) {
    switchTo(warp.lanes + nextLane(warp.ready, self->lane));
  } else {
    switchToScheduler(self);
  }
}

void threadMain() {
  fiber::entered();
  running.trampoline(running.function, runningParameters);
  Thread* self = current;
  Warp& warp = *self->warp;
  unsigned bit = 1u << self->lane;
  warp.live &= ~bit;
  warp.ready &= ~bit;
  if (warp.ready != 0) {
    Thread* next = warp.lanes + nextLane(warp.ready, self->lane);
    void* unused;
    current = next;
    fiber::switchStack(&unused, next->stackPointer, stackOf(next), stackBytes);
  }
  switchToScheduler(self, true);
  __builtin_unreachable();
}

void prepareBlock(unsigned threadCount) {
  for (unsigned t = 0; t < threadCount; t++) {
    Thread& thread = threads[t];
    thread.index = {t % blockSize.x, t / blockSize.x % blockSize.y, t / (blockSize.x * blockSize.y)};
    thread.lane = t % warpLanes;
    thread.phase = 0;
    thread.warp = &warps[t / warpLanes];
    thread.waitsAt = {nullptr, 0};
    thread.copyQueue = &copyQueues[t];
    thread.copyQueue->first = thread.copyQueue->count = thread.copyQueue->openGroup = 0;
#ifdef __SANITIZE_ADDRESS__
    // The last fiber here never returned from its frames, so their red zones are still marked.
    __asan_unpoison_memory_region(stackOf(&thread), stackBytes);
#endif
    memcpy(stackOf(&thread), &stackGuard, sizeof stackGuard);
    thread.stackPointer = fiber::prepare(stackOf(&thread), stackBytes, threadMain);
  }
  for (unsigned w = 0; w * warpLanes < threadCount; w++) {
    unsigned lanes = threadCount - w * warpLanes;
    Warp& warp = warps[w];
    warp.lanes = &threads[w * warpLanes];
    warp.live = warp.ready = lanes >= 32 ? 0xffffffffu : (1u << lanes) - 1;
    warp.waiting = warp.aside = 0;
  }
}

void runWarp(Warp& warp) {
  if (warp.ready != 0) {
    current = warp.lanes + firstLane(warp.ready);
    fiber::switchFromMain(&schedulerStackPointer, current->stackPointer, stackOf(current),
                          stackBytes);
  }
  if (!failed && warp.waiting != 0 && warp.aside == 0) {
    Site site = warp.lanes[firstLane(warp.waiting)].waitsAt;
    snprintf(message, sizeof message,
             "lanes %08x of a warp wait in a warp-level operation at %s:%d that the other live "
             "lanes (%08x) never reach",
             warp.waiting, site.file, site.line, warp.live & ~warp.waiting);
    failed = true;
  }
}

// Every live thread waits at a block barrier: lets all go on, if it is the same barrier for all.
void releaseBlockBarrier(unsigned warpCount) {
  const Thread* reference = nullptr;
  for (unsigned w = 0; w < warpCount; w++) {
    Warp& warp = warps[w];
    for (unsigned lanes = warp.live; lanes != 0; lanes &= lanes - 1) {
      const Thread& thread = warp.lanes[__builtin_ctz(lanes)];
      if (reference == nullptr) {
        reference = &thread;
      } else if (thread.waitsAt.line != reference->waitsAt.line ||
                 strcmp(thread.waitsAt.file, reference->waitsAt.file) != 0) {
        snprintf(message, sizeof message,
                 "divergent barrier: thread %d waits at %s:%d, thread %d at %s:%d",
                 static_cast<int>(reference - threads), reference->waitsAt.file,
                 reference->waitsAt.line, static_cast<int>(&thread - threads), thread.waitsAt.file,
                 thread.waitsAt.line);
        failed = true;
        return;
      }
    }
    warp.ready = warp.live;
  }
}

// Whether some lane stands aside. If so, all such lanes look again; where nothing has happened since
// they last did, one copy arrives first: as late as possible.
bool resumeAside(unsigned warpCount) {
  const Thread* first = nullptr;
  for (unsigned w = 0; w < warpCount; w++) {
    Warp& warp = warps[w];
    if (warp.aside != 0 && first == nullptr) {
      first = warp.lanes + firstLane(warp.aside);
    }
    warp.ready |= warp.aside;
    warp.aside = 0;
  }
  if (first != nullptr && !progress && !finishOneCopy(reverseLanes)) {
    snprintf(message, sizeof message, "thread %d waits at %s:%d for a barrier that nothing ends",
             static_cast<int>(first - threads), first->waitsAt.file, first->waitsAt.line);
    failed = true;
  }
  progress = false;
  return first != nullptr;
}

void checkStacks(unsigned threadCount) {
  for (unsigned t = 0; t < threadCount && !failed; t++) {
    if (memcmp(stackOf(&threads[t]), &stackGuard, sizeof stackGuard) != 0) {
      snprintf(message, sizeof message, "thread %u overran its stack of %zu bytes", t, stackBytes);
      failed = true;
    }
  }
}

void runBlock(unsigned threadCount, unsigned sharedBytes) {
  prepareBlock(threadCount);
  if (sharedBytes > 0) {
    memset(dynamicShared, 0xff, sharedBytes);
  }
  unsigned warpCount = (threadCount + warpLanes - 1) / warpLanes;
  for (;;) {
    for (unsigned i = 0; i < warpCount && !failed; i++) {
      runWarp(warps[reverseLanes ? warpCount - 1 - i : i]);
    }
    bool alive = false;
    for (unsigned w = 0; w < warpCount; w++) {
      alive |= warps[w].live != 0;
    }
    if (failed || !alive) {
      break;
    }
    if (!resumeAside(warpCount)) {
      releaseBlockBarrier(warpCount);
    }
  }
  const char* left = unfinished();
  if (left != nullptr && !failed) {
    snprintf(message, sizeof message, "the block ended before %s", left);
    failed = true;
  }
  checkStacks(threadCount);
}

void apply(const CopyQueue::Copy& copy) {
  memcpy(copy.to, copy.from, copy.fromBytes);
  memset(static_cast<char*>(copy.to) + copy.fromBytes, 0, copy.bytes - copy.fromBytes);
}

float fromBf16(uint32_t bits16) { return __builtin_bit_cast(float, bits16 << 16); }

}  // namespace

void registerKernel(const char* name, void (*kernel)(), Trampoline trampoline) {
  if (!kernels().emplace(name, Kernel{kernel, trampoline}).second) {
    fprintf(stderr, "two kernels are named %s\n", name);
    abort();
  }
}

void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  failed = true;
  switchToScheduler(current);
  abort();  // a failed block is never resumed
}

void blockBarrier(Site site) {
  Thread* self = current;
  self->waitsAt = site;
  self->warp->ready &= ~(1u << self->lane);
  yield();
}

void standAside(Site site) {
  Thread* self = current;
  unsigned bit = 1u << self->lane;
  self->waitsAt = site;
  self->warp->ready &= ~bit;
  self->warp->aside |= bit;
  yield();
}

void noteProgress() { progress = true; }

Exchange& nextExchange() {
  Thread* self = current;
  self->phase ^= 1;
  return self->warp->exchange[self->phase];
}

void warpBarrier(Site site, unsigned mask, void (*collective)(Exchange&), Exchange* exchange) {
  Thread* self = current;
  Warp& warp = *self->warp;
  if (mask != 0xffffffffu) {
    fail("%s:%d: a warp-level operation with mask %08x; the emulation knows whole warps only",
         site.file, site.line, mask);
  }
  if (warp.waiting != 0) {
    Site other = warp.lanes[firstLane(warp.waiting)].waitsAt;
    if (other.line != site.line || strcmp(other.file, site.file) != 0) {
      fail("divergent warp: lanes %08x wait at %s:%d, lane %d at %s:%d", warp.waiting, other.file,
           other.line, self->lane, site.file, site.line);
    }
  }
  unsigned bit = 1u << self->lane;
  unsigned waiting = warp.waiting | bit;
  if (waiting == warp.live) {
    if (collective != nullptr) {
      collective(*exchange);
    }
    warp.ready |= warp.waiting;
    warp.waiting = 0;
    return;
  }
  self->waitsAt = site;
  warp.waiting = waiting;
  warp.ready &= ~bit;
  yield();
}

void enqueueCopy(void* to, const void* from, int bytes, int fromBytes) {
  CopyQueue& queue = *current->copyQueue;
  if (reinterpret_cast<uintptr_t>(to) % bytes != 0 ||
      (fromBytes > 0 && reinterpret_cast<uintptr_t>(from) % bytes != 0)) {
    fail("cp.async of %d bytes from %p to %p: both must be aligned to its size", bytes, from, to);
  }
  if (queue.count == CopyQueue::capacity) {
    fail("more than %d asynchronous copies of one thread are pending", CopyQueue::capacity);
  }
  queue.copies[(queue.first + queue.count++) % CopyQueue::capacity] = {to, from, bytes, fromBytes,
                                                                       queue.openGroup};
}

void commitCopies() { current->copyQueue->openGroup++; }

void waitForCopies(int groupsLeftPending) {
  CopyQueue& queue = *current->copyQueue;
  int completeBelow = queue.openGroup - groupsLeftPending;
  while (queue.count > 0 && queue.copies[queue.first].group < completeBelow) {
    apply(queue.copies[queue.first]);
    queue.first = (queue.first + 1) % CopyQueue::capacity;
    queue.count--;
  }
}

void mmaM16N8K16(Exchange& x) {
  // Lane 4 g + t holds, as pairs of neighbours in k: A rows g and g + 8 at k = 2 t and 2 t + 8; B
  // column g at k = 2 t and 2 t + 8; C and D rows g and g + 8 at columns 2 t and 2 t + 1.
  float a[16][16], b[16][8], c[16][8];
  for (int lane = 0; lane < warpLanes; lane++) {
    int g = lane / 4, t = lane % 4;
    const uint32_t* in = x.in[lane];
    for (int pair = 0; pair < 4; pair++) {
      int row = g + (pair & 1) * 8, k = 2 * t + (pair >> 1) * 8;
      a[row][k] = fromBf16(in[pair] & 0xffff);
      a[row][k + 1] = fromBf16(in[pair] >> 16);
    }
    for (int pair = 0; pair < 2; pair++) {
      int k = 2 * t + pair * 8;
      b[k][g] = fromBf16(in[4 + pair] & 0xffff);
      b[k + 1][g] = fromBf16(in[4 + pair] >> 16);
    }
    memcpy(&c[g][2 * t], in + 6, 8);
    memcpy(&c[g + 8][2 * t], in + 8, 8);
  }
  for (int row = 0; row < 16; row++) {
    for (int k = 0; k < 16; k++) {
      for (int column = 0; column < 8; column++) {
        c[row][column] += a[row][k] * b[k][column];
      }
    }
  }
  for (int lane = 0; lane < warpLanes; lane++) {
    int g = lane / 4, t = lane % 4;
    memcpy(x.out[lane], &c[g][2 * t], 8);
    memcpy(x.out[lane] + 2, &c[g + 8][2 * t], 8);
  }
}

namespace {

const uint16_t* matrixRow(const Exchange& x, int matrix, int row) {
  const uint16_t* address;
  memcpy(&address, x.in[matrix * 8 + row], sizeof address);
  return address;
}

}  // namespace

void loadMatrix4(Exchange& x) {
  for (int lane = 0; lane < warpLanes; lane++) {
    for (int matrix = 0; matrix < 4; matrix++) {
      memcpy(&x.out[lane][matrix], matrixRow(x, matrix, lane / 4) + lane % 4 * 2, 4);
    }
  }
}

void loadMatrix4Transposed(Exchange& x) {
  for (int lane = 0; lane < warpLanes; lane++) {
    for (int matrix = 0; matrix < 4; matrix++) {
      uint32_t low = matrixRow(x, matrix, lane % 4 * 2)[lane / 4];
      uint32_t high = matrixRow(x, matrix, lane % 4 * 2 + 1)[lane / 4];
      x.out[lane][matrix] = low | high << 16;
    }
  }
}

}  // namespace emulation

// ---- C entries, in the argument form of the driver API --------------------------------------------

#pragma GCC visibility push(default)
extern "C" {

const char* anechoic_emulated_error() { return emulation::message; }

int anechoic_emulated_has(const char* name) { return emulation::kernels().count(name) != 0; }

// The kernels' names, in order, one a line.
const char* anechoic_emulated_names() {
  static std::string names;
  names.clear();
  for (const auto& entry : emulation::kernels()) {
    names += entry.first + "\n";
  }
  return names.c_str();
}

// Runs lanes and warps from the last to the first: what changes then has a missing barrier.
void anechoic_emulated_reverse_lanes(int reverse) { emulation::reverseLanes = reverse != 0; }

// Runs a kernel to its end. Returns 0, or 1 with the reason in anechoic_emulated_error().
int anechoic_emulated_launch(const char* name, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                             unsigned by, unsigned bz, unsigned sharedBytes, void** parameters) {
  using namespace emulation;
  static std::mutex oneLaunchAtATime;
  std::lock_guard<std::mutex> lock(oneLaunchAtATime);
  auto kernel = kernels().find(name);
  if (kernel == kernels().end()) {
    snprintf(message, sizeof message, "there is no kernel named %s", name);
    return 1;
  }
  uint64_t threadCount = static_cast<uint64_t>(bx) * by * bz;
  if (threadCount == 0 || threadCount > maxThreadsPerBlock || gx == 0 || gy == 0 || gz == 0 ||
      gy > 65535 || gz > 65535 || sharedBytes > maxSharedBytes) {
    snprintf(message, sizeof message,
             "invalid launch: grid (%u, %u, %u), block (%u, %u, %u), %u bytes of shared memory", gx,
             gy, gz, bx, by, bz, sharedBytes);
    return 1;
  }
  if (stacks == nullptr) {
    stacks = static_cast<unsigned char*>(aligned_alloc(64, maxThreadsPerBlock * stackBytes));
  }
  // Allocated to the byte, so that the address sanitizer sees an overrun.
  void* shared = nullptr;
  if (sharedBytes > 0 && posix_memalign(&shared, 1024, sharedAlignment + sharedBytes) != 0) {
    snprintf(message, sizeof message, "no memory for %u bytes of shared memory", sharedBytes);
    return 1;
  }
  sharedOrigin = static_cast<unsigned char*>(shared);
  dynamicShared = sharedBytes == 0 ? nullptr : sharedOrigin + sharedAlignment;
  running = kernel->second;
  runningName = name;
  runningParameters = parameters;
  blockSize = {bx, by, bz};
  gridSize = {gx, gy, gz};
  failed = false;
  message[0] = 0;
  fiber::newMainStack();
  for (unsigned z = 0; z < gz && !failed; z++) {
    for (unsigned y = 0; y < gy && !failed; y++) {
      for (unsigned x = 0; x < gx && !failed; x++) {
        block = {x, y, z};
        runBlock(static_cast<unsigned>(threadCount), sharedBytes);
      }
    }
  }
  free(sharedOrigin);
  sharedOrigin = dynamicShared = nullptr;
  if (failed) {
    std::string reason = message;
    snprintf(message, sizeof message, "block (%u, %u, %u): %s", block.x, block.y, block.z,
             reason.c_str());
  }
  return failed;
}

// Device memory: filled with NaN, so that a read before the first write shows.
void* anechoic_emulated_malloc(size_t bytes) {
  size_t room = (bytes + 255) / 256 * 256;
  void* memory = aligned_alloc(256, room == 0 ? 256 : room);
  if (memory != nullptr) {
    memset(memory, 0xff, bytes);
  }
  return memory;
}

void anechoic_emulated_free(void* memory) { free(memory); }

void anechoic_emulated_memcpy(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }

void anechoic_emulated_memset(void* to, int byte, size_t bytes) { memset(to, byte, bytes); }

}  // extern "C"
#pragma GCC visibility pop
