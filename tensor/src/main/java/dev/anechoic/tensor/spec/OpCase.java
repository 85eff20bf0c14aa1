package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A kernel call with operands of definite shapes and values; made by {@link OpSpec#at}.
 *
 * <p>Values are floats held in double, so that every backend gets the same numbers. Shapes within
 * the call come from the tensors, never from the declaration, so that a test can run the same call
 * on some of the rows.
 */
public final class OpCase {
  /** Tensors of a call, by operand. */
  public interface Tensors {
    /** The tensor of an operand; null for a null operand. Allocates nothing. */
    @Nullable Tensor maybe(@Nullable Operand operand);

    /** The tensor of an operand that is present. */
    default Tensor get(Operand operand) {
      Tensor t = maybe(operand);
      if (t == null) {
        throw new IllegalArgumentException("operand " + operand + " is not bound");
      }
      return t;
    }
  }

  /** The kernel call itself. */
  @FunctionalInterface
  public interface Call {
    void run(Backend backend, Tensors t);
  }

  /** A kernel that returns a number to the host. */
  @FunctionalInterface
  public interface Query {
    double run(Backend backend, Tensors t);
  }

  /** Size of the intermediates behind an output element; data by operand number. */
  @FunctionalInterface
  public interface Magnitude {
    double at(double[][] data, Operand output, int i);
  }

  /** Whether rounding decides the result of a row; data by operand number. */
  @FunctionalInterface
  public interface UndecidedRow {
    boolean test(double[][] data, int row);
  }

  /** The differentiable op over the kernel. */
  @FunctionalInterface
  public interface TapeCall {
    Tensor run(Tape tape, Tensors t);
  }

  private final OpSpec spec;
  private final int[] point;
  private final boolean accumulate;
  private final long seed;
  private final List<Operand> operands = new ArrayList<>();
  private @Nullable Call prepare;
  private @Nullable Call before;
  private @Nullable Call after;
  private @Nullable Query call;
  private @Nullable TapeCall tapeCall;
  private double flops;
  private String flopsFormula = "0";
  private int reduction = 1;
  private boolean rowsFromStart;
  private boolean kinked;
  private boolean nanSpreads;
  private Magnitude carried = (data, output, i) -> 0;
  private UndecidedRow undecided = (data, row) -> false;

  OpCase(OpSpec spec, int[] point, boolean accumulate, long seed) {
    this.spec = spec;
    this.point = point.clone();
    this.accumulate = accumulate;
    this.seed = seed;
    spec.declaration().accept(this);
    if (call == null) {
      throw new IllegalStateException("the spec of " + spec.name() + " declares no call");
    }
  }

  // ---- for declarations: where we are -------------------------------------------------------

  /** Value of an axis of the grid. */
  public int d(int axis) {
    return point[axis];
  }

  /** Whether gradients are added to what is there. */
  public boolean accumulate() {
    return accumulate;
  }

  /** Where the values come from; also the seed of kernels that draw random numbers. */
  public long seed() {
    return seed;
  }

  // ---- for declarations: operands -----------------------------------------------------------

  /** A float input. */
  public Operand in(String label, Domain domain, int... dims) {
    return declare(label, Operand.Role.IN, DType.F64, domain, dims);
  }

  /** A float input that is there in some variants only. */
  public @Nullable Operand inIf(boolean present, String label, Domain domain, int... dims) {
    return present ? in(label, domain, dims) : null;
  }

  /** An input of another type: indices, or BF16. */
  public Operand in(String label, DType dtype, Domain domain, int... dims) {
    return declare(label, Operand.Role.IN, dtype, domain, dims);
  }

  /** An input that {@link #prepare} fills in. */
  public Operand saved(String label, int... dims) {
    return declare(label, Operand.Role.SAVED, DType.F64, Domain.zero(), dims);
  }

  /** A tensor that only {@link #prepare}, {@link #before} or {@link #after} uses. */
  public Operand helper(String label, Domain domain, int... dims) {
    return helper(label, DType.F64, domain, dims);
  }

  /** A tensor of another type that only these use. */
  public Operand helper(String label, DType dtype, Domain domain, int... dims) {
    return declare(label, Operand.Role.HELPER, dtype, domain, dims);
  }

  /** An output, full of NaN before the call. */
  public Operand out(String label, int... dims) {
    return out(label, DType.F64, dims);
  }

  /** An output of another type. */
  public Operand out(String label, DType dtype, int... dims) {
    double garbage = dtype == DType.I32 ? Binding.INT_CANARY : Double.NaN;
    return declare(label, Operand.Role.OUT, dtype, (s, o, i) -> garbage, dims);
  }

  /** A gradient: full of NaN before the call that overwrites, random before one that adds. */
  public Operand gradient(String label, int... dims) {
    Domain old = accumulate ? Domain.normal(1) : (s, o, i) -> Double.NaN;
    return declare(label, Operand.Role.GRADIENT, DType.F64, old, dims);
  }

  /** An operand that is read and written. */
  public Operand inOut(String label, Domain domain, int... dims) {
    return inOut(label, DType.F64, domain, dims);
  }

  /** An operand of another type that is read and written. */
  public Operand inOut(String label, DType dtype, Domain domain, int... dims) {
    return declare(label, Operand.Role.IN_OUT, dtype, domain, dims);
  }

  /** Memory whose order only the backend knows, full of NaN before {@link #before}. */
  public Operand opaque(String label, int... dims) {
    Domain garbage = (s, o, i) -> Double.NaN;
    return declare(label, Operand.Role.OPAQUE, DType.F64, garbage, dims);
  }

  private Operand declare(
      String label, Operand.Role role, DType dtype, Domain domain, int... dims) {
    Operand operand =
        new Operand(operands.size(), label, role, dtype, Shape.of(dims), domain, seed);
    operands.add(operand);
    return operand;
  }

  // ---- for declarations: the call and its cost ----------------------------------------------

  /** Runs on the reference, to compute the saved operands. */
  public void prepare(Call forward) {
    prepare = forward;
  }

  /** Runs on the backend before each call, outside of what is measured. */
  public void before(Call setUp) {
    before = setUp;
  }

  /** Runs on the backend before outputs are read: shows what a kernel did to opaque memory. */
  public void after(Call reading) {
    after = reading;
  }

  /** The kernel. */
  public void run(Call kernel) {
    call =
        (backend, t) -> {
          kernel.run(backend, t);
          return 0;
        };
  }

  /** A kernel with a result for the host, which must equal the reference's. */
  public void query(Query kernel) {
    call = kernel;
  }

  /** The op that calls this kernel, for gradient checks. */
  public void op(TapeCall op) {
    tapeCall = op;
  }

  /**
   * @param formula for people, in the letters of the shapes
   * @param count its value here, one fused multiply-add counting 2, one exp 1
   */
  public void flops(String formula, double count) {
    flopsFormula = formula;
    flops = count;
  }

  /** How many terms the longest sum of the kernel has; rounding errors grow with its root. */
  public void sums(int terms) {
    reduction = Math.max(1, terms);
  }

  /**
   * The size of the largest intermediate result, where it can be larger than the output and so
   * rounds it off: the log-sum-exp that a log-prob is the difference of, the argument of a gate.
   *
   * @param magnitude by element of each output, from the operands' values
   */
  public void carries(Magnitude magnitude) {
    carried = magnitude;
  }

  /** Row numbers take part in the result: only the first rows can be tested alone. */
  public void rowsFromStart() {
    rowsFromStart = true;
  }

  /** The function has kinks; gradient checks skip points next to one. */
  public void kinked() {
    kinked = true;
  }

  /** Rows where rounding decides between different results are left out of parity. */
  public void undecided(UndecidedRow test) {
    undecided = test;
  }

  /** A NaN may spread through its own row (of axis 0) further than in the reference. */
  public void nanSpreads() {
    nanSpreads = true;
  }

  // ---- queries ------------------------------------------------------------------------------

  public OpSpec spec() {
    return spec;
  }

  public List<Operand> operands() {
    return operands;
  }

  /** The operand of this name. */
  public Operand operand(String name) {
    for (Operand operand : operands) {
      if (operand.name().equals(name)) {
        return operand;
      }
    }
    throw new IllegalArgumentException(spec.name() + " has no operand " + name);
  }

  /** Floating-point operations of the call. */
  public double flops() {
    return flops;
  }

  public String flopsFormula() {
    return flopsFormula;
  }

  /** Bytes that must move with elements of {@code floatBytes}: inputs once, outputs once. */
  public long bytes(int floatBytes) {
    long bytes = 0;
    for (Operand operand : operands) {
      if (operand.role == Operand.Role.HELPER) {
        continue;
      }
      int width = operand.dtype == DType.F64 ? floatBytes : operand.dtype.bytes();
      boolean both =
          operand.role == Operand.Role.IN_OUT
              || (operand.role == Operand.Role.GRADIENT && accumulate);
      bytes += (long) operand.size() * width * (both ? 2 : 1);
    }
    return bytes;
  }

  boolean canAccumulate() {
    return operands.stream().anyMatch(o -> o.role == Operand.Role.GRADIENT);
  }

  boolean isRowwise() {
    return operands.stream().anyMatch(o -> o.rowwise && o.isOutput());
  }

  boolean hasTime() {
    return operands.stream().anyMatch(o -> o.timeAxis >= 0);
  }

  boolean onlyFirstRows() {
    return rowsFromStart;
  }

  boolean isKinked() {
    return kinked;
  }

  double carried(double[][] data, Operand output, int i) {
    return carried.at(data, output, i);
  }

  boolean doesNanSpread() {
    return nanSpreads;
  }

  boolean isUndecided(double[][] data, int row) {
    return undecided.test(data, row);
  }

  int reduction() {
    return reduction;
  }

  @Nullable TapeCall tapeCall() {
    return tapeCall;
  }

  @Nullable Call beforeCall() {
    return before;
  }

  @Nullable Call afterCall() {
    return after;
  }

  @Nullable Call prepareCall() {
    return prepare;
  }

  /** Extent of the row axis, 0 where there is none. */
  int rowCount() {
    for (Operand operand : operands) {
      if (operand.rowwise) {
        return operand.shape.dim(0);
      }
    }
    return 0;
  }

  double invoke(Backend backend, Tensors t) {
    return java.util.Objects.requireNonNull(call).run(backend, t);
  }

  /** Fills in the saved operands with the reference's values, rounded to float. */
  void computeSaved(Arena referenceArena) {
    if (prepare == null) {
      return;
    }
    Binding binding = new Binding(this, referenceArena, 0);
    binding.load();
    prepare.run(referenceArena.backend(), binding);
    for (Operand operand : operands) {
      if (operand.role == Operand.Role.SAVED) {
        double[] exact = binding.get(operand).toDoubles();
        for (int i = 0; i < exact.length; i++) {
          operand.values()[i] = (float) exact[i];
        }
      }
    }
    referenceArena.reset();
  }

  /** For messages: {@code softmax R=3 C=17 accumulate seed=5}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(spec.name());
    for (int i = 0; i < point.length; i++) {
      text.append(' ').append(spec.grid().names().get(i)).append('=').append(point[i]);
    }
    return text.append(accumulate ? " accumulate" : "").append(" seed=").append(seed).toString();
  }
}
