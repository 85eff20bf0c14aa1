// Draws one token per row by the inverse of the cumulative distribution in vocabulary order.
//
// The kept support needs no sort: the order of the logits as unsigned keys is searched bit by bit.
// top-k finds the k-th largest key by counting (whole numbers, exact). top-p then finds the smallest
// key such that the mass above it is still below topP. Ties keep the lower ids.
#include "common.cuh"

// Keys that order as the floats do, so that a search over bits is a search over values.
DEVICE unsigned orderedKey(float v) {
  unsigned bits = __float_as_uint(v);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

DEVICE int blockCount(int v) {
  __shared__ int partial[32];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  for (int bits = 16; bits > 0; bits >>= 1) {
    v += __shfl_xor_sync(allLanes, v, bits);
  }
  __syncthreads();
  if (lane == 0) {
    partial[warp] = v;
  }
  __syncthreads();
  v = lane < warps ? partial[lane] : 0;
  for (int bits = 16; bits > 0; bits >>= 1) {
    v += __shfl_xor_sync(allLanes, v, bits);
  }
  return v;
}

// Sum of all values below this thread's, in thread order, and in `total` the sum of all.
DEVICE float blockExclusiveSum(float v, float& total) {
  __shared__ float partial[32];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  float inclusive = v;
  for (int delta = 1; delta < 32; delta *= 2) {
    float below = __shfl_up_sync(allLanes, inclusive, delta);
    inclusive = lane >= delta ? below + inclusive : inclusive;
  }
  __syncthreads();
  if (lane == 31) {
    partial[warp] = inclusive;
  }
  __syncthreads();
  float before = 0.0f;
  total = 0.0f;
  for (int w = 0; w < warps; w++) {
    before = w < warp ? before + partial[w] : before;
    total += partial[w];
  }
  float exclusive = __shfl_up_sync(allLanes, inclusive, 1);
  return before + (lane == 0 ? 0.0f : exclusive);
}

// The support that top-k and top-p keep: keys above `key`, and those equal to it with id <= lastTie.
struct Support {
  unsigned key;
  int lastTie;
  DEVICE bool keeps(const Support& s, unsigned key, int id) {
    return key > s.key || (key == s.key && id <= s.lastTie);
  }
};

DEVICE int countAbove(const float* x, int columns, unsigned key) {
  int n = 0;
  for (int c = threadIdx.x; c < columns; c += blockDim.x) {
    n += orderedKey(x[c]) > key;
  }
  return blockCount(n);
}

// The id of the `rank`-th (from 0) column whose key equals `key`.
DEVICE int tieId(const float* x, int columns, unsigned key, int rank) {
  int low = 0, high = columns - 1;
  while (low < high) {
    int middle = (low + high) / 2, n = 0;
    for (int c = threadIdx.x; c <= middle; c += blockDim.x) {
      n += orderedKey(x[c]) == key;
    }
    n = blockCount(n);
    if (n > rank) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// The k largest, lower id first on ties.
DEVICE Support topK(const float* x, int columns, int k) {
  unsigned key = 0;
  for (int bit = 31; bit >= 0; bit--) {
    // The k-th largest key is the largest one with at least k keys at or above it.
    unsigned candidate = key | 1u << bit;
    int atOrAbove = countAbove(x, columns, candidate - 1);
    key = atOrAbove >= k ? candidate : key;
  }
  int above = countAbove(x, columns, key);
  return {key, tieId(x, columns, key, k - above - 1)};
}

DEVICE float massAbove(const float* x, int columns, unsigned key, const Support& s, float factor,
                       float lse) {
  float mass = 0.0f;
  for (int c = threadIdx.x; c < columns; c += blockDim.x) {
    unsigned own = orderedKey(x[c]);
    mass += own > key && Support::keeps(s, own, c) ? expf(x[c] * factor - lse) : 0.0f;
  }
  return blockSum(mass);
}

// Within `s`, the fewest most probable tokens whose mass reaches p; lse is that of `s`.
DEVICE Support topP(const float* x, int columns, const Support& s, float p, float factor,
                    float lse) {
  unsigned key = s.key;
  if (massAbove(x, columns, s.key, s, factor, lse) >= p) {
    // The smallest kept key is the largest one at or above which the mass still reaches p.
    key = 0;
    for (int bit = 31; bit >= 0; bit--) {
      unsigned candidate = key | 1u << bit;
      key = massAbove(x, columns, candidate - 1, s, factor, lse) >= p ? candidate : key;
    }
  }
  float above = massAbove(x, columns, key, s, factor, lse);
  float each = 0.0f;
  int ties = 0, mine = 0;
  for (int c = threadIdx.x; c < columns; c += blockDim.x) {
    bool tie = orderedKey(x[c]) == key && Support::keeps(s, key, c);
    mine += tie;
    each = tie ? expf(x[c] * factor - lse) : each;
  }
  ties = blockCount(mine);
  each = blockMax(each);
  int needed = 1;
  while (needed < ties && above + needed * each < p) {
    needed++;
  }
  return {key, tieId(x, columns, key, needed - 1)};
}

// ln of the sum of exp(x factor) over the support. Over everything it is rowLogSumExp.
DEVICE float supportLogSumExp(const float* x, int columns, const Support& s, float factor) {
  float m = rowMax<BlockRow>(x, columns, factor);
  float sum = 0.0f;
  for (int c = threadIdx.x; c < columns; c += blockDim.x) {
    sum += Support::keeps(s, orderedKey(x[c]), c) ? expf(x[c] * factor - m) : 0.0f;
  }
  return m + logf(blockSum(sum));
}

// The first id in vocabulary order at which the cumulative mass exceeds u. Each thread owns a run of
// neighbouring columns.
DEVICE int inverseCdf(const float* x, int columns, const Support& s, float factor, float lse,
                      float u) {
  __shared__ int chosen, lastKept;
  int run = ceilDiv(columns, static_cast<int>(blockDim.x));
  int first = threadIdx.x * run, last = min(first + run, columns);
  float mass = 0.0f;
  for (int c = first; c < last; c++) {
    mass += Support::keeps(s, orderedKey(x[c]), c) ? expf(x[c] * factor - lse) : 0.0f;
  }
  if (threadIdx.x == 0) {
    chosen = columns;
    lastKept = -1;
  }
  float total;
  float cumulative = blockExclusiveSum(mass, total);
  float goal = u * total;  // the total differs from 1 by rounding: u below 1 then always finds a token
  for (int c = first; c < last; c++) {
    if (Support::keeps(s, orderedKey(x[c]), c)) {
      float p = expf(x[c] * factor - lse);
      cumulative += p;
      if (p > 0.0f) {
        atomicMax(&lastKept, c);
        if (cumulative > goal) {
          atomicMin(&chosen, c);
          break;
        }
      }
    }
  }
  __syncthreads();
  return chosen < columns ? chosen : lastKept;
}

DEVICE int argmax(const float* x, int columns) {
  __shared__ int best;
  float m = rowMax<BlockRow>(x, columns, 1.0f);
  if (threadIdx.x == 0) {
    best = columns;
  }
  __syncthreads();
  for (int c = threadIdx.x; c < columns; c += blockDim.x) {
    if (x[c] == m) {
      atomicMin(&best, c);
      break;
    }
  }
  __syncthreads();
  return best;
}

// One block per row. warpSums: the log-sum-exp of such rows is one warp's work elsewhere, and must
// have the same bits here. temperature 0 takes the largest logit, its log-prob is that of 1.
// address [4]: lower and upper half of the seed, stream, step; in memory, so that a graph can be
// started again with others.
KERNEL __launch_bounds__(1024) sample(const float* logits, int columns, int greedy, float factor,
                                      int keep, float mass, const unsigned* address,
                                      const int* samples, const int* positions, int* tokens,
                                      float* logprobs, int warpSums) {
  long long r = blockIdx.x;
  const float* x = logits + r * columns;
  __shared__ float shared;
  float lse;
  if (warpSums) {
    if (threadIdx.x < 32) {
      float v = rowLogSumExp<FirstWarpRow>(x, columns, factor);
      if (threadIdx.x == 0) {
        shared = v;
      }
    }
    __syncthreads();
    lse = shared;
  } else {
    lse = rowLogSumExp<BlockRow>(x, columns, factor);
  }
  Support support = {0, columns};
  int token;
  if (greedy) {
    token = argmax(x, columns);
  } else {
    if (keep > 0 && keep < columns) {
      support = topK(x, columns, keep);
      lse = supportLogSumExp(x, columns, support, factor);
    }
    if (mass < 1.0f) {
      support = topP(x, columns, support, mass, factor, lse);
      lse = supportLogSumExp(x, columns, support, factor);
    }
    uint4 words =
        philox(positions[r], samples[r], address[3], address[2], address[0], address[1]);
    float u = static_cast<float>(words.x >> 8) * 0x1p-24f;
    token = inverseCdf(x, columns, support, factor, lse, u);
  }
  if (threadIdx.x == 0) {
    bool valid = token >= 0 && token < columns;
    tokens[r] = valid ? token : 0;  // a row of NaN has no token: its log-prob says so
    logprobs[r] = valid ? x[token] * factor - lse : __int_as_float(0x7fc00000);
  }
}
REGISTER_KERNEL(sample);
