package dev.anechoic.bench.ops;

import dev.anechoic.kernels.simd.VectorFunctions;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** exp, log and tanh of an array in cache, by the vector kernels and by {@link Math}. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MathBenchmark {
  /** Elements of a call. */
  public static final int LENGTH = 4096;

  /** Which function. */
  @Param({"exp", "log", "tanh"})
  public String function = "";

  private final float[] x = new float[LENGTH];
  private final float[] y = new float[LENGTH];
  private int number;

  @SuppressWarnings("NullAway.Init")
  public MathBenchmark() {}

  /** Arguments in (0, 8]: the domain of all three. */
  @Setup
  public void fill() {
    number = VectorFunctions.NAMES.indexOf(function);
    for (int i = 0; i < LENGTH; i++) {
      x[i] = 8f * (i + 1) / LENGTH;
    }
  }

  /** The engine's. */
  @Benchmark
  public float[] vector() {
    switch (number) {
      case 0 -> VectorFunctions.exp(x, y);
      case 1 -> VectorFunctions.log(x, y);
      default -> VectorFunctions.tanh(x, y);
    }
    return y;
  }

  /** The JDK's, one number at a time. */
  @Benchmark
  public float[] scalar() {
    switch (number) {
      case 0 -> {
        for (int i = 0; i < LENGTH; i++) {
          y[i] = (float) Math.exp(x[i]);
        }
      }
      case 1 -> {
        for (int i = 0; i < LENGTH; i++) {
          y[i] = (float) Math.log(x[i]);
        }
      }
      default -> {
        for (int i = 0; i < LENGTH; i++) {
          y[i] = (float) Math.tanh(x[i]);
        }
      }
    }
    return y;
  }
}
