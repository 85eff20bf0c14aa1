package dev.anechoic.bench.peers;

import dev.anechoic.bench.ops.OpRow;
import dev.anechoic.bench.peer.Peer.Prepared;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Ops of libtorch that do what a row of the op table does. A gradient is taken through autograd
 * from a forward pass that is kept.
 */
final class TorchOps {
  private static final double EPS = 1e-5;

  private TorchOps() {}

  /** The op, or null where libtorch is not compared. */
  static @Nullable Prepared prepare(OpRow row) {
    return switch (row.op()) {
      case "matmul" -> matmul(row);
      case "attention" -> attention(row);
      case "attentionBackward" -> attentionBackward(row);
      case "softmax" -> rows(row, "R", "C", x -> torch.softmax(x, 1));
      case "softmaxBackward" -> gradient(matrix(row, "R", "C"), x -> torch.softmax(x, 1));
      case "logSoftmax" -> rows(row, "R", "C", x -> torch.log_softmax(x, 1));
      case "layerNorm" -> rows(row, "R", "C", TorchOps::layerNorm);
      case "layerNormBackward" -> gradient(matrix(row, "R", "C"), TorchOps::layerNorm);
      case "rmsNorm" -> rows(row, "R", "C", TorchOps::rmsNorm);
      case "rmsNormBackward" -> gradient(matrix(row, "R", "C"), TorchOps::rmsNorm);
      case "crossEntropy" -> crossEntropy(row);
      case "crossEntropyBackward" -> crossEntropyBackward(row);
      default -> null;
    };
  }

  /** A function of one tensor. */
  interface Op {
    Tensor apply(Tensor x);
  }

  private static Tensor layerNorm(Tensor x) {
    return torch.layer_norm(
        x, new long[] {x.size(-1)}, new TensorOptional(), new TensorOptional(), EPS, true);
  }

  private static Tensor rmsNorm(Tensor x) {
    return torch.rms_norm(
        x, new long[] {x.size(-1)}, new TensorOptional(), new DoubleOptional(EPS));
  }

  private static Tensor matrix(OpRow row, String rows, String columns) {
    return torch.randn(row.axis(rows), row.axis(columns));
  }

  private static Prepared matmul(OpRow row) {
    int m = row.axis("M");
    int n = row.axis("N");
    int k = row.axis("K");
    Tensor a = row.axis("transposeA") == 1 ? torch.randn(k, m).t() : torch.randn(m, k);
    Tensor b = row.axis("transposeB") == 1 ? torch.randn(n, k).t() : torch.randn(k, n);
    Tensor out = torch.empty(m, n);
    return noGrad(() -> torch.mm_out(out, a, b));
  }

  private static Prepared rows(OpRow row, String rows, String columns, Op op) {
    Tensor x = matrix(row, rows, columns);
    return noGrad(() -> op.apply(x));
  }

  private static Prepared crossEntropy(OpRow row) {
    Tensor logits = matrix(row, "N", "V");
    Tensor targets = targets(row);
    return noGrad(() -> losses(logits, targets));
  }

  private static Prepared crossEntropyBackward(OpRow row) {
    Tensor targets = targets(row);
    return gradient(matrix(row, "N", "V"), x -> losses(x, targets));
  }

  private static Tensor targets(OpRow row) {
    return torch.randint(0, row.axis("V"), new long[] {row.axis("N")}).to(ScalarType.Long);
  }

  /** Loss of each row. */
  private static Tensor losses(Tensor logits, Tensor targets) {
    long none = 0; // at::Reduction::None
    return torch.cross_entropy_loss(logits, targets, new TensorOptional(), none, -100, 0);
  }

  private static Prepared attention(OpRow row) {
    Tensor qkv = qkv(row);
    return noGrad(() -> attend(qkv, row));
  }

  private static Prepared attentionBackward(OpRow row) {
    return gradient(qkv(row), x -> attend(x, row));
  }

  private static Tensor qkv(OpRow row) {
    int width = (row.axis("H") + 2 * row.axis("K")) * row.axis("D");
    return torch.randn(row.axis("B"), row.axis("T"), width);
  }

  /** qkv [B,T,3HD] to [B,H,T,D]: the fused kernel, which reads the heads where they lie. */
  private static Tensor attend(Tensor qkv, OpRow row) {
    return TorchBlock.attend(qkv, row.axis("H"), row.axis("D"));
  }

  private static Prepared noGrad(Runnable op) {
    return () -> {
      try (PointerScope scope = new PointerScope();
          NoGradGuard guard = new NoGradGuard()) {
        op.run();
      }
    };
  }

  /** The gradient with respect to x, from a graph that is built once. */
  private static Prepared gradient(Tensor x, Op op) {
    x.set_requires_grad(true);
    Tensor y = op.apply(x);
    TensorVector outputs = new TensorVector(y);
    TensorVector inputs = new TensorVector(x);
    TensorVector seeds = new TensorVector(torch.randn_like(y));
    return () -> {
      try (PointerScope scope = new PointerScope()) {
        torch.grad(
            outputs, inputs, seeds, new org.bytedeco.pytorch.BoolOptional(true), false, false);
      }
    };
  }
}
