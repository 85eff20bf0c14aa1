// Moves sequences that decode without the host on by their drawn token, and gives the places of ended ones
// to the next requests, in order. One block: each number is read and written once.
#include "common.cuh"

// The fields of a request, of the state of R places, and of the progress.
enum { requestPrompt, requestPending, requestCached, requestSample, requestLimit, requestFields };
enum { taken, takenEnd, growing };

// How many threads of the block before this one say yes, and in `total` how many do.
DEVICE int blockRank(bool yes, int& total) {
  __shared__ int counts[32];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  unsigned votes = __ballot_sync(allLanes, yes);
  __syncthreads();  // the counts of an earlier call are read
  if (lane == 0) {
    counts[warp] = __popc(votes);
  }
  __syncthreads();
  int before = __popc(votes & ((1u << lane) - 1));
  total = 0;
  for (int w = 0; w < warps; w++) {
    before += w < warp ? counts[w] : 0;
    total += counts[w];
  }
  return before;
}

// drawn, drawnLogprobs [R]; queue [N,5]; progress [3] and state [7,R] in place; tokens, logprobs [N,M].
// drawnReadouts [R] and readouts [N,M], or both null.
KERNEL __launch_bounds__(1024) advance(const int* drawn, const float* drawnLogprobs,
                                       const float* drawnReadouts, int stopToken, int refill,
                                       const int* queue, int* progress, int* state, int* tokens,
                                       float* logprobs, float* readouts, int rows, int columns) {
  int *pending = state, *starts = pending + rows, *positions = starts + rows,
      *samples = positions + rows, *remaining = samples + rows, *request = remaining + rows,
      *source = request + rows;
  int next = progress[taken], end = progress[takenEnd], active = 0;
  for (int first = 0; first < rows; first += blockDim.x) {
    int r = first + threadIdx.x;
    bool inside = r < rows;
    int left = inside ? remaining[r] : 0;
    if (left > 0) {
      long long n = request[r];
      long long at = n * columns + queue[n * requestFields + requestLimit] - left;
      tokens[at] = drawn[r];
      logprobs[at] = drawnLogprobs[r];
      if (readouts != nullptr) {
        readouts[at] = drawnReadouts[r];
      }
      left = stopToken >= 0 && drawn[r] == stopToken ? 0 : left - 1;
      pending[r] = left > 0 ? drawn[r] : 0;
      starts[r] = left > 0 ? starts[r] + 1 : 0;
      positions[r] = left > 0 ? positions[r] + 1 : 0;
    }
    int prompt = -1, open;
    int n = next + blockRank(inside && refill && left == 0, open);
    if (inside && refill && left == 0 && n < end) {
      const int* own = queue + static_cast<long long>(n) * requestFields;
      prompt = own[requestPrompt];
      pending[r] = own[requestPending];
      starts[r] = own[requestCached];
      positions[r] = own[requestCached] + 1;
      samples[r] = own[requestSample];
      request[r] = n;
      left = own[requestLimit];
    }
    next = min(next + open, max(next, end));
    if (inside) {
      source[r] = prompt;
      remaining[r] = left;
    }
    int more;
    blockRank(left > 0, more);
    active += more;
  }
  if (threadIdx.x == 0) {
    progress[taken] = next;
    progress[growing] = active;
  }
}
REGISTER_KERNEL(advance);
