package dev.anechoic.tensor.profile;

import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.spec.OpCase;
import dev.anechoic.tensor.spec.OpTable;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * FLOPs and bytes of a kernel call from its arguments.
 *
 * <p>Matrix product and attention are counted by their formulas. All other kernels are linear in
 * their largest operand, with the factor that the op table gives at a point of its grid. Calls that
 * touch only a part of an operand which the data selects (gathers, caches) are not counted.
 */
final class KernelCost {
  /** The count where it depends on the data. */
  static final long UNKNOWN = -1;

  private static final Set<String> BY_DATA =
      Set.of("embedding", "embeddingBackward", "attentionCached", "copySlots", "advance");

  private final Map<String, Double> flopsPerElement = new ConcurrentHashMap<>();

  /** Floating-point operations of a call, or {@link #UNKNOWN}. */
  long flops(String kernel, @Nullable Object[] args) {
    return switch (kernel) {
      case "matmul" -> matmul(tensor(args[0]), Boolean.TRUE.equals(args[1]), tensor(args[5]));
      case "attention" -> 2 * attentionScores(tensor(args[4]));
      case "attentionBackward" -> 5 * attentionScores(tensor(args[4]));
      default ->
          BY_DATA.contains(kernel)
              ? UNKNOWN
              : Math.round(
                  flopsPerElement.computeIfAbsent(kernel, KernelCost::fromTable) * largest(args));
    };
  }

  /** Bytes of all operands, each once, or {@link #UNKNOWN}. */
  long bytes(String kernel, @Nullable Object[] args) {
    if (BY_DATA.contains(kernel)) {
      return UNKNOWN;
    }
    long bytes = 0;
    for (Object arg : args) {
      bytes += arg instanceof Tensor t ? t.size() * t.dtype().bytes() : 0;
    }
    return bytes;
  }

  /** Shapes of the tensors in a call, joined by {@code x}. */
  static String shapes(@Nullable Object[] args) {
    StringBuilder shapes = new StringBuilder();
    for (Object arg : args) {
      if (arg instanceof Tensor t) {
        shapes.append(shapes.isEmpty() ? "" : "x").append(t.shape().toString().replace(" ", ""));
      }
    }
    return shapes.toString();
  }

  /** 2 M N K. */
  private static long matmul(Tensor a, boolean transposed, Tensor y) {
    return 2 * y.size() * a.dim(transposed ? -2 : -1);
  }

  /** B H T (T+1) D for out [B,T,H*D]. */
  private static long attentionScores(Tensor out) {
    return out.size() * (out.dim(-2) + 1);
  }

  /** The factor at the costliest point of the quick grid; small points have other axes of 0. */
  private static double fromTable(String kernel) {
    double factor = 0;
    double most = 0;
    for (OpCase example : OpTable.named(kernel).cases(false, 0)) {
      long elements =
          example.operands().stream().mapToLong(operand -> operand.shape().size()).max().orElse(0);
      if (elements > 0 && example.flops() > most) {
        most = example.flops();
        factor = most / elements;
      }
    }
    return factor;
  }

  private static long largest(@Nullable Object[] args) {
    long elements = 0;
    for (Object arg : args) {
      elements = arg instanceof Tensor t ? Math.max(elements, t.size()) : elements;
    }
    return elements;
  }

  private static Tensor tensor(@Nullable Object arg) {
    if (arg instanceof Tensor tensor) {
      return tensor;
    }
    throw new IllegalStateException("the kernel's signature has changed: no tensor here");
  }
}
