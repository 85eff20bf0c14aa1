package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.spec.ConformanceReport.Failure;
import dev.anechoic.tensor.spec.ConformanceReport.OpResult;
import org.jspecify.annotations.Nullable;

/**
 * Promises between two kernels: attention over a cache has the bits of attention in full, and a
 * sampled token's log-prob has the bits of the log-prob computed in training.
 */
final class CrossChecks {
  private final Arena arena;
  private final Backend backend;
  private final OpResult result;

  CrossChecks(Arena arena, OpResult result) {
    this.arena = arena;
    this.backend = arena.backend();
    this.result = result;
  }

  void run(OpCase opCase) {
    try {
      if (opCase.spec().name().equals("sample")) {
        compareSampling(opCase);
      } else {
        compareAttention(opCase);
      }
    } catch (RuntimeException e) {
      report(opCase, "two kernels agree", "threw " + e);
    } finally {
      arena.reset();
    }
  }

  private void report(OpCase opCase, String property, @Nullable String complaint) {
    result.countCheck();
    if (complaint != null) {
      result.fail(new Failure(opCase.spec().name(), property, opCase.toString(), complaint));
    }
  }

  // ---- sampling -----------------------------------------------------------------------------

  private void compareSampling(OpCase opCase) {
    int topK = opCase.d(4);
    int topP = opCase.d(5);
    boolean greedy = opCase.d(3) == 0;
    if (!greedy && (topK != 0 || topP != 8)) {
      return;
    }
    Binding binding = new Binding(opCase, arena, 0);
    binding.load();
    binding.call();
    Tensor logits = binding.get(opCase.operand("logits"));
    Tensor tokens = binding.get(opCase.operand("tokens"));
    Tensor sampled = binding.get(opCase.operand("logprobs"));
    Tensor trained = arena.like(sampled);
    Tensor lse = arena.like(sampled);
    double temperature = greedy ? 1 : opCase.d(3) / 4.0;
    backend.tokenLogProbs(logits, tokens, temperature, trained, lse);
    report(
        opCase,
        "sampled log-probs have the bits of tokenLogProbs",
        difference(sampled.toDoubles(), trained.toDoubles()));
  }

  // ---- attention ----------------------------------------------------------------------------

  /** The point of an attentionCached case: the same tokens in full, at once, and in pieces. */
  private void compareAttention(OpCase opCase) {
    int batch = opCase.d(0);
    int fresh = opCase.d(1);
    int heads = opCase.d(2);
    int kvHeads = opCase.d(3);
    int headSize = opCase.d(4);
    int time = opCase.d(5) + fresh;
    int width = (heads + 2 * kvHeads) * headSize;
    double[] values = new double[batch * time * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Domain.normal(1).at(opCase.seed(), 77, i);
    }
    Tensor qkv = arena.of(values, batch, time, width);
    Tensor full = arena.tensor(qkv.dtype(), batch, time, heads * headSize);
    Tensor lse = arena.tensor(qkv.dtype(), batch, heads, time);
    backend.attention(qkv, heads, kvHeads, 0.25, full, lse);
    double[] expected = full.toDoubles();
    for (int piece : new int[] {time, fresh, 1, 7}) {
      double[] got = inPieces(values, batch, time, heads, kvHeads, headSize, piece);
      report(
          opCase,
          "attention over a cache, " + piece + " tokens at a time, has the bits of attention",
          difference(got, expected));
    }
  }

  private double[] inPieces(
      double[] qkv, int batch, int time, int heads, int kvHeads, int headSize, int piece) {
    int width = (heads + 2 * kvHeads) * headSize;
    int outWidth = heads * headSize;
    DType dtype = backend.floatType();
    Tensor keys = arena.tensor(dtype, batch + 1, kvHeads, time + 2, headSize);
    Tensor cacheValues = arena.like(keys);
    backend.fill(keys, Double.NaN);
    backend.fill(cacheValues, Double.NaN);
    Tensor slots = arena.tensor(DType.I32, batch);
    int[] slotOf = new int[batch];
    java.util.Arrays.setAll(slotOf, b -> batch - b); // not the identity
    backend.write(slots, slotOf, 0);
    double[] result = new double[batch * time * outWidth];
    for (int start = 0; start < time; start += piece) {
      int count = Math.min(piece, time - start);
      Tensor part = arena.of(times(qkv, batch, time, width, start, count), batch, count, width);
      Tensor starts = arena.tensor(DType.I32, batch);
      backend.fill(starts, start);
      Tensor out = arena.tensor(dtype, batch, count, outWidth);
      backend.attentionCached(part, slots, starts, heads, kvHeads, 0.25, keys, cacheValues, out);
      double[] got = out.toDoubles();
      for (int b = 0; b < batch; b++) {
        System.arraycopy(
            got, b * count * outWidth, result, (b * time + start) * outWidth, count * outWidth);
      }
    }
    return result;
  }

  /** Times [start, start + count) of rows [batch, time, width]. */
  private static double[] times(
      double[] values, int batch, int time, int width, int start, int count) {
    double[] part = new double[batch * count * width];
    for (int b = 0; b < batch; b++) {
      System.arraycopy(values, (b * time + start) * width, part, b * count * width, count * width);
    }
    return part;
  }

  private static @Nullable String difference(double[] a, double[] b) {
    for (int i = 0; i < a.length; i++) {
      if (!Binding.sameBits(a[i], b[i])) {
        return "element " + i + ": " + a[i] + " against " + b[i];
      }
    }
    return null;
  }
}
