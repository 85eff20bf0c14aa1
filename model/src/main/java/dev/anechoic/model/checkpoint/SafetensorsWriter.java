package dev.anechoic.model.checkpoint;

import dev.anechoic.model.io.FileErrors;
import dev.anechoic.model.io.Json;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a safetensors file: 8 bytes of header length, a JSON header with type, shape and place of
 * each tensor, then the elements, little-endian. See the format description of the safetensors
 * project. The header is declared first, so that tensors can be written one at a time, in order.
 */
public final class SafetensorsWriter implements Closeable {
  /** A tensor to be written, F32. */
  public record Declared(String name, int... shape) {
    long elements() {
      long product = 1;
      for (int extent : shape) {
        product *= extent;
      }
      return product;
    }

    long bytes() {
      return elements() * Float.BYTES;
    }
  }

  private static final int CHUNK = 1 << 16;

  private final Path file;
  private final FileChannel channel;
  private final List<Declared> tensors;
  private final ByteBuffer chunk =
      ByteBuffer.allocate(CHUNK * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private int written;

  /** Makes the file and writes its header. */
  public SafetensorsWriter(Path file, List<Declared> tensors) {
    this.file = file;
    this.tensors = List.copyOf(tensors);
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      writeHeader();
    } catch (IOException e) {
      throw FileErrors.writing(file, dataBytes(), e);
    }
  }

  /** Bytes of all elements. */
  private long dataBytes() {
    return tensors.stream().mapToLong(Declared::bytes).sum();
  }

  private void writeHeader() throws IOException {
    Map<String, Object> header = new LinkedHashMap<>();
    header.put("__metadata__", Map.of("format", "pt")); // the key by which Hugging Face tells
    long from = 0;
    for (Declared tensor : tensors) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("dtype", "F32");
      entry.put("shape", tensor.shape());
      entry.put("data_offsets", List.of(from, from + tensor.bytes()));
      header.put(tensor.name(), entry);
      from += tensor.bytes();
    }
    String text = Json.compact(header);
    int padding = (8 - text.getBytes(StandardCharsets.UTF_8).length % 8) % 8;
    byte[] bytes = (text + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
    ByteBuffer out = ByteBuffer.allocate(8 + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
    writeAll(out.putLong(bytes.length).put(bytes).flip());
  }

  /** Writes the next declared tensor. */
  public void write(String name, float[] values) {
    Declared next = tensors.get(written++);
    if (!next.name().equals(name) || next.elements() != values.length) {
      throw new IllegalStateException(
          "%s of %d elements where %s of %d was declared"
              .formatted(name, values.length, next.name(), next.elements()));
    }
    try {
      for (int from = 0; from < values.length; from += CHUNK) {
        int count = Math.min(CHUNK, values.length - from);
        chunk.clear();
        chunk.asFloatBuffer().put(values, from, count);
        writeAll(chunk.limit(count * Float.BYTES));
      }
    } catch (IOException e) {
      throw FileErrors.writing(file, dataBytes(), e);
    }
  }

  private void writeAll(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw FileErrors.writing(file, dataBytes(), e);
    }
  }
}
