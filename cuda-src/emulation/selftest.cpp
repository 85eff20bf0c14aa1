// Tests the emulation itself: it must compute what the hardware documents, and report what the
// hardware would do wrong without a word.
#include "../hopper.cuh"
#include "../tensor_core.cuh"

#include <cstdlib>
#include <string>
#include <vector>

extern "C" {
const char* anechoic_emulated_error();
void anechoic_emulated_reverse_lanes(int reverse);
int anechoic_emulated_launch(const char* name, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                             unsigned by, unsigned bz, unsigned sharedBytes, void** parameters);
}

// ---- Kernels under test ---------------------------------------------------------------------------

KERNEL sumOfBlock(const float* x, float* out) {
  float s = blockSum(x[blockIdx.x * blockDim.x + threadIdx.x]);
  out[blockIdx.x * blockDim.x + threadIdx.x] = s;
}

KERNEL neighbourThroughShared(const int* x, int* out) {
  DYNAMIC_SHARED(int, tile);
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = tile[(threadIdx.x + 1) % blockDim.x];
}

KERNEL neighbourWithoutBarrier(const int* x, int* out) {
  DYNAMIC_SHARED(int, tile);
  tile[threadIdx.x] = x[threadIdx.x];
  out[threadIdx.x] = tile[threadIdx.x == 0 ? 0 : threadIdx.x - 1];
}

KERNEL divergentBarrier(int* out) {
  if (threadIdx.x < 40) {
    __syncthreads();
  } else {
    out[0] = 1;
    __syncthreads();
  }
}

KERNEL divergentShuffle(int* out) {
  if (threadIdx.x % 32 < 16) {
    out[threadIdx.x] = __shfl_xor_sync(allLanes, 1, 1);
  }
}

KERNEL laneExchanges(int* out) {
  int lane = threadIdx.x;
  out[lane] = __shfl_sync(allLanes, lane, 5);
  out[32 + lane] = __shfl_up_sync(allLanes, lane, 3);
  out[64 + lane] = __shfl_down_sync(allLanes, lane, 3);
  out[96 + lane] = __shfl_xor_sync(allLanes, lane, 16, 32);
  out[128 + lane] = static_cast<int>(__ballot_sync(allLanes, lane % 3 == 0));
  out[160 + lane] = __any_sync(allLanes, lane == 7) * 2 + __all_sync(allLanes, lane < 31);
}

// One 16 x 8 x 16 product: a row-major, b as [k][n], both from shared memory by ldmatrix.
KERNEL oneMma(const bf16* a, const bf16* b, float* d) {
  DYNAMIC_SHARED(bf16, shared);
  bf16 *as = shared, *bs = shared + 256;
  int lane = threadIdx.x;
  copyAsync16(as + lane * 8, a + lane * 8);
  copyAsync16(bs + lane % 16 * 8, b + lane % 16 * 8);
  copyCommit();
  copyWait<0>();
  __syncthreads();
  unsigned ra[4], rb4[4];
  loadMatrix4(ra, as + lane % 16 * 16 + lane / 16 * 8);
  loadMatrix4Transposed(rb4, bs + lane % 16 * 8);
  unsigned rb[2] = {rb4[0], rb4[1]};
  float c[4] = {1.0f, 1.0f, 1.0f, 1.0f};
  mma16816(c, ra, rb);
  int g = lane / 4, t = lane % 4;
  d[g * 8 + 2 * t] = c[0];
  d[g * 8 + 2 * t + 1] = c[1];
  d[(g + 8) * 8 + 2 * t] = c[2];
  d[(g + 8) * 8 + 2 * t + 1] = c[3];
}

KERNEL copyWithoutWait(const float* x, float* out) {
  DYNAMIC_SHARED(float, tile);
  copyAsync16(tile + threadIdx.x * 4, x + threadIdx.x * 4);
  copyCommit();
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x * 4];
}

// One 64 x 32 x 64 product of packed tiles. what: 0 right, 1 without the wait for the products, 2 with
// a barrier that waits for one byte too many, 3 with a barrier that was never initialised.
KERNEL oneWgmma(const bf16* a, const bf16* b, float* d, int what) {
  DYNAMIC_SHARED(unsigned char, any);
  unsigned char* shared = any + (1024 - emulation::sharedAddress(any) % 1024) % 1024;
  constexpr int bytesA = 64 * 128, bytesB = 32 * 128;
  Mbarrier* barrier = reinterpret_cast<Mbarrier*>(shared + bytesA + bytesB);
  if (threadIdx.x == 0 && what != 3) {
    initBarrier(barrier, 1);
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    arriveExpecting(barrier, bytesA + bytesB + (what == 2));
    bulkCopy(shared, a, bytesA, barrier);
    bulkCopy(shared + bytesA, b, bytesB, barrier);
  }
  waitFor(barrier, 0);
  float sum[16];
  for (int k = 0; k < 4; k++) {
    wgmma<32>(sum, describeTile(shared) + 2 * k, describeTile(shared + bytesA) + 2 * k, k > 0);
  }
  commitWgmma();
  if (what != 1) {
    waitWgmma<0>();
  }
  int row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4, column = threadIdx.x % 4 * 2;
  for (int i = 0; i < 16; i++) {
    d[(row + i % 4 / 2 * 8) * 32 + column + i / 4 * 8 + i % 2] = sum[i];
  }
}

// Two 64 x 64 x 64 products by operands in registers, b with k down the rows: of 128 bytes, and in two
// planes of rows of 64 bytes.
KERNEL oneWgmmaDown(const bf16* a, const bf16* wide, const bf16* narrow, float* d) {
  DYNAMIC_SHARED(unsigned char, any);
  unsigned char* shared = alignedShared(any);
  constexpr int bytes = 64 * 128;
  for (int i = threadIdx.x; i < bytes / 16; i += blockDim.x) {
    reinterpret_cast<uint4*>(shared)[i] = reinterpret_cast<const uint4*>(wide)[i];
    reinterpret_cast<uint4*>(shared + bytes)[i] = reinterpret_cast<const uint4*>(narrow)[i];
  }
  fenceAsync();
  __syncthreads();
  int row = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4, column = threadIdx.x % 4 * 2;
  unsigned operand[4][4];
  for (int k = 0; k < 4; k++) {
    for (int pair = 0; pair < 4; pair++) {
      const bf16* from = a + (row + pair % 2 * 8) * 64 + k * 16 + column + pair / 2 * 8;
      operand[k][pair] = from[0].bits | static_cast<unsigned>(from[1].bits) << 16;
    }
  }
  float sum[2][32];
  for (int k = 0; k < 4; k++) {
    wgmmaDown<64>(sum[0], operand[k], describeTile<128>(shared) + k * 128, k > 0);
    wgmmaDown<64>(sum[1], operand[k], describeTile<64>(shared + bytes, 64 * 64) + k * 64, k > 0);
  }
  commitWgmma();
  waitWgmma<0>();
  for (int form = 0; form < 2; form++) {
    for (int i = 0; i < 32; i++) {
      d[form * 64 * 64 + (row + i % 4 / 2 * 8) * 64 + column + i / 4 * 8 + i % 2] = sum[form][i];
    }
  }
}

KERNEL philoxWords(unsigned* out) {
  uint4 w = philox(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u);
  out[0] = w.x, out[1] = w.y, out[2] = w.z, out[3] = w.w;
}

REGISTER_KERNEL(sumOfBlock);
REGISTER_KERNEL(neighbourThroughShared);
REGISTER_KERNEL(neighbourWithoutBarrier);
REGISTER_KERNEL(divergentBarrier);
REGISTER_KERNEL(divergentShuffle);
REGISTER_KERNEL(laneExchanges);
REGISTER_KERNEL(oneMma);
REGISTER_KERNEL(copyWithoutWait);
REGISTER_KERNEL(oneWgmma);
REGISTER_KERNEL(oneWgmmaDown);
REGISTER_KERNEL(philoxWords);

// ---- Checks ------------------------------------------------------------------------------------------

static int failures = 0;

static void check(bool ok, const char* what) {
  printf("%s %s\n", ok ? "ok  " : "FAIL", what);
  failures += !ok;
}

template <class... A>
static int launch(const char* name, unsigned grid, unsigned block, unsigned shared, A... arguments) {
  void* parameters[] = {&arguments...};
  return anechoic_emulated_launch(name, grid, 1, 1, block, 1, 1, shared, parameters);
}

static bool reports(const char* words) {
  return std::string(anechoic_emulated_error()).find(words) != std::string::npos;
}

static void reductions() {
  std::vector<float> x(2 * 160), out(2 * 160);
  for (size_t i = 0; i < x.size(); i++) {
    x[i] = static_cast<float>(i);
  }
  check(launch("sumOfBlock", 2, 160, 0, x.data(), out.data()) == 0, "blockSum runs");
  bool same = true;
  for (int i = 0; i < 160; i++) {
    same &= out[i] == 12720.0f && out[160 + i] == 38320.0f;
  }
  check(same, "blockSum gives every thread the sum of its own block");
}

static void barriers() {
  std::vector<int> x(96), out(96);
  for (int i = 0; i < 96; i++) {
    x[i] = i;
  }
  for (int reverse = 0; reverse < 2; reverse++) {
    anechoic_emulated_reverse_lanes(reverse);
    bool ok = launch("neighbourThroughShared", 1, 96, 96 * 4, x.data(), out.data()) == 0;
    for (int i = 0; i < 96; i++) {
      ok &= out[i] == (i + 1) % 96;
    }
    check(ok, reverse ? "a barrier orders lanes, reversed" : "a barrier orders lanes");
  }
  launch("neighbourWithoutBarrier", 1, 96, 96 * 4, x.data(), out.data());
  bool reversedDiffers = out[5] != 4;
  anechoic_emulated_reverse_lanes(0);
  launch("neighbourWithoutBarrier", 1, 96, 96 * 4, x.data(), out.data());
  check(out[5] == 4 && reversedDiffers, "reversed lanes expose a missing barrier");
  check(launch("divergentBarrier", 1, 64, 0, out.data()) == 1 &&
            reports("divergent barrier"),
        "a divergent barrier is reported");
  check(launch("divergentShuffle", 1, 32, 0, out.data()) == 1 &&
            reports("never reach"),
        "a shuffle that half a warp reaches is reported");
  check(launch("nothing", 1, 32, 0) == 1, "an unknown kernel is reported");
  check(launch("divergentShuffle", 1, 2048, 0, out.data()) == 1, "too large a block is reported");
}

static void exchanges() {
  std::vector<int> out(192);
  bool ok = launch("laneExchanges", 1, 32, 0, out.data()) == 0;
  for (int lane = 0; lane < 32; lane++) {
    ok &= out[lane] == 5 && out[32 + lane] == (lane < 3 ? lane : lane - 3) &&
          out[64 + lane] == (lane > 28 ? lane : lane + 3) && out[96 + lane] == (lane ^ 16) &&
          out[128 + lane] == 0x49249249 && out[160 + lane] == 2;
  }
  check(ok, "shuffles and votes");
}

static void tensorCore() {
  bf16 a[256], b[128];
  float d[128];
  for (int i = 0; i < 256; i++) {
    a[i] = toBf16(static_cast<float>(i * 7 % 13 - 6));
  }
  for (int i = 0; i < 128; i++) {
    b[i] = toBf16(static_cast<float>(i * 5 % 11 - 5));
  }
  bool ok = launch("oneMma", 1, 32, 768, a, b, d) == 0;
  for (int m = 0; m < 16; m++) {
    for (int n = 0; n < 8; n++) {
      float sum = 1.0f;
      for (int k = 0; k < 16; k++) {
        sum += toFloat(a[m * 16 + k]) * toFloat(b[k * 8 + n]);
      }
      ok &= d[m * 8 + n] == sum;
    }
  }
  check(ok, "cp.async, ldmatrix and mma.sync give the product of two tiles");
  alignas(16) float x[128] = {};
  float out[32];
  launch("copyWithoutWait", 1, 32, 512, x, out);
  check(out[0] != out[0], "an asynchronous copy that nobody waits for has not arrived");
}

static void hopper() {
  alignas(16) bf16 a[64 * 64], b[32 * 64];
  std::vector<float> d(64 * 32);
  auto valueA = [](int r, int k) { return static_cast<float>((r * 7 + k * 3) % 13 - 6); };
  auto valueB = [](int c, int k) { return static_cast<float>((c * 5 + k * 2) % 11 - 5); };
  for (int r = 0; r < 64; r++) {
    for (int k = 0; k < 64; k++) {
      a[tileOffset<8>(r, k / 8) + k % 8] = toBf16(valueA(r, k));
      if (r < 32) {
        b[tileOffset<8>(r, k / 8) + k % 8] = toBf16(valueB(r, k));
      }
    }
  }
  for (int reverse = 0; reverse < 2; reverse++) {
    anechoic_emulated_reverse_lanes(reverse);
    bool ok = launch("oneWgmma", 1, 128, 14 << 10, a, b, d.data(), 0) == 0;
    for (int r = 0; r < 64; r++) {
      for (int c = 0; c < 32; c++) {
        float sum = 0.0f;
        for (int k = 0; k < 64; k++) {
          sum += valueA(r, k) * valueB(c, k);
        }
        ok &= d[r * 32 + c] == sum;
      }
    }
    check(ok, reverse ? "mbarrier, bulk copies and wgmma, reversed"
                      : "mbarrier, bulk copies and wgmma give the product of two swizzled tiles");
  }
  anechoic_emulated_reverse_lanes(0);
  check(launch("oneWgmma", 1, 128, 14 << 10, a, b, d.data(), 1) == 1 && reports("wgmma"),
        "products that nobody waits for are reported");
  check(launch("oneWgmma", 1, 128, 14 << 10, a, b, d.data(), 2) == 1 && reports("nothing ends"),
        "a barrier that waits for bytes that never come is reported");
  check(launch("oneWgmma", 1, 128, 14 << 10, a, b, d.data(), 3) == 1 && reports("not initialised"),
        "a barrier that was not initialised is reported");
  check(launch("oneWgmma", 1, 128, 14 << 10, a, b, d.data(), 0) == 0, "the next launch is clean");
}

static void operandInRegisters() {
  alignas(16) bf16 a[64 * 64], wide[64 * 64], narrow[64 * 64];
  std::vector<float> d(2 * 64 * 64);
  auto valueA = [](int r, int k) { return static_cast<float>((r * 7 + k * 3) % 13 - 6); };
  auto valueB = [](int k, int c) { return static_cast<float>((c * 5 + k * 2) % 11 - 5); };
  for (int r = 0; r < 64; r++) {
    for (int c = 0; c < 64; c++) {
      a[r * 64 + c] = toBf16(valueA(r, c));
      wide[tileOffset<8>(r, c / 8) + c % 8] = toBf16(valueB(r, c));
      narrow[c / 32 * 64 * 32 + tileOffset<4>(r, c % 32 / 8) + c % 8] = toBf16(valueB(r, c));
    }
  }
  for (int reverse = 0; reverse < 2; reverse++) {
    anechoic_emulated_reverse_lanes(reverse);
    bool ok = launch("oneWgmmaDown", 1, 128, 18 << 10, a, wide, narrow, d.data()) == 0;
    for (int i = 0; i < 2 * 64 * 64; i++) {
      float sum = 0.0f;
      for (int k = 0; k < 64; k++) {
        sum += valueA(i / 64 % 64, k) * valueB(k, i % 64);
      }
      ok &= d[i] == sum;
    }
    check(ok, reverse ? "wgmma with an operand in registers, reversed"
                      : "wgmma with an operand in registers, k down the rows, both swizzles");
  }
  anechoic_emulated_reverse_lanes(0);
}

static void numbers() {
  unsigned w[4];
  launch("philoxWords", 1, 1, 0, w);
  check(w[0] == 0xd16cfe09u && w[1] == 0x94fdccebu && w[2] == 0x5001e420u && w[3] == 0x24126ea1u,
        "Philox4x32-10 gives the published test vector");
  check(toBf16(1.00390625f).bits == 0x3f80 && toBf16(1.01171875f).bits == 0x3f82 &&
            toBf16(INFINITY).bits == 0x7f80 && toFloat(toBf16(NAN)) != toFloat(toBf16(NAN)),
        "bf16 rounds to nearest even and keeps infinity and NaN");
}

int main() {
  reductions();
  barriers();
  exchanges();
  tensorCore();
  hopper();
  operandInRegisters();
  numbers();
  printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
