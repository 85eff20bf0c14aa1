package dev.anechoic.kernels.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * NVRTC: compiles the kernels where there is a GPU and NVRTC but the build had no nvcc. Any version
 * serves, because it is found by name at run time. That takes half a minute, so the result is kept.
 */
@SuppressWarnings("restricted") // native calls are this class's purpose
final class RuntimeCompiler {
  private static final List<String> LIBRARIES =
      List.of("libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12");
  private static final String PROGRAM = "kernels.cu";

  private final Linker linker = Linker.nativeLinker();
  private final SymbolLookup library;

  private RuntimeCompiler(SymbolLookup library) {
    this.library = library;
  }

  /** NVRTC's library name on this machine, or null. */
  static @Nullable String libraryName() {
    for (String name : LIBRARIES) {
      try (Arena arena = Arena.ofConfined()) {
        SymbolLookup.libraryLookup(name, arena);
        return name;
      } catch (IllegalArgumentException e) {
        continue; // not installed under this name
      }
    }
    return null;
  }

  /**
   * Code for one architecture, from the cache where it has been compiled before.
   *
   * @throws DriverException where NVRTC is missing or refuses the sources
   */
  static byte[] compile(int major, int minor) {
    String name = libraryName();
    if (name == null) {
      throw new DriverException(
          "there are no compiled kernels in this build, and NVRTC is not installed: build where nvcc"
              + " is on the PATH, or install the CUDA runtime compiler (libnvrtc)");
    }
    // sm_90a has wgmma; other architectures run the portable kernels.
    String code = "sm_" + major + minor + (major == 9 ? "a" : "");
    try (Arena arena = Arena.ofConfined()) {
      RuntimeCompiler compiler = new RuntimeCompiler(SymbolLookup.libraryLookup(name, arena));
      String kept = "nvrtc-%s-%s-%s".formatted(compiler.version(arena), code, KernelSources.hash());
      Path file = KernelSources.cacheFolder().resolve(kept + ".cubin");
      if (Files.isReadable(file)) {
        return Files.readAllBytes(file);
      }
      byte[] image = compiler.compile(arena, KernelSources.all(), code);
      keep(image, file);
      return image;
    } catch (IOException e) {
      throw new UncheckedIOException("reading compiled kernels", e);
    }
  }

  private String version(Arena arena) {
    MemorySegment major = arena.allocate(ValueLayout.JAVA_INT);
    MemorySegment minor = arena.allocate(ValueLayout.JAVA_INT);
    call("nvrtcVersion", major, minor);
    return major.get(ValueLayout.JAVA_INT, 0) + "." + minor.get(ValueLayout.JAVA_INT, 0);
  }

  /** Written whole under another name first: two programs may compile at once. */
  private static void keep(byte[] image, Path file) {
    try {
      Files.createDirectories(file.resolveSibling(""));
      Path part = Files.createTempFile(file.resolveSibling(""), "nvrtc-", ".part");
      Files.write(part, image);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      return; // a home that cannot be written costs the time of compiling again
    }
  }

  private byte[] compile(Arena arena, Map<String, byte[]> sources, String code) {
    List<Map.Entry<String, byte[]>> headers =
        sources.entrySet().stream()
            .filter(e -> e.getKey().matches("[^/]+\\.cuh?") && !e.getKey().equals(PROGRAM))
            .toList();
    MemorySegment texts = arena.allocate(ValueLayout.ADDRESS, headers.size());
    MemorySegment names = arena.allocate(ValueLayout.ADDRESS, headers.size());
    for (int i = 0; i < headers.size(); i++) {
      names.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(headers.get(i).getKey()));
      texts.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(text(headers.get(i).getValue())));
    }
    byte[] main = sources.get(PROGRAM);
    if (main == null) {
      throw new DriverException(PROGRAM + " is missing from the kernels jar");
    }
    MemorySegment program = arena.allocate(ValueLayout.ADDRESS);
    call(
        "nvrtcCreateProgram",
        program,
        arena.allocateFrom(text(main)),
        arena.allocateFrom(PROGRAM),
        headers.size(),
        texts,
        names);
    MemorySegment handle = program.get(ValueLayout.ADDRESS, 0);
    String[] options = {"--gpu-architecture=" + code, "--std=c++17", "--fmad=false"};
    MemorySegment optionList = arena.allocate(ValueLayout.ADDRESS, options.length);
    for (int i = 0; i < options.length; i++) {
      optionList.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(options[i]));
    }
    if (invoke("nvrtcCompileProgram", handle, options.length, optionList) != 0) {
      throw new DriverException(
          "NVRTC refuses the kernels for " + code + ":\n" + log(arena, handle));
    }
    MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
    call("nvrtcGetCUBINSize", handle, size);
    MemorySegment image = arena.allocate(size.get(ValueLayout.JAVA_LONG, 0));
    call("nvrtcGetCUBIN", handle, image);
    call("nvrtcDestroyProgram", program);
    return image.toArray(ValueLayout.JAVA_BYTE);
  }

  private String log(Arena arena, MemorySegment handle) {
    MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
    call("nvrtcGetProgramLogSize", handle, size);
    MemorySegment log = arena.allocate(Math.max(1, size.get(ValueLayout.JAVA_LONG, 0)));
    call("nvrtcGetProgramLog", handle, log);
    return log.getString(0);
  }

  private static String text(byte[] utf8) {
    return new String(utf8, StandardCharsets.UTF_8);
  }

  private void call(String function, Object... arguments) {
    int result = invoke(function, arguments);
    if (result != 0) {
      throw new DriverException(function + " of NVRTC failed with code " + result);
    }
  }

  private int invoke(String function, Object... arguments) {
    FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.JAVA_INT);
    for (Object argument : arguments) {
      type =
          type.appendArgumentLayouts(
              argument instanceof Integer ? ValueLayout.JAVA_INT : ValueLayout.ADDRESS);
    }
    MethodHandle handle = linker.downcallHandle(library.findOrThrow(function), type);
    try {
      return (int) handle.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new DriverException(function + " of NVRTC failed: " + e);
    }
  }
}
