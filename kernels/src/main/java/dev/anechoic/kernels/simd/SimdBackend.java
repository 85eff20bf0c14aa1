package dev.anechoic.kernels.simd;

import dev.anechoic.kernels.scalar.ScalarBackend;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The backend {@code cpu}: kernels written with the Vector API, split over threads of its own.
 *
 * <p>What has no kernel here is inherited from the scalar twin: loops over one number per token.
 */
public final class SimdBackend extends ScalarBackend {
  static final String NAME = "cpu";

  /** A thread's share of the outer cache, as processors of servers have it. */
  private static final long CACHE_BYTES_PER_THREAD = 4L << 20;

  private final WorkerPool pool;
  private final List<Backend> perThread;
  private final CopyKernels copies;
  private final Elementwise elementwise;
  private final SumKernels sums;
  private final MatmulKernels matmul;
  private final TableKernels tables;
  private final SoftmaxKernels softmax;
  private final NormKernels norms;
  private final ActivationKernels activations;
  private final RotaryKernel rotary;
  private final AttentionKernels attention;
  private final CachedAttention cachedAttention;
  private final LogitKernels logits;
  private final SampleKernel sampler;
  private final AdamWKernel adamW;

  /** A backend of its own with so many threads, the caller included. */
  public SimdBackend(int threads) {
    pool = new WorkerPool(threads);
    perThread =
        threads == 1
            ? List.of(this)
            : Stream.<Backend>generate(() -> new SimdBackend(1)).limit(threads).toList();
    copies = new CopyKernels(pool);
    elementwise = new Elementwise(pool);
    sums = new SumKernels(pool);
    matmul = new MatmulKernels(pool);
    tables = new TableKernels(pool);
    softmax = new SoftmaxKernels(pool);
    norms = new NormKernels(pool);
    activations = new ActivationKernels(pool);
    rotary = new RotaryKernel(pool);
    attention = new AttentionKernels(pool);
    cachedAttention = new CachedAttention(pool);
    logits = new LogitKernels(pool);
    sampler = new SampleKernel(pool);
    adamW = new AdamWKernel(pool);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    String forced =
        Lanes.bits() == Lanes.machineBits()
            ? ""
            : " (forced; the machine has " + Lanes.machineBits() + ")";
    return NAME + ": " + Lanes.bits() + "-bit vectors" + forced + ", " + threads() + " threads";
  }

  @Override
  public int threads() {
    return pool.threads();
  }

  @Override
  public List<Backend> perThread() {
    return perThread;
  }

  @Override
  public void runPerThread(IntConsumer work) {
    pool.parallelFor(perThread.size(), (index, worker) -> work.accept(index));
  }

  @Override
  public long cacheBytesPerThread() {
    return CACHE_BYTES_PER_THREAD;
  }

  @Override
  public List<String> warnings() {
    return SelfTest.run();
  }

  // ---- memory -------------------------------------------------------------------------------

  @Override
  public void fill(Tensor x, double value) {
    if (x.dtype() == DType.F32) {
      elementwise.fill(x, (float) value);
    } else {
      super.fill(x, value);
    }
  }

  @Override
  public void copyBlock(
      Tensor src,
      long srcOffset,
      long srcStride,
      Tensor dst,
      long dstOffset,
      long dstStride,
      int rows,
      int columns,
      boolean accumulate) {
    if (src.dtype() == DType.F32) {
      copies.copyBlock(
          src, srcOffset, srcStride, dst, dstOffset, dstStride, rows, columns, accumulate);
    } else {
      super.copyBlock(
          src, srcOffset, srcStride, dst, dstOffset, dstStride, rows, columns, accumulate);
    }
  }

  @Override
  public long countNotFinite(Tensor x) {
    return x.dtype() == DType.F32 ? sums.countNotFinite(x) : super.countNotFinite(x);
  }

  // ---- kernels ------------------------------------------------------------------------------

  @Override
  public void permute(Tensor x, int[] axes, Tensor out, boolean accumulate) {
    copies.permute(x, axes, out, accumulate);
  }

  @Override
  public void add(Tensor a, Tensor b, Tensor out) {
    elementwise.add(a, b, out);
  }

  @Override
  public void mul(Tensor a, Tensor b, Tensor out) {
    elementwise.mul(a, b, out, false);
  }

  @Override
  public void mulBackward(
      Tensor a,
      Tensor b,
      Tensor dOut,
      @Nullable Tensor dA,
      boolean accumulateA,
      @Nullable Tensor dB,
      boolean accumulateB) {
    elementwise.mulBackward(a, b, dOut, dA, accumulateA, dB, accumulateB);
  }

  @Override
  public void scale(Tensor x, double factor, Tensor out, boolean accumulate) {
    elementwise.scale(x, factor, out, accumulate);
  }

  @Override
  public void sumRows(Tensor x, Tensor out, boolean accumulate) {
    sums.sumRows(x, out, accumulate);
  }

  @Override
  public void sumColumns(Tensor x, double factor, Tensor out) {
    sums.sumColumns(x, factor, out);
  }

  @Override
  public void sumColumnsBackward(Tensor dOut, double factor, Tensor dX, boolean accumulate) {
    sums.sumColumnsBackward(dOut, factor, dX, accumulate);
  }

  @Override
  public void sumSquares(Tensor x, Tensor out, boolean accumulate) {
    sums.sumSquares(x, out, accumulate);
  }

  @Override
  public void matmul(
      Tensor a,
      boolean transposeA,
      Tensor b,
      boolean transposeB,
      @Nullable Tensor bias,
      Tensor out,
      boolean accumulate) {
    matmul.matmul(a, transposeA, b, transposeB, bias, out, accumulate);
  }

  @Override
  public void embedding(Tensor table, Tensor indices, Tensor out) {
    tables.embedding(table, indices, out);
  }

  @Override
  public void embeddingBackward(Tensor indices, Tensor dOut, Tensor dTable) {
    tables.embeddingBackward(indices, dOut, dTable);
  }

  @Override
  public void softmax(Tensor x, Tensor y) {
    softmax.softmax(x, y);
  }

  @Override
  public void softmaxBackward(Tensor y, Tensor dY, Tensor dX, boolean accumulate) {
    softmax.softmaxBackward(y, dY, dX, accumulate);
  }

  @Override
  public void logSoftmax(Tensor x, Tensor y) {
    softmax.logSoftmax(x, y);
  }

  @Override
  public void logSoftmaxBackward(Tensor y, Tensor dY, Tensor dX, boolean accumulate) {
    softmax.logSoftmaxBackward(y, dY, dX, accumulate);
  }

  @Override
  public void layerNorm(
      Tensor x,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Tensor y,
      Tensor mean,
      Tensor rstd) {
    norms.layerNorm(x, weight, bias, eps, y, mean, rstd);
  }

  @Override
  public void layerNormBackward(
      Tensor x,
      @Nullable Tensor weight,
      Tensor mean,
      Tensor rstd,
      Tensor dY,
      @Nullable Tensor dX,
      boolean accumulateX,
      @Nullable Tensor dWeight,
      boolean accumulateWeight,
      @Nullable Tensor dBias,
      boolean accumulateBias) {
    norms.layerNormBackward(
        x,
        weight,
        mean,
        rstd,
        dY,
        dX,
        accumulateX,
        dWeight,
        accumulateWeight,
        dBias,
        accumulateBias);
  }

  @Override
  public void rmsNorm(Tensor x, @Nullable Tensor weight, double eps, Tensor y, Tensor rstd) {
    norms.rmsNorm(x, weight, eps, y, rstd);
  }

  @Override
  public void rmsNormBackward(
      Tensor x,
      @Nullable Tensor weight,
      Tensor rstd,
      Tensor dY,
      @Nullable Tensor dX,
      boolean accumulateX,
      @Nullable Tensor dWeight,
      boolean accumulateWeight) {
    norms.rmsNormBackward(x, weight, rstd, dY, dX, accumulateX, dWeight, accumulateWeight);
  }

  @Override
  public void gelu(Tensor x, Tensor y) {
    activations.gelu(x, y);
  }

  @Override
  public void geluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate) {
    activations.geluBackward(x, dY, dX, accumulate);
  }

  @Override
  public void silu(Tensor x, Tensor y) {
    activations.silu(x, y);
  }

  @Override
  public void siluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate) {
    activations.siluBackward(x, dY, dX, accumulate);
  }

  @Override
  public void swiglu(Tensor x, Tensor y) {
    activations.swiglu(x, y);
  }

  @Override
  public void swigluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate) {
    activations.swigluBackward(x, dY, dX, accumulate);
  }

  @Override
  public void dropout(Tensor x, double p, long seed, int stream, int step, Tensor y) {
    activations.dropout(x, p, seed, stream, step, y, false);
  }

  @Override
  public void dropoutBackward(
      Tensor dY, double p, long seed, int stream, int step, Tensor dX, boolean accumulate) {
    activations.dropout(dY, p, seed, stream, step, dX, accumulate);
  }

  @Override
  public void rotary(
      Tensor x,
      @Nullable Tensor starts,
      Tensor table,
      int heads,
      int headSize,
      boolean inverse,
      Tensor y) {
    rotary.rotary(x, starts, table, heads, headSize, inverse, y);
  }

  @Override
  public void attention(Tensor qkv, int heads, int kvHeads, double scale, Tensor out, Tensor lse) {
    attention.attention(qkv, heads, kvHeads, scale, out, lse);
  }

  @Override
  public void attentionBackward(
      Tensor qkv,
      int heads,
      int kvHeads,
      double scale,
      Tensor out,
      Tensor lse,
      Tensor dOut,
      Tensor dQkv,
      boolean accumulate) {
    attention.attentionBackward(qkv, heads, kvHeads, scale, out, lse, dOut, dQkv, accumulate);
  }

  @Override
  public void attentionCached(
      Tensor qkv,
      Tensor slots,
      Tensor starts,
      int heads,
      int kvHeads,
      double scale,
      Tensor keys,
      Tensor values,
      Tensor out) {
    cachedAttention.attend(qkv, slots, starts, heads, kvHeads, scale, keys, values, out);
  }

  @Override
  public void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse) {
    this.logits.crossEntropy(logits, targets, loss, lse);
  }

  @Override
  public void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits, boolean accumulate) {
    this.logits.crossEntropyBackward(logits, targets, lse, dLoss, dLogits, accumulate);
  }

  @Override
  public void tokenLogProbs(
      Tensor logits, Tensor tokens, double temperature, Tensor logprobs, Tensor lse) {
    this.logits.tokenLogProbs(logits, tokens, temperature, logprobs, lse);
  }

  @Override
  public void tokenLogProbsBackward(
      Tensor logits,
      Tensor tokens,
      double temperature,
      Tensor lse,
      Tensor dLogprobs,
      Tensor dLogits,
      boolean accumulate) {
    this.logits.tokenLogProbsBackward(
        logits, tokens, temperature, lse, dLogprobs, dLogits, accumulate);
  }

  @Override
  public void entropy(Tensor logits, double temperature, Tensor entropy, Tensor lse) {
    this.logits.entropy(logits, temperature, entropy, lse);
  }

  @Override
  public void entropyBackward(
      Tensor logits,
      double temperature,
      Tensor entropy,
      Tensor lse,
      Tensor dEntropy,
      Tensor dLogits,
      boolean accumulate) {
    this.logits.entropyBackward(logits, temperature, entropy, lse, dEntropy, dLogits, accumulate);
  }

  @Override
  public void klFull(
      Tensor logitsP, Tensor logitsQ, double temperature, Tensor kl, Tensor lseP, Tensor lseQ) {
    this.logits.klFull(logitsP, logitsQ, temperature, kl, lseP, lseQ);
  }

  @Override
  public void klFullBackward(
      Tensor logitsP,
      Tensor logitsQ,
      double temperature,
      Tensor kl,
      Tensor lseP,
      Tensor lseQ,
      Tensor dKl,
      Tensor dLogitsP,
      boolean accumulate) {
    this.logits.klFullBackward(
        logitsP, logitsQ, temperature, kl, lseP, lseQ, dKl, dLogitsP, accumulate);
  }

  @Override
  public void sample(
      Tensor logits,
      double temperature,
      int topK,
      double topP,
      Tensor address,
      Tensor samples,
      Tensor positions,
      Tensor tokens,
      Tensor logprobs) {
    sampler.sample(logits, temperature, topK, topP, address, samples, positions, tokens, logprobs);
  }

  @Override
  public void adamW(
      Tensor param,
      Tensor grad,
      Tensor m,
      Tensor v,
      Tensor rates,
      double beta1,
      double beta2,
      double eps,
      @Nullable Tensor gradFactor) {
    adamW.adamW(param, grad, m, v, rates, beta1, beta2, eps, gradFactor);
  }

  @Override
  public void close() {
    pool.close();
  }
}
