package dev.anechoic.bench;

import java.util.List;

/** The flags of the JVMs that benchmarks start: those of the launcher that bear on speed. */
final class JvmFlags {
  private JvmFlags() {}

  /** For a fresh JVM with this one's class path. */
  static List<String> forked() {
    return List.of(
        "--add-modules=jdk.incubator.vector",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow", // JMH's own use would be warned of
        "-XX:+UnlockDiagnosticVMOptions",
        "-XX:-UseFPUForSpilling",
        "-XX:+UseParallelGC",
        "-Xmx4g",
        "-Xlog:disable",
        "-Xlog:all=error:stderr");
  }
}
