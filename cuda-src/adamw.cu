// AdamW; Loshchilov, Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2, with
// g = grad gradFactor. Bound by memory: 28 bytes per parameter.
#include "common.cuh"

struct AdamSettings {
  float lr, beta1, beta2, eps, weightDecay, correction1, correction2;
};

// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
// param -= lr (mhat / (sqrt(vhat) + eps) + weightDecay param), mhat = m / correction1, likewise vhat.
DEVICE void adamStep(float& param, float grad, float& m, float& v, const AdamSettings& s) {
  m = fmaf(s.beta1, m, (1.0f - s.beta1) * grad);
  v = fmaf(s.beta2, v, (1.0f - s.beta2) * grad * grad);
  float update = (m / s.correction1) / (sqrtf(v / s.correction2) + s.eps);
  param = param - s.lr * fmaf(s.weightDecay, param, update);
}

// gradFactor: one float on the device, or null for 1.
KERNEL adamW(float* param, const float* grad, float* m, float* v, long long size, float lr,
             float beta1, float beta2, float eps, float weightDecay, float correction1,
             float correction2, const float* gradFactor) {
  AdamSettings s = {lr, beta1, beta2, eps, weightDecay, correction1, correction2};
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
