package dev.anechoic.model.checkpoint;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.FileErrors;
import dev.anechoic.model.io.Json;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tensors of a model as Hugging Face stores them: one {@code model.safetensors}, or several
 * with {@code model.safetensors.index.json} saying which holds what. Elements of F32, F16, BF16 and
 * F64 are read as floats.
 */
public final class Safetensors implements Closeable {
  private static final String INDEX_SUFFIX = ".index.json";
  private static final long MOST_HEADER_BYTES = 100_000_000; // the limit of the format itself
  private static final int CHUNK_BYTES = 1 << 18;

  /** Where a tensor lies. */
  private record Entry(Path file, FileChannel channel, Type type, int[] shape, long at) {
    long elements() {
      long product = 1;
      for (int extent : shape) {
        product = Math.multiplyExact(product, (long) extent);
      }
      return product;
    }
  }

  private enum Type {
    F64(8),
    F32(4),
    F16(2),
    BF16(2);

    private final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }
  }

  private final Path where;
  private final List<FileChannel> channels = new ArrayList<>();
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  private Safetensors(Path where) {
    this.where = where;
  }

  /**
   * Opens {@code folder/name}, or the pieces that {@code folder/name.index.json} lists.
   *
   * @throws UserError where a file is missing, cut short or no safetensors file
   */
  public static Safetensors open(Path folder, String name) {
    Path single = folder.resolve(name);
    Path index = folder.resolve(name + INDEX_SUFFIX);
    Safetensors tensors = new Safetensors(single);
    try {
      if (Files.exists(single) || !Files.exists(index)) {
        tensors.add(single);
      } else {
        Set<String> files = new LinkedHashSet<>();
        Json.read(index).get("weight_map").entries().values().forEach(f -> files.add(f.string()));
        files.forEach(file -> tensors.add(folder.resolve(file)));
      }
      return tensors;
    } catch (RuntimeException e) {
      tensors.close();
      throw e;
    }
  }

  private void add(Path file) {
    try {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
      channels.add(channel);
      ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      readFully(file, channel, length, 0);
      long headerBytes = length.getLong(0);
      if (headerBytes < 2 || headerBytes > MOST_HEADER_BYTES || 8 + headerBytes > channel.size()) {
        throw damaged(file, "a header of " + headerBytes + " bytes");
      }
      ByteBuffer header = ByteBuffer.allocate((int) headerBytes);
      readFully(file, channel, header, 8);
      String text = new String(header.array(), StandardCharsets.UTF_8);
      addEntries(file, channel, Json.parse(text, file + " (header)"), 8 + headerBytes);
    } catch (IOException e) {
      throw FileErrors.reading(file, e);
    }
  }

  private void addEntries(Path file, FileChannel channel, Json header, long dataStart)
      throws IOException {
    for (Map.Entry<String, Json> field : header.entries().entrySet()) {
      if (field.getKey().equals("__metadata__")) {
        continue;
      }
      Json tensor = field.getValue();
      List<Json> offsets = tensor.get("data_offsets").items();
      int[] shape = tensor.get("shape").items().stream().mapToInt(Json::intValue).toArray();
      Type type = type(tensor.get("dtype"));
      long from = offsets.getFirst().longValue();
      long to = offsets.getLast().longValue();
      Entry entry = new Entry(file, channel, type, shape, dataStart + from);
      if (from < 0 || to - from != entry.elements() * type.bytes) {
        throw damaged(file, field.getKey() + " in bytes " + from + " to " + to);
      }
      if (dataStart + to > channel.size()) {
        throw damaged(file, field.getKey() + " ending behind the file's " + channel.size());
      }
      entries.put(field.getKey(), entry);
    }
  }

  private static Type type(Json dtype) {
    for (Type type : Type.values()) {
      if (type.name().equals(dtype.string())) {
        return type;
      }
    }
    throw dtype.mismatch("one of F64, F32, F16, BF16");
  }

  /** Names of all tensors. */
  public Set<String> names() {
    return entries.keySet();
  }

  /**
   * Reads a tensor.
   *
   * @param shape the extents that it must have
   * @throws UserError where it is missing or has another shape
   */
  public float[] read(String name, int... shape) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw UserError.what("The tensor '" + name + "' is missing")
          .where(where)
          .got(
              entries.size()
                  + " tensors, among them "
                  + entries.keySet().stream().limit(3).toList())
          .remedy("Check that config.json and the safetensors files belong together.");
    }
    if (!Arrays.equals(entry.shape, shape)) {
      throw UserError.what("The tensor '" + name + "' has the wrong shape")
          .where(entry.file)
          .expected(Arrays.toString(shape))
          .got(Arrays.toString(entry.shape))
          .remedy("Check that config.json and the safetensors files belong together.");
    }
    try {
      return read(entry);
    } catch (IOException e) {
      throw FileErrors.reading(entry.file, e);
    }
  }

  private static float[] read(Entry entry) throws IOException {
    float[] values = new float[Math.toIntExact(entry.elements())];
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    int perChunk = CHUNK_BYTES / entry.type.bytes;
    for (int from = 0; from < values.length; from += perChunk) {
      int count = Math.min(perChunk, values.length - from);
      chunk.clear().limit(count * entry.type.bytes);
      readFully(entry.file, entry.channel, chunk, entry.at + (long) from * entry.type.bytes);
      chunk.flip();
      for (int i = from; i < from + count; i++) {
        values[i] =
            switch (entry.type) {
              case F64 -> (float) chunk.getDouble();
              case F32 -> chunk.getFloat();
              case F16 -> Float.float16ToFloat(chunk.getShort());
              case BF16 -> Float.intBitsToFloat(chunk.getShort() << 16);
            };
      }
    }
    return values;
  }

  private static void readFully(Path file, FileChannel channel, ByteBuffer to, long at)
      throws IOException {
    long from = at;
    while (to.hasRemaining()) {
      int count = channel.read(to, from);
      if (count < 0) {
        throw damaged(file, "an end after " + channel.size() + " bytes");
      }
      from += count;
    }
  }

  private static UserError damaged(Path file, String got) {
    return UserError.what("The file is cut short or no safetensors file")
        .where(file)
        .got(got)
        .remedy("Fetch or write it again.");
  }

  @Override
  public void close() {
    for (FileChannel channel : channels) {
      try {
        channel.close();
      } catch (IOException e) {
        throw FileErrors.reading(where, e);
      }
    }
  }
}
