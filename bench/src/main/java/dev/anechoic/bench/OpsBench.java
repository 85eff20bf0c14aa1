package dev.anechoic.bench;

import static org.openjdk.jmh.runner.options.VerboseMode.SILENT;

import dev.anechoic.bench.ops.CeilingBenchmark;
import dev.anechoic.bench.ops.MathBenchmark;
import dev.anechoic.bench.ops.OpBenchmark;
import dev.anechoic.bench.ops.OpRow;
import dev.anechoic.bench.ops.OpRows;
import dev.anechoic.kernels.simd.Ceilings;
import dev.anechoic.kernels.simd.VectorFunctions;
import dev.anechoic.model.UserError;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code anechoic bench ops}: every op of the table with JMH, each row in a fresh JVM, against
 * ceilings that the same run measures.
 */
@Command(
    name = "ops",
    mixinStandardHelpOptions = true,
    description = {
      "Measures every op: rate, share of the machine's measured peak, bytes allocated per call.",
      "Matrix products and attention count GFLOP/s against a loop of multiply-adds in registers;"
          + " all else counts GB/s against a triad out of cache, and may pass 100 %% where its"
          + " operands stay in cache."
    })
final class OpsBench implements Runnable {
  /**
   * With tiers, C2 gives the loop of multiply-adds half of the machine's rate (JDK 25.0.3): a
   * profile of the first compiler's leads it astray. A ceiling must not depend on that.
   */
  private static final String OPTIMIZING_COMPILER_ALONE = "-XX:-TieredCompilation";

  @Mixin private TableOptions table;

  @Option(
      names = "--quick",
      description =
          "the whole table in under five minutes on one number of threads: shorter rounds, all"
              + " cores unless --threads says otherwise")
  private boolean quick;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  OpsBench() {}

  /**
   * What bounds a row.
   *
   * @param flops GFLOP/s of the multiply-adds
   * @param bytes GB/s of the triad
   */
  private record Peak(double flops, double bytes) {}

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    int cores = Runtime.getRuntime().availableProcessors();
    List<Integer> threads = quick ? table.threads(List.of(cores)) : table.threads();
    Pattern filter = table.filter();
    List<OpRow> opRows =
        OpRows.all().stream().filter(r -> filter.matcher(r.op() + " " + r.shape()).find()).toList();
    List<String> functions =
        VectorFunctions.NAMES.stream().filter(f -> filter.matcher(mathName(f)).find()).toList();
    List<Object> wanted = new ArrayList<>(opRows);
    wanted.addAll(functions);
    table.requireAny(wanted);

    List<Row> rows = new ArrayList<>();
    for (int count : threads) {
      Peak peak = ceilings(count, rows, out);
      for (OpRow row : opRows) {
        add(rows, opRow(row, count, peak), out);
      }
    }
    for (String function : functions) {
      mathRows(function).forEach(row -> add(rows, row, out));
    }
    Row.write(table.json(), rows);
  }

  private static void add(List<Row> rows, Row row, PrintWriter out) {
    rows.add(row);
    row.print(out);
  }

  // ---- rows ---------------------------------------------------------------------------------

  private Peak ceilings(int threads, List<Row> rows, PrintWriter out) {
    double flops;
    double bytes;
    try (Ceilings ceilings = new Ceilings(threads)) {
      flops = ceilings.flops();
      bytes = ceilings.triadBytes();
    }
    Map<String, String> params = Map.of("threads", Integer.toString(threads));
    RunResult adds = run(CeilingBenchmark.class, "multiplyAdds", params);
    RunResult triad = run(CeilingBenchmark.class, "triad", params);
    Peak peak = new Peak(flops / best(adds), bytes / best(triad));
    String shape = "threads " + threads;
    add(rows, row("peak multiply-adds", shape, flops, adds, "GFLOP/s", peak.flops), out);
    add(rows, row("peak triad", shape, bytes, triad, "GB/s", peak.bytes), out);
    return peak;
  }

  private Row opRow(OpRow row, int threads, Peak peak) {
    RunResult result =
        run(
            OpBenchmark.class,
            "call",
            Map.of("row", row.id(), "threads", Integer.toString(threads)));
    double ceiling = row.countsFlops() ? peak.flops : peak.bytes;
    String shape = row.shape() + " threads " + threads;
    return row(row.op(), shape, row.amount(), result, row.unit(), ceiling);
  }

  /** The vector function, the scalar one, and how many times faster the first is. */
  private List<Row> mathRows(String function) {
    Map<String, String> params = Map.of("function", function);
    RunResult vector = run(MathBenchmark.class, "vector", params);
    RunResult scalar = run(MathBenchmark.class, "scalar", params);
    int n = MathBenchmark.LENGTH;
    String name = mathName(function);
    String shape = n + " elements";
    return List.of(
        row(name, shape + " vector", n, vector, "G/s", Double.NaN),
        row(name, shape + " scalar", n, scalar, "G/s", Double.NaN),
        new Row(
            name,
            shape + " vector over scalar",
            nanos(scalar) / nanos(vector),
            best(scalar) / best(vector),
            "times",
            Double.NaN,
            0));
  }

  private static String mathName(String function) {
    return "math " + function;
  }

  private static Row row(
      String name, String shape, double amount, RunResult result, String unit, double ceiling) {
    double rate = amount / nanos(result);
    return new Row(
        name, shape, rate, amount / best(result), unit, rate / ceiling, allocatedBytes(result));
  }

  /** Median over the iterations. */
  private static double nanos(RunResult result) {
    return result.getPrimaryResult().getStatistics().getPercentile(50);
  }

  /** Of the best iteration. */
  private static double best(RunResult result) {
    return result.getPrimaryResult().getStatistics().getMin();
  }

  /**
   * On the Java heap per call; by the profiler, harness included, where nothing closer is there.
   */
  private static long allocatedBytes(RunResult result) {
    if (result.getSecondaryResults().containsKey(OpBenchmark.COUNTED_BYTES)) {
      return Math.round(
          score(result, OpBenchmark.COUNTED_BYTES) / score(result, OpBenchmark.COUNTED_CALLS));
    }
    return (long) score(result, "gc.alloc.rate.norm");
  }

  private static double score(RunResult result, String name) {
    return Objects.requireNonNull(result.getSecondaryResults().get(name), name).getScore();
  }

  // ---- JMH ----------------------------------------------------------------------------------

  private RunResult run(Class<?> benchmark, String method, Map<String, String> params) {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + Pattern.quote(benchmark.getName() + "." + method) + "$")
            .jvmArgs(JvmFlags.forked().toArray(String[]::new))
            .forks(1)
            .threads(1)
            .warmupIterations(quick ? 2 : 4)
            .warmupTime(TimeValue.milliseconds(500))
            .measurementIterations(quick ? 3 : 7)
            .measurementTime(TimeValue.milliseconds(quick ? 100 : 400))
            .shouldFailOnError(true)
            .addProfiler(GCProfiler.class)
            .verbosity(SILENT);
    if (benchmark == CeilingBenchmark.class) {
      options.jvmArgsAppend(OPTIMIZING_COMPILER_ALONE);
    }
    new HashMap<>(params).forEach(options::param);
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    try (PrintStream printed = new PrintStream(log, true, StandardCharsets.UTF_8)) {
      Collection<RunResult> results =
          new Runner(options.build(), OutputFormatFactory.createFormatInstance(printed, SILENT))
              .run();
      if (results.size() != 1) {
        throw new IllegalStateException(benchmark + "." + method + " gave " + results.size());
      }
      return results.iterator().next();
    } catch (RunnerException e) {
      throw UserError.what("A benchmark failed: " + benchmark.getSimpleName() + " " + params)
          .got(log.toString(StandardCharsets.UTF_8).strip())
          .cause(e)
          .remedy("If another benchmark holds JMH's lock, wait for its end.");
    }
  }
}
