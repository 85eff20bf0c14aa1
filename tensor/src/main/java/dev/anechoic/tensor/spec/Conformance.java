package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.BackendProvider;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.TensorException;
import dev.anechoic.tensor.reference.ReferenceBackend;
import dev.anechoic.tensor.spec.ConformanceReport.Failure;
import dev.anechoic.tensor.spec.ConformanceReport.OpResult;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs the op table on a backend and tests every promise that {@link dev.anechoic.tensor.Kernels}
 * makes: parity with the reference, the same bits however often, on how many threads and in what
 * batch, untouched guard bands and inputs, NaN policy, index errors, no allocation.
 *
 * <p>From a command line: {@code java ... dev.anechoic.tensor.spec.Conformance BACKEND [--op NAME]
 * [--full] [--wide] [--every N] [--no-allocations] [--seed N]}.
 */
public final class Conformance implements AutoCloseable {
  /** Seed of the runs that tests make. */
  public static final long DEFAULT_SEED = 20_250_407;

  /** The backend whose naive float loops set the allowed error. */
  private static final String YARDSTICK = "cpu-scalar";

  /** How much worse than the naive float loops a backend may be. */
  private static final double YARDSTICK_FACTOR = 2;

  /** Two roundings are granted to every loop: a yardstick that is luckier does not count. */
  private static final double YARDSTICK_FLOOR = 2;

  private static final int THREADS = 3;
  private static final int ALIGNED_GUARD = 64;
  private static final int UNALIGNED_GUARD = 19;

  /**
   * What to run.
   *
   * @param full the full grid in place of the quick one
   * @param seed of all values
   * @param op one op alone, or null for all
   * @param warmUpMillis how long the compiler may take until calls allocate nothing; 0 to leave
   *     allocation untested
   * @param wide a few cases with long rows in place of the grid: see {@link OpSpec#wideCases}
   * @param every each op's first case and then one in so many; 1 for all
   */
  public record Options(
      boolean full, long seed, @Nullable String op, long warmUpMillis, boolean wide, int every) {
    /** Long enough for a busy machine: the compiler usually needs well under a second. */
    private static final long WARM_UP_MILLIS = 60_000;

    public static final Options QUICK =
        new Options(false, DEFAULT_SEED, null, WARM_UP_MILLIS, false, 1);

    public Options withFull(boolean on) {
      return new Options(on, seed, op, warmUpMillis, wide, every);
    }

    public Options withSeed(long value) {
      return new Options(full, value, op, warmUpMillis, wide, every);
    }

    public Options withOp(@Nullable String name) {
      return new Options(full, seed, name, warmUpMillis, wide, every);
    }

    public Options withAllocations(boolean on) {
      return withWarmUpMillis(on ? WARM_UP_MILLIS : 0);
    }

    public Options withWarmUpMillis(long millis) {
      return new Options(full, seed, op, millis, wide, every);
    }

    public Options withWide(boolean on) {
      return new Options(full, seed, op, warmUpMillis, on, every);
    }

    public Options withEvery(int number) {
      return new Options(full, seed, op, warmUpMillis, wide, number);
    }
  }

  private final Options options;
  private final Backend subject;
  private final Backend reference = new ReferenceBackend();
  private final Arena subjectArena;
  private final @Nullable Arena singleArena;
  private final @Nullable Arena yardstickArena;
  private final Arena referenceArena;

  /**
   * @param subject the backend under test
   * @param single the same on one thread, or null where threads make no difference
   * @param yardstick naive float loops, or null to rely on the rounding model alone
   */
  public Conformance(
      Backend subject, @Nullable Backend single, @Nullable Backend yardstick, Options options) {
    this.subject = subject;
    this.options = options;
    subjectArena = arena(subject);
    singleArena = single == null ? null : arena(single);
    yardstickArena = yardstick == null ? null : arena(yardstick);
    referenceArena = arena(reference);
  }

  private static Arena arena(Backend backend) {
    return new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger());
  }

  /**
   * Opens the named backend on several threads and on one, with the yardstick where it is there.
   *
   * @throws TensorException of kind BACKEND where it is unknown or cannot run here
   */
  public static ConformanceReport run(String backend, Options options) {
    BackendOptions many = BackendOptions.DEFAULT.withThreads(THREADS);
    Backend subject = Backends.open(backend, many).backend();
    Backend single =
        subject.threads() > 1
            ? Backends.open(backend, BackendOptions.DEFAULT.withThreads(1)).backend()
            : null;
    Backend yardstick = backend.equals(YARDSTICK) ? null : openYardstick();
    try (subject;
        Conformance conformance = new Conformance(subject, single, yardstick, options)) {
      return conformance.run();
    } finally {
      if (single != null) {
        single.close();
      }
      if (yardstick != null) {
        yardstick.close();
      }
    }
  }

  private static @Nullable Backend openYardstick() {
    for (BackendProvider provider : Backends.providers()) {
      if (provider.name().equals(YARDSTICK) && provider.unavailableBecause() == null) {
        return provider.open(BackendOptions.DEFAULT.withThreads(1));
      }
    }
    return null;
  }

  /** Runs all cases. Failures are in the report; nothing is thrown for them. */
  public ConformanceReport run() {
    ConformanceReport report = new ConformanceReport(subject.description(), options.seed());
    List<OpSpec> specs =
        OpTable.all().stream()
            .filter(spec -> options.op() == null || options.op().equals(spec.name()))
            .toList();
    List<OpResult> results = specs.stream().map(spec -> new OpResult(spec.name())).toList();
    results.forEach(report::add);
    // Allocation comes first: each kernel then meets the compiler as in a program that calls it
    // with few shapes. After the grid, the compiler may have settled on code that boxes.
    for (int i = 0; i < specs.size() && options.warmUpMillis() > 0; i++) {
      checkAllocation(specs.get(i), results.get(i));
    }
    for (int i = 0; i < specs.size(); i++) {
      runOp(specs.get(i), results.get(i));
    }
    return report;
  }

  private void runOp(OpSpec spec, OpResult result) {
    long start = System.nanoTime();
    List<OpCase> cases =
        options.wide()
            ? spec.wideCases(options.seed())
            : spec.cases(options.full(), options.seed());
    for (int i = 0; i < cases.size(); i += options.every()) {
      OpCase opCase = cases.get(i);
      try {
        runCase(opCase, i % 2 == 0 ? ALIGNED_GUARD : UNALIGNED_GUARD, result);
      } catch (RuntimeException e) {
        result.fail(new Failure(spec.name(), "runs", opCase.toString(), thrown(e)));
      }
      resetArenas();
    }
    checkYardstick(spec, result);
    if (spec.name().equals("attentionCached") || spec.name().equals("sample")) {
      CrossChecks cross = new CrossChecks(subjectArena, result);
      cases.forEach(cross::run);
    }
    result.addNanos(System.nanoTime() - start);
  }

  private static String thrown(RuntimeException e) {
    StackTraceElement[] trace = e.getStackTrace();
    return "threw " + e + (trace.length == 0 ? "" : " at " + trace[0]);
  }

  private void resetArenas() {
    subjectArena.reset();
    referenceArena.reset();
    if (singleArena != null) {
      singleArena.reset();
    }
    if (yardstickArena != null) {
      yardstickArena.reset();
    }
  }

  // ---- one case -----------------------------------------------------------------------------

  private void runCase(OpCase opCase, int guard, OpResult result) {
    result.countCase();
    opCase.computeSaved(referenceArena);
    Binding binding = new Binding(opCase, subjectArena, guard);
    double[][] outputs = binding.run();
    check(opCase, result, "writes its outputs alone", binding.violation());
    checkParity(opCase, binding, outputs, result);
    check(
        opCase,
        result,
        "same bits in a second run",
        Binding.difference(opCase.operands(), outputs, binding.run()));
    if (singleArena != null) {
      Binding alone = new Binding(opCase, singleArena, guard);
      String difference = Binding.difference(opCase.operands(), outputs, alone.run());
      check(opCase, result, "same bits on one thread", difference);
    }
    Values whole = Values.of(opCase);
    if (opCase.isRowwise()) {
      checkRows(opCase, whole, outputs, guard, result);
    }
    if (opCase.hasTime()) {
      checkPadding(opCase, whole, guard, result);
    }
    checkMasks(opCase, whole, outputs, guard, result);
    checkNan(opCase, whole, outputs, guard, result);
    checkIndexErrors(opCase, whole, guard, result);
  }

  private static void check(
      OpCase opCase, OpResult result, String property, @Nullable String complaint) {
    result.countCheck();
    if (complaint != null) {
      result.fail(new Failure(opCase.spec().name(), property, opCase.toString(), complaint));
    }
  }

  // ---- parity -------------------------------------------------------------------------------

  private void checkParity(OpCase opCase, Binding binding, double[][] outputs, OpResult result) {
    Parity parity = new Parity(opCase, referenceArena);
    double limit = parity.limit();
    if (yardstickArena != null) {
      double naive = parity.worst(new Binding(opCase, yardstickArena, 0).run());
      result.seeNaiveError(naive);
      limit = Math.max(limit, YARDSTICK_FACTOR * naive);
    }
    double worst = parity.worst(outputs);
    result.seeError(worst);
    check(opCase, result, "parity with the reference", parity.complaint(outputs, limit));
    check(
        opCase, result, "parity with the reference", parity.returnedComplaint(binding.returned()));
  }

  /** Over all cases of an op, the worst error is at most twice that of the naive float loops. */
  private void checkYardstick(OpSpec spec, OpResult result) {
    if (Double.isNaN(result.naiveWorst())) {
      return;
    }
    result.countCheck();
    double limit = YARDSTICK_FACTOR * Math.max(YARDSTICK_FLOOR, result.naiveWorst());
    if (result.worst() > limit) {
      result.fail(
          new Failure(
              spec.name(),
              "at most twice the error of naive float loops",
              "all cases, seed " + options.seed(),
              "%.2f units against %.2f".formatted(result.worst(), result.naiveWorst())));
    }
  }

  // ---- same bits ----------------------------------------------------------------------------

  /** A row alone, and some rows, have the bits that they have in the batch. */
  private void checkRows(
      OpCase opCase, Values whole, double[][] outputs, int guard, OpResult result) {
    int rows = opCase.rowCount();
    if (rows == 0) {
      return;
    }
    if (opCase.onlyFirstRows()) {
      checkRowRange(opCase, whole, outputs, 0, 1, guard, result);
      checkRowRange(opCase, whole, outputs, 0, (rows + 1) / 2, guard, result);
    } else {
      checkRowRange(opCase, whole, outputs, rows / 2, rows / 2 + 1, guard, result);
      checkRowRange(opCase, whole, outputs, rows - 1, rows, guard, result);
      checkRowRange(opCase, whole, outputs, rows / 3, rows, guard, result);
    }
  }

  private void checkRowRange(
      OpCase opCase,
      Values whole,
      double[][] outputs,
      int from,
      int to,
      int guard,
      OpResult result) {
    double[][] part = new Binding(opCase, whole.rows(opCase, from, to), subjectArena, guard).run();
    String complaint = null;
    for (Operand operand : opCase.operands()) {
      if (operand.isOutput() && operand.rowwise && complaint == null) {
        double[] expected =
            java.util.Arrays.copyOfRange(
                outputs[operand.number], from * operand.rowSize(), to * operand.rowSize());
        complaint = Binding.difference(operand, part[operand.number], expected);
      }
    }
    check(
        opCase,
        result,
        "rows " + from + " to " + to + " alone equal those in the batch",
        complaint);
  }

  /** A shorter sequence has the bits that it has with padding behind it. */
  private void checkPadding(OpCase opCase, Values whole, int guard, OpResult result) {
    int time = 0;
    for (Operand operand : opCase.operands()) {
      time = operand.timeAxis >= 0 ? operand.shape.dim(operand.timeAxis) : time;
    }
    for (int length : new int[] {1, time / 2, time - 1}) {
      if (length < 1 || length >= time) {
        continue;
      }
      double[][] padded =
          new Binding(opCase, whole.padded(opCase, length), subjectArena, guard).run();
      double[][] exact =
          new Binding(opCase, whole.firstTimes(opCase, length), subjectArena, guard).run();
      String complaint = null;
      for (Operand operand : opCase.operands()) {
        if (operand.isOutput() && operand.timeAxis >= 0 && complaint == null) {
          double[] kept =
              Values.firstTimes(padded[operand.number], operand.shape, operand.timeAxis, length);
          complaint = Binding.difference(operand, exact[operand.number], kept);
        }
      }
      check(opCase, result, "length " + length + " alone equals the padded one", complaint);
    }
  }

  // ---- NaN ----------------------------------------------------------------------------------

  /** NaN in the inputs of masked rows changes nothing at all. */
  private void checkMasks(
      OpCase opCase, Values whole, double[][] outputs, int guard, OpResult result) {
    Values poisoned = whole.copy();
    boolean any = false;
    for (int row = 0; row < opCase.rowCount(); row++) {
      if (isMasked(opCase, whole, row)) {
        any = true;
        for (Operand operand : opCase.operands()) {
          if (operand.rowwise && operand.isInput() && operand.isFloat() && !operand.masks) {
            int size = operand.rowSize();
            java.util.Arrays.fill(
                poisoned.data[operand.number], row * size, (row + 1) * size, Double.NaN);
          }
        }
      }
    }
    if (any) {
      double[][] got = new Binding(opCase, poisoned, subjectArena, guard).run();
      String complaint = Binding.difference(opCase.operands(), got, outputs);
      check(opCase, result, "NaN in masked rows changes nothing", complaint);
    }
  }

  private static boolean isMasked(OpCase opCase, Values values, int row) {
    for (Operand operand : opCase.operands()) {
      if (operand.masks) {
        double value = values.data[operand.number][row];
        if (operand.isFloat() ? value == 0 : value < 0) {
          return true;
        }
      }
    }
    return false;
  }

  /** A NaN shows wherever the reference shows it, and leaves other rows alone. */
  private void checkNan(
      OpCase opCase, Values whole, double[][] outputs, int guard, OpResult result) {
    List<Operand> candidates =
        opCase.operands().stream()
            .filter(o -> o.isInput() && o.isFloat() && o.size() > 0)
            .filter(o -> o.rowwise || !opCase.isRowwise())
            .toList();
    boolean infinite =
        opCase.operands().stream().anyMatch(o -> o.isInput() && hasInfinity(o.values()));
    if (candidates.isEmpty() || infinite) {
      return; // NaN times a weight of exactly 0, which a kernel may skip, is left open
    }
    Operand target = candidates.get((int) (opCase.seed() % candidates.size()));
    int at = target.size() / 2;
    int row = target.rowwise ? at / target.rowSize() : -1;
    if (row >= 0 && isMasked(opCase, whole, row)) {
      return;
    }
    Values poisoned = whole.copy();
    poisoned.data[target.number][at] = Double.NaN;
    double[][] got = new Binding(opCase, poisoned, subjectArena, guard).run();
    double[][] want = new Binding(opCase, poisoned, referenceArena, 0).run();
    String property = "NaN at " + target.name() + "[" + at + "] shows where the reference has it";
    check(opCase, result, property, nanComplaint(opCase, row, outputs, got, want));
  }

  private static boolean hasInfinity(double[] values) {
    for (double value : values) {
      if (Double.isInfinite(value)) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable String nanComplaint(
      OpCase opCase, int row, double[][] clean, double[][] got, double[][] want) {
    for (Operand operand : opCase.operands()) {
      if (!operand.isOutput() || !operand.isFloat()) {
        continue;
      }
      for (int i = 0; i < operand.size(); i++) {
        boolean elsewhere = operand.rowwise && row >= 0 && i / operand.rowSize() != row;
        double value = got[operand.number][i];
        if (elsewhere && !Binding.sameBits(value, clean[operand.number][i])) {
          return operand.name() + "[" + i + "], in another row, changed to " + value;
        }
        boolean expected = Double.isNaN(want[operand.number][i]);
        boolean mayDiffer = elsewhere || (opCase.doesNanSpread() && !expected);
        if (!mayDiffer && Double.isNaN(value) != expected) {
          return operand.name() + "[" + i + "] is " + value + ", want " + want[operand.number][i];
        }
      }
    }
    return null;
  }

  // ---- errors and allocation ----------------------------------------------------------------

  /** An index at its bound is refused with a typed exception, and no guard is touched. */
  private void checkIndexErrors(OpCase opCase, Values whole, int guard, OpResult result) {
    for (Operand operand : opCase.operands()) {
      if (operand.indexBound < 0 || operand.size() == 0) {
        continue;
      }
      int bound = operand.indexBound;
      int[] wrong = operand.masks ? new int[] {bound} : new int[] {bound, -1};
      for (int value : wrong) {
        Values bad = whole.copy();
        bad.data[operand.number][operand.size() - 1] = value;
        Binding binding = new Binding(opCase, bad, subjectArena, guard);
        String property = "refuses " + operand.name() + " = " + value;
        check(opCase, result, property, indexComplaint(binding));
      }
    }
  }

  private @Nullable String indexComplaint(Binding binding) {
    try {
      binding.load();
      binding.call();
      subject.synchronize();
      return "nothing was thrown";
    } catch (TensorException e) {
      return e.kind() == TensorException.Kind.INDEX ? binding.violation() : "threw " + e;
    }
  }

  /** A warm call allocates nothing on the Java heap. */
  private void checkAllocation(OpSpec spec, OpResult result) {
    long start = System.nanoTime();
    OpCase opCase = AllocationCheck.choose(spec.cases(false, options.seed()));
    opCase.computeSaved(referenceArena);
    Binding binding = new Binding(opCase, subjectArena, ALIGNED_GUARD);
    binding.load();
    long bytes = AllocationCheck.bytesPerCall(binding, subject, options.warmUpMillis());
    resetArenas();
    String complaint = bytes == 0 ? null : bytes + " bytes per call in the steady state";
    check(opCase, result, "allocates nothing", complaint);
    result.addNanos(System.nanoTime() - start);
  }

  @Override
  public void close() {
    subjectArena.close();
    referenceArena.close();
    if (singleArena != null) {
      singleArena.close();
    }
    if (yardstickArena != null) {
      yardstickArena.close();
    }
    reference.close();
  }

  /** See the class comment. Ends with status 1 where a property failed. */
  public static void main(String[] args) {
    Options options = Options.QUICK;
    String backend = args.length == 0 ? "auto" : args[0];
    for (int i = 1; i < args.length; i++) {
      options =
          switch (args[i]) {
            case "--full" -> options.withFull(true);
            case "--wide" -> options.withWide(true);
            case "--every" -> options.withEvery(Integer.parseInt(args[++i]));
            case "--no-allocations" -> options.withAllocations(false);
            case "--op" -> options.withOp(OpTable.named(args[++i]).name());
            case "--seed" -> options.withSeed(Long.parseLong(args[++i]));
            default ->
                throw new IllegalArgumentException(
                    args[i]
                        + ": expected --full, --wide, --every N, --no-allocations, --op NAME or"
                        + " --seed N");
          };
    }
    ConformanceReport report = run(backend, options);
    System.out.print(report);
    System.exit(report.failures().isEmpty() ? 0 : 1);
  }
}
