package dev.anechoic.kernels.cuda;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds the functions that JCuda's native library imports from the driver against those that the
 * driver of this machine exports. A missing one ends the JVM when it is called.
 */
@SuppressWarnings("restricted") // native calls are this class's purpose
public final class DriverSymbols {
  private static final String NATIVE = "libJCudaDriver-12.6.0-linux-x86_64.so";

  // ELF64, little-endian: offsets in the file header and in section headers and symbols.
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final int SECTION_TABLE = 40;
  private static final int SECTION_BYTES = 58;
  private static final int SECTION_COUNT = 60;
  private static final int TYPE_DYNAMIC_SYMBOLS = 11;
  private static final int SYMBOL_BYTES = 24;

  private DriverSymbols() {}

  /** Names that JCuda's driver library imports from the driver. */
  public static List<String> wanted() {
    try {
      return imports(library()).stream().filter(name -> name.matches("cu[A-Z].*")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + NATIVE, e);
    }
  }

  /** From JCuda's jar, or from the folder of native libraries that JCuda is told to use. */
  private static byte[] library() throws IOException {
    try (InputStream in = DriverSymbols.class.getResourceAsStream("/lib/" + NATIVE)) {
      if (in != null) {
        return in.readAllBytes();
      }
    }
    for (String folder : System.getProperty("java.library.path", "").split(File.pathSeparator)) {
      Path file = Path.of(folder, NATIVE);
      if (Files.isReadable(file)) {
        return Files.readAllBytes(file);
      }
    }
    throw new DriverException(
        "JCuda's " + NATIVE + " is not here: this build is for another system");
  }

  /**
   * Those of {@link #wanted} that a driver lacks.
   *
   * @param library name of the driver's library
   */
  public static List<String> missing(String library) {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup driver = SymbolLookup.libraryLookup(library, arena);
      return wanted().stream().filter(name -> driver.find(name).isEmpty()).toList();
    } catch (IllegalArgumentException e) {
      throw new DriverException("there is no " + library + " on this machine");
    }
  }

  /** The undefined names of a shared library's dynamic symbol table. */
  static List<String> imports(byte[] elf) {
    MemorySegment file = MemorySegment.ofArray(elf);
    long sections = file.get(LONG, SECTION_TABLE);
    int bytes = Short.toUnsignedInt(file.get(SHORT, SECTION_BYTES));
    int count = Short.toUnsignedInt(file.get(SHORT, SECTION_COUNT));
    List<String> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long section = sections + (long) i * bytes;
      if (file.get(INT, section + 4) == TYPE_DYNAMIC_SYMBOLS) {
        long strings = sections + (long) file.get(INT, section + 40) * bytes;
        addUndefined(file, section, file.get(LONG, strings + 24), names);
      }
    }
    return names;
  }

  private static void addUndefined(
      MemorySegment file, long section, long strings, List<String> names) {
    long first = file.get(LONG, section + 24);
    long bytes = file.get(LONG, section + 32);
    for (long symbol = first; symbol < first + bytes; symbol += SYMBOL_BYTES) {
      int name = file.get(INT, symbol);
      if (name != 0 && file.get(SHORT, symbol + 6) == 0) {
        names.add(file.getString(strings + name));
      }
    }
  }
}
