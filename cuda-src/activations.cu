// GELU in its tanh form (Hendrycks, Gimpel 2016), SiLU, and SwiGLU (Shazeer, "GLU Variants Improve
// Transformer", 2020). Elementwise, bound by memory. Saves x.
#include "common.cuh"

DEVICE float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

constexpr float geluScale = 0.7978845608028654f;  // sqrt(2 / pi)
constexpr float geluCubic = 0.044715f;

// y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
KERNEL gelu(const float* x, float* y, long long size) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float v = x[i];
    y[i] = 0.5f * v * (1.0f + tanhf(geluScale * (v + geluCubic * v * v * v)));
  }
}

// With t the tanh and u its argument: dX (+)= dY (1 + t + x (1 - t^2) u') / 2
KERNEL geluBackward(const float* x, const float* dY, float* dX, long long size, int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float v = x[i];
    float t = tanhf(geluScale * (v + geluCubic * v * v * v));
    float slope = geluScale * (1.0f + 3.0f * geluCubic * v * v);
    float d = dY[i] * 0.5f * (1.0f + t + v * (1.0f - t * t) * slope);
    dX[i] = accumulate ? dX[i] + d : d;
  }
}

// y = x sigmoid(x)
KERNEL silu(const float* x, float* y, long long size) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    y[i] = x[i] * sigmoid(x[i]);
  }
}

// dX (+)= dY s (1 + x (1 - s)) with s = sigmoid(x)
KERNEL siluBackward(const float* x, const float* dY, float* dX, long long size, int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    float s = sigmoid(x[i]);
    float d = dY[i] * s * (1.0f + x[i] * (1.0f - s));
    dX[i] = accumulate ? dX[i] + d : d;
  }
}

// y[r, f] = silu(gate) up; x [R, 2F] = gate | up, y [R, F]
KERNEL swiglu(const float* x, float* y, long long size, int features) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    long long r = i / features, f = i % features;
    float gate = x[r * 2 * features + f], up = x[r * 2 * features + features + f];
    y[i] = gate * sigmoid(gate) * up;
  }
}

// dGate (+)= dY up s (1 + gate (1 - s)); dUp (+)= dY gate s
KERNEL swigluBackward(const float* x, const float* dY, float* dX, long long size, int features,
                      int accumulate) {
  for (long long i = globalThread(); i < size; i += globalThreads()) {
    long long r = i / features, f = i % features;
    long long at = r * 2 * features + f;
    float gate = x[at], up = x[at + features], d = dY[i], s = sigmoid(gate);
    float dGate = d * up * s * (1.0f + gate * (1.0f - s)), dUp = d * gate * s;
    dX[at] = accumulate ? dX[at] + dGate : dGate;
    dX[at + features] = accumulate ? dX[at + features] + dUp : dUp;
  }
}

REGISTER_KERNEL(gelu);
REGISTER_KERNEL(geluBackward);
REGISTER_KERNEL(silu);
REGISTER_KERNEL(siluBackward);
REGISTER_KERNEL(swiglu);
REGISTER_KERNEL(swigluBackward);
