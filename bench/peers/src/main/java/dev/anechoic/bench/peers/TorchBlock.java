package dev.anechoic.bench.peers;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A block of this project's transformer in libtorch: pre-norm without parameters, rotary positions,
 * causal attention, SwiGLU with gate and up of 4 C each, no biases.
 */
final class TorchBlock {
  private static final double NORM_EPS = 1e-5;
  private static final int FFN_FACTOR = 4;

  private final int channels;
  private final int heads;
  private final int headSize;
  private final Tensor qkv; // [3C,C]
  private final Tensor attentionOut; // [C,C]
  private final Tensor gateUp; // [8C,C]
  private final Tensor down; // [C,4C]

  TorchBlock(int channels, int heads, int layers) {
    this.channels = channels;
    this.heads = heads;
    headSize = channels / heads;
    double deviation = 0.02;
    double residual = deviation / Math.sqrt(2.0 * layers);
    qkv = TorchModel.parameter(3L * channels, channels, deviation);
    attentionOut = TorchModel.parameter(channels, channels, residual);
    gateUp = TorchModel.parameter(2L * FFN_FACTOR * channels, channels, deviation);
    down = TorchModel.parameter(channels, (long) FFN_FACTOR * channels, residual);
  }

  Tensor[] parameters() {
    return new Tensor[] {qkv, attentionOut, gateUp, down};
  }

  /** x [B,T,C] to [B,T,C]; cos and sin [T,D]. */
  Tensor forward(Tensor x, Tensor cos, Tensor sin) {
    long batch = x.size(0);
    long time = x.size(1);
    TensorVector parts = heads(norm(x), batch, time);
    Tensor attended =
        attend(rotate(parts.get(0), cos, sin), rotate(parts.get(1), cos, sin), parts.get(2), true);
    return finish(x, attended, batch, time);
  }

  /**
   * As {@link #forward} for tokens behind those in a cache, which it extends.
   *
   * @param keys [B,H,Tmax,D], and so values
   * @param start tokens in the cache
   */
  Tensor forwardCached(Tensor x, Tensor cos, Tensor sin, Tensor keys, Tensor values, long start) {
    long batch = x.size(0);
    long time = x.size(1);
    TensorVector parts = heads(norm(x), batch, time);
    keys.narrow(2, start, time).copy_(rotate(parts.get(1), cos, sin));
    values.narrow(2, start, time).copy_(parts.get(2));
    Tensor attended =
        attend(
            rotate(parts.get(0), cos, sin),
            keys.narrow(2, 0, start + time),
            values.narrow(2, 0, start + time),
            time > 1);
    return finish(x, attended, batch, time);
  }

  /** Queries, keys and values, [B,H,T,D] each. */
  private TensorVector heads(Tensor h, long batch, long time) {
    return torch.linear(h, qkv).view(batch, time, 3L * heads, headSize).transpose(1, 2).chunk(3, 1);
  }

  private Tensor finish(Tensor x, Tensor attended, long batch, long time) {
    Tensor mixed = attended.transpose(1, 2).reshape(batch, time, channels);
    Tensor y = x.add(torch.linear(mixed, attentionOut));
    TensorVector both = torch.linear(norm(y), gateUp).chunk(2, -1);
    return y.add(torch.linear(torch.silu(both.get(0)).mul(both.get(1)), down));
  }

  static Tensor norm(Tensor x) {
    return torch.layer_norm(
        x, new long[] {x.size(-1)}, new TensorOptional(), new TensorOptional(), NORM_EPS, true);
  }

  /** x [B,H,T,D], its halves turned by the angles of their position. */
  private static Tensor rotate(Tensor x, Tensor cos, Tensor sin) {
    TensorVector halves = x.chunk(2, -1);
    Tensor turned = torch.cat(new TensorVector(halves.get(1).neg(), halves.get(0)), -1);
    return x.mul(cos).add(turned.mul(sin));
  }

  private static Tensor attend(Tensor q, Tensor k, Tensor v, boolean causal) {
    return torch.scaled_dot_product_attention(
        q, k, v, new TensorOptional(), 0, causal, new DoubleOptional(), false);
  }

  /** Causal attention over packed heads, qkv [B,T,3HD], to [B,H,T,D]. */
  static Tensor attend(Tensor packed, int heads, int headSize) {
    TensorVector parts =
        packed
            .view(packed.size(0), packed.size(1), 3L * heads, headSize)
            .transpose(1, 2)
            .chunk(3, 1);
    return attend(parts.get(0), parts.get(1), parts.get(2), true);
  }
}
