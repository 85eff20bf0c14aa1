package dev.anechoic.model.transformer;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import dev.anechoic.tensor.op.Add;
import dev.anechoic.tensor.op.Checkpoint;
import dev.anechoic.tensor.op.Embedding;
import dev.anechoic.tensor.op.MatMul;
import dev.anechoic.tensor.op.Rotary;
import org.jspecify.annotations.Nullable;

/**
 * A decoder-only transformer; {@link ModelConfig} has the block.
 *
 * <p>The three passes, training ({@link #hidden}), prefill and decoding ({@link #hiddenCached}),
 * give the same bits for the same token at the same place, whatever the batch, the padding to the
 * right of it, or the number of threads. One thread at a time may use a model.
 */
public final class Transformer implements AutoCloseable {
  private final ModelConfig config;
  private final Backend backend;
  private final Parameters parameters;
  private final Arena tables;
  private final Arena inner;
  private final Tape checkpointTape;
  private final Block[] blocks;
  private final boolean owner;
  private final @Nullable Tensor rotary; // [contextLength,D]
  private final Tensor tokenTable; // [V,C]
  private final Tensor head; // [V,C]
  private final @Nullable Tensor positionTable; // [contextLength,C]
  private final @Nullable Tensor finalNorm; // [C]

  private boolean checkpointing;
  private @Nullable ResidualObserver observer;
  private @Nullable Tensor positionWindow; // first rows of positionTable
  private Shape flat = Shape.of(0);

  /** A model with all parameters zero; {@link Parameters#initialize} or a checkpoint fills them. */
  public Transformer(ModelConfig config, Backend backend, MemoryLedger ledger) {
    this(
        config,
        backend,
        new Parameters(ParameterLayout.of(config), backend, ledger),
        null,
        new Arena(backend, Arena.Tag.WORKSPACE, ledger));
  }

  /** With parameters and tables of its own, or those of another. */
  private Transformer(
      ModelConfig config,
      Backend backend,
      Parameters parameters,
      @Nullable Transformer of,
      Arena tables) {
    this.config = config;
    this.backend = backend;
    this.parameters = parameters;
    this.tables = tables;
    owner = of == null;
    inner = new Arena(backend, Arena.Tag.ACTIVATIONS, parameters.ledger());
    checkpointTape = new Tape(inner);
    boolean learned = config.positions() == Positions.LEARNED;
    tokenTable = parameters.get(ParameterLayout.Names.TOKENS);
    head = config.tied() ? tokenTable : parameters.get(ParameterLayout.Names.HEAD);
    positionTable = learned ? parameters.get(ParameterLayout.Names.POSITIONS) : null;
    finalNorm = config.norm() == Norm.RMS ? parameters.get(ParameterLayout.Names.FINAL_NORM) : null;
    rotary = learned ? null : of == null ? rotaryTable() : of.rotary;
    blocks = new Block[config.layers()];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = new Block(config, i, parameters, rotary);
    }
  }

  /**
   * This model for passes on another thread: with its parameters, which must not change meanwhile,
   * and scratch memory of its own. Close it before this one.
   *
   * @param thread one of {@link Backend#perThread} of this model's backend
   */
  public Transformer onThread(Backend thread) {
    return new Transformer(
        config,
        thread,
        parameters,
        this,
        new Arena(thread, Arena.Tag.WORKSPACE, parameters.ledger()));
  }

  private Tensor rotaryTable() {
    float[] angles = Rotary.table(config.contextLength(), config.headSize(), config.ropeBase());
    return tables.of(angles, config.contextLength(), config.headSize()).named("rotary table");
  }

  public ModelConfig config() {
    return config;
  }

  public Parameters parameters() {
    return parameters;
  }

  public Backend backend() {
    return backend;
  }

  /**
   * Whether a recorded pass keeps only the input of each block and computes the rest again in the
   * backward pass: less memory, a third more work, the same bits.
   */
  public void setCheckpointing(boolean on) {
    checkpointing = on;
  }

  /** Watches the residual stream of later passes; null for nobody, which costs nothing. */
  public void setObserver(@Nullable ResidualObserver observer) {
    this.observer = observer;
    for (Block block : blocks) {
      block.setObserver(observer);
    }
  }

  /** Whether somebody watches: a pass must then run as Java, not be replayed. */
  public boolean isObserved() {
    return observer != null;
  }

  /** Who watches, or null. */
  public @Nullable ResidualObserver observer() {
    return observer;
  }

  // ---- passes -------------------------------------------------------------------------------

  /**
   * The forward pass up to and with the final norm.
   *
   * @param tokens I32 [B,T], right-padded with any token
   * @param starts I32 [B], position of the first token of each row, or null for 0
   * @return [B*T,C]
   */
  public Tensor hidden(Tape tape, Tensor tokens, @Nullable Tensor starts) {
    return hidden(tape, tokens, starts, null);
  }

  /**
   * Rows of {@link #hidden(Tape, Tensor, Tensor)} from position 0 on, the same bits, without what
   * the last block computes of other rows behind its attention: in RL the rows of a prompt are read
   * only as keys and values there.
   *
   * @param tokens I32 [B,T], right-padded with any token
   * @param rows I32 [N], rows of the [B*T,C] result; where they increase, gradients have the bits
   *     of the whole pass too, since sums over rows keep their order
   * @return [N,C]
   */
  public Tensor hiddenRows(Tape tape, Tensor tokens, Tensor rows) {
    boolean whole = isObserved() || checkpointing && tape.isRecording();
    if (whole) { // an observer sees all rows, and a checkpoint keeps blocks of one shape
      return Embedding.forward(tape, hidden(tape, tokens, null), rows);
    }
    return hidden(tape, tokens, null, rows);
  }

  private Tensor hidden(Tape tape, Tensor tokens, @Nullable Tensor starts, @Nullable Tensor rows) {
    int batch = tokens.dim(0);
    int time = tokens.dim(1);
    checkTime(tokens, config.contextLength());
    Tensor x = embed(tape, tokens, starts, null);
    observe(0, x);
    for (int i = 0; i < blocks.length; i++) {
      Tensor kept = i == blocks.length - 1 ? rows : null;
      Tensor y =
          checkpointing && tape.isRecording()
              ? Checkpoint.forward(
                  tape, checkpointTape, blocks[i].checkpointed(batch, time, starts), x)
              : blocks[i].forward(tape, x, batch, time, starts, kept);
      freeResidual(tape, x);
      x = y;
      observe(i + 1, x);
    }
    return finish(tape, x);
  }

  /**
   * The forward pass of new tokens behind those in the cache, which it extends: prefill where the
   * starts are 0, decoding with T = 1. Not recorded.
   *
   * @param tokens I32 [B,T], right-padded with any token
   * @param slots I32 [B], cache slot of each row, all different
   * @param starts I32 [B], number of tokens already in each slot; plus T at most {@link
   *     KvCache#positions}
   * @return [B*T,C]
   */
  public Tensor hiddenCached(Tape tape, Tensor tokens, KvCache cache, Tensor slots, Tensor starts) {
    return hiddenCached(tape, tokens, cache, slots, starts, null);
  }

  /**
   * The same where the caller has the position of every token in memory, so that nothing has to be
   * looked at.
   *
   * @param positions I32 [B*T]: {@code starts[b] + t}; null where the starts are to be read
   */
  public Tensor hiddenCached(
      Tape tape,
      Tensor tokens,
      KvCache cache,
      Tensor slots,
      Tensor starts,
      @Nullable Tensor positions) {
    boolean recording = tape.setRecording(false);
    try {
      Tensor x = cachedBlocks(tape, tokens, cache, slots, starts, positions, blocks.length);
      return finish(tape, x);
    } finally {
      tape.setRecording(recording);
    }
  }

  /**
   * As {@link #hiddenCached} for tokens whose states nobody asks for: the cache is extended, and
   * what the last block would compute from its attention on is left out.
   */
  public void extendCache(Tape tape, Tensor tokens, KvCache cache, Tensor slots, Tensor starts) {
    extendCache(tape, tokens, cache, slots, starts, null);
  }

  /**
   * The same where the caller has the position of every token in memory.
   *
   * @param positions I32 [B*T], or null where the starts are to be read
   */
  public void extendCache(
      Tape tape,
      Tensor tokens,
      KvCache cache,
      Tensor slots,
      Tensor starts,
      @Nullable Tensor positions) {
    if (isObserved()) {
      hiddenCached(tape, tokens, cache, slots, starts, positions);
      return;
    }
    boolean recording = tape.setRecording(false);
    try {
      int last = blocks.length - 1;
      Tensor x = cachedBlocks(tape, tokens, cache, slots, starts, positions, last);
      blocks[last].extendCache(tape, x, tokens.dim(0), tokens.dim(1), cache, last, slots, starts);
      freeResidual(tape, x);
    } finally {
      tape.setRecording(recording);
    }
  }

  /** The residual behind the first {@code count} blocks, [B*T,C]. */
  private Tensor cachedBlocks(
      Tape tape,
      Tensor tokens,
      KvCache cache,
      Tensor slots,
      Tensor starts,
      @Nullable Tensor positions,
      int count) {
    int batch = tokens.dim(0);
    int time = tokens.dim(1);
    checkTime(tokens, cache.positions());
    Tensor x = embed(tape, tokens, starts, positions);
    observe(0, x);
    for (int i = 0; i < count; i++) {
      Tensor y = blocks[i].forwardCached(tape, x, batch, time, cache, i, slots, starts);
      freeResidual(tape, x);
      x = y;
      observe(i + 1, x);
    }
    return x;
  }

  /** hidden [N,C], after the final norm, to logits [N,V]. */
  public Tensor logits(Tape tape, Tensor hidden) {
    return MatMul.forward(tape, hidden, false, head, true, null);
  }

  /**
   * The head transposed, [C,V], for many products of few rows, {@code matmul(hidden, headColumns)}:
   * the logits' bits, without turning the head around in each of them. A copy: weights that change
   * later are not in it.
   */
  public Tensor headColumns(Arena arena) {
    Tensor columns = arena.tensor(backend.floatType(), config.channels(), config.vocabSize());
    backend.permute(head, new int[] {1, 0}, columns, false);
    return columns;
  }

  /** What a residual [N,C] would say were it the last: final norm and head, to [N,V]. */
  public Tensor lens(Tape tape, Tensor residual) {
    return logits(tape, Block.norm(tape, config, residual, finalNorm));
  }

  // ---- parts --------------------------------------------------------------------------------

  private void checkTime(Tensor tokens, int most) {
    if (tokens.shape().rank() != 2 || tokens.dim(1) > most) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          "transformer(" + tokens + ")",
          "expected tokens [B,T] with T at most " + most + "; raise context_length, or cut");
    }
  }

  private Tensor embed(
      Tape tape, Tensor tokens, @Nullable Tensor starts, @Nullable Tensor positions) {
    if (flat.size() != tokens.size()) {
      flat = Shape.of(Math.toIntExact(tokens.size()));
    }
    Tensor x = Embedding.forward(tape, tokenTable, tokens.view(0, flat));
    if (positionTable == null) {
      return x;
    }
    Tensor sum;
    if (starts == null) {
      sum = addFirstPositions(tape, x, positionTable, tokens);
    } else {
      Tensor places = positions == null ? positionsOf(tape, tokens, starts) : positions;
      sum = Add.forward(tape, x, Embedding.forward(tape, positionTable, places));
    }
    Block.free(tape, x);
    return sum;
  }

  /** x [B*T,C] plus the first T rows of the table for each sequence, to [B*T,C]. */
  private Tensor addFirstPositions(Tape tape, Tensor x, Tensor table, Tensor tokens) {
    int time = tokens.dim(1);
    Tensor bySequence = x.reshape(tokens.dim(0), time, x.columns());
    Tensor sum = Add.forward(tape, bySequence, firstPositions(table, time));
    return sum.view(0, x.shape());
  }

  /** The first rows of the position table, [T,C]; one view per length, since views live long. */
  private Tensor firstPositions(Tensor table, int time) {
    Tensor window = positionWindow;
    if (window == null || window.dim(0) != time) {
      window = table.slice(0, time);
      positionWindow = window;
    }
    return window;
  }

  /** I32 [B*T]: starts[b] + t. */
  private static Tensor positionsOf(Tape tape, Tensor tokens, Tensor starts) {
    int time = tokens.dim(1);
    if (time == 1) {
      return starts; // nothing to add up, and a decoding step must not look at results
    }
    int[] first = starts.toInts();
    int[] positions = new int[first.length * time];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = first[i / time] + i % time;
    }
    return tape.arena().of(positions, positions.length);
  }

  private Tensor finish(Tape tape, Tensor x) {
    Tensor hidden = Block.norm(tape, config, x, finalNorm);
    freeResidual(tape, x);
    return hidden;
  }

  private void observe(int layer, Tensor residual) {
    if (observer != null) {
      observer.observe(layer, residual);
    }
  }

  private void freeResidual(Tape tape, Tensor x) {
    if (observer == null) {
      Block.free(tape, x);
    }
  }

  @Override
  public void close() {
    inner.close();
    tables.close();
    if (owner) {
      parameters.close();
    }
  }
}
