package dev.anechoic.parquet;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.xerial.snappy.Snappy;

/**
 * Writes a Parquet file of required text columns, one plain page each, by the format's
 * specification (parquet.thrift, Thrift's compact protocol), so that the reader is tested on a file
 * that it did not write.
 */
final class TinyParquet {
  enum Codec {
    UNCOMPRESSED(0),
    SNAPPY(1),
    GZIP(2),
    ZSTD(6);

    private final int number;

    Codec(int number) {
      this.number = number;
    }

    byte[] compress(byte[] data) throws IOException {
      return switch (this) {
        case UNCOMPRESSED -> data;
        case SNAPPY -> Snappy.compress(data);
        case ZSTD -> Zstd.compress(data);
        case GZIP -> {
          ByteArrayOutputStream out = new ByteArrayOutputStream();
          try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(data);
          }
          yield out.toByteArray();
        }
      };
    }
  }

  private static final int I32 = 5;
  private static final int I64 = 6;
  private static final int BINARY = 8;
  private static final int LIST = 9;
  private static final int STRUCT = 12;
  private static final int BYTE_ARRAY = 6;
  private static final int RLE = 3;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private int lastField;

  private TinyParquet() {}

  /** {@code values[row][column]}. */
  static void write(Path file, Codec codec, List<String> columns, String[][] values)
      throws IOException {
    TinyParquet p = new TinyParquet();
    p.raw("PAR1".getBytes(StandardCharsets.US_ASCII));
    long[] offsets = new long[columns.size()];
    int[] plain = new int[columns.size()];
    int[] stored = new int[columns.size()];
    for (int c = 0; c < columns.size(); c++) {
      byte[] page = page(values, c);
      byte[] data = codec.compress(page);
      offsets[c] = p.out.size();
      p.pageHeader(page.length, data.length, values.length);
      p.raw(data);
      plain[c] = page.length + (int) (p.out.size() - offsets[c]) - data.length;
      stored[c] = (int) (p.out.size() - offsets[c]);
    }
    int footer = p.out.size();
    p.footer(codec, columns, values.length, offsets, plain, stored);
    int length = p.out.size() - footer;
    for (int i = 0; i < 4; i++) {
      p.out.write(length >> 8 * i);
    }
    p.raw("PAR1".getBytes(StandardCharsets.US_ASCII));
    Files.write(file, p.out.toByteArray());
  }

  private static byte[] page(String[][] values, int column) {
    ByteArrayOutputStream page = new ByteArrayOutputStream();
    for (String[] row : values) {
      byte[] text = row[column].getBytes(StandardCharsets.UTF_8);
      for (int i = 0; i < 4; i++) {
        page.write(text.length >> 8 * i);
      }
      page.writeBytes(text);
    }
    return page.toByteArray();
  }

  private void pageHeader(int plain, int stored, int rows) {
    lastField = 0;
    number(1, I32, 0); // a data page
    number(2, I32, plain);
    number(3, I32, stored);
    int outer = begin(5);
    number(1, I32, rows);
    number(2, I32, 0); // plain
    number(3, I32, RLE);
    number(4, I32, RLE);
    end(outer);
    out.write(0);
  }

  private void footer(
      Codec codec, List<String> columns, int rows, long[] offsets, int[] plain, int[] stored) {
    lastField = 0;
    number(1, I32, 1);
    list(2, STRUCT, columns.size() + 1);
    lastField = 0;
    text(4, "schema");
    number(5, I32, columns.size());
    out.write(0);
    for (String column : columns) {
      lastField = 0;
      number(1, I32, BYTE_ARRAY);
      number(3, I32, 0); // required
      text(4, column);
      number(6, I32, 0); // UTF-8
      out.write(0);
    }
    lastField = 2;
    number(3, I64, rows);
    list(4, STRUCT, 1);
    lastField = 0;
    list(1, STRUCT, columns.size());
    long total = 0;
    for (int c = 0; c < columns.size(); c++) {
      total += plain[c];
      lastField = 0;
      number(2, I64, offsets[c]);
      int outer = begin(3);
      number(1, I32, BYTE_ARRAY);
      list(2, I32, 1);
      varint(0); // plain
      list(3, BINARY, 1);
      bytes(columns.get(c));
      number(4, I32, codec.number);
      number(5, I64, rows);
      number(6, I64, plain[c]);
      number(7, I64, stored[c]);
      number(9, I64, offsets[c]);
      end(outer);
      out.write(0);
    }
    lastField = 1;
    number(2, I64, total);
    number(3, I64, rows);
    out.write(0);
    out.write(0);
  }

  // ---- Thrift's compact protocol --------------------------------------------------------------

  private void field(int id, int type) {
    out.write(id - lastField << 4 | type);
    lastField = id;
  }

  private void number(int id, int type, long value) {
    field(id, type);
    varint(value << 1 ^ value >> 63);
  }

  private void text(int id, String text) {
    field(id, BINARY);
    bytes(text);
  }

  private void list(int id, int type, int size) {
    field(id, LIST);
    out.write(size << 4 | type);
  }

  private int begin(int id) {
    field(id, STRUCT);
    lastField = 0;
    return id;
  }

  private void end(int id) {
    out.write(0);
    lastField = id;
  }

  private void bytes(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    varint(utf8.length);
    raw(utf8);
  }

  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) (rest & 0x7F | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private void raw(byte[] bytes) {
    out.writeBytes(bytes);
  }
}
