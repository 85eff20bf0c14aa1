package dev.anechoic.tensor;

import org.jspecify.annotations.Nullable;

/**
 * A handle on a dense, row-major run of elements inside an arena.
 *
 * <p>Handles belong to their arena: after {@link Arena#reset} or {@link Arena#close} they are dead,
 * and using one is an error. A view shares the elements, and the gradient, of its base.
 */
public final class Tensor {
  private final Arena arena;
  private Buffer buffer;
  private long offset;
  private Shape shape;
  private boolean alive = true;
  private @Nullable String name;

  private @Nullable Tensor base;

  /** How often this handle was taken back, and how often its base was when it became a view. */
  private int deaths;

  private int baseDeaths;
  private boolean requiresGrad;
  private boolean retainGrad;
  private @Nullable Tensor grad;

  /** For a view: the gradient it last saw its base have, and the window on it. */
  private @Nullable Tensor baseGrad;

  private @Nullable Tensor gradWindow;

  /** How many tensors use this one as their gradient; see {@link Tape#passGrad}. */
  private int gradShares;

  /** Elements reserved for this handle in the arena, 0 for a view. */
  long reserved;

  Tensor(Arena arena, Buffer buffer, long offset, Shape shape) {
    this.arena = arena;
    this.buffer = buffer;
    this.offset = offset;
    this.shape = shape;
  }

  /** Makes a recycled handle a new tensor. */
  void renew(Buffer buffer, long offset, Shape shape) {
    this.buffer = buffer;
    this.offset = offset;
    this.shape = shape;
    this.alive = true;
    this.name = null;
    this.base = null;
    this.requiresGrad = false;
    this.retainGrad = false;
    this.grad = null;
    this.baseGrad = null;
    this.gradWindow = null;
    this.gradShares = 0;
    this.reserved = 0;
  }

  void kill() {
    alive = false;
    deaths++;
    base = null;
    grad = null;
  }

  // ---- what it is ---------------------------------------------------------------------------

  public Arena arena() {
    return arena;
  }

  /** The backend's own memory; opaque to everyone else. */
  public Buffer buffer() {
    return buffer;
  }

  /** Index of the first element inside {@link #buffer}, in elements. */
  public long offset() {
    return offset;
  }

  public Shape shape() {
    return shape;
  }

  public DType dtype() {
    return buffer.dtype();
  }

  /** Number of elements. */
  public long size() {
    return shape.size();
  }

  /** Extent of an axis; negative axes count from the end. */
  public int dim(int axis) {
    return shape.dim(axis);
  }

  /** Product of all extents but the last. */
  public long rows() {
    return shape.rows();
  }

  /** Extent of the last axis. */
  public int columns() {
    return shape.columns();
  }

  /** Size of the elements in bytes. */
  public long bytes() {
    return size() * dtype().bytes();
  }

  /** Whether the arena has taken back neither this tensor nor the one it is a view of. */
  public boolean isAlive() {
    return alive && (base == null || base.deaths == baseDeaths);
  }

  /** Names the tensor in messages. */
  public Tensor named(String name) {
    this.name = name;
    return this;
  }

  public @Nullable String name() {
    return name;
  }

  // ---- views --------------------------------------------------------------------------------

  /** The same elements under another shape of the same size; free. */
  public Tensor reshape(int... dims) {
    Shape to = Shape.of(dims);
    if (to.size() != size()) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          "reshape of " + this + " to " + to,
          "both must have the same number of elements; slice() takes a part");
    }
    return view(0, to);
  }

  /** Rows {@code from} to {@code to} (exclusive) of the first axis; free. */
  public Tensor slice(int from, int to) {
    int[] dims = shape.toArray();
    if (dims.length == 0 || from < 0 || to < from || to > dims[0]) {
      throw new TensorException(
          TensorException.Kind.INDEX,
          "slice [" + from + ", " + to + ") of " + this,
          "rows must lie within the first axis");
    }
    long stride = dims[0] == 0 ? 0 : size() / dims[0];
    dims[0] = to - from;
    return view(from * stride, Shape.of(dims));
  }

  /** Any contiguous run of the elements under a shape; free. */
  public Tensor view(long from, Shape viewShape) {
    checkAlive("view");
    if (from < 0 || from + viewShape.size() > size()) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          "view " + viewShape + " at " + from + " of " + this,
          "the view must lie within the " + size() + " elements of the tensor");
    }
    return arena.view(this, from, viewShape);
  }

  void setBase(Tensor viewed) {
    base = viewed.base == null ? viewed : viewed.base;
    baseDeaths = base.deaths;
    requiresGrad = viewed.requiresGrad;
  }

  @Nullable Tensor base() {
    return base;
  }

  // ---- gradient -----------------------------------------------------------------------------

  public boolean requiresGrad() {
    return base == null ? requiresGrad : base.requiresGrad;
  }

  /** Asks for a gradient; set by ops on their outputs and by a model on its parameters. */
  public Tensor requireGrad() {
    requiresGrad = true;
    return this;
  }

  /** Keeps the gradient of an intermediate result after backward, until the tape is reset. */
  public Tensor retainGrad() {
    retainGrad = true;
    return this;
  }

  boolean retainsGrad() {
    return retainGrad;
  }

  /** Whether a gradient is present. */
  public boolean hasGrad() {
    return base == null ? grad != null : base.grad != null;
  }

  /**
   * The gradient, of the same shape.
   *
   * @throws TensorException of kind CLOSED where there is none
   */
  public Tensor grad() {
    if (base != null && base.grad != null) {
      if (gradWindow == null || baseGrad != base.grad || !gradWindow.isAlive()) {
        baseGrad = base.grad;
        gradWindow = base.grad.view(offset - base.offset, shape);
      }
      return gradWindow;
    }
    if (grad == null) {
      throw new TensorException(
          TensorException.Kind.CLOSED,
          "gradient of " + this,
          "there is none: run backward first, and call retainGrad() before it on an intermediate"
              + " result");
    }
    return grad;
  }

  /** Gives a parameter its lasting gradient storage, or null to take it away. */
  public void setGrad(@Nullable Tensor gradient) {
    if (gradient != null && gradient.size() != size()) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          "gradient " + gradient + " of " + this,
          "both must have the same size");
    }
    grad = gradient;
  }

  int gradShares() {
    return gradShares;
  }

  void addGradShares(int count) {
    gradShares += count;
  }

  // ---- checks and host access ---------------------------------------------------------------

  /** Throws where the arena has taken this tensor back. */
  public void checkAlive(String op) {
    if (!isAlive()) {
      throw new TensorException(
          TensorException.Kind.CLOSED,
          op + " of " + this,
          "the tensor's arena was reset or closed; copy the tensor to a longer-lived arena first");
    }
  }

  /**
   * Throws where an array on the host, from an index on, has no room for every element.
   *
   * @param op read or write
   * @param length of the array
   * @param from first index used
   */
  public void checkHostArray(String op, int length, int from) {
    checkAlive(op);
    if (from < 0 || length - from < size()) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          op + " of " + this + " with an array of " + length + " from " + from,
          "the array must have room for all " + size() + " elements");
    }
  }

  /** The elements as floats; waits for the backend. For tests and small results. */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(size())];
    arena.backend().read(this, values, 0);
    return values;
  }

  /** The elements as doubles; waits for the backend. */
  public double[] toDoubles() {
    double[] values = new double[Math.toIntExact(size())];
    arena.backend().read(this, values, 0);
    return values;
  }

  /** The elements of an I32 tensor; waits for the backend. */
  public int[] toInts() {
    int[] values = new int[Math.toIntExact(size())];
    arena.backend().read(this, values, 0);
    return values;
  }

  /** For messages: {@code wte F32[512, 128]}. */
  @Override
  public String toString() {
    return (name == null ? "" : name + " ") + dtype() + shape;
  }
}
