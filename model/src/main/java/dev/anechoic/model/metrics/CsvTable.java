package dev.anechoic.model.metrics;

import dev.anechoic.model.io.FileErrors;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Rows as CSV (RFC 4180). The columns are the keys in the order of their first appearance. A key
 * that was never seen before adds a column on the right: the table is then written anew from the
 * JSON lines, which hold the same rows. Names and numbers never need quotes.
 */
final class CsvTable implements Closeable {
  private final Path file;
  private final Path rows;
  private final Set<String> columns = new LinkedHashSet<>();
  private final FileChannel channel;
  private final BufferedWriter out;

  /** Writes the table of the rows that there are. */
  CsvTable(Path file, Path rows) {
    this.file = file;
    this.rows = rows;
    columns.add("step");
    columns.add("stage");
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw FileErrors.writing(file, 0, e);
    }
    out =
        new BufferedWriter(
            new OutputStreamWriter(Channels.newOutputStream(channel), StandardCharsets.UTF_8));
    rebuild();
  }

  /** Adds a row that already stands in the JSON lines. */
  void write(Map<String, Object> row) {
    try {
      if (columns.addAll(row.keySet())) {
        rebuild();
      } else {
        writeLine(row);
        out.flush();
      }
    } catch (IOException e) {
      throw FileErrors.writing(file, 0, e);
    }
  }

  void sync() {
    try {
      out.flush();
      channel.force(true);
    } catch (IOException e) {
      throw FileErrors.writing(file, 0, e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw FileErrors.writing(file, 0, e);
    }
  }

  private void rebuild() {
    try (JsonLines.Reader all = JsonLines.reader(rows)) {
      all.forEach(row -> columns.addAll(row.entries().keySet()));
    }
    try (JsonLines.Reader all = JsonLines.reader(rows)) {
      channel.truncate(0);
      out.write(String.join(",", columns));
      out.write("\r\n");
      for (Json row : all) {
        writeLine((Map<?, ?>) Objects.requireNonNull(row.value()));
      }
      out.flush();
    } catch (IOException e) {
      throw FileErrors.writing(file, 0, e);
    }
  }

  private void writeLine(Map<?, ?> row) throws IOException {
    String separator = "";
    for (String column : columns) {
      out.write(separator);
      Object value = row.get(column);
      if (value != null) {
        out.write(value.toString());
      }
      separator = ",";
    }
    out.write("\r\n");
  }
}
