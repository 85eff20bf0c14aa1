package dev.anechoic.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * The record of a computation, in order, and the place its results live.
 *
 * <p>Every op takes the tape first: it asks it for memory and, where an input needs a gradient,
 * leaves a {@link Node} on it. {@link #backward} walks the nodes from last to first. It can be
 * called several times, with different losses or seeds: gradients of parameters add up, those of
 * intermediate results start anew.
 *
 * <p>{@link #reset} makes the tape ready for the next step. Nodes are reused slot by slot, so that
 * a step which repeats the last one allocates nothing.
 */
public final class Tape {
  private final Backend backend;
  private final Arena arena;
  private Node[] nodes = new Node[64];
  private int size;
  private boolean recording = true;

  /** Tensors of other arenas whose gradient lives here, so that it ends with {@link #reset}. */
  private final List<Tensor> borrowers = new ArrayList<>();

  /**
   * @param arena where activations and their gradients go; emptied by {@link #reset}
   */
  public Tape(Arena arena) {
    this.backend = arena.backend();
    this.arena = arena;
  }

  public Backend backend() {
    return backend;
  }

  /** Where results of ops live until {@link #reset}. */
  public Arena arena() {
    return arena;
  }

  /** Number of recorded ops. */
  public int size() {
    return size;
  }

  // ---- recording ----------------------------------------------------------------------------

  /** Switches recording on or off (no-grad mode); returns the old state. */
  public boolean setRecording(boolean on) {
    boolean old = recording;
    recording = on;
    return old;
  }

  public boolean isRecording() {
    return recording;
  }

  /** Whether an op on this input must be recorded. */
  public boolean records(Tensor a) {
    return recording && a.requiresGrad();
  }

  /** Whether an op on these inputs must be recorded. */
  public boolean records(Tensor a, Tensor b) {
    return recording && (a.requiresGrad() || b.requiresGrad());
  }

  /**
   * Appends a node and marks its output as needing a gradient. The caller fills in the fields; a
   * node of the same type left in this slot by an earlier step is used again.
   */
  public <N extends Node> N push(Class<N> type, Supplier<N> make, Tensor output) {
    if (size == nodes.length) {
      nodes = Arrays.copyOf(nodes, 2 * size);
    }
    Node slot = nodes[size];
    N node = slot != null && slot.getClass() == type ? type.cast(slot) : make.get();
    nodes[size++] = node;
    output.requireGrad();
    return node;
  }

  // ---- gradients, for ops -------------------------------------------------------------------

  /**
   * Makes sure that {@code x} has gradient storage.
   *
   * @return true where it already holds a contribution, to which the caller must add; false where
   *     the caller must overwrite
   */
  public boolean openGrad(Tensor x) {
    Tensor base = x.base();
    if (base != null) {
      boolean whole = base.size() == x.size();
      boolean accumulate = openGrad(base);
      if (!accumulate && !whole) {
        backend.fill(base.grad(), 0);
      }
      return accumulate || !whole;
    }
    if (!x.hasGrad()) {
      Tensor fresh = arena.like(x);
      lend(fresh, x);
      return false;
    }
    Tensor grad = x.grad();
    if (grad.gradShares() > 1) {
      Tensor own = arena.like(grad);
      backend.copy(grad, own);
      grad.addGradShares(-1);
      lend(own, x);
    }
    return true;
  }

  private void lend(Tensor grad, Tensor x) {
    grad.addGradShares(1);
    x.setGrad(grad);
    if (x.arena() != arena && !borrowers.contains(x)) {
      borrowers.add(x);
    }
  }

  /**
   * Whether a tensor of another arena, such as a parameter without gradient storage of its own, has
   * its gradient in this tape's arena, where {@link #reset} takes it back.
   */
  public boolean lendsGradients() {
    return !borrowers.isEmpty();
  }

  /**
   * Adds the gradient of {@code from} to that of {@code to}, as is. The first contribution costs
   * nothing: both then share the storage until one of them must change it.
   */
  public void passGrad(Tensor from, Tensor to) {
    boolean direct = from.base() == null && to.base() == null && from.size() == to.size();
    if (direct && !to.hasGrad() && from.shape().equals(to.shape())) {
      Tensor shared = from.grad();
      lend(shared, to);
      return;
    }
    boolean accumulate = openGrad(to);
    backend.scale(from.grad(), 1, to.grad(), accumulate);
  }

  private void dropGrad(Tensor x) {
    if (x.base() != null || !x.hasGrad()) {
      return;
    }
    Tensor grad = x.grad();
    x.setGrad(null);
    grad.addGradShares(-1);
    if (grad.gradShares() == 0) {
      arena.release(grad);
    }
  }

  // ---- backward -----------------------------------------------------------------------------

  /** Backward from a scalar loss [1] with seed 1. */
  public void backward(Tensor loss) {
    if (loss.size() != 1) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          "backward from " + loss,
          "a loss has one element; pass a seed of the same shape for anything else");
    }
    start(loss);
    backend.fill(loss.grad(), 1);
    run();
  }

  /**
   * Backward from any result.
   *
   * @param seed gradient of the final objective with respect to {@code output}, same size; rows of
   *     zeros leave those rows out
   */
  public void backward(Tensor output, Tensor seed) {
    if (seed.size() != output.size()) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          "backward from " + output + " with seed " + seed,
          "the seed must have the size of the output");
    }
    start(output);
    backend.scale(seed, 1, output.grad(), false);
    run();
  }

  private void start(Tensor output) {
    output.checkAlive("backward");
    if (!output.requiresGrad()) {
      throw new TensorException(
          TensorException.Kind.CLOSED,
          "backward from " + output,
          "nothing was recorded: no input required a gradient, or recording was off");
    }
    for (int i = 0; i < size; i++) {
      dropGrad(nodes[i].output());
    }
    openGrad(output);
  }

  private void run() {
    for (int i = size - 1; i >= 0; i--) {
      Node node = nodes[i];
      Tensor output = node.output();
      if (output.hasGrad()) {
        node.backward(this);
        if (!output.retainsGrad() && !node.inPlace()) {
          dropGrad(output);
        }
      }
    }
  }

  /** Forgets the record and gives all its memory back to the arena. */
  public void reset() {
    size = 0;
    for (int i = 0; i < borrowers.size(); i++) {
      borrowers.get(i).setGrad(null);
    }
    borrowers.clear();
    arena.reset();
  }
}
