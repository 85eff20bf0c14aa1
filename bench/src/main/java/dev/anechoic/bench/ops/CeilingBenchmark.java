package dev.anechoic.bench.ops;

import dev.anechoic.kernels.simd.Ceilings;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What the machine gives at most, measured in the run whose rows are held against it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CeilingBenchmark {
  /** Threads that share the work. */
  @Param("1")
  public int threads = 1;

  private Ceilings ceilings;

  @SuppressWarnings("NullAway.Init") // JMH calls open
  public CeilingBenchmark() {}

  @Setup
  public void open() {
    ceilings = new Ceilings(threads);
  }

  /** Multiply-adds in registers. */
  @Benchmark
  public void multiplyAdds() {
    ceilings.multiplyAdds();
  }

  /** {@code a = b + s c} out of cache. */
  @Benchmark
  public void triad() {
    ceilings.triad();
  }

  @TearDown
  public void close() {
    ceilings.close();
  }
}
