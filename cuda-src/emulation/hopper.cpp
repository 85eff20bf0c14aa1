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
  const uint32_t* registers;  // a, read when the product is computed; null where a names a matrix
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

// A matrix as its descriptor gives it. PTX ISA, "Matrix-Descriptor Format" and "Strides".
struct Matrix {
  uint64_t start, planeBytes, strideBytes, rowBytes;

  explicit Matrix(uint64_t descriptor) {
    uint64_t swizzle = descriptor >> 62;
    if ((swizzle != 1 && swizzle != 2) || (descriptor >> 49 & 7) != 0) {
      fail("wgmma with descriptor %016llx: the emulation knows the 128-byte and the 64-byte swizzle "
           "without base offset",
           static_cast<unsigned long long>(descriptor));
    }
    start = (descriptor & 0x3fff) << 4;
    planeBytes = (descriptor >> 16 & 0x3fff) << 4;
    strideBytes = (descriptor >> 32 & 0x3fff) << 4;
    rowBytes = swizzle == 1 ? 128 : 64;
  }

  // The 8 values of a chunk of 16 bytes, which swizzling moves by bits of its address.
  void readChunk(float* values, uint64_t address) const {
    address ^= (address >> 7 & (rowBytes / 16 - 1)) << 4;
    uint16_t bits[8];
    memcpy(bits, sharedOrigin + address, sizeof bits);
    for (int i = 0; i < 8; i++) {
      values[i] = __builtin_bit_cast(float, static_cast<uint32_t>(bits[i]) << 16);
    }
  }

  // 16 values along k of one row, k along the rows.
  void readAlong(float (&values)[depth], uint64_t row) const {
    for (uint64_t chunk = 0; chunk < 2; chunk++) {
      readChunk(values + chunk * 8,
                start + row / 8 * strideBytes + row % 8 * rowBytes + chunk * 16);
    }
  }

  // `columns` values of row k, k down the rows.
  void readDown(float* values, uint64_t k, uint64_t columns) const {
    uint64_t chunks = rowBytes / 16;
    for (uint64_t chunk = 0; chunk < columns / 8; chunk++) {
      readChunk(values + chunk * 8, start + chunk / chunks * planeBytes + k / 8 * strideBytes +
                                        k % 8 * rowBytes + chunk % chunks * 16);
    }
  }
};

// The warp's 16 of the 64 rows of one product; `lanes` holds it as each lane gave it.
void multiply(const Product* const (&lanes)[warpLanes], int firstRow) {
  const Product& p = *lanes[0];
  for (const Product* other : lanes) {
    if (other->n != p.n || other->a != p.a || other->b != p.b || other->keep != p.keep ||
        (other->registers == nullptr) != (p.registers == nullptr)) {
      fail("the lanes of a warp give wgmma different operands");
    }
  }
  static float a[warpRows][depth], b[depth][maxColumns], d[warpRows][maxColumns];
  Matrix right(p.b);
  if (p.registers == nullptr) {
    Matrix left(p.a);
    for (int row = 0; row < warpRows; row++) {
      left.readAlong(a[row], static_cast<uint64_t>(firstRow + row));
    }
    for (int column = 0; column < p.n; column++) {
      float values[depth];
      right.readAlong(values, static_cast<uint64_t>(column));
      for (int k = 0; k < depth; k++) {
        b[k][column] = values[k];
      }
    }
  } else {
    // Lane 4 g + t holds pairs of neighbours in k: rows g and g + 8 at 2 t, then both at 2 t + 8.
    for (int lane = 0; lane < warpLanes; lane++) {
      for (int pair = 0; pair < 4; pair++) {
        uint32_t bits = lanes[lane]->registers[pair];
        float* at = &a[lane / 4 + pair % 2 * 8][lane % 4 * 2 + pair / 2 * 8];
        at[0] = __builtin_bit_cast(float, bits << 16);
        at[1] = __builtin_bit_cast(float, bits & 0xffff0000u);
      }
    }
    for (int k = 0; k < depth; k++) {
      right.readDown(b[k], static_cast<uint64_t>(k), static_cast<uint64_t>(p.n));
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
  queue.products.push_back({d, n, nullptr, a, b, keep, queue.openGroup});
}

void enqueueWgmmaDown(float* d, int n, const uint32_t (&a)[4], uint64_t b, bool keep) {
  ProductQueue& queue = ownQueue();
  productsStarted = true;
  queue.products.push_back({d, n, a, 0, b, keep, queue.openGroup});
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
