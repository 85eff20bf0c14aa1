package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Causal self-attention, fused; Dao et al., FlashAttention (2022), for the memory pattern: {@code
 * out = softmax(scale Q Kᵀ) V} per head without the T x T matrix in memory, scale = 1/sqrt(D).
 *
 * <p>Grouped heads: query head h reads key/value head h / (H/K). Saves qkv, out and the log-sum-exp
 * of each row. About 2 B H T² D FLOPs forward (half of the square), 2.5 times that backward.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Attention extends Node {
  private Tensor qkv;
  private Tensor lse;
  private Tensor y;
  private int heads;
  private int kvHeads;
  private double scale;

  private Attention() {}

  /** qkv [B,T,(H+2K)*D]: query, key, value heads side by side; to [B,T,H*D]. */
  public static Tensor forward(Tape tape, Tensor qkv, int heads, int kvHeads) {
    Check.floating("attention", qkv);
    boolean fits =
        qkv.shape().rank() == 3
            && kvHeads > 0
            && heads > 0
            && heads % kvHeads == 0
            && qkv.columns() % (heads + 2 * kvHeads) == 0;
    if (!fits) {
      Check.shape(
          false,
          "attention",
          qkv,
          "expected [B,T,(H+2K)*D] with H = " + heads + " a multiple of K = " + kvHeads);
    }
    int headSize = qkv.columns() / (heads + 2 * kvHeads);
    double scale = 1 / Math.sqrt(headSize);
    Tensor y = tape.arena().likeWithColumns(qkv, heads * headSize);
    Tensor lse = tape.arena().tensor(qkv.dtype(), qkv.dim(0), heads, qkv.dim(1));
    tape.backend().attention(qkv, heads, kvHeads, scale, y, lse);
    if (tape.records(qkv)) {
      Attention node = tape.push(Attention.class, Attention::new, y);
      node.qkv = qkv;
      node.lse = lse;
      node.y = y;
      node.heads = heads;
      node.kvHeads = kvHeads;
      node.scale = scale;
    }
    return y;
  }

  /**
   * With P = exp(scale Q Kᵀ - lse) and δ = Σ dOut out: {@code dV = Pᵀ dOut; dS = P (dOut Vᵀ - δ);
   * dQ = scale dS K; dK = scale dSᵀ Q}.
   */
  @Override
  protected void backward(Tape tape) {
    boolean accumulate = tape.openGrad(qkv);
    tape.backend()
        .attentionBackward(qkv, heads, kvHeads, scale, y, lse, y.grad(), qkv.grad(), accumulate);
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
