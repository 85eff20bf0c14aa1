package dev.anechoic.model.metrics;

import dev.anechoic.model.io.FileErrors;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Scalars in an event file, as TensorBoard reads them.
 *
 * <p>The file is a row of TFRecords: length (8 bytes, little endian), masked CRC32C of the length,
 * data, masked CRC32C of the data. The data of a record is an {@code Event} in protocol buffers:
 * {@code wall_time} 1 (double, seconds), {@code step} 2 (int64), {@code file_version} 3 (string),
 * {@code summary} 5, whose {@code value} 1 has {@code tag} 1 (string) and {@code simple_value} 2
 * (float). Sources: TensorFlow's record_writer.cc, event.proto and summary.proto.
 */
final class EventFile implements Closeable {
  /** TensorBoard opens every file with "tfevents" in its name. */
  static final String NAME = "events.out.tfevents.anechoic";

  private static final String VERSION = "brain.Event:2";
  private static final int HEADER_BYTES = Long.BYTES + Integer.BYTES;

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final Path file;
  private final FileChannel channel;
  private final InstantSource clock;

  /** Opens the file of a folder and cuts it after the last whole record up to a step. */
  EventFile(Path folder, long lastStep, InstantSource clock) {
    this.file = folder.resolve(NAME);
    this.clock = clock;
    try {
      Files.createDirectories(folder);
      channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      channel.truncate(endOf(lastStep)).position(channel.size());
      if (channel.size() == 0) {
        Message event = event();
        event.bytes(3, VERSION.getBytes(StandardCharsets.UTF_8));
        append(event);
      }
    } catch (IOException e) {
      throw FileErrors.writing(file, 0, e);
    }
  }

  /** Adds a step; values that are not finite are left out. */
  void write(long step, Map<String, ? extends Number> values) {
    Message summary = new Message();
    values.forEach((tag, number) -> {
      if (Double.isFinite(number.doubleValue())) {
        Message value = new Message();
        value.bytes(1, tag.getBytes(StandardCharsets.UTF_8));
        value.fixed32(2, number.floatValue());
        summary.bytes(1, value.toByteArray());
      }
    });
    Message event = event();
    event.varint(2, step);
    event.bytes(5, summary.toByteArray());
    try {
      append(event);
    } catch (IOException e) {
      throw FileErrors.writing(file, 0, e);
    }
  }

  void sync() {
    try {
      channel.force(true);
    } catch (IOException e) {
      throw FileErrors.writing(file, 0, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw FileErrors.writing(file, 0, e);
    }
  }

  private Message event() {
    Instant now = clock.instant();
    Message event = new Message();
    event.fixed64(1, now.getEpochSecond() + now.getNano() * 1e-9);
    return event;
  }

  private void append(Message message) throws IOException {
    byte[] data = message.toByteArray();
    ByteBuffer record = littleEndian(HEADER_BYTES + data.length + Integer.BYTES);
    record.putLong(data.length);
    record.putInt(maskedCrc(record.array(), 0, Long.BYTES));
    record.put(data);
    record.putInt(maskedCrc(data, 0, data.length));
    record.flip();
    while (record.hasRemaining()) {
      channel.write(record);
    }
  }

  /** CRC32C rotated right by 15 bits plus a constant, so that a CRC of CRCs is not degenerate. */
  private static int maskedCrc(byte[] bytes, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, offset, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }

  /** Where the last whole record with a step up to {@code lastStep} ends. */
  private long endOf(long lastStep) throws IOException {
    long end = 0;
    while (channel.size() - end >= HEADER_BYTES) {
      long length = read(end, Long.BYTES).getLong();
      long next = end + HEADER_BYTES + length + Integer.BYTES;
      if (length < 0 || length > Integer.MAX_VALUE || next > channel.size()) {
        break;
      }
      byte[] data = read(end + HEADER_BYTES, (int) length).array();
      int crc = read(next - Integer.BYTES, Integer.BYTES).getInt();
      if (crc != maskedCrc(data, 0, data.length) || stepOf(data) > lastStep) {
        break;
      }
      end = next;
    }
    return lastStep < 0 ? 0 : end;
  }

  private ByteBuffer read(long position, int length) throws IOException {
    ByteBuffer bytes = littleEndian(length);
    while (bytes.hasRemaining() && channel.read(bytes, position + bytes.position()) >= 0) {}
    return bytes.flip();
  }

  /** The step of an event as {@link #write} lays it out: after the wall time; -1 where none is. */
  private static long stepOf(byte[] event) {
    int at = 1 + Double.BYTES;
    if (at >= event.length || event[at] != (2 << 3 | VARINT)) {
      return -1;
    }
    long step = 0;
    int shift = 0;
    do {
      at++;
      step |= (long) (event[at] & 0x7F) << shift;
      shift += 7;
    } while (event[at] < 0);
    return step;
  }

  private static ByteBuffer littleEndian(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A protocol buffer in the making: each field is a key (number and wire type) and its value. */
  private static final class Message {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    void varint(int field, long value) {
      raw((long) field << 3 | VARINT);
      raw(value);
    }

    void fixed64(int field, double value) {
      raw((long) field << 3 | FIXED64);
      out.writeBytes(littleEndian(Double.BYTES).putDouble(value).array());
    }

    void fixed32(int field, float value) {
      raw((long) field << 3 | FIXED32);
      out.writeBytes(littleEndian(Float.BYTES).putFloat(value).array());
    }

    void bytes(int field, byte[] value) {
      raw((long) field << 3 | BYTES);
      raw(value.length);
      out.writeBytes(value);
    }

    private void raw(long varint) {
      while ((varint & ~0x7FL) != 0) {
        out.write((int) (varint & 0x7F | 0x80));
        varint >>>= 7;
      }
      out.write((int) varint);
    }

    byte[] toByteArray() {
      return out.toByteArray();
    }
  }
}
