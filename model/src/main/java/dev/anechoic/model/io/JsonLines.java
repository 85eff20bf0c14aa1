package dev.anechoic.model.io;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** One JSON value per line. Every error names the file and the number of the line. */
public final class JsonLines {
  private JsonLines() {}

  /** Opens a file for reading row by row; blank lines are passed over. */
  public static Reader reader(Path file) {
    return new Reader(file);
  }

  /** Reads all rows of a file that fits into memory. */
  public static List<Json> readAll(Path file) {
    List<Json> rows = new ArrayList<>();
    try (Reader reader = reader(file)) {
      reader.forEach(rows::add);
    }
    return rows;
  }

  /** Makes a file, or empties the one that is there. */
  public static Writer writer(Path file) {
    return new Writer(
        file,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE);
  }

  /** Opens a file for adding rows at its end. */
  public static Writer appender(Path file) {
    return new Writer(
        file, StandardOpenOption.CREATE, StandardOpenOption.APPEND, StandardOpenOption.WRITE);
  }

  /** Rows in the order of the file; can be gone through once. */
  public static final class Reader implements Iterable<Json>, Iterator<Json>, Closeable {
    private final Path file;
    private final BufferedReader in;
    private long line;
    private @Nullable String text;
    private boolean fetched;

    private Reader(Path file) {
      this.file = file;
      try {
        in = Files.newBufferedReader(file);
      } catch (IOException e) {
        throw FileErrors.reading(file, e);
      }
    }

    /** The number of the line of the row last given out, from 1. */
    public long line() {
      return line;
    }

    @Override
    public Iterator<Json> iterator() {
      return this;
    }

    @Override
    public boolean hasNext() {
      try {
        while (!fetched) {
          text = in.readLine();
          line++;
          fetched = text == null || !text.isBlank();
        }
      } catch (IOException e) {
        throw FileErrors.reading(Path.of(file + ":" + (line + 1)), e);
      }
      return text != null;
    }

    @Override
    public Json next() {
      if (!hasNext() || text == null) {
        throw new NoSuchElementException();
      }
      fetched = false;
      return Json.parse(text, file + ":" + line);
    }

    @Override
    public void close() {
      try {
        in.close();
      } catch (IOException e) {
        throw FileErrors.reading(file, e);
      }
    }
  }

  /**
   * Writes rows; a row is complete in the file after {@link #flush}, on the disk after {@link
   * #sync}.
   */
  public static final class Writer implements Closeable {
    private final Path file;
    private final FileChannel channel;
    private final BufferedWriter out;
    private final JsonGenerator generator;

    private Writer(Path file, OpenOption... options) {
      this.file = file;
      try {
        channel = FileChannel.open(file, options);
        out =
            new BufferedWriter(
                new OutputStreamWriter(
                    Channels.newOutputStream(channel), StandardCharsets.UTF_8.newEncoder()));
        generator = Json.generator(out);
        generator.setRootValueSeparator(null);
      } catch (IOException e) {
        throw FileErrors.writing(file, 0, e);
      }
    }

    /** Adds a row: a map, or whatever else {@link Json} has a text for. */
    public void write(Object row) {
      try {
        Json.write(generator, row);
        generator.flush();
        out.write('\n');
      } catch (IOException e) {
        throw FileErrors.writing(file, 0, e);
      }
    }

    /** Hands all rows to the operating system. */
    public void flush() {
      try {
        out.flush();
      } catch (IOException e) {
        throw FileErrors.writing(file, 0, e);
      }
    }

    /** Returns after all rows are on the disk. */
    public void sync() {
      flush();
      try {
        channel.force(true);
      } catch (IOException e) {
        throw FileErrors.writing(file, 0, e);
      }
    }

    @Override
    public void close() {
      try {
        generator.close();
        out.close();
      } catch (IOException e) {
        throw FileErrors.writing(file, 0, e);
      }
    }
  }
}
