package dev.anechoic.tensor;

import org.jspecify.annotations.Nullable;

/**
 * The kernel table: every computation a backend must offer, one method each.
 *
 * <p>Letters: B batch, T time, C channels, H query heads, K key/value heads, D head size, V
 * vocabulary, N tokens (rows), R rows (all axes but the last), M/N/K also the extents of a matmul.
 *
 * <p>Contract of all methods:
 *
 * <ul>
 *   <li>Shapes and types were checked by the op that calls; a kernel checks only indices that it
 *       reads from tensors.
 *   <li>Tensors are dense and row-major from their offset. Outputs may not overlap inputs unless
 *       the method says so.
 *   <li>A gradient parameter comes with {@code accumulate}: {@code d = (accumulate ? d : 0) +
 *       value}.
 *   <li>A null gradient is not wanted and not computed.
 *   <li>The bits of a row of the result depend only on that row's inputs: not on the number of
 *       rows, on the thread count, or on padding. Sums over rows (weight and bias gradients, norms)
 *       have a fixed order that does not depend on the thread count.
 *   <li>NaN and infinity propagate as in IEEE arithmetic, except where a method says otherwise.
 *   <li>A slot of a per-token loss (cross-entropy to value loss) that is masked by a negative token
 *       or whose incoming gradient is exactly 0 gets gradient 0 and its inputs may hold anything,
 *       NaN included; backends may skip it.
 *   <li>An extent of 0 is legal for rows, batch, time and matmul extents; nothing is then written,
 *       except that a matmul with K = 0 gives 0 (or the old value) plus bias, and a sum of nothing
 *       is 0. Columns of softmax, norms and logits are at least 1.
 *   <li>A bad index throws {@link TensorException} of kind INDEX before or after other rows are
 *       written; an asynchronous backend may throw at its next synchronising call.
 * </ul>
 *
 * <p>The naive loops of {@code dev.anechoic.tensor.reference.ReferenceBackend} are the
 * specification; {@code dev.anechoic.tensor.spec.OpTable} lists test cases, FLOPs and bytes.
 */
public interface Kernels {

  /** How the sampled KL estimator is formed; Schulman, "Approximating KL divergence" (2020). */
  enum KlEstimator {
    /** {@code log p − log q}: unbiased, high variance. */
    K1,
    /** {@code (log p − log q)² / 2}: biased, low variance. */
    K2,
    /** {@code q/p − 1 − log(q/p)}: unbiased, never negative. */
    K3
  }

  // ---- memory -------------------------------------------------------------------------------

  /** {@code x = value}, any float type or I32. */
  void fill(Tensor x, double value);

  /** {@code dst = src}, same size; converts between float types (to BF16 by rounding to even). */
  void copy(Tensor src, Tensor dst);

  /**
   * A rectangle of elements: {@code dst[dstOffset + r*dstStride + c] (+)= src[srcOffset +
   * r*srcStride + c]} for r below rows, c below columns. Serves concat, slice and their gradients.
   */
  void copyBlock(
      Tensor src,
      long srcOffset,
      long srcStride,
      Tensor dst,
      long dstOffset,
      long dstStride,
      int rows,
      int columns,
      boolean accumulate);

  /** {@code out (+)= x} with axes permuted: {@code out.dim(i) = x.dim(axes[i])}, rank up to 4. */
  void permute(Tensor x, int[] axes, Tensor out, boolean accumulate);

  // ---- elementwise and sums -----------------------------------------------------------------

  /** {@code out = a + b}; b of smaller size repeats over the leading axes. out may be a. */
  void add(Tensor a, Tensor b, Tensor out);

  /** {@code out = a * b}, same shape. */
  void mul(Tensor a, Tensor b, Tensor out);

  /** {@code dA (+)= dOut * b; dB (+)= dOut * a}. */
  void mulBackward(
      Tensor a,
      Tensor b,
      Tensor dOut,
      @Nullable Tensor dA,
      boolean accumulateA,
      @Nullable Tensor dB,
      boolean accumulateB);

  /** {@code out (+)= factor * x}. out may be x when not accumulating. */
  void scale(Tensor x, double factor, Tensor out, boolean accumulate);

  /** Column sums {@code out[c] (+)= Σ_r x[r,c]}, r in increasing order: gradient of a bias. */
  void sumRows(Tensor x, Tensor out, boolean accumulate);

  /** Row sums {@code out[r] = factor * Σ_c x[r,c]}; x [R,C], out [R]. */
  void sumColumns(Tensor x, double factor, Tensor out);

  /** {@code dX[r,c] (+)= factor * dOut[r]}. */
  void sumColumnsBackward(Tensor dOut, double factor, Tensor dX, boolean accumulate);

  /**
   * {@code out[0] = Σ_i weights[i] * x[i]}; slots of weight exactly 0 are skipped, so that a NaN in
   * a masked slot does not matter. x and weights [N], out [1].
   */
  void weightedSum(Tensor x, Tensor weights, Tensor out);

  /** {@code dX[i] (+)= dOut[0] * weights[i]}. */
  void weightedSumBackward(Tensor weights, Tensor dOut, Tensor dX, boolean accumulate);

  /**
   * {@code out[0] (+)= Σ x²} in chunks of fixed size whose partial sums are added in order: global
   * gradient norm.
   */
  void sumSquares(Tensor x, Tensor out, boolean accumulate);

  /**
   * {@code out[0] = min(1, maxNorm / sqrt(sumSquares[0]))}: the factor of a clip by global norm; 1
   * where the norm is 0, and NaN stays NaN.
   */
  void clipFactor(Tensor sumSquares, double maxNorm, Tensor out);

  /** Number of NaN or infinite elements; waits for the device. */
  long countNotFinite(Tensor x);

  // ---- matmul -------------------------------------------------------------------------------

  /**
   * {@code out (+)= op(a) op(b) + bias}, op = transpose of the last two axes where asked. a
   * [..,M,K], b [..,K,N] or [K,N] shared by the batch, bias [N] or null, out [..,M,N]. A rank-2 b
   * makes the leading axes of an untransposed a rows of one matmul. Each output element is one
   * chain of fused multiply-adds over k in increasing order that starts from 0, or from the old
   * value when accumulating; the bias is added last. FLOPs 2 M N K.
   */
  void matmul(
      Tensor a,
      boolean transposeA,
      Tensor b,
      boolean transposeB,
      @Nullable Tensor bias,
      Tensor out,
      boolean accumulate);

  // ---- embedding ----------------------------------------------------------------------------

  /**
   * {@code out[n,:] = table[indices[n],:]}; table [V,C], indices I32 [N], out [N,C].
   *
   * @throws TensorException of kind INDEX for an index outside [0, V)
   */
  void embedding(Tensor table, Tensor indices, Tensor out);

  /**
   * {@code dTable[indices[n],:] += dOut[n,:]}, n in increasing order; always accumulates.
   *
   * @throws TensorException of kind INDEX for an index outside [0, V)
   */
  void embeddingBackward(Tensor indices, Tensor dOut, Tensor dTable);

  // ---- softmax and norms, along the last axis -----------------------------------------------

  /** {@code y = exp(x - max) / Σ exp(x - max)}. */
  void softmax(Tensor x, Tensor y);

  /** {@code dX (+)= y (dY - Σ dY y)}. */
  void softmaxBackward(Tensor y, Tensor dY, Tensor dX, boolean accumulate);

  /** {@code y = x - max - ln Σ exp(x - max)}. */
  void logSoftmax(Tensor x, Tensor y);

  /** {@code dX (+)= dY - exp(y) Σ dY}. */
  void logSoftmaxBackward(Tensor y, Tensor dY, Tensor dX, boolean accumulate);

  /**
   * {@code xhat = (x - mean) * rstd; y = xhat * weight + bias}; rstd = 1/sqrt(var + eps), biased
   * variance; weight and bias [C] or null. Saves mean and rstd [R].
   */
  void layerNorm(
      Tensor x,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Tensor y,
      Tensor mean,
      Tensor rstd);

  /**
   * With g = dY * weight: {@code dX (+)= rstd (g - mean(g) - xhat mean(g xhat))}; {@code dWeight
   * (+)= Σ_r dY xhat; dBias (+)= Σ_r dY}, r in increasing order.
   */
  void layerNormBackward(
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
      boolean accumulateBias);

  /** {@code y = x * rstd * weight}, rstd = 1/sqrt(mean(x²) + eps) [R]; weight [C] or null. */
  void rmsNorm(Tensor x, @Nullable Tensor weight, double eps, Tensor y, Tensor rstd);

  /**
   * With g = dY * weight, xhat = x rstd: {@code dX (+)= rstd (g - xhat mean(g xhat)); dWeight (+)=
   * Σ_r dY xhat}.
   */
  void rmsNormBackward(
      Tensor x,
      @Nullable Tensor weight,
      Tensor rstd,
      Tensor dY,
      @Nullable Tensor dX,
      boolean accumulateX,
      @Nullable Tensor dWeight,
      boolean accumulateWeight);

  // ---- activations --------------------------------------------------------------------------

  /** {@code y = x/2 (1 + tanh(sqrt(2/π) (x + 0.044715 x³)))}, the tanh form of GELU. */
  void gelu(Tensor x, Tensor y);

  /** Gradient of {@link #gelu}. */
  void geluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate);

  /** {@code y = x σ(x)}. */
  void silu(Tensor x, Tensor y);

  /** {@code dX (+)= dY σ(x) (1 + x (1 - σ(x)))}. */
  void siluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate);

  /** {@code y[r,f] = silu(gate) * up} with x [R,2F] = gate | up, y [R,F]. */
  void swiglu(Tensor x, Tensor y);

  /** Gradient of {@link #swiglu} for both halves of x. */
  void swigluBackward(Tensor x, Tensor dY, Tensor dX, boolean accumulate);

  /**
   * {@code y = x m / (1 - p)}, m = 1 where {@code uniform(seed, stream, step, row, column / 4 as
   * position, word column % 4) >= p}, compared in double; x [R,C], row counts as the sample.
   */
  void dropout(Tensor x, double p, long seed, int stream, int step, Tensor y);

  /** Gradient of {@link #dropout}: the same mask, made anew from the address. */
  void dropoutBackward(
      Tensor dY, double p, long seed, int stream, int step, Tensor dX, boolean accumulate);

  // ---- attention ----------------------------------------------------------------------------

  /**
   * Rotary position embedding on the first {@code heads} heads of each row; Su et al., RoFormer
   * (2021), in the half-split pairing (i, i + D/2) of GPT-NeoX. {@code y_i = x_i cos − x_{i+D/2}
   * sin; y_{i+D/2} = x_{i+D/2} cos + x_i sin}; the inverse turns the other way (its gradient).
   * Heads after the first {@code heads} are copied. y may be x.
   *
   * @param x [B,T,W] with W >= heads * headSize
   * @param starts I32 [B], position of the first token of each row, or null for 0
   * @param table [positions, headSize]: cos in the first half of a row, sin in the second
   * @throws TensorException of kind INDEX for a position outside the table
   */
  void rotary(
      Tensor x,
      @Nullable Tensor starts,
      Tensor table,
      int heads,
      int headSize,
      boolean inverse,
      Tensor y);

  /**
   * Causal self-attention, {@code out = softmax(scale Q K^T) V} per head; query head h reads
   * key/value head h / (H/K).
   *
   * @param qkv [B,T,(H+2K)*D]: H query heads, K key heads, K value heads
   * @param out [B,T,H*D]
   * @param lse [B,H,T], log-sum-exp of the scaled scores, saved for backward
   */
  void attention(Tensor qkv, int heads, int kvHeads, double scale, Tensor out, Tensor lse);

  /** With P recomputed from lse: gradients of Q, K and V into dQkv (same layout as qkv). */
  void attentionBackward(
      Tensor qkv,
      int heads,
      int kvHeads,
      double scale,
      Tensor out,
      Tensor lse,
      Tensor dOut,
      Tensor dQkv,
      boolean accumulate);

  /**
   * Attention of new tokens over a cache: stores the keys and values of qkv at positions
   * starts[b]..starts[b]+S-1 of slot slots[b], then lets each new row attend to positions 0..its
   * own. A row's bits are those of {@link #attention}. Positions of the cache that nothing was
   * stored at may hold anything, NaN included.
   *
   * @param qkv [B,S,(H+2K)*D], rotated
   * @param slots I32 [B], cache slot of each row
   * @param starts I32 [B], position of the first new token
   * @param keys [slots,K,Tmax,D]; the order of elements within is the backend's own
   * @param values [slots,K,Tmax,D]; the order of elements within is the backend's own
   * @param out [B,S,H*D]
   * @throws TensorException of kind INDEX for a slot outside the cache, a negative start, or new
   *     tokens beyond Tmax
   */
  void attentionCached(
      Tensor qkv,
      Tensor slots,
      Tensor starts,
      int heads,
      int kvHeads,
      double scale,
      Tensor keys,
      Tensor values,
      Tensor out);

  /**
   * Copies the first positions of cached sequences into another cache, where slot r takes them from
   * slot {@code sources[r]}; a negative source leaves the slot alone. Nothing is copied beyond the
   * source's positions.
   *
   * @param fromKeys [P,K,Ts,D], filled by {@link #attentionCached} at a positive scale; Ts is a
   *     multiple of 64 or equals Tmax: backends order positions in blocks of at most that
   * @param fromValues the same
   * @param sources I32 [R], R at most the slots of the other cache
   * @param keys [slots,K,Tmax,D], in place
   * @param values the same
   */
  void copySlots(Tensor fromKeys, Tensor fromValues, Tensor sources, Tensor keys, Tensor values);

  // ---- losses over logits -------------------------------------------------------------------

  /**
   * {@code loss[n] = lse[n] - logits[n,targets[n]]}; a negative target is masked: loss and lse 0.
   * logits [N,V], targets I32 [N], loss and lse [N].
   *
   * @throws TensorException of kind INDEX for a target of V or more
   */
  void crossEntropy(Tensor logits, Tensor targets, Tensor loss, Tensor lse);

  /** {@code dLogits[n,v] (+)= dLoss[n] (exp(logits - lse) - [v = target])}; 0 where masked. */
  void crossEntropyBackward(
      Tensor logits, Tensor targets, Tensor lse, Tensor dLoss, Tensor dLogits, boolean accumulate);

  /**
   * {@code logprobs[n] = logits[n,token]/temperature - lse[n]}, lse of logits/temperature; a
   * negative token is masked: logprob and lse 0. Same bits as {@link #sample} at the same
   * temperature.
   *
   * @throws TensorException of kind INDEX for a token of V or more
   */
  void tokenLogProbs(Tensor logits, Tensor tokens, double temperature, Tensor logprobs, Tensor lse);

  /**
   * {@code dLogits[n,v] (+)= dLogprobs[n] ([v = token] - softmax) / temperature}; 0 where masked.
   */
  void tokenLogProbsBackward(
      Tensor logits,
      Tensor tokens,
      double temperature,
      Tensor lse,
      Tensor dLogprobs,
      Tensor dLogits,
      boolean accumulate);

  /**
   * {@code entropy[n] = -Σ_v p_v ln p_v} in nats, with ln p = logits/temperature - lse and {@code 0
   * ln 0 = 0}, so that a logit of minus infinity is legal; saves lse [N].
   */
  void entropy(Tensor logits, double temperature, Tensor entropy, Tensor lse);

  /** {@code dLogits (+)= - dEntropy p (ln p + entropy) / temperature}. */
  void entropyBackward(
      Tensor logits,
      double temperature,
      Tensor entropy,
      Tensor lse,
      Tensor dEntropy,
      Tensor dLogits,
      boolean accumulate);

  /**
   * {@code kl[n] = Σ_v p_v (ln p_v - ln q_v)}, p and q the softmax of both logits over temperature,
   * a term with p = 0 being 0; saves lseP and lseQ [N].
   */
  void klFull(
      Tensor logitsP, Tensor logitsQ, double temperature, Tensor kl, Tensor lseP, Tensor lseQ);

  /** {@code dLogitsP (+)= dKl p (ln p - ln q - kl) / temperature}; q is a constant. */
  void klFullBackward(
      Tensor logitsP,
      Tensor logitsQ,
      double temperature,
      Tensor kl,
      Tensor lseP,
      Tensor lseQ,
      Tensor dKl,
      Tensor dLogitsP,
      boolean accumulate);

  /** Sampled KL per token from log-probs of policy and reference, all [N]. */
  void klSampled(Tensor logprobs, Tensor refLogprobs, KlEstimator estimator, Tensor kl);

  /** Gradient for logprobs, with refLogprobs constant; exactly 0 where dKl is 0. */
  void klSampledBackward(
      Tensor logprobs,
      Tensor refLogprobs,
      KlEstimator estimator,
      Tensor dKl,
      Tensor dLogprobs,
      boolean accumulate);

  /**
   * PPO's clipped surrogate; Schulman et al. (2017), equation 7, as a loss: {@code ratio =
   * exp(logprobs - oldLogprobs); loss = -min(ratio A, clip(ratio, 1 - clipLow, 1 + clipHigh) A)}.
   * All [N].
   */
  void policyLoss(
      Tensor logprobs,
      Tensor oldLogprobs,
      Tensor advantages,
      double clipLow,
      double clipHigh,
      Tensor loss,
      Tensor ratio);

  /**
   * {@code dLogprobs (+)= -dLoss A ratio} unless {@code ratio A > clip(ratio) A}; else, and where
   * dLoss is 0, exactly 0.
   */
  void policyLossBackward(
      Tensor advantages,
      double clipLow,
      double clipHigh,
      Tensor ratio,
      Tensor dLoss,
      Tensor dLogprobs,
      boolean accumulate);

  /**
   * Clipped value loss: {@code loss = max((v - R)², (clip(v, old - c, old + c) - R)²) / 2}, all
   * [N]; clip infinite for none.
   */
  void valueLoss(Tensor values, Tensor oldValues, Tensor returns, double clip, Tensor loss);

  /**
   * {@code dValues (+)= dLoss (v - R)} unless {@code (v - R)² < (clip(v, old - c, old + c) - R)²};
   * else, and where dLoss is 0, exactly 0.
   */
  void valueLossBackward(
      Tensor values,
      Tensor oldValues,
      Tensor returns,
      double clip,
      Tensor dLoss,
      Tensor dValues,
      boolean accumulate);

  // ---- sampling and optimizer ---------------------------------------------------------------

  /**
   * Draws one token per row by the inverse of the cumulative distribution: the first kept token in
   * vocabulary order whose cumulative probability exceeds the uniform at address (seed, stream,
   * step, samples[n], positions[n]); where rounding leaves none, the last kept one of positive
   * probability. Seed, stream and step come in a tensor, so that a recorded rollout can be
   * replayed.
   *
   * <p>temperature 0 takes the largest logit (first on ties) and ignores topK and topP; its
   * log-prob is that of temperature 1. topK 0, V or more keeps all; topP 1 keeps all. top-k keeps
   * the k largest (lower id first on ties), then top-p, in the same order, the fewest (at least
   * one) whose share of the mass that top-k kept reaches topP. The log-prob is over the kept
   * support.
   *
   * <p>A row with a NaN logit gives some token in [0, V) and log-prob NaN.
   *
   * @param logits [N,V]
   * @param address I32 [4], see {@link Philox#address}
   * @param samples I32 [N]
   * @param positions I32 [N]
   * @param tokens I32 [N], out
   * @param logprobs [N], out; with topK 0 and topP 1 the same bits as {@link #tokenLogProbs}
   */
  void sample(
      Tensor logits,
      double temperature,
      int topK,
      double topP,
      Tensor address,
      Tensor samples,
      Tensor positions,
      Tensor tokens,
      Tensor logprobs);

  /**
   * Moves R sequences that decode without the host on by their drawn token, and gives ended ones
   * their place up to the next of N requests. The state has a row for each number of a sequence:
   *
   * <pre>
   * pending    the token that the next step reads
   * starts     its place in the cache
   * positions  the place of the token that the next step draws
   * samples    the request's own part of the address of its random numbers
   * remaining  tokens still to draw; 0 where nothing grows
   * request    its number
   * source     the prompt to copy into the cache before the next step (see copySlots), or -1
   * </pre>
   *
   * <p>Where {@code remaining[r] > 0} the drawn token, its log-prob and what was read off its state
   * become number {@code limit - remaining} of the request, and remaining is counted down by 1, to
   * 0 at once where the token is the stop token. Where some remain then, {@code pending} is the
   * drawn token, and starts and positions grow by 1; otherwise pending, starts and positions are 0,
   * so that a free place costs attention one key. Where asked, free places take the next requests,
   * the first free place the first one, while {@code progress[0] < progress[1]}.
   *
   * @param drawn I32 [R], as drawn by {@link #sample}
   * @param drawnLogprobs [R], as from there
   * @param drawnReadouts [R], or null where nothing is read
   * @param stopToken negative for none
   * @param refill whether free places take requests
   * @param queue I32 [N,5]: prompt, pending token, cached tokens, sample, limit (at least 1) of
   *     each request
   * @param progress I32 [3], in place: requests taken, their end, sequences that grow
   * @param state I32 [7,R], in place
   * @param tokens I32 [N,M], in place: M at least the largest limit
   * @param logprobs [N,M], in place
   * @param readouts [N,M], in place; null where drawnReadouts is
   */
  void advance(
      Tensor drawn,
      Tensor drawnLogprobs,
      @Nullable Tensor drawnReadouts,
      int stopToken,
      boolean refill,
      Tensor queue,
      Tensor progress,
      Tensor state,
      Tensor tokens,
      Tensor logprobs,
      @Nullable Tensor readouts);

  /**
   * AdamW; Loshchilov and Hutter (2019): {@code g = grad * gradFactor[0]; m = β1 m + (1-β1) g; v =
   * β2 v + (1-β2) g²; param -= lr (mhat / (sqrt(vhat) + eps) + weightDecay param)}. What changes
   * from step to step comes in a tensor, so that a recorded step can be replayed.
   *
   * @param rates [3], with the step t counted from 1: {@code lr / (1 - β1^t)}, {@code 1 / (1 -
   *     β2^t)}, {@code lr weightDecay}
   * @param gradFactor [1], from {@link #clipFactor}, or null for 1
   */
  void adamW(
      Tensor param,
      Tensor grad,
      Tensor m,
      Tensor v,
      Tensor rates,
      double beta1,
      double beta2,
      double eps,
      @Nullable Tensor gradFactor);
}
