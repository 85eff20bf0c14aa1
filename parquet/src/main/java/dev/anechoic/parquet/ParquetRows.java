package dev.anechoic.parquet;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.FileErrors;
import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.schema.ColumnSchema;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The rows of a Parquet file as maps of texts, numbers and truth values, by Hardwood. */
final class ParquetRows implements Iterator<Map<String, Object>>, AutoCloseable {
  private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

  private final Path file;
  private final ParquetFileReader reader;
  private final RowReader rows;
  private final List<String> keys;

  private ParquetRows(Path file, ParquetFileReader reader, List<String> keys) {
    this.file = file;
    this.reader = reader;
    this.rows = reader.rowReader();
    this.keys = keys;
  }

  /**
   * Opens a file.
   *
   * @param renamed column = key
   * @throws UserError where it cannot be read, is no Parquet file, has columns of columns, or lacks
   *     a column that is to be renamed
   */
  static ParquetRows open(Path file, Map<String, String> renamed) {
    try {
      checkMagic(file);
      ParquetFileReader reader = ParquetFileReader.open(InputFile.of(file));
      return new ParquetRows(file, reader, keys(file, reader, renamed));
    } catch (IOException e) {
      throw FileErrors.reading(file, e);
    } catch (UncheckedIOException | IllegalArgumentException | IllegalStateException e) {
      throw damaged(file, e);
    }
  }

  private static void checkMagic(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      if (!Arrays.equals(in.readNBytes(MAGIC.length), MAGIC)) {
        throw UserError.what("This is no Parquet file")
            .where(file)
            .expected("a file that begins with PAR1")
            .remedy("Name a .parquet file; JSON Lines need no conversion.");
      }
    }
  }

  private static List<String> keys(
      Path file, ParquetFileReader reader, Map<String, String> renamed) {
    if (!reader.getFileSchema().isFlatSchema()) {
      throw UserError.what("A column of this Parquet file holds lists or structures")
          .where(file)
          .expected("columns of texts, numbers and truth values")
          .remedy("Write a file of plain columns.");
    }
    List<String> columns =
        reader.getFileSchema().getColumns().stream().map(ColumnSchema::name).toList();
    for (String column : renamed.keySet()) {
      if (!columns.contains(column)) {
        throw UserError.what("There is no column '" + column + "'")
            .where(file)
            .expected("one of: " + String.join(", ", columns))
            .remedy("Correct --rename.");
      }
    }
    return columns.stream().map(c -> renamed.getOrDefault(c, c)).toList();
  }

  private static UserError damaged(Path file, RuntimeException cause) {
    return UserError.what("The Parquet file cannot be read: " + cause.getMessage())
        .where(file)
        .cause(cause)
        .remedy("Check that the file is whole; supported codecs are snappy, zstd and gzip.");
  }

  @Override
  public boolean hasNext() {
    try {
      return rows.hasNext();
    } catch (UncheckedIOException | IllegalArgumentException | IllegalStateException e) {
      throw damaged(file, e);
    }
  }

  /** The next row; a null is left out. */
  @Override
  public Map<String, Object> next() {
    try {
      rows.next();
      Map<String, Object> row = new LinkedHashMap<>();
      for (int c = 0; c < keys.size(); c++) {
        if (!rows.isNull(c)) {
          row.put(keys.get(c), json(rows.getValue(c)));
        }
      }
      return row;
    } catch (UncheckedIOException | IllegalArgumentException | IllegalStateException e) {
      throw damaged(file, e);
    }
  }

  private static Object json(Object value) {
    return switch (value) {
      case Number number -> number;
      case Boolean truth -> truth;
      case byte[] bytes -> new String(bytes, StandardCharsets.UTF_8);
      default -> value.toString();
    };
  }

  @Override
  public void close() {
    rows.close();
    try {
      reader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
