package dev.anechoic.tensor.spec;

import static dev.anechoic.tensor.spec.Domain.normal;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Attention;
import dev.anechoic.tensor.op.Rotary;
import dev.anechoic.tensor.op.Scale;
import java.util.List;

/** Rotary embedding and attention. */
final class AttentionSpecs {
  private AttentionSpecs() {}

  static List<OpSpec> all() {
    Grid rotary =
        Grid.of("B", 1, 3, 0, 2)
            .and("T", 1, 2, 7, 33, 130)
            .and("H", 1, 3, 2, 4)
            .and("D", 2, 8, 16, 32, 64, 34)
            .and("tail", 0, 5, 64)
            .and("starts", 0, 1)
            .and("inverse", 0, 1);
    Grid whole =
        Grid.of("B", 1, 2, 3)
            .and("T", 1, 2, 3, 7, 16, 17, 33, 64, 65, 97, 130)
            .and("H", 1, 2, 4)
            .and("K", 1, 2, 4)
            .and("D", 4, 8, 16, 32, 64, 6, 80)
            .and("spread", 1, 1, 3)
            .where(p -> p[2] % p[3] == 0)
            .where(p -> p[0] * p[1] * p[1] * p[2] * p[4] < 2_000_000);
    Grid cached =
        Grid.of("B", 1, 2, 3, 5)
            .and("S", 1, 1, 2, 9, 33)
            .and("H", 1, 2, 4)
            .and("K", 1, 2, 4)
            .and("D", 4, 8, 16, 32, 64, 6, 80)
            .and("start", 0, 1, 5, 16, 63, 64, 70, 130)
            .where(p -> p[2] % p[3] == 0);
    Grid copied =
        Grid.of("R", 1, 2, 5)
            .and("H", 1, 2, 4)
            .and("K", 1, 2, 4)
            .and("D", 4, 8, 16, 32, 64, 128, 6, 80)
            .and("past", 1, 16, 63, 64, 65, 130)
            .and("more", 1, 7, 64)
            .where(p -> p[1] % p[2] == 0);
    return List.of(
        new OpSpec("rotary", rotary, AttentionSpecs::rotary),
        new OpSpec("attention", whole, AttentionSpecs::attention),
        new OpSpec("attentionBackward", whole, AttentionSpecs::attentionBackward),
        new OpSpec("attentionCached", cached, AttentionSpecs::attentionCached),
        new OpSpec("copySlots", copied, AttentionSpecs::copySlots));
  }

  private static void rotary(OpCase c) {
    int batch = c.d(0);
    int time = c.d(1);
    int heads = c.d(2);
    int headSize = c.d(3);
    boolean inverse = c.d(6) == 1;
    int lastStart = c.d(5) == 1 ? 11 : 0;
    int positions = time + lastStart;
    int width = Math.max(1, heads * headSize + c.d(4));
    Operand x = c.in("x [B,T,W]", normal(1), batch, time, width).rows().time(1);
    Operand starts =
        lastStart == 0
            ? null
            : c.in("starts [B]", DType.I32, Domain.index(lastStart + 1), batch)
                .rows()
                .below(positions);
    Operand table = c.in("table [P,D]", angles(headSize), positions, headSize);
    Operand y = c.out("y [B,T,W]", batch, time, width).rows().time(1);
    c.run((k, t) ->
        k.rotary(t.get(x), t.maybe(starts), t.get(table), heads, headSize, inverse, t.get(y)));
    if (!inverse) {
      x.differentiable();
      c.op((tape, t) -> {
        Tensor copy = Scale.forward(tape, t.get(x), 1); // the op works in place
        return Rotary.forward(tape, copy, t.maybe(starts), t.get(table), heads, headSize);
      });
    }
    c.flops("3 B T H D", 3.0 * batch * time * heads * headSize);
  }

  /** Cosines in the first half of a row, sines in the second. */
  private static Domain angles(int headSize) {
    int half = headSize / 2;
    return (seed, operand, i) -> {
      int position = i / headSize;
      int column = i % headSize;
      double angle = position * Math.pow(10_000, -(double) (column % half) / half);
      return column < half ? Math.cos(angle) : Math.sin(angle);
    };
  }

  private static void attention(OpCase c) {
    int batch = c.d(0);
    int time = c.d(1);
    int heads = c.d(2);
    int kvHeads = c.d(3);
    int size = c.d(4);
    double scale = scale(size);
    int width = (heads + 2 * kvHeads) * size;
    Operand qkv = c.in("qkv [B,T,(H+2K)*D]", normal(c.d(5)), batch, time, width);
    qkv.rows().time(1).differentiable();
    Operand out = c.out("out [B,T,H*D]", batch, time, heads * size).rows().time(1);
    Operand lse = c.out("lse [B,H,T]", batch, heads, time).rows().time(2);
    c.run((k, t) -> k.attention(t.get(qkv), heads, kvHeads, scale, t.get(out), t.get(lse)));
    c.op((tape, t) -> Attention.forward(tape, t.get(qkv), heads, kvHeads));
    c.flops("2 B H T (T+1) D", 2.0 * batch * heads * time * (time + 1) * size);
    c.sums(Math.max(size, time));
    c.nanSpreads();
  }

  private static void attentionBackward(OpCase c) {
    int batch = c.d(0);
    int time = c.d(1);
    int heads = c.d(2);
    int kvHeads = c.d(3);
    int size = c.d(4);
    double scale = scale(size);
    int width = (heads + 2 * kvHeads) * size;
    Operand qkv = c.in("qkv [B,T,(H+2K)*D]", normal(c.d(5)), batch, time, width).rows().time(1);
    Operand out = c.saved("out [B,T,H*D]", batch, time, heads * size).rows().time(1);
    Operand lse = c.saved("lse [B,H,T]", batch, heads, time).rows().time(2);
    Operand dOut = c.in("dOut [B,T,H*D]", normal(1), batch, time, heads * size);
    dOut.rows().time(1).zeroInPadding();
    Operand dQkv = c.gradient("dQkv [B,T,(H+2K)*D]", batch, time, width).rows().time(1);
    c.prepare((k, t) -> k.attention(t.get(qkv), heads, kvHeads, scale, t.get(out), t.get(lse)));
    c.run((k, t) ->
        k.attentionBackward(
            t.get(qkv),
            heads,
            kvHeads,
            scale,
            t.get(out),
            t.get(lse),
            t.get(dOut),
            t.get(dQkv),
            c.accumulate()));
    c.flops("5 B H T (T+1) D", 5.0 * batch * heads * time * (time + 1) * size);
    c.sums(Math.max(size, time) * heads / kvHeads);
    c.nanSpreads();
  }

  private static void attentionCached(OpCase c) {
    int batch = c.d(0);
    int fresh = c.d(1);
    int heads = c.d(2);
    int kvHeads = c.d(3);
    int size = c.d(4);
    int start = c.d(5);
    int slotCount = batch + 2;
    int capacity = start + fresh + 3;
    double scale = scale(size);
    int width = (heads + 2 * kvHeads) * size;
    Operand qkv = c.in("qkv [B,S,(H+2K)*D]", normal(1), batch, fresh, width).rows();
    Operand slots = c.in("slots [B]", DType.I32, Domain.distinct(slotCount), batch);
    slots.rows().below(slotCount);
    Domain sameStart = (seed, operand, i) -> start;
    Operand starts = c.in("starts [B]", DType.I32, sameStart, batch);
    starts.rows().below(capacity - fresh + 1);
    Operand past = c.helper("past [B,start,(H+2K)*D]", normal(1), batch, start, width).rows();
    Operand zeros = c.helper("zeros", DType.I32, Domain.zero(), batch).rows();
    Operand pastOut = c.helper("pastOut", Domain.zero(), batch, start, heads * size).rows();
    Operand keys = c.opaque("keys [slots,K,Tmax,D]", slotCount, kvHeads, capacity, size);
    Operand values = c.opaque("values [slots,K,Tmax,D]", slotCount, kvHeads, capacity, size);
    Operand out = c.out("out [B,S,H*D]", batch, fresh, heads * size).rows();
    c.before((k, t) -> {
      if (start > 0) {
        k.attentionCached(
            t.get(past),
            t.get(slots),
            t.get(zeros),
            heads,
            kvHeads,
            scale,
            t.get(keys),
            t.get(values),
            t.get(pastOut));
      }
    });
    c.run((k, t) ->
        k.attentionCached(
            t.get(qkv),
            t.get(slots),
            t.get(starts),
            heads,
            kvHeads,
            scale,
            t.get(keys),
            t.get(values),
            t.get(out)));
    c.flops(
        "4 B H S (start + (S+1)/2) D",
        4.0 * batch * heads * fresh * (start + (fresh + 1) / 2.0) * size);
    c.sums(Math.max(size, start + fresh));
    c.nanSpreads();
  }

  /** The order of a cache is the backend's, so attention reads what was copied. */
  private static void copySlots(OpCase c) {
    int rows = c.d(0);
    int heads = c.d(1);
    int kvHeads = c.d(2);
    int size = c.d(3);
    int past = c.d(4);
    int room = (past + 63) / 64 * 64;
    int capacity = room + c.d(5);
    int prompts = 3;
    double scale = scale(size);
    int width = (heads + 2 * kvHeads) * size;
    Operand pastRows = c.helper("past [P,start,(H+2K)*D]", normal(1), prompts, past, width);
    Operand pastOut = c.helper("pastOut", Domain.zero(), prompts, past, heads * size);
    Operand pastSlots = c.helper("pastSlots", DType.I32, (seed, operand, i) -> i, prompts);
    Operand pastStarts = c.helper("zeros", DType.I32, Domain.zero(), prompts);
    Operand fromKeys = c.opaque("fromKeys [P,K,Ts,D]", prompts, kvHeads, room, size);
    Operand fromValues = c.opaque("fromValues [P,K,Ts,D]", prompts, kvHeads, room, size);
    // The first row keeps what its slot holds, the same past as prompt 0.
    Domain sourceOf = (seed, operand, i) -> i == 0 ? -1 : i % prompts;
    Operand sources = c.in("sources [R]", DType.I32, sourceOf, rows);
    Operand keys = c.opaque("keys [slots,K,Tmax,D]", rows + prompts, kvHeads, capacity, size);
    Operand values = c.opaque("values [slots,K,Tmax,D]", rows + prompts, kvHeads, capacity, size);
    Operand qkv = c.in("qkv [R,1,(H+2K)*D]", normal(1), rows, 1, width);
    Operand slots = c.helper("slots [R]", DType.I32, (seed, operand, i) -> i, rows);
    Domain start = (seed, operand, i) -> past;
    Operand starts = c.helper("starts [R]", DType.I32, start, rows);
    Operand out = c.out("out [R,1,H*D]", rows, 1, heads * size);
    c.before((k, t) -> {
      for (boolean target : new boolean[] {false, true}) {
        k.attentionCached(
            t.get(pastRows),
            t.get(pastSlots),
            t.get(pastStarts),
            heads,
            kvHeads,
            scale,
            t.get(target ? keys : fromKeys),
            t.get(target ? values : fromValues),
            t.get(pastOut));
      }
    });
    c.run((k, t) ->
        k.copySlots(
            t.get(fromKeys), t.get(fromValues), t.get(sources), t.get(keys), t.get(values)));
    c.after((k, t) ->
        k.attentionCached(
            t.get(qkv),
            t.get(slots),
            t.get(starts),
            heads,
            kvHeads,
            scale,
            t.get(keys),
            t.get(values),
            t.get(out)));
    c.sums(Math.max(size, past + 1));
    c.nanSpreads();
  }

  /** A power of two near 1/sqrt(D), so that floats hold it exactly. */
  private static double scale(int headSize) {
    return headSize >= 32 ? 0.125 : 0.5;
  }
}
