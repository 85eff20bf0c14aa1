// PPO's clipped surrogate as a loss. Schulman et al., "Proximal Policy Optimization Algorithms"
// (2017), equation 7: ratio = exp(logprobs - oldLogprobs),
// loss = -min(ratio A, clip(ratio, 1 - low, 1 + high) A). Saves ratio [N].
#include "common.cuh"

KERNEL policyLoss(const float* logprobs, const float* oldLogprobs, const float* advantages,
                  float clipLow, float clipHigh, float* loss, float* ratio, long long size) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float r = expf(logprobs[i] - oldLogprobs[i]), a = advantages[i];
    float plain = r * a, clipped = clampNan(r, 1.0f - clipLow, 1.0f + clipHigh) * a;
    loss[i] = -minNan(plain, clipped);
    ratio[i] = r;
  }
}

// dLogprobs (+)= -dLoss A ratio where the unclipped branch is active, else 0.
KERNEL policyLossBackward(const float* advantages, float clipLow, float clipHigh,
                          const float* ratio, const float* dLoss, float* dLogprobs, long long size,
                          int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float r = ratio[i], a = advantages[i];
    bool clipped = r * a > clampNan(r, 1.0f - clipLow, 1.0f + clipHigh) * a;
    float d = clipped || dLoss[i] == 0.0f ? 0.0f : -dLoss[i] * (r * a);
    dLogprobs[i] = accumulate ? dLogprobs[i] + d : d;
  }
}
REGISTER_KERNEL(policyLoss);
REGISTER_KERNEL(policyLossBackward);
