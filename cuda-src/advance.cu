// Moves sequences that decode without the host on by their drawn token; one that has ended stands still.
#include "common.cuh"

// tokens [N] as drawn; pending, starts, positions, remaining [N] in place.
KERNEL advance(const int* tokens, int stopToken, int* pending, int* starts, int* positions,
               int* remaining, long long size) {
  for (long long n = globalThread(); n < size; n += globalThreads()) {
    bool stops = stopToken >= 0 && tokens[n] == stopToken;
    int left = remaining[n] > 0 && !stops ? remaining[n] - 1 : 0;
    remaining[n] = left;
    if (left > 0) {
      pending[n] = tokens[n];
      starts[n]++;
      positions[n]++;
    }
  }
}
REGISTER_KERNEL(advance);
