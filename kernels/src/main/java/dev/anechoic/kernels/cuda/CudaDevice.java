package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One device with its kernels, memory and stream: what the kernel methods of {@link CudaBackend}
 * stand on.
 */
final class CudaDevice implements AutoCloseable {
  private static final int ELEMENT_THREADS = 256;
  private static final int BLOCKS_PER_MULTIPROCESSOR = 8;

  /** Rows of up to so many columns are one warp's work, four to a block. */
  static final int WARP_COLUMNS = 1024;

  private static final int WARP_ROW_THREADS = 128;
  private static final int RECENT = 8;

  /** What the kernels call the operands with bad indices; the order of common.cuh. */
  private static final String[] INDEX_OPERANDS = {
    "embedding: indices",
    "embeddingBackward: indices",
    "rotary: positions",
    "attentionCached: slots",
    "attentionCached: starts",
    "crossEntropy: targets",
    "crossEntropyBackward: targets",
    "tokenLogProbs: tokens",
    "tokenLogProbsBackward: tokens"
  };

  private static final int INDEX_REPORT_INTS = 5;

  private final Driver driver;
  private final DevicePool pool;
  private final Staging staging;
  private final RoundedWeights roundedWeights;
  private final Map<String, Kernel> kernels = new HashMap<>();
  private final Map<String, RowKernel> rowKernels = new HashMap<>();
  private final long indexReport;
  private boolean indicesUnchecked;
  private long scratch;
  private long scratchBytes;
  private int scratchMoves;
  private final List<MemorySegment> argumentBlocks = new ArrayList<>();
  private final Kernel[] recent = new Kernel[RECENT];
  private int launches;
  private long parameterVersion;
  private long recordingEdges;
  private @Nullable Launches recentGraph;
  private @Nullable GraphRecorder recorder;
  private boolean preparing;
  private @Nullable MatmulTile forcedTile;
  private @Nullable AttentionTile forcedAttention;

  private record RowKernel(Kernel warp, Kernel block) {}

  CudaDevice(Driver driver) {
    this.driver = driver;
    this.pool = new DevicePool(driver);
    this.staging = new Staging(driver);
    this.roundedWeights = new RoundedWeights(pool, this::take);
    this.indexReport = pool.take(4L * INDEX_REPORT_INTS);
    driver.zero(indexReport, 4L * INDEX_REPORT_INTS);
  }

  Driver driver() {
    return driver;
  }

  DevicePool pool() {
    return pool;
  }

  /** The tile of all bf16 matrix products, or null: the shape decides. */
  @Nullable MatmulTile forcedTile() {
    return forcedTile;
  }

  void forceTile(@Nullable MatmulTile tile) {
    forcedTile = tile;
  }

  /** The tile of attention with bf16 operands, or null: device and shape decide. */
  @Nullable AttentionTile forcedAttention() {
    return forcedAttention;
  }

  void forceAttention(@Nullable AttentionTile tile) {
    forcedAttention = tile;
  }

  // ---- launching ----------------------------------------------------------------------------

  /** A kernel, ready for its arguments. */
  Kernel kernel(String name, int gridX, int gridY, int gridZ, int threads, int sharedBytes) {
    return kernel(name).start(gridX, gridY, gridZ, threads, sharedBytes);
  }

  private Kernel kernel(String name) {
    Kernel kernel = kernels.get(name);
    if (kernel == null) {
      MemorySegment block = driver.pinned(Kernel.BLOCK_BYTES);
      kernel = new Kernel(this, name, driver.function(name), block);
      kernels.put(name, kernel);
    }
    return kernel;
  }

  /** A kernel whose threads stride over {@code size} elements. */
  Kernel elements(String name, long size) {
    long blocks = (size + ELEMENT_THREADS - 1) / ELEMENT_THREADS;
    long most = (long) driver.multiprocessors() * BLOCKS_PER_MULTIPROCESSOR;
    return kernel(name).start((int) Math.min(blocks, most), 1, 1, ELEMENT_THREADS, 0);
  }

  /** A row kernel: a warp per row where rows are short, a block per row where they are long. */
  Kernel rows(String name, long rows, int columns) {
    RowKernel pair = rowKernels.get(name);
    if (pair == null) {
      pair = new RowKernel(kernel(name + "Warp"), kernel(name + "Block"));
      rowKernels.put(name, pair);
    }
    if (columns <= WARP_COLUMNS) {
      int perBlock = WARP_ROW_THREADS / 32;
      return pair.warp.start(
          Math.toIntExact((rows + perBlock - 1) / perBlock), 1, 1, WARP_ROW_THREADS, 0);
    }
    return pair.block.start(Math.toIntExact(rows), 1, 1, rowThreads(columns), 0);
  }

  /** Threads of a block that works on one row; by the row length alone, as the order of sums. */
  static int rowThreads(int columns) {
    if (columns <= WARP_COLUMNS) {
      return WARP_ROW_THREADS;
    }
    return columns <= 4096 ? 256 : columns <= 16384 ? 512 : 1024;
  }

  void launch(Kernel kernel) {
    recent[launches++ % RECENT] = kernel;
    if (recorder != null) {
      recorder.add(kernel);
      return;
    }
    try {
      driver.launch(
          kernel.function(),
          kernel.gridX(),
          kernel.gridY(),
          kernel.gridZ(),
          kernel.threads(),
          kernel.sharedBytes(),
          kernel.block());
    } catch (DriverException e) {
      throw e.launch() == 0 ? failed(kernel.describe(), e) : failedEarlier(e);
    }
  }

  /** Starts a graph of these launches. */
  void launch(Driver.Graph graph, Launches list) {
    recentGraph = list;
    try {
      graph.launch();
    } catch (DriverException e) {
      int at = e.launch();
      throw at >= 0 ? failed(list.get(at).description(), e) : failedEarlier(e);
    }
  }

  private static TensorException failed(String what, DriverException e) {
    return new TensorException(
        TensorException.Kind.BACKEND, what, e.reason() + "; this is a defect of the kernel", e);
  }

  /**
   * An error that a later call reported: one of the latest launches, the newest last. A device that
   * has failed once answers every call with it.
   */
  private TensorException failedEarlier(DriverException e) {
    StringBuilder what = new StringBuilder("one of the latest kernels:");
    for (int i = Math.max(0, launches - RECENT); i < launches; i++) {
      what.append("\n  ").append(recent[i % RECENT].describe());
    }
    if (recentGraph != null) {
      what.append("\n  ").append(recentGraph.describe());
    }
    return failed(what.toString(), e);
  }

  // ---- graphs -------------------------------------------------------------------------------

  Driver.Graph graph(Launches list) {
    try {
      return driver.graph(list);
    } catch (DriverException e) {
      throw failedEarlier(e);
    }
  }

  /** See {@link Driver#loop}. */
  Driver.@Nullable Graph loop(Launches once, Launches round, long more) {
    try {
      return driver.loop(once, round, more);
    } catch (DriverException e) {
      throw failedEarlier(e);
    }
  }

  /** Collects launches from now on instead of starting them; see {@link GraphRecorder}. */
  void record(GraphRecorder into) {
    recorder = into;
    recordingEdges++;
  }

  void stopRecording() {
    recorder = null;
    recordingEdges++;
  }

  /** Pinned memory for the arguments of a launch that is kept. */
  MemorySegment takeArgumentBlock() {
    return argumentBlocks.isEmpty()
        ? driver.pinned(Kernel.BLOCK_BYTES)
        : argumentBlocks.removeLast();
  }

  /** Takes a block back; graphs have copies of its values. */
  void giveArgumentBlock(MemorySegment block) {
    argumentBlocks.add(block);
  }

  /** Says that the launches from here on only bring a parameter into another form, or no longer. */
  void setPreparing(boolean on) {
    preparing = on;
  }

  boolean isPreparing() {
    return preparing;
  }

  boolean isRecording() {
    return recorder != null;
  }

  private void flushRecorded() {
    if (recorder != null) {
      recorder.split();
    }
  }

  /**
   * Tells that launches were started again without the Java that made them.
   *
   * @param wroteParameters whether one of them writes a parameter
   */
  void replayed(boolean wroteParameters) {
    indicesUnchecked = true; // a look too many costs one small copy
    if (wroteParameters) {
      parameterVersion++;
    }
  }

  // ---- memory -------------------------------------------------------------------------------

  /** Memory of the pool, see {@link DevicePool#take}. */
  long take(long bytes) {
    try {
      return pool.take(bytes);
    } catch (DriverException e) {
      throw failedEarlier(e);
    }
  }

  /**
   * Memory for one op, used until the next op asks. A larger request moves it, which is safe in
   * stream order.
   */
  long scratch(long bytes) {
    if (bytes > scratchBytes) {
      if (scratchBytes > 0) {
        flushRecorded();
        pool.give(scratch, scratchBytes);
      }
      scratchBytes = DevicePool.blockBytes(bytes + bytes / 4);
      scratch = take(scratchBytes);
      scratchMoves++;
    }
    return scratch;
  }

  /** How often the scratch memory has moved: launches written down before name the old one. */
  int scratchMoves() {
    return scratchMoves;
  }

  /** Sets new memory to zero, after everything that was started before. */
  void zero(long address, long bytes) {
    flushRecorded();
    try {
      driver.zero(address, bytes);
    } catch (DriverException e) {
      throw failedEarlier(e);
    }
  }

  /** Where a kernel reports an index out of range; the host looks at the next synchronisation. */
  long indexReport() {
    indicesUnchecked = true;
    return indexReport;
  }

  /** Called with every tensor that a kernel or a copy writes. */
  void written(Tensor t) {
    if (t.arena().tag() == Arena.Tag.PARAMETERS) {
      parameterVersion++;
    }
  }

  /** Changes whenever some parameter may have changed. */
  long parameterVersion() {
    return parameterVersion;
  }

  /** Whether the rounded form of a tensor is worth keeping: parameters change once a step. */
  static boolean keepsRounded(Tensor t) {
    return t.arena().tag() == Arena.Tag.PARAMETERS;
  }

  /**
   * Changes with the parameters, and where a recording begins and ends: what is recorded rounds the
   * parameters that it uses itself, since it may be replayed when they have changed.
   */
  long roundingVersion() {
    return parameterVersion + recordingEdges;
  }

  RoundedWeights roundedWeights() {
    return roundedWeights;
  }

  MemorySegment stage(long bytes) {
    try {
      return staging.take(bytes);
    } catch (DriverException e) {
      throw failedEarlier(e);
    }
  }

  long stagePieceBytes() {
    return staging.pieceBytes();
  }

  void copyIn(long to, MemorySegment pinned, long bytes) {
    flushRecorded();
    try {
      driver.copyIn(to, pinned, bytes);
    } catch (DriverException e) {
      throw failedEarlier(e);
    }
  }

  void copyOut(MemorySegment pinned, long from, long bytes) {
    flushRecorded();
    try {
      driver.copyOut(pinned, from, bytes);
    } catch (DriverException e) {
      throw failedEarlier(e);
    }
  }

  /** Waits for all work, and throws what went wrong on the device meanwhile. */
  void synchronize() {
    flushRecorded();
    MemorySegment report = null;
    try {
      if (indicesUnchecked) {
        report = staging.take(4L * INDEX_REPORT_INTS);
        driver.copyOut(report, indexReport, report.byteSize());
      }
      driver.synchronize();
    } catch (DriverException e) {
      throw failedEarlier(e);
    }
    staging.reset();
    indicesUnchecked = false;
    if (report != null && report.get(ValueLayout.JAVA_INT, 0) != 0) {
      driver.zero(indexReport, 4L * INDEX_REPORT_INTS);
      throw badIndex(report);
    }
  }

  private static TensorException badIndex(MemorySegment report) {
    return new TensorException(
        TensorException.Kind.INDEX,
        "%s[%d] = %d"
            .formatted(
                INDEX_OPERANDS[report.get(ValueLayout.JAVA_INT, 4)],
                report.get(ValueLayout.JAVA_INT, 8),
                report.get(ValueLayout.JAVA_INT, 12)),
        "expected an index in [0, " + report.get(ValueLayout.JAVA_INT, 16) + ")");
  }

  @Override
  public void close() {
    driver.close();
  }
}
