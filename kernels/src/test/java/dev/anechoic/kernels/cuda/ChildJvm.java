package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs a main class of the tests in a JVM that finds made-up libraries in place of CUDA's. */
final class ChildJvm {
  private static final String PROGRAM = "dev/anechoic/kernels/cuda/anechoic.fatbin";

  private final Path folder;
  private String classPath = System.getProperty("java.class.path");

  /**
   * @param folder what the child's loader searches first, and its temporary folder
   */
  ChildJvm(Path folder) {
    this.folder = folder;
  }

  static void assumeLinuxWithGcc() throws InterruptedException {
    boolean linux =
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64");
    boolean gcc = linux && exec(List.of("gcc", "--version")).isEmpty();
    assumeTrue(gcc, "needs Linux on x86-64 with gcc");
  }

  /** Compiles C to a library of the folder; the soname is the file's name. */
  void library(String name, String source) throws IOException, InterruptedException {
    Path file = folder.resolve(name + ".c");
    Files.writeString(file, source);
    String problem =
        exec(
            List.of(
                "gcc",
                "-shared",
                "-fPIC",
                "-w",
                "-Wl,-soname," + name,
                "-o",
                folder.resolve(name).toString(),
                file.toString(),
                "-ldl"));
    assertTrue(problem.isEmpty(), problem);
  }

  /** A driver whose device is the emulation, see {@code fake_cuda.c}. */
  void fakeDriver() throws IOException, InterruptedException {
    String source = resource("fake_cuda.c");
    StringBuilder all = new StringBuilder(source);
    for (String name : DriverSymbols.wanted()) {
      if (!source.contains("int " + name + "(")) {
        all.append("int %s(void) { return 801; }%n".formatted(name));
      }
    }
    library("libcuda.so.1", all.toString());
  }

  /** A text beside the test classes. */
  static String resource(String name) throws IOException {
    try (InputStream in = ChildJvm.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Gives the child the kernels' classes as a build without nvcc makes them. */
  void withoutProgram() throws IOException {
    List<String> entries = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path classes = Path.of(entry);
      if (!Files.exists(classes.resolve(PROGRAM))) {
        entries.add(entry);
        continue;
      }
      Path copy = folder.resolve("classes-without-program");
      try (Stream<Path> files = Files.walk(classes)) {
        for (Path from : files.filter(f -> !f.endsWith(PROGRAM)).toList()) {
          Path to = copy.resolve(classes.relativize(from).toString());
          if (Files.isDirectory(from)) {
            Files.createDirectories(to);
          } else {
            Files.copy(from, to);
          }
        }
      }
      entries.add(copy.toString());
    }
    classPath = String.join(File.pathSeparator, entries);
  }

  /** Runs a class's main and returns all that it printed. */
  String run(Class<?> main, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + folder,
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-cp",
                folder.resolve("classes") + File.pathSeparator + classPath,
                main.getName()));
    command.addAll(List.of(arguments));
    Path log = Files.createTempFile(folder, "child", ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("LD_LIBRARY_PATH", folder.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    return Files.readString(log);
  }

  /** Empty where the command succeeds, else what it says. */
  private static String exec(List<String> command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said;
      try (InputStream out = process.getInputStream()) {
        said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      }
      return process.waitFor() == 0 ? "" : "failed: " + said;
    } catch (IOException e) {
      return "failed: " + e.getMessage();
    }
  }
}
