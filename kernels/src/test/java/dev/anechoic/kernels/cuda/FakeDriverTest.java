package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.emulated.EmulationLibrary;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Recording;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import dev.anechoic.tensor.spec.Conformance;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The backend {@code cuda} through JCuda's own native code, on a driver whose device is the
 * emulation: what works, and what is said where a driver or a device does not do.
 */
class FakeDriverTest {
  @TempDir Path folder;

  /** Runs in the child. */
  static final class Child {
    public static void main(String[] args) {
      try {
        run(args);
      } catch (TensorException e) {
        System.out.println("error " + e.kind() + " " + e.getMessage());
      }
      System.exit(0); // a broken device's memory cannot be given back
    }

    private static void run(String[] args) {
      if (args[0].equals("ops")) {
        for (String op : Arrays.asList(args).subList(2, args.length)) {
          System.out.println(
              Conformance.run(
                  args[1], Conformance.Options.QUICK.withAllocations(false).withOp(op)));
        }
        return;
      }
      Backends.Choice choice = Backends.open(args[1], BackendOptions.DEFAULT);
      System.out.println("reason " + choice.reason());
      Backend backend = choice.backend();
      Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger());
      switch (args[0]) {
        case "open" -> System.out.println("opened " + backend.name());
        case "gelu" -> {
          Tensor x = arena.of(new float[] {-1, 0, 1, 2, 3, 4}, 2, 3);
          backend.gelu(x, arena.like(x));
          backend.synchronize();
        }
        case "geluThen" -> {
          Tensor x = arena.of(new float[] {-1, 0, 1, 2, 3, 4}, 2, 3);
          Tensor y = arena.like(x);
          backend.gelu(x, y);
          switch (args[2]) {
            case "launch" -> backend.add(x, x, y);
            case "write" -> backend.write(y, new float[6], 0);
            case "read" -> y.toFloats();
            case "allocate" ->
                new Arena(backend, Arena.Tag.DATA, new MemoryLedger()).tensor(DType.F32, 1 << 23);
            case "graph" -> backend.record(() -> backend.add(x, x, y)).run();
            default -> throw new IllegalArgumentException(args[2]);
          }
        }
        case "again" -> {
          try (backend;
              Recording step = backend.record(() -> backend.fill(arena.tensor(DType.F32, 3), 1))) {
            step.run();
            Tensor x = arena.of(new float[] {-1, 0, 1}, 3);
            backend.gelu(x, x);
            backend.synchronize();
          } catch (TensorException e) {
            System.out.println("failed " + e.kind());
          }
          try (Backend second = Backends.open(args[1], BackendOptions.DEFAULT).backend()) {
            Arena own = new Arena(second, Arena.Tag.WORKSPACE, new MemoryLedger());
            Tensor x = own.of(new float[] {1, 2}, 2);
            second.add(x, x, x);
            System.out.println("second " + Arrays.toString(x.toFloats()));
          }
        }
        case "replay" -> replay(backend, arena);
        case "repeat" -> repeat(backend, arena);
        default -> throw new IllegalArgumentException(args[0]);
      }
    }

    /** x = 1; three times x = 3 x + gelu-like work, of which the last two are replays. */
    private static void replay(Backend backend, Arena arena) {
      Tensor x = arena.of(new float[] {1, 2, 3, 4, 5}, 5);
      Tensor y = arena.zeros(DType.F32, 5);
      double[] factor = {2};
      Recording step =
          backend.record(() -> {
            backend.scale(x, factor[0], y, false);
            backend.gelu(y, y);
            backend.add(x, y, x);
          });
      step.run();
      step.run();
      factor[0] = 1;
      step.renew();
      step.run();
      System.out.println("replayed " + Arrays.toString(x.toFloats()));
      step.close();
    }

    /**
     * x = 2 x for each of four numbers that are left, then x = 3 x for each of two; and a product
     * with the identity, a parameter, which changes nothing.
     */
    private static void repeat(Backend backend, Arena arena) {
      Tensor x = arena.of(new float[] {1, 2, 3, 4, 5}, 5);
      Tensor left = arena.of(new int[] {4, 3, 2, 1, 0}, 5);
      Tensor rest = arena.zeros(DType.I32, 5);
      Tensor more = left.slice(0, 1);
      Arena parameters = new Arena(backend, Arena.Tag.PARAMETERS, new MemoryLedger());
      float[] ones = new float[25];
      for (int i = 0; i < 25; i += 6) {
        ones[i] = 1;
      }
      Tensor identity = parameters.of(ones, 5, 5);
      Tensor row = x.reshape(1, 5);
      Tensor product = arena.zeros(DType.F32, 1, 5);
      double[] factor = {2};
      Recording step =
          backend.record(() -> {
            backend.scale(x, factor[0], x, false);
            backend.matmul(row, false, identity, false, null, product, false);
            backend.copy(product, row);
            backend.copyBlock(left, 1, 4, rest, 0, 4, 1, 4, false);
            backend.copy(rest, left);
          });
      step.run();
      step.repeat(more, 100);
      System.out.println("repeated " + Arrays.toString(x.toFloats()));
      step.repeat(more, 100);
      backend.write(left, new int[] {2, 1, 0, 0, 0}, 0);
      factor[0] = 3;
      step.renew();
      step.repeat(more, 100);
      System.out.println("repeated " + Arrays.toString(x.toFloats()));
      step.close();
    }
  }

  private ChildJvm child() throws Exception {
    String problem = EmulationLibrary.unavailableBecause();
    assumeTrue(problem == null, problem);
    ChildJvm.assumeLinuxWithGcc();
    ChildJvm child = new ChildJvm(folder);
    child.fakeDriver();
    // A build without nvcc has no program, and this driver needs none.
    Path program = folder.resolve("classes/dev/anechoic/kernels/cuda/anechoic.fatbin");
    Files.createDirectories(program.getParent());
    Files.write(program, new byte[64]);
    return child;
  }

  private String run(Map<String, String> settings, String... arguments) throws Exception {
    Map<String, String> environment = new TreeMap<>(settings);
    ChildJvm child = child();
    environment.put("FAKE_EMULATION", EmulationLibrary.get().toString());
    return child.run(Child.class, environment, arguments);
  }

  @Test
  void theFakeHasEveryFunctionThatJCudaImports() throws Exception {
    child();
    List<String> wanted = DriverSymbols.wanted();
    assertTrue(wanted.size() > 200 && wanted.contains("cuLaunchKernel"), wanted.toString());
    String library = folder.resolve("libcuda.so.1").toString();
    assertEquals(List.of(), DriverSymbols.missing(library));
  }

  @Test
  void opsKeepTheirPromisesThroughJCuda() throws Exception {
    String said = run(Map.of(), "ops", "cuda-f32", "matmul", "softmax", "sample", "adamW");
    assertEquals(4, said.split(", 0 failures", -1).length - 1, said);
  }

  @Test
  void graphsGiveThroughJCudaWhatPlainLaunchesGive() throws Exception {
    String said = run(Map.of(), "replay", "cuda-f32");
    String plain = run(Map.of(), "replay", "cuda-emulated");
    String line = plain.lines().filter(l -> l.startsWith("replayed")).findFirst().orElse(plain);
    assertTrue(said.contains(line), said + plain);
  }

  @Test
  void aGraphGoesRoundWhileANumberIsNotZero() throws Exception {
    String factorsOf16And9 =
        """
        repeated [16.0, 32.0, 48.0, 64.0, 80.0]
        repeated [144.0, 288.0, 432.0, 576.0, 720.0]
        """;
    for (String backend : new String[] {"cuda", "cuda-f32", "cuda-emulated"}) {
      String said = run(Map.of(), "repeat", backend);
      assertTrue(said.contains(factorsOf16And9), said);
    }
  }

  @Test
  void aDriverWithoutWhileNodesRepeatsAsOftenAsItMust() throws Exception {
    for (Map<String, String> lacking :
        List.of(Map.of("FAKE_LOOPS", "0"), Map.of("FAKE_VERSION", "12020"))) {
      String said = run(lacking, "repeat", "cuda-f32");
      // For want of a condition x = 2 x is done once and a hundred times.
      assertTrue(said.contains("repeated [2.5353012E30,"), said);
    }
  }

  @Test
  void aDeviceWithoutMemoryPoolsIsAskedForMemoryDirectly() throws Exception {
    String said = run(Map.of("FAKE_POOLS", "0"), "ops", "cuda-f32", "softmax");
    assertTrue(said.contains(", 0 failures"), said);
    String full = run(Map.of("FAKE_POOLS", "0", "FAKE_ROOM", "9000000"), "gelu", "cuda-f32");
    assertTrue(full.contains("use a smaller batch"), full);
  }

  @Test
  void aDeviceThatIsTakenByDefaultIsNamedWithItsDriver() throws Exception {
    String said = run(Map.of(), "open", "auto");
    assertTrue(said.contains("opened cuda"), said);
    assertTrue(said.contains("Fake device, compute capability 8.5"), said);
    assertTrue(said.contains("CUDA 13.0, with memory pools, with while nodes"), said);
  }

  @Test
  void anOldDriverIsRefusedAndAutoTakesTheCpu() throws Exception {
    Map<String, String> old = Map.of("FAKE_VERSION", "11040");
    String named = run(old, "open", "cuda");
    assertTrue(named.contains("driver is for CUDA 11.4; 12.0 or newer is needed"), named);
    String auto = run(old, "open", "auto");
    assertTrue(auto.contains("opened cpu"), auto);
    assertTrue(auto.contains("not cuda: the NVIDIA driver is for CUDA 11.4"), auto);
  }

  @Test
  void aDriverThatDoesNotStartSaysWhy() throws Exception {
    String said = run(Map.of("FAKE_INIT", "100"), "open", "cuda");
    assertTrue(said.contains("does not start: CUDA_ERROR_NO_DEVICE"), said);
  }

  @Test
  void anOldDeviceIsRefusedAndAutoTakesTheCpu() throws Exception {
    Map<String, String> old = Map.of("FAKE_MAJOR", "7");
    String named = run(old, "open", "cuda");
    assertTrue(named.contains("compute capability 7.5; the kernels need 8.0 or newer"), named);
    assertTrue(named.contains("--backend cpu runs without a GPU"), named);
    String auto = run(old, "open", "auto");
    assertTrue(auto.contains("opened cpu") && auto.contains("compute capability 7.5"), auto);
  }

  @Test
  void aDriverTooOldForTheProgramSaysWhichOneIsNeeded() throws Exception {
    String said = run(Map.of("FAKE_LOAD", "222"), "open", "cuda");
    assertTrue(said.contains("unsupported toolchain"), said);
    assertTrue(said.contains("driver of CUDA 13 (580 or newer)"), said);
  }

  @Test
  void aFullDeviceSaysWhatIsFree() throws Exception {
    String said = run(Map.of("FAKE_ROOM", "9000000"), "gelu", "cuda-f32");
    assertTrue(said.contains("error MEMORY"), said);
    assertTrue(said.contains("use a smaller batch"), said);
  }

  @Test
  void aDeviceErrorNamesKernelGridAndShapes() throws Exception {
    String said = run(Map.of("FAKE_BROKEN", "gelu"), "gelu", "cuda-f32");
    assertTrue(said.contains("an illegal memory access was encountered"), said);
    assertTrue(said.contains("kernel gelu, grid (1, 1, 1), 256 threads"), said);
    assertTrue(said.contains("F32[2, 3]"), said);
  }

  @Test
  void anErrorThatALaterCallReportsNamesTheEarlierKernel() throws Exception {
    for (String later : List.of("launch", "write", "read", "allocate", "graph")) {
      Map<String, String> broken = Map.of("FAKE_BROKEN", "gelu", "FAKE_EAGER", "1");
      String said = run(broken, "geluThen", "cuda-f32", later);
      assertTrue(said.contains("an illegal memory access was encountered"), later + said);
      assertTrue(said.contains("one of the latest kernels"), later + said);
      assertTrue(said.contains("kernel gelu, grid (1, 1, 1), 256 threads"), later + said);
    }
  }

  @Test
  void aBackendOpenedAfterADeviceErrorWorks() throws Exception {
    Map<String, String> broken = Map.of("FAKE_BROKEN", "gelu", "FAKE_EAGER", "1");
    String said = run(broken, "again", "cuda-f32");
    assertTrue(said.contains("failed BACKEND"), said);
    assertTrue(said.contains("second [2.0, 4.0]"), said);
  }

  @Test
  void aDeviceErrorInAGraphNamesItsKernels() throws Exception {
    String said = run(Map.of("FAKE_BROKEN", "gelu"), "replay", "cuda-f32");
    assertTrue(said.contains("a graph of 3 kernels"), said);
    assertTrue(said.contains("kernel gelu, grid (1, 1, 1), 256 threads"), said);
  }

  @Test
  void withoutADriverTheMessageNamesItsLibrary() throws Exception {
    ChildJvm.assumeLinuxWithGcc();
    String said = new ChildJvm(folder).run(Child.class, Map.of(), "open", "cuda");
    assumeTrue(!said.contains("opened"), "this machine has a driver");
    assertTrue(said.contains("no NVIDIA driver (libcuda.so.1) on this machine"), said);
  }
}
