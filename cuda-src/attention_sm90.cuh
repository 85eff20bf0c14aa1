// What attention by wgmma shares, forward and backward: how a head's rows lie in memory, and the ring of
// tiles in shared memory that one warp fills and the others read.
#pragma once

#include "attention_tensor.cuh"
#include "hopper.cuh"

// A head's rows [T, D] in bf16, D = 32, 64 or 128: planes of 64 columns (32 where D is 32), each T rows
// of 128 (64) bytes whose 16-byte chunks are in the order of tileOffset. Rows from a multiple of 8 on are
// the image of their place in shared memory, so the TMA unit copies any run of them as it lies.
template <int D>
struct HeadImage {
  static constexpr int columns = D < 64 ? D : 64, planes = D / columns, rowBytes = 2 * columns;
  static constexpr int chunks = columns / 8;

  // The element at which 16-byte chunk 0 .. D / 8 - 1 of a row starts.
  DEVICE long long offset(long long rows, int row, int chunk) {
    return chunk / chunks * rows * columns + tileOffset<chunks>(row, chunk % chunks);
  }

  // Units by which a descriptor moves on to column d of rows in shared memory, `tileRows` to a plane.
  DEVICE int along(int d, int tileRows) {
    return d / columns * (tileRows * rowBytes / 16) + d % columns / 8;
  }
};

// 8 values rounded to bf16. `from` may lie anywhere.
DEVICE uint4 roundChunk(const float* from) {
  Four low = load4(from, 0, 8), high = load4(from, 4, 8);
  return make_uint4(packBf16(low.v[0], low.v[1]), packBf16(low.v[2], low.v[3]),
                    packBf16(high.v[0], high.v[1]), packBf16(high.v[2], high.v[3]));
}

// src [B,T,heads*D] in f32 to images [B,heads] of D-column rows.
template <int D>
DEVICE void packHeadsOf(const float* src, bf16* dst, int batch, int T, int heads) {
  constexpr int chunks = D / 8;
  long long size = static_cast<long long>(batch) * T * heads * chunks;
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    int chunk = static_cast<int>(i % chunks), head = static_cast<int>(i / chunks % heads);
    long long row = i / chunks / heads, image = row / T * heads + head;
    *reinterpret_cast<uint4*>(dst + image * T * D +
                              HeadImage<D>::offset(T, static_cast<int>(row % T), chunk)) =
        roundChunk(src + i * 8);
  }
}

#ifdef HOPPER

// 2^v by the one instruction that the device has for it; results below 2^-126 are 0.
DEVICE float exp2Fast(float v) {
#ifdef __CUDA_ARCH__
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(v));
  return result;
#else
  return exp2f(v);
#endif
}

// Tiles in shared memory: `full` when the bytes are there, `empty` when every warp has read them.
// Whoever uses it takes the slots in order.
template <int stages, int slotBytes>
struct Ring {
  unsigned char* slots;
  Mbarrier *full, *empty;
  Turn turn;

  static constexpr int bytes = stages * (slotBytes + 2 * static_cast<int>(sizeof(Mbarrier)));

  // One thread. readers: warps that free a slot.
  DEVICE void init(const Ring& ring, int readers) {
    for (int s = 0; s < stages; s++) {
      initBarrier(ring.full + s, 1);
      initBarrier(ring.empty + s, readers);
    }
  }

  DEVICE Ring at(unsigned char* shared, unsigned char* barriers) {
    Mbarrier* full = reinterpret_cast<Mbarrier*>(barriers);
    return {shared, full, full + stages, {}};
  }

  // Waits for the next slot's bytes.
  DEVICE unsigned char* take(Ring& ring, int& stage) {
    stage = ring.turn.stage;
    waitFor(ring.full + stage, ring.turn.parity);
    next<stages>(ring.turn);
    return ring.slots + stage * slotBytes;
  }

  DEVICE void release(Ring& ring, int stage) {
    if (threadIdx.x % 32 == 0) {
      arrive(ring.empty + stage);
    }
  }

  // One warp: starts the copy of rows row0 .. row0 + valid - 1 of a head's image with `rows` rows to the
  // next slot, and sets the other rows of its tileRows to 0 where asked. more: bytes of another copy that
  // the slot stands for.
  template <int D, int tileRows, bool clear>
  DEVICE void copyRows(Ring& ring, const bf16* image, long long rows, int row0, int valid,
                       void* moreTo = nullptr, const void* moreFrom = nullptr, int more = 0) {
    using Image = HeadImage<D>;
    constexpr int planeBytes = tileRows * Image::rowBytes;
    static_assert(Image::planes * planeBytes <= slotBytes);
    Mbarrier* full = ring.full + ring.turn.stage;
    unsigned char* slot = ring.slots + ring.turn.stage * slotBytes;
    int lane = threadIdx.x % 32;
    waitFor(ring.empty + ring.turn.stage, ring.turn.parity ^ 1);
    if (clear && valid < tileRows) {
      for (int plane = 0; plane < Image::planes; plane++) {
        unsigned char* to = slot + plane * planeBytes;
        for (int at = valid * Image::rowBytes + lane * 16; at < planeBytes; at += 32 * 16) {
          *reinterpret_cast<uint4*>(to + at) = make_uint4(0, 0, 0, 0);
        }
      }
      fenceAsync();
      __syncwarp();
    }
    if (lane == 0) {
      arriveExpecting(full, Image::planes * valid * Image::rowBytes + more);
      if (more > 0) {
        bulkCopy(moreTo, moreFrom, more, full);
      }
      for (int plane = 0; plane < Image::planes; plane++) {
        bulkCopy(slot + plane * planeBytes, image + (plane * rows + row0) * Image::columns,
                 valid * Image::rowBytes, full);
      }
    }
    next<stages>(ring.turn);
  }
};

// Keys of a tile that a warpgroup's queries meet: 128 make wide instructions; with heads of 128 the sums
// leave registers for 64.
template <int D>
struct Sm90Tile {
  static constexpr int keys = D == 128 ? 64 : 128, bytes = 2 * keys * D;
};

// One thread: starts the copies of `valid` rows that stay for a whole unit of work, tileRows to a plane.
template <int D, int tileRows>
DEVICE void copyResident(unsigned char* to, const bf16* image, long long rows, int row0, int valid,
                         Mbarrier* barrier) {
  using Image = HeadImage<D>;
  for (int plane = 0; plane < Image::planes; plane++) {
    bulkCopy(to + plane * tileRows * Image::rowBytes, image + (plane * rows + row0) * Image::columns,
             valid * Image::rowBytes, barrier);
  }
}

// Starts sum = a b, 64 x bRows: over the columns of a's rows, in planes of aRows, and of b's.
template <int D, int aRows, int bRows>
DEVICE void startAcross(float (&sum)[bRows / 2], const unsigned char* a, const unsigned char* b) {
  using Image = HeadImage<D>;
  unsigned long long left = describeTile<Image::rowBytes>(a);
  unsigned long long right = describeTile<Image::rowBytes>(b);
  fenceWgmma();
#pragma unroll
  for (int d = 0; d < D; d += 16) {
    wgmma<bRows>(sum, left + Image::along(d, aRows), right + Image::along(d, bRows), d > 0);
  }
  commitWgmma();
}

// Adds a b, 64 x D, to sum, or starts it: a in registers, over the rows of b. commitWgmma must follow.
template <int D, int bRows>
DEVICE void startDown(float (&sum)[D / 2], const unsigned (&a)[bRows / 16][4],
                      const unsigned char* b, bool keep) {
  using Image = HeadImage<D>;
  unsigned long long right = describeTile<Image::rowBytes>(b, bRows * Image::rowBytes);
#pragma unroll
  for (int k = 0; k < bRows / 16; k++) {
    wgmmaDown<D>(sum, a[k], right + k * Image::rowBytes, keep || k > 0);
  }
}

// The sums of a product as an operand of the next one, over its columns.
template <int columns>
DEVICE void packSums(unsigned (&a)[columns / 16][4], const float (&sum)[columns / 2]) {
#pragma unroll
  for (int k = 0; k < columns / 16; k++) {
#pragma unroll
    for (int e = 0; e < 4; e++) {
      a[k][e] = packBf16(sum[8 * k + 2 * e], sum[8 * k + 2 * e + 1]);
    }
  }
}

// Turns the scores of keys key0.. into weights 2^(s scaleLog2 - m), with m and l brought up to date. keep:
// the factor for what was summed under the old maximum. seen: the last key that each row sees.
template <int keys>
DEVICE void weigh(float (&s)[keys / 2], float (&m)[2], float (&l)[2], float (&keep)[2], int key0,
                  const int (&seen)[2], bool hides, float scaleLog2) {
  if (hides) {
    int column = key0 + threadIdx.x % 4 * 2;
#pragma unroll
    for (int e = 0; e < keys / 2; e++) {
      s[e] = column + e / 4 * 8 + e % 2 <= seen[e % 4 / 2] ? s[e] : -INFINITY;
    }
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
    float even = s[2 * i], odd = s[2 * i + 1];
#pragma unroll
    for (int j = 1; j < keys / 8; j++) {
      even = fmaxf(even, s[4 * j + 2 * i]);
      odd = fmaxf(odd, s[4 * j + 2 * i + 1]);
    }
    float top = fmaxf(m[i], quadMax(fmaxf(even, odd)) * scaleLog2);
    float base = top == -INFINITY ? 0.0f : top;
    keep[i] = exp2Fast(m[i] - base);
    m[i] = top;
    even = odd = 0.0f;
#pragma unroll
    for (int j = 0; j < keys / 8; j++) {
      float &x = s[4 * j + 2 * i], &y = s[4 * j + 2 * i + 1];
      x = exp2Fast(fmaf(x, scaleLog2, -base));
      y = exp2Fast(fmaf(y, scaleLog2, -base));
      even += x;
      odd += y;
    }
    l[i] = fmaf(l[i], keep[i], even + odd);
  }
}

// Writes o / l of the rows of a warpgroup below `rows`: out(row) is where a row begins.
template <int D, class Out>
DEVICE void storeRows(const float (&o)[D / 2], const float (&l)[2], int rows, Out out) {
  int lane = threadIdx.x % 32, firstRow = threadIdx.x % 128 / 32 * 16 + lane / 4;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int row = firstRow + 8 * i;
    if (row < rows) {
      float* to = out(row) + lane % 4 * 2;
      bool pairs = reinterpret_cast<unsigned long long>(to) % 8 == 0;
#pragma unroll
      for (int j = 0; j < D / 8; j++) {
        float x = o[4 * j + 2 * i] / l[i], y = o[4 * j + 2 * i + 1] / l[i];
        if (pairs) {
          *reinterpret_cast<float2*>(to + j * 8) = make_float2(x, y);
        } else {
          to[j * 8] = x;
          to[j * 8 + 1] = y;
        }
      }
    }
  }
}

#endif  // HOPPER
