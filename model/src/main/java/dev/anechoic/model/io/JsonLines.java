package dev.anechoic.model.io;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.anechoic.model.UserError;
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
        null,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE);
  }

  /**
   * Makes a file that takes the place of the one that is there only on {@link Writer#commit}: an
   * error on the way loses nothing.
   */
  public static Writer replacing(Path file) {
    return new Writer(
        AtomicFiles.staging(file),
        file,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE);
  }

  /** Opens a file for adding rows at its end. */
  public static Writer appender(Path file) {
    return new Writer(
        file, null, StandardOpenOption.CREATE, StandardOpenOption.APPEND, StandardOpenOption.WRITE);
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

    /**
     * Refuses an empty file.
     *
     * @param expected what its rows should be
     */
    public void requireRow(String expected) {
      if (!hasNext()) {
        throw UserError.what("The file has no lines")
            .where(file)
            .expected(expected)
            .remedy("Give at least one line.");
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
    private final @Nullable Path target;
    private final FileChannel channel;
    private final BufferedWriter out;
    private final JsonGenerator generator;

    /** Writes to {@code file}, which becomes {@code target} in the end where that is not null. */
    private Writer(Path file, @Nullable Path target, OpenOption... options) {
      this.file = file;
      this.target = target;
      try {
        channel = FileChannel.open(file, options);
        out =
            new BufferedWriter(
                new OutputStreamWriter(
                    Channels.newOutputStream(channel), StandardCharsets.UTF_8.newEncoder()));
        generator = Json.generator(out);
        generator.setRootValueSeparator(null);
      } catch (IOException e) {
        throw FileErrors.writing(target == null ? file : target, 0, e);
      }
    }

    /** Adds a row: a map, or whatever else {@link Json} has a text for. */
    public void write(Object row) {
      try {
        Json.write(generator, row);
        generator.flush();
        out.write('\n');
      } catch (IOException e) {
        throw FileErrors.writing(target == null ? file : target, 0, e);
      }
    }

    /** Hands all rows to the operating system. */
    public void flush() {
      try {
        out.flush();
      } catch (IOException e) {
        throw FileErrors.writing(target == null ? file : target, 0, e);
      }
    }

    /** Returns after all rows are on the disk. */
    public void sync() {
      flush();
      try {
        channel.force(true);
      } catch (IOException e) {
        throw FileErrors.writing(target == null ? file : target, 0, e);
      }
    }

    /** Puts a file of {@link JsonLines#replacing} into its place, with all rows on the disk. */
    public void commit() {
      sync();
      if (target != null) {
        AtomicFiles.replace(file, target);
      }
    }

    @Override
    public void close() {
      try {
        generator.close();
        out.close();
      } catch (IOException e) {
        throw FileErrors.writing(target == null ? file : target, 0, e);
      } finally {
        if (target != null) {
          AtomicFiles.deleteQuietly(file); // there only where it was not committed
        }
      }
    }
  }
}
