package dev.anechoic.rl.cli;

import com.sun.management.OperatingSystemMXBean;
import dev.anechoic.tensor.BackendProvider;
import dev.anechoic.tensor.Backends;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * {@code anechoic doctor}: what this machine offers and which backend would be taken. Exit code 0
 * where some backend can run, 1 where none can.
 */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = "Shows what this machine offers, which backend is taken, and why not the others.")
final class DoctorCommand implements Callable<Integer> {
  /** Before this update the JVM can move an array that native code still reads (JDK-8377811). */
  private static final Runtime.Version OLDEST_JDK = Runtime.Version.parse("25.0.3");

  private static final double BYTES_PER_GIB = 1L << 30;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects spec
  DoctorCommand() {}

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    machine(out);
    java(out);
    gpu(out);
    tools(out);
    boolean canRun = backends(out);
    out.flush();
    return canRun ? 0 : 1;
  }

  private static void machine(PrintWriter out) {
    out.println("machine");
    line(out, "system", property("os.name"), property("os.version"), property("os.arch"));
    line(out, "processor", processor(), Runtime.getRuntime().availableProcessors() + " cores");
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean os) {
      line(out, "memory", gib(os.getTotalMemorySize()), gib(os.getFreeMemorySize()) + " unused");
    }
    line(out, "disk", freeDisk(Path.of("").toAbsolutePath()));
  }

  private static void java(PrintWriter out) {
    out.println("java");
    Runtime.Version version = Runtime.version();
    line(out, "JDK", version, property("java.vendor"), property("java.home"));
    if (version.compareToIgnoreOptional(OLDEST_JDK) < 0) {
      line(out, "", "too old: expected " + OLDEST_JDK + " or newer, see JDK-8377811");
    }
    line(out, "heap limit", gib(Runtime.getRuntime().maxMemory()), "ANECHOIC_OPTS=-Xmx8g sets it");
    line(out, "vectors", VectorWidth.describe());
  }

  private static void gpu(PrintWriter out) {
    out.println("gpu");
    switch (GpuProbe.probe()) {
      case GpuProbe.Absent(String reason) -> line(out, "driver", reason);
      case GpuProbe.Found(String cudaVersion, List<String> devices) -> {
        line(out, "driver", "CUDA " + cudaVersion);
        if (devices.isEmpty()) {
          line(out, "device", "none");
        }
        devices.forEach(device -> line(out, "device", device));
      }
    }
  }

  private static void tools(PrintWriter out) {
    out.println("tools");
    line(out, "nvcc", Tool.find("nvcc", "release"));
    line(out, "g++", Tool.find("g++", "g++"));
  }

  /** Prints each backend, best first, and returns whether one of them is taken by default. */
  private static boolean backends(PrintWriter out) {
    out.println("backends");
    boolean taken = false;
    for (BackendProvider provider : Backends.providers()) {
      String why = provider.unavailableBecause();
      String verdict;
      if (why != null) {
        verdict = "cannot run: " + why;
      } else if (provider.priority() < 0) {
        verdict = "can run, only when asked for by name";
      } else if (taken) {
        verdict = "can run, not taken: a faster one is there";
      } else {
        verdict = "taken";
        taken = true;
      }
      line(out, provider.name(), verdict);
    }
    if (!taken) {
      line(out, "", "none is taken by default; choose one by name");
    }
    return taken;
  }

  private static void line(PrintWriter out, String label, Object... parts) {
    String text = String.join(", ", Stream.of(parts).map(Object::toString).toList());
    out.printf(Locale.ROOT, "  %-18s %s%n", label, text);
  }

  private static String property(String name) {
    return System.getProperty(name, "unknown");
  }

  private static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / BYTES_PER_GIB);
  }

  /** The processor's name where the system tells it in a file (Linux), else its architecture. */
  private static String processor() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElseGet(() -> property("os.arch"));
    } catch (IOException notLinux) {
      return property("os.arch");
    }
  }

  private static String freeDisk(Path folder) {
    try {
      FileStore store = Files.getFileStore(folder);
      return gib(store.getUsableSpace()) + " free at " + folder;
    } catch (IOException e) {
      return "unknown at " + folder + ": " + e.getMessage();
    }
  }
}
