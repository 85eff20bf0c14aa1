// What compute capability 9.0 adds (see hopper.cuh), on the CPU: barriers that count bytes, copies by
// the TMA unit, and wgmma. Copies finish when nothing else can go on, products when their wait asks:
// a missing wait shows as a wrong result.
#include "emulation.h"

#include <vector>

#undef threadIdx

namespace emulation {

namespace {

// A barrier, in the 8 bytes that the hardware takes for it.
struct Barrier {
  uint64_t marker : 8;
  uint64_t arrivals : 12;  // of a phase
  uint64_t left : 12;      // arrivals still to come in this phase
  uint64_t phase : 1;
  int64_t bytes : 31;  // announced and still to come in this phase
};
static_assert(sizeof(Barrier) == 8);
constexpr unsigned initialised = 0x5a;

Barrier& barrierAt(void* address) {
  Barrier& barrier = *static_cast<Barrier*>(address);
  if (barrier.marker != initialised) {
    fail("thread %u uses a barrier that was not initialised", current->index.x);
  }
  return barrier;
}

void endPhaseIfComplete(Barrier& barrier) {
  if (barrier.left == 0 && barrier.bytes == 0) {
    barrier.phase ^= 1;
    barrier.left = barrier.arrivals;
  }
  noteProgress();
}

struct BulkCopy {
  void* to;
  const void* from;
  int bytes;
  void* barrier;
};
std::vector<BulkCopy> copies;  // under way, oldest first

struct Product {
  float* d;
  int n;
  uint64_t a, b;
  bool keep;
  int group;
};

// The products of a thread that no wait has completed yet, oldest first.
struct ProductQueue {
  std::vector<Product> products;
  int openGroup = 0;
};
constexpr int maxThreads = 1024;
ProductQueue queues[maxThreads];
bool productsStarted = false;  // in this block

constexpr int groupRows = 64, warpRows = 16, depth = 16, maxColumns = 256;

// Row `row` of the matrix that a descriptor names, its 16 values along k: 128-byte rows, swizzled by
// address bits in chunks of 16 bytes. PTX ISA, "Matrix-Descriptor Format" and "Strides", k inside.
void readRow(float (&values)[depth], uint64_t descriptor, int row) {
  uint64_t start = (descriptor & 0x3fff) << 4, stride = (descriptor >> 32 & 0x3fff) << 4;
  for (int chunk = 0; chunk < 2; chunk++) {
    uint64_t address = start + row / 8 * stride + row % 8 * 128 + chunk * 16;
    address ^= (address >> 7 & 7) << 4;
    uint16_t bits[8];
    memcpy(bits, sharedOrigin + address, sizeof bits);
    for (int i = 0; i < 8; i++) {
      values[chunk * 8 + i] = __builtin_bit_cast(float, static_cast<uint32_t>(bits[i]) << 16);
    }
  }
}

void checkDescriptor(uint64_t descriptor) {
  if (descriptor >> 62 != 1 || (descriptor >> 49 & 7) != 0) {
    fail("wgmma with descriptor %016llx: the emulation knows the 128-byte swizzle without base offset",
         static_cast<unsigned long long>(descriptor));
  }
}

// The warp's 16 of the 64 rows of one product; `lanes` holds it as each lane gave it.
void multiply(const Product* const (&lanes)[warpLanes], int firstRow) {
  const Product& p = *lanes[0];
  for (const Product* other : lanes) {
    if (other->n != p.n || other->a != p.a || other->b != p.b || other->keep != p.keep) {
      fail("the lanes of a warp give wgmma different operands");
    }
  }
  checkDescriptor(p.a);
  checkDescriptor(p.b);
  static float a[warpRows][depth], b[depth][maxColumns], d[warpRows][maxColumns];
  for (int row = 0; row < warpRows; row++) {
    readRow(a[row], p.a, firstRow + row);
  }
  for (int column = 0; column < p.n; column++) {
    float values[depth];
    readRow(values, p.b, column);
    for (int k = 0; k < depth; k++) {
      b[k][column] = values[k];
    }
  }
  // Lane 4 g + t holds rows g and g + 8 at columns 8 j + 2 t and the next.
  auto at = [&](int lane, int i) -> float& {
    return d[lane / 4 + i % 4 / 2 * 8][i / 4 * 8 + lane % 4 * 2 + i % 2];
  };
  for (int lane = 0; lane < warpLanes; lane++) {
    for (int i = 0; i < p.n / 2; i++) {
      at(lane, i) = p.keep ? lanes[lane]->d[i] : 0.0f;
    }
  }
  for (int row = 0; row < warpRows; row++) {
    for (int k = 0; k < depth; k++) {
      for (int column = 0; column < p.n; column++) {
        d[row][column] += a[row][k] * b[k][column];
      }
    }
  }
  for (int lane = 0; lane < warpLanes; lane++) {
    for (int i = 0; i < p.n / 2; i++) {
      lanes[lane]->d[i] = at(lane, i);
    }
  }
}

// in[lane] holds the lane's queue and the first group that may stay unfinished.
void finishProducts(Exchange& x) {
  ProductQueue* queue[warpLanes];
  size_t count = 0;
  for (int lane = 0; lane < warpLanes; lane++) {
    memcpy(&queue[lane], x.in[lane], sizeof queue[lane]);
    int completeBelow;
    memcpy(&completeBelow, x.in[lane] + 2, sizeof completeBelow);
    size_t mine = 0;
    while (mine < queue[lane]->products.size() &&
           queue[lane]->products[mine].group < completeBelow) {
      mine++;
    }
    if (lane > 0 && mine != count) {
      fail("the lanes of a warp wait for %zu and %zu products of wgmma", count, mine);
    }
    count = mine;
  }
  int firstRow = current->index.x % (4 * warpLanes) / warpLanes * warpRows;
  for (size_t i = 0; i < count; i++) {
    const Product* lanes[warpLanes];
    for (int lane = 0; lane < warpLanes; lane++) {
      lanes[lane] = &queue[lane]->products[i];
    }
    multiply(lanes, firstRow);
  }
  for (ProductQueue* q : queue) {
    q->products.erase(q->products.begin(), q->products.begin() + static_cast<long>(count));
  }
}

ProductQueue& ownQueue() { return queues[current->index.x]; }

}  // namespace

void initBarrier(void* address, int arrivals) {
  Barrier& barrier = *static_cast<Barrier*>(address);
  barrier.marker = initialised;
  barrier.arrivals = barrier.left = static_cast<unsigned>(arrivals);
  barrier.phase = 0;
  barrier.bytes = 0;
}

void arrive(void* address, int bytesToCome) {
  Barrier& barrier = barrierAt(address);
  if (barrier.left == 0) {
    fail("thread %u is one arrival too many for a phase of a barrier", current->index.x);
  }
  barrier.bytes += bytesToCome;
  barrier.left--;
  endPhaseIfComplete(barrier);
}

void waitFor(Site site, void* address, int parity) {
  while (barrierAt(address).phase == static_cast<unsigned>(parity)) {
    standAside(site);
  }
  noteProgress();
}

void bulkCopy(void* to, const void* from, int bytes, void* barrier) {
  if ((reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from) |
       static_cast<uintptr_t>(bytes)) %
          16 !=
      0) {
    fail("cp.async.bulk of %d bytes from %p to %p: all must be multiples of 16", bytes, from, to);
  }
  barrierAt(barrier);
  copies.push_back({to, from, bytes, barrier});
}

bool finishOneCopy(bool newest) {
  if (copies.empty()) {
    return false;
  }
  auto which = newest ? copies.end() - 1 : copies.begin();
  memcpy(which->to, which->from, static_cast<size_t>(which->bytes));
  Barrier& barrier = *static_cast<Barrier*>(which->barrier);
  barrier.bytes -= which->bytes;
  endPhaseIfComplete(barrier);
  copies.erase(which);
  return true;
}

unsigned sharedAddress(const void* p) {
  return static_cast<unsigned>(static_cast<const unsigned char*>(p) - sharedOrigin);
}

void enqueueWgmma(float* d, int n, uint64_t a, uint64_t b, bool keep) {
  ProductQueue& queue = ownQueue();
  productsStarted = true;
  queue.products.push_back({d, n, a, b, keep, queue.openGroup});
}

void commitWgmma() { ownQueue().openGroup++; }

void waitForWgmma(Site site, int groupsLeftPending) {
  ProductQueue* queue = &ownQueue();
  int completeBelow = queue->openGroup - groupsLeftPending;
  Exchange& x = nextExchange();
  memcpy(x.in[current->lane], &queue, sizeof queue);
  memcpy(x.in[current->lane] + 2, &completeBelow, sizeof completeBelow);
  warpBarrier(site, 0xffffffffu, finishProducts, &x);
}

const char* unfinished() {
  const char* left = copies.empty() ? nullptr : "its bulk copies arrived";
  copies.clear();
  if (!productsStarted) {
    return left;
  }
  productsStarted = false;
  for (ProductQueue& queue : queues) {
    if (!queue.products.empty()) {
      left = "it waited for its products by wgmma";
    }
    queue.products.clear();
    queue.openGroup = 0;
  }
  return left;
}

}  // namespace emulation
