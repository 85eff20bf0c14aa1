package dev.anechoic.model.transformer;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Add;
import dev.anechoic.tensor.op.Attention;
import dev.anechoic.tensor.op.Checkpoint;
import dev.anechoic.tensor.op.Embedding;
import dev.anechoic.tensor.op.LayerNorm;
import dev.anechoic.tensor.op.MatMul;
import dev.anechoic.tensor.op.RmsNorm;
import dev.anechoic.tensor.op.Rotary;
import dev.anechoic.tensor.op.SwiGlu;
import org.jspecify.annotations.Nullable;

/**
 * One block: {@code y = x + Wo attention(Wqkv norm(x)); out = y + Wdown swiglu(Wgu norm(y))}.
 *
 * <p>Activations are matrices of N = B T rows; only rotary and attention see the axes B and T,
 * through a view. Where nothing is recorded, each activation goes back to the arena as soon as it
 * has been used, so that a forward pass stays in cache.
 */
final class Block {
  private final ModelConfig config;
  private final int layer;
  private final Tensor qkv; // [C,(H+2K)D]
  private final Tensor attentionOut; // [HD,C]
  private final Tensor gateUp; // [C,2F]
  private final Tensor down; // [F,C]
  private final @Nullable Tensor attentionNorm; // [C]
  private final @Nullable Tensor ffnNorm; // [C]
  private final @Nullable Tensor rotaryTable; // [positions,D]

  private Shape heads = Shape.of(0, 0, 0); // [B,T,(H+2K)D] of the last batch
  private Shape rows = Shape.of(0, 0); // [N,HD] of the last batch
  private @Nullable Checkpointed checkpointed;
  private @Nullable ResidualObserver observer;

  Block(ModelConfig config, int layer, Parameters parameters, @Nullable Tensor rotaryTable) {
    this.config = config;
    this.layer = layer;
    this.rotaryTable = rotaryTable;
    qkv = parameters.get(ParameterLayout.Names.qkv(layer));
    attentionOut = parameters.get(ParameterLayout.Names.attentionOut(layer));
    gateUp = parameters.get(ParameterLayout.Names.gateUp(layer));
    down = parameters.get(ParameterLayout.Names.down(layer));
    boolean rms = config.norm() == Norm.RMS;
    attentionNorm = rms ? parameters.get(ParameterLayout.Names.attentionNorm(layer)) : null;
    ffnNorm = rms ? parameters.get(ParameterLayout.Names.ffnNorm(layer)) : null;
  }

  void setObserver(@Nullable ResidualObserver observer) {
    this.observer = observer;
  }

  /**
   * x [N,C] to [N,C], with attention within each of the B sequences of T tokens.
   *
   * @param kept I32 [M], the rows to return, as [M,C]; null for all
   */
  Tensor forward(
      Tape tape, Tensor x, int batch, int time, @Nullable Tensor starts, @Nullable Tensor kept) {
    Tensor packed = project(tape, x, batch, time, starts);
    Tensor attended = Attention.forward(tape, packed, config.heads(), config.kvHeads());
    if (kept == null) {
      return finish(tape, x, attended.view(0, rows), attended);
    }
    Tensor someX = Embedding.forward(tape, x, kept);
    Tensor someAttended = Embedding.forward(tape, attended.view(0, rows), kept);
    free(tape, attended);
    Tensor out = finish(tape, someX, someAttended, someAttended);
    free(tape, someX);
    return out;
  }

  /** As {@link #forward}, with attention over a cache; never recorded. */
  Tensor forwardCached(
      Tape tape,
      Tensor x,
      int batch,
      int time,
      KvCache cache,
      int layer,
      Tensor slots,
      Tensor starts) {
    Tensor attended = attendCached(tape, x, batch, time, cache, layer, slots, starts);
    return finish(tape, x, attended.view(0, rows), attended);
  }

  /** What {@link #forwardCached} leaves in the cache, and no more. */
  void extendCache(
      Tape tape,
      Tensor x,
      int batch,
      int time,
      KvCache cache,
      int layer,
      Tensor slots,
      Tensor starts) {
    free(tape, attendCached(tape, x, batch, time, cache, layer, slots, starts));
  }

  private Tensor attendCached(
      Tape tape,
      Tensor x,
      int batch,
      int time,
      KvCache cache,
      int layer,
      Tensor slots,
      Tensor starts) {
    Tensor packed = project(tape, x, batch, time, starts);
    Tensor attended = tape.arena().likeWithColumns(packed, config.channels());
    tape.backend()
        .attentionCached(
            packed,
            slots,
            starts,
            config.heads(),
            config.kvHeads(),
            1 / Math.sqrt(config.headSize()),
            cache.keys(layer),
            cache.values(layer),
            attended);
    return attended;
  }

  /** Rotated queries, keys and values: [B,T,(H+2K)D]. */
  private Tensor project(Tape tape, Tensor x, int batch, int time, @Nullable Tensor starts) {
    Tensor h = norm(tape, config, x, attentionNorm);
    Tensor projected = MatMul.forward(tape, h, qkv);
    free(tape, h);
    if (!heads.is(batch, time, config.qkvChannels())) {
      heads = Shape.of(batch, time, config.qkvChannels());
      rows = Shape.of(batch * time, config.channels());
    }
    Tensor packed = projected.view(0, heads);
    if (rotaryTable != null) {
      int turned = config.heads() + config.kvHeads();
      Rotary.forward(tape, packed, starts, rotaryTable, turned, config.headSize());
    }
    return packed;
  }

  /**
   * From x [N,C] and what the heads have gathered, [N,HD], to the output [N,C]. Frees {@code
   * memory}, in which the latter lies.
   */
  private Tensor finish(Tape tape, Tensor x, Tensor gathered, Tensor memory) {
    if (observer != null) {
      observer.attended(layer, gathered);
    }
    Tensor o = MatMul.forward(tape, gathered, attentionOut);
    free(tape, memory);
    Tensor y = Add.forward(tape, x, o);
    free(tape, o);
    Tensor h = norm(tape, config, y, ffnNorm);
    Tensor gateAndUp = MatMul.forward(tape, h, gateUp);
    free(tape, h);
    Tensor activated = SwiGlu.forward(tape, gateAndUp);
    free(tape, gateAndUp);
    Tensor d = MatMul.forward(tape, activated, down);
    free(tape, activated);
    Tensor out = Add.forward(tape, y, d);
    free(tape, y);
    free(tape, d);
    return out;
  }

  static Tensor norm(Tape tape, ModelConfig config, Tensor x, @Nullable Tensor weight) {
    return switch (config.norm()) {
      case LAYER -> LayerNorm.forward(tape, x, null, null, config.normEps());
      case RMS -> RmsNorm.forward(tape, x, weight, config.normEps());
    };
  }

  /** Gives an activation back where no backward pass will ask for it. */
  static void free(Tape tape, Tensor t) {
    Arena arena = tape.arena();
    if (!tape.isRecording() && t.arena() == arena) {
      arena.release(t);
    }
  }

  // ---- activation checkpointing -------------------------------------------------------------

  /** This block for batches of one shape, as something to run again in the backward pass. */
  Checkpoint.Block checkpointed(int batch, int time, @Nullable Tensor starts) {
    Checkpointed last = checkpointed;
    if (last == null || !last.serves(batch, time, starts)) {
      last = new Checkpointed(this, batch, time, starts);
      checkpointed = last;
    }
    return last;
  }

  private record Checkpointed(Block block, int batch, int time, @Nullable Tensor starts)
      implements Checkpoint.Block {
    boolean serves(int otherBatch, int otherTime, @Nullable Tensor otherStarts) {
      return batch == otherBatch && time == otherTime && starts == null && otherStarts == null;
    }

    @Override
    public Tensor forward(Tape tape, Tensor x) {
      return block.forward(tape, x, batch, time, starts, null);
    }
  }
}
