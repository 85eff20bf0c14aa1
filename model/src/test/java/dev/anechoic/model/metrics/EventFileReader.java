package dev.anechoic.model.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads event files by the letter of the format, sharing no code with the writer: its own bitwise
 * CRC32C, big-endian streams, and a general reader of protocol buffers.
 */
final class EventFileReader {
  private EventFileReader() {}

  /** One text per event: wall time, then the version, or step and values by tag. */
  static List<String> read(byte[] file) throws IOException {
    List<String> events = new ArrayList<>();
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(file));
    while (in.available() > 0) {
      byte[] header = in.readNBytes(8);
      assertEquals(masked(header), Integer.reverseBytes(in.readInt()), "crc of the length");
      long length =
          Long.reverseBytes(new DataInputStream(new ByteArrayInputStream(header)).readLong());
      byte[] data = in.readNBytes((int) length);
      assertEquals(length, data.length);
      assertEquals(masked(data), Integer.reverseBytes(in.readInt()), "crc of the data");
      events.add(event(data));
    }
    return events;
  }

  private static String event(byte[] data) throws IOException {
    Map<Integer, List<Object>> fields = fields(data);
    double wallTime = Double.longBitsToDouble((long) fields.get(1).getFirst());
    if (fields.containsKey(3)) {
      return wallTime + " version " + text(fields.get(3).getFirst());
    }
    Map<String, Float> values = new LinkedHashMap<>();
    for (Object summary : fields.get(5)) {
      for (Object value : fields((byte[]) summary).getOrDefault(1, List.of())) {
        Map<Integer, List<Object>> parts = fields((byte[]) value);
        values.put(
            text(parts.get(1).getFirst()), Float.intBitsToFloat((int) parts.get(2).getFirst()));
      }
    }
    return wallTime + " " + fields.get(2).getFirst() + " " + values;
  }

  private static String text(Object bytes) {
    return new String((byte[]) bytes, StandardCharsets.UTF_8);
  }

  private static Map<Integer, List<Object>> fields(byte[] message) throws IOException {
    Map<Integer, List<Object>> fields = new LinkedHashMap<>();
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(message));
    while (in.available() > 0) {
      long key = varint(in);
      Object value =
          switch ((int) (key & 7)) {
            case 0 -> varint(in);
            case 1 -> Long.reverseBytes(in.readLong());
            case 2 -> in.readNBytes((int) varint(in));
            case 5 -> Integer.reverseBytes(in.readInt());
            default -> throw new IOException("wire type " + (key & 7));
          };
      fields.computeIfAbsent((int) (key >>> 3), _ -> new ArrayList<>()).add(value);
    }
    return fields;
  }

  private static long varint(DataInputStream in) throws IOException {
    int b = in.readUnsignedByte();
    return b < 0x80 ? b : (b & 0x7F) | varint(in) << 7;
  }

  private static int masked(byte[] data) {
    int crc = -1;
    for (byte b : data) {
      crc ^= b & 0xFF;
      for (int i = 0; i < 8; i++) {
        crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82F63B78); // Castagnoli, reflected
      }
    }
    crc = ~crc;
    return ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
  }
}
