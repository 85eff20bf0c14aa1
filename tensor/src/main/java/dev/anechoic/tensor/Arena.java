package dev.anechoic.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Memory for tensors of one purpose and one lifetime.
 *
 * <p>Allocation moves a pointer through slabs; {@link #release} puts a block on a free list of its
 * exact size, and {@link #reset} takes everything back at once. A program whose steps repeat gets
 * the same blocks and the same handles again, so its steady state allocates nothing, neither here
 * nor on the Java heap. Contents of a new tensor are undefined unless {@link #zeros} made it.
 *
 * <p>One owner, one thread.
 */
public final class Arena implements AutoCloseable {
  /** What the memory is for; the rows of the {@link MemoryLedger}. */
  public enum Tag {
    PARAMETERS,
    GRADIENTS,
    OPTIMIZER,
    ACTIVATIONS,
    KV_CACHE,
    WORKSPACE,
    DATA
  }

  private static final long SLAB_BYTES = 16L << 20;

  private final Backend backend;
  private final Tag tag;
  private final long limitBytes;
  private final MemoryLedger ledger;
  private final Pool[] pools = new Pool[DType.values().length];
  private final List<Tensor> handles = new ArrayList<>();
  private int handlesUsed;
  private final ShapeCache shapes = new ShapeCache();
  private long liveBytes;
  private long slabBytes;
  private boolean closed;

  /** An arena without a limit of its own. */
  public Arena(Backend backend, Tag tag, MemoryLedger ledger) {
    this(backend, tag, ledger, Long.MAX_VALUE);
  }

  /**
   * @param limitBytes most bytes that this arena may take from the backend
   */
  public Arena(Backend backend, Tag tag, MemoryLedger ledger, long limitBytes) {
    this.backend = backend;
    this.tag = tag;
    this.limitBytes = limitBytes;
    this.ledger = ledger;
    for (DType dtype : DType.values()) {
      pools[dtype.ordinal()] = new Pool(dtype);
    }
    ledger.register(this);
  }

  public Backend backend() {
    return backend;
  }

  public Tag tag() {
    return tag;
  }

  /** Bytes of tensors alive now. */
  public long liveBytes() {
    return liveBytes;
  }

  /** Bytes taken from the backend. */
  public long reservedBytes() {
    return slabBytes;
  }

  // ---- making tensors -----------------------------------------------------------------------

  public Tensor tensor(DType dtype, int d0) {
    Tensor t = allocate(dtype, d0);
    return t.shape().is(d0) ? t : shaped(t, shapes.of(d0));
  }

  public Tensor tensor(DType dtype, int d0, int d1) {
    Tensor t = allocate(dtype, (long) d0 * d1);
    return t.shape().is(d0, d1) ? t : shaped(t, shapes.of(d0, d1));
  }

  public Tensor tensor(DType dtype, int d0, int d1, int d2) {
    Tensor t = allocate(dtype, (long) d0 * d1 * d2);
    return t.shape().is(d0, d1, d2) ? t : shaped(t, shapes.of(d0, d1, d2));
  }

  public Tensor tensor(DType dtype, int d0, int d1, int d2, int d3) {
    Tensor t = allocate(dtype, (long) d0 * d1 * d2 * d3);
    return t.shape().is(d0, d1, d2, d3) ? t : shaped(t, shapes.of(d0, d1, d2, d3));
  }

  public Tensor tensor(DType dtype, Shape shape) {
    return shaped(allocate(dtype, shape.size()), shape);
  }

  /** A tensor of the same type and shape, contents undefined. */
  public Tensor like(Tensor model) {
    return tensor(model.dtype(), model.shape());
  }

  /** A tensor of the model's type and shape, but for the last extent. */
  public Tensor likeWithColumns(Tensor model, int columns) {
    Tensor t = allocate(model.dtype(), model.rows() * columns);
    return t.shape().isWithColumns(model.shape(), columns)
        ? t
        : shaped(t, shapes.withColumns(model.shape(), columns));
  }

  /** A tensor of zeros. */
  public Tensor zeros(DType dtype, int... dims) {
    Tensor t = tensor(dtype, Shape.of(dims));
    backend.fill(t, 0);
    return t;
  }

  /** A tensor with these values, in the backend's float type. */
  public Tensor of(float[] values, int... dims) {
    Tensor t = tensor(backend.floatType(), Shape.of(dims));
    checkCount(t, values.length);
    backend.write(t, values, 0);
    return t;
  }

  /** A tensor with these values, in the backend's float type. */
  public Tensor of(double[] values, int... dims) {
    Tensor t = tensor(backend.floatType(), Shape.of(dims));
    checkCount(t, values.length);
    backend.write(t, values, 0);
    return t;
  }

  /** An I32 tensor with these values. */
  public Tensor of(int[] values, int... dims) {
    Tensor t = tensor(DType.I32, Shape.of(dims));
    checkCount(t, values.length);
    backend.write(t, values, 0);
    return t;
  }

  private static void checkCount(Tensor t, int count) {
    if (t.size() != count) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          "tensor " + t + " from " + count + " values",
          "counts differ");
    }
  }

  private static Tensor shaped(Tensor t, Shape shape) {
    if (!t.shape().equals(shape)) {
      long reserved = t.reserved;
      t.renew(t.buffer(), t.offset(), shape);
      t.reserved = reserved;
    }
    return t;
  }

  Tensor view(Tensor of, long from, Shape shape) {
    checkOpen();
    Tensor t = handle(of.buffer(), of.offset() + from, shape);
    t.setBase(of);
    return t;
  }

  // ---- the allocator ------------------------------------------------------------------------

  private Tensor allocate(DType dtype, long elements) {
    checkOpen();
    ledger.beforeAllocation(this, dtype, elements);
    int align = backend.alignment();
    long reserved = Math.max(align, (elements + align - 1) / align * align);
    Pool pool = pools[dtype.ordinal()];
    Tensor t = pool.reuse(reserved);
    if (t == null) {
      t = pool.bump(reserved);
    }
    t.reserved = reserved;
    liveBytes += reserved * dtype.bytes();
    ledger.update(this);
    return t;
  }

  /** Takes one tensor back before the reset; its block serves the next request of that size. */
  public void release(Tensor t) {
    t.checkAlive("release");
    if (t.arena() != this) {
      throw new TensorException(
          TensorException.Kind.CLOSED,
          "release of " + t + " in arena " + tag,
          "it lives in another arena, of tag " + t.arena().tag + "; release it there");
    }
    long reserved = t.reserved;
    if (reserved > 0) {
      liveBytes -= reserved * t.dtype().bytes();
      t.kill();
      pools[t.dtype().ordinal()].free(t, reserved);
      ledger.update(this);
    }
  }

  /** Takes all tensors back; the memory stays with the arena. */
  public void reset() {
    for (int i = 0; i < handlesUsed; i++) {
      handles.get(i).kill();
    }
    handlesUsed = 0;
    for (Pool pool : pools) {
      pool.reset();
    }
    liveBytes = 0;
    ledger.update(this);
  }

  /** Takes all tensors back and returns the memory to the backend. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    reset();
    closed = true;
    for (Pool pool : pools) {
      pool.slabs.forEach(backend::free);
      pool.slabs.clear();
    }
    slabBytes = 0;
    ledger.unregister(this);
  }

  private void checkOpen() {
    if (closed) {
      throw new TensorException(
          TensorException.Kind.CLOSED, "arena " + tag, "the arena was closed; make a new one");
    }
  }

  private Tensor handle(Buffer buffer, long offset, Shape shape) {
    if (handlesUsed == handles.size()) {
      handles.add(new Tensor(this, buffer, offset, shape));
      return handles.get(handlesUsed++);
    }
    Tensor t = handles.get(handlesUsed++);
    Shape kept = t.shape().equals(shape) ? t.shape() : shape;
    t.renew(buffer, offset, kept);
    return t;
  }

  /** Slabs and free blocks of one element type. */
  private final class Pool {
    private final DType dtype;
    private final List<Buffer> slabs = new ArrayList<>();
    private int slab;
    private long used;
    private long[] freeSizes = new long[8];
    private final List<List<Tensor>> freeBlocks = new ArrayList<>();
    private int sizes;

    Pool(DType dtype) {
      this.dtype = dtype;
    }

    @org.jspecify.annotations.Nullable
    Tensor reuse(long reserved) {
      for (int i = 0; i < sizes; i++) {
        if (freeSizes[i] == reserved && !freeBlocks.get(i).isEmpty()) {
          Tensor t = freeBlocks.get(i).removeLast();
          t.renew(t.buffer(), t.offset(), t.shape());
          return t;
        }
      }
      return null;
    }

    void free(Tensor t, long reserved) {
      for (int i = 0; i < sizes; i++) {
        if (freeSizes[i] == reserved) {
          freeBlocks.get(i).add(t);
          return;
        }
      }
      if (sizes == freeSizes.length) {
        freeSizes = Arrays.copyOf(freeSizes, 2 * sizes);
      }
      if (sizes == freeBlocks.size()) {
        freeBlocks.add(new ArrayList<>());
      }
      freeSizes[sizes] = reserved;
      freeBlocks.get(sizes++).add(t);
    }

    Tensor bump(long reserved) {
      int chosen = slab;
      long from = used;
      while (chosen < slabs.size() && from + reserved > slabs.get(chosen).size()) {
        chosen++;
        from = 0;
      }
      if (chosen == slabs.size()) {
        grow(reserved); // may throw: nothing has changed so far
      }
      // The recycled handle usually has the right shape already; see shaped().
      Tensor t = recycled(slabs.get(chosen), from, reserved);
      slab = chosen;
      used = from + reserved;
      return t;
    }

    private Tensor recycled(Buffer buffer, long offset, long reserved) {
      if (handlesUsed < handles.size()) {
        Tensor t = handles.get(handlesUsed++);
        t.renew(buffer, offset, t.shape());
        return t;
      }
      return handle(buffer, offset, Shape.of(Math.toIntExact(reserved)));
    }

    private void grow(long reserved) {
      long elements = Math.max(reserved, SLAB_BYTES / dtype.bytes());
      long bytes = elements * dtype.bytes();
      if (slabBytes + bytes > limitBytes) {
        elements = reserved;
        bytes = elements * dtype.bytes();
      }
      if (slabBytes + bytes > limitBytes) {
        throw new TensorException(
            TensorException.Kind.MEMORY,
            "arena %s: %,d bytes more on top of %,d".formatted(tag, bytes, slabBytes),
            "the limit is %,d bytes; raise it, or use a smaller batch".formatted(limitBytes));
      }
      slabs.add(backend.allocate(dtype, elements));
      slabBytes += bytes;
    }

    void reset() {
      slab = 0;
      used = 0;
      for (int i = 0; i < sizes; i++) {
        freeBlocks.get(i).clear();
      }
    }
  }
}
