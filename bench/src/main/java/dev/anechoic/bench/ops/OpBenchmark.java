package dev.anechoic.bench.ops;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.spec.Workload;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A kernel call at one row of {@link OpRows}. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class OpBenchmark {
  /** {@link OpRow#id}. */
  @Param("add@1_1_0")
  public String row = "";

  /** Threads of the backend. */
  @Param("1")
  public int threads = 1;

  /** Counted apart from the timed calls, behind each iteration; sums over all iterations. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Counted {
    /** Calls whose allocation was counted. */
    public long countedCalls;

    /** Bytes that they allocated. */
    public long countedBytes;

    @SuppressWarnings("NullAway.Init")
    public Counted() {}

    /** Calls a few times more. */
    @TearDown(Level.Iteration)
    public void count(OpBenchmark benchmark) {
      Allocation allocation = new Allocation();
      allocation.bytes(); // loads what it needs
      long before = allocation.bytes();
      long ownBytes = allocation.bytes() - before;
      before = allocation.bytes();
      for (int i = 0; i < CALLS_TO_COUNT; i++) {
        benchmark.workload.run();
      }
      countedBytes = allocation.bytes() - before - ownBytes;
      countedCalls = CALLS_TO_COUNT;
    }
  }

  /** Names of the counts among JMH's results. */
  public static final String COUNTED_CALLS = "countedCalls";

  public static final String COUNTED_BYTES = "countedBytes";

  private static final int CALLS_TO_COUNT = 4;

  private Backend backend;
  private Workload workload;

  @SuppressWarnings("NullAway.Init") // JMH calls open
  public OpBenchmark() {}

  @Setup
  public void open() {
    backend = Backends.open("cpu", BackendOptions.DEFAULT.withThreads(threads)).backend();
    workload = new Workload(OpRow.parse(row).opCase(), backend);
  }

  /** The kernel. */
  @Benchmark
  public void call(Counted counted) {
    workload.run();
  }

  @TearDown
  public void close() {
    workload.close();
    backend.close();
  }
}
