// Clipped value loss: max((v - R)^2, (clip(v, old - c, old + c) - R)^2) / 2. PPO's reference
// implementation (OpenAI baselines); an infinite clip gives half the squared error.
#include "common.cuh"

DEVICE float clippedValue(float value, float old, float clip) {
  return clampNan(value, old - clip, old + clip);
}

KERNEL valueLoss(const float* values, const float* oldValues, const float* returns, float clip,
                 float* loss, long long size) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float plain = values[i] - returns[i];
    float clipped = clippedValue(values[i], oldValues[i], clip) - returns[i];
    float a = plain * plain, b = clipped * clipped;
    loss[i] = 0.5f * maxNan(a, b);
  }
}

// dValues (+)= dLoss (v - R) where the unclipped error is the larger, else 0.
KERNEL valueLossBackward(const float* values, const float* oldValues, const float* returns,
                         float clip, const float* dLoss, float* dValues, long long size,
                         int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float plain = values[i] - returns[i];
    float clipped = clippedValue(values[i], oldValues[i], clip) - returns[i];
    bool constant = plain * plain < clipped * clipped;
    float d = constant || dLoss[i] == 0.0f ? 0.0f : dLoss[i] * plain;
    dValues[i] = accumulate ? dValues[i] + d : d;
  }
}
REGISTER_KERNEL(valueLoss);
REGISTER_KERNEL(valueLossBackward);
