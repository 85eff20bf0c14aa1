package dev.anechoic.bench.gpucheck;

import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.kernels.cuda.KernelProgram;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Runs the parts one after the other, each in a thread and with a backend of its own. A part that
 * fails or takes too long is listed and does not stop the rest; the files are written after each.
 */
final class GpuCheck {
  /** What a part may take to notice that it was interrupted. */
  private static final long MILLIS_TO_END = 5000;

  private final String backendName;
  private final Size size;
  private final Report report;
  private @Nullable Ceilings ceilings;

  /** Programs that some parts start; a test puts others in their place. */
  record Tools(String python, String sanitizer) {
    static final Tools ON_PATH = new Tools("python3", "compute-sanitizer");
  }

  private final Tools tools;

  GpuCheck(String backendName, boolean small, Tools tools, PrintWriter out) {
    this.backendName = backendName;
    this.size = small ? Size.SMALL : Size.FULL;
    this.tools = tools;
    this.report = new Report(out);
  }

  /** Runs the parts and writes {@code gpucheck.json} and {@code gpucheck.md} to the folder. */
  List<String> run(List<Part> parts, Path folder) {
    prepare();
    for (Part part : parts) {
      long start = System.nanoTime();
      report.say("== %d %s".formatted(part.number(), part.label()));
      runBounded(part, 1000L * part.limitSeconds);
      double seconds = (System.nanoTime() - start) / 1e9;
      report.put("seconds_" + part.label(), seconds);
      report.say("   %.1f s".formatted(seconds));
      report.write(folder);
    }
    return report.failures();
  }

  /**
   * Where the build has no kernels, NVRTC compiles them when a backend is opened for the first
   * time: half a minute that belongs to no part.
   */
  private void prepare() {
    try {
      withBackend(backend -> {});
    } catch (RuntimeException | LinkageError e) {
      return; // each part that needs it says so
    }
  }

  /**
   * Runs a part in a thread that is interrupted at the limit. What measures looks at that (see
   * {@link Stopwatch}), so that the next part has the device to itself.
   */
  void runBounded(Part part, long limitMillis) {
    AtomicReference<@Nullable Throwable> problem = new AtomicReference<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                run(part);
              } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
                problem.set(e);
              }
            },
            "gpucheck-" + part.label());
    thread.setDaemon(true);
    thread.start();
    try {
      thread.join(limitMillis);
      if (thread.isAlive()) {
        report.fail("%s: not done after %.0f s".formatted(part.label(), limitMillis / 1e3));
        thread.interrupt();
        thread.join(MILLIS_TO_END);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Throwable e = problem.get();
    if (e != null) {
      report.fail(part.label() + ": " + words(e));
    }
  }

  private void run(Part part) {
    switch (part) {
      case VERSIONS -> withBackend(backend -> new Versions(report).run(backend, ceilings(backend)));
      case OPS -> new OpChecks(report).run(backendName, size);
      case LOSS -> new LossCheck(report).run(backendName, size);
      case SPEED -> withBackend(this::speed);
      case PYTORCH -> new PyTorch(report, tools.python()).run(size);
      case SANITIZER -> new Sanitizer(report, tools.sanitizer()).run(backendName, part);
    }
  }

  /** Tiles and ladder come last: should time run out, what the README shows is there. */
  private void speed(Backend backend) {
    Ceilings most = ceilings(backend);
    ModelBenchmarks models = new ModelBenchmarks(backend, size, most, report);
    section("kernels", () -> new KernelBenchmarks(backend, size, most, report).run());
    section("training", models::training);
    section("rollouts", models::rollouts);
    section("PPO step", () -> new PpoStep(report).run(backendName, size));
    if (backend instanceof CudaBackend cuda) {
      section("tiles", () -> new TileSweep(cuda, size, report).run());
      section("tiles of attention", () -> new AttentionSweep(cuda, size, report).run());
      if (KernelProgram.hasFatbin() || backendName.startsWith("cuda-emulated")) {
        section("ladder", () -> new LadderBenchmarks(cuda, size, most, report).run());
      } else {
        report.skip(
            "ladder: this build has no compiled kernels, and NVRTC is not given the ladder");
      }
    } else {
      report.skip("tiles and ladder: backend " + backend.name() + " has no CUDA kernels");
    }
  }

  private void section(String name, Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      report.fail("speed, " + name + ": " + words(e));
    }
  }

  private static String words(Throwable e) {
    return Objects.requireNonNullElse(e.getMessage(), e.toString());
  }

  /** Whether products and attention of a backend take bf16 operands. */
  static boolean roundsOperands(String backendName) {
    return backendName.startsWith("cuda")
        && !backendName.endsWith("f32")
        && !backendName.equals("cuda-emulated");
  }

  private interface Use {
    void of(Backend backend);
  }

  private void withBackend(Use use) {
    try (Backend backend = Backends.open(backendName, BackendOptions.DEFAULT).backend()) {
      use.of(backend);
    }
  }

  private Ceilings ceilings(Backend backend) {
    Ceilings known = ceilings;
    if (known == null) {
      known = Ceilings.measure(backend, size);
      ceilings = known;
    }
    return known;
  }
}
