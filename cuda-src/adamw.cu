// AdamW; Loshchilov, Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2, with
// g = grad gradFactor. Bound by memory: 28 bytes per parameter.
#include "common.cuh"

struct AdamSettings {
  float beta1, beta2, eps;
  float rate, correction2, shrink;  // lr / (1 - b1^t), 1 / (1 - b2^t), lr weightDecay
};

// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
// param -= rate m / (sqrt(correction2 v) + eps) + shrink param.
DEVICE void adamStep(float& param, float grad, float& m, float& v, const AdamSettings& s) {
  m = fmaf(s.beta1, m, (1.0f - s.beta1) * grad);
  v = fmaf(s.beta2, v, (1.0f - s.beta2) * grad * grad);
  float update = s.rate * m / (sqrtf(s.correction2 * v) + s.eps);
  param = param - fmaf(s.shrink, param, update);
}

// rates: rate, correction2 and shrink on the device, so that a recorded step needs no new arguments.
// gradFactor: one float on the device, or null for 1.
KERNEL adamW(float* param, const float* grad, float* m, float* v, long long size,
             const float* rates, float beta1, float beta2, float eps, const float* gradFactor) {
  AdamSettings s = {beta1, beta2, eps, rates[0], rates[1], rates[2]};
  float factor = gradFactor != nullptr ? gradFactor[0] : 1.0f;
  bool vector = reinterpret_cast<unsigned long long>(param) % 16 == 0 &&
                reinterpret_cast<unsigned long long>(grad) % 16 == 0 &&
                reinterpret_cast<unsigned long long>(m) % 16 == 0 &&
                reinterpret_cast<unsigned long long>(v) % 16 == 0;
  long long quads = vector ? size / 4 : 0;
  for (long long i = globalThread(); i < quads; i += globalThreads()) {
    float4 p4 = reinterpret_cast<float4*>(param)[i], g4 = reinterpret_cast<const float4*>(grad)[i];
    float4 m4 = reinterpret_cast<float4*>(m)[i], v4 = reinterpret_cast<float4*>(v)[i];
    adamStep(p4.x, g4.x * factor, m4.x, v4.x, s);
    adamStep(p4.y, g4.y * factor, m4.y, v4.y, s);
    adamStep(p4.z, g4.z * factor, m4.z, v4.z, s);
    adamStep(p4.w, g4.w * factor, m4.w, v4.w, s);
    reinterpret_cast<float4*>(param)[i] = p4;
    reinterpret_cast<float4*>(m)[i] = m4;
    reinterpret_cast<float4*>(v)[i] = v4;
  }
  for (long long i = quads * 4 + globalThread(); i < size; i += globalThreads()) {
    adamStep(param[i], grad[i] * factor, m[i], v[i], s);
  }
}
REGISTER_KERNEL(adamW);
