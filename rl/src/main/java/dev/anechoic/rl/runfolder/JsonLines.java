package dev.anechoic.rl.runfolder;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.AtomicFiles;
import dev.anechoic.model.io.FileErrors;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** Reading and writing files of one JSON object per line, and whole-file JSON objects. */
public final class JsonLines {
  private JsonLines() {}

  /**
   * Reads a file line by line. A last line without a line break is one that its writer has not
   * finished (the run is alive, or was killed); it is skipped unless it is complete JSON.
   *
   * @throws UserError where the file cannot be read or a line is not a JSON object
   */
  public static void read(Path file, Consumer<JsonObject> each) {
    String text = text(file);
    int number = 1;
    for (int start = 0; start < text.length(); number++) {
      int end = text.indexOf('\n', start);
      boolean finished = end >= 0;
      String line = text.substring(start, finished ? end : text.length());
      start = finished ? end + 1 : text.length();
      if (line.isBlank()) {
        continue;
      }
      try {
        each.accept(JsonObject.parse(line, file + " line " + number));
      } catch (UserError e) {
        if (finished) {
          throw e;
        }
      }
    }
  }

  /** Reads a file that holds one JSON object. */
  public static JsonObject readObject(Path file) {
    return JsonObject.parse(text(file), file.toString());
  }

  /** Replaces a file whole, and makes its folder where it is not there. */
  public static void writeFile(Path file, String text) {
    AtomicFiles.write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Appends lines to a file, each made durable to readers by a flush. */
  public static final class Appender implements AutoCloseable {
    private final Path file;
    private final BufferedWriter out;

    /** Opens the file, and creates it with its folder where it is not there. */
    public Appender(Path file) {
      this.file = file;
      try {
        Files.createDirectories(file.toAbsolutePath().getParent());
        out =
            Files.newBufferedWriter(
                file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw FileErrors.writing(file, 0, e);
      }
    }

    public void append(JsonObject.Writer body) {
      try {
        out.write(JsonObject.write(body));
        out.write('\n');
        out.flush();
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
  }

  static <T> List<T> readAll(Path file, Function<JsonObject, T> parse) {
    List<T> rows = new ArrayList<>();
    read(file, object -> rows.add(parse.apply(object)));
    return rows;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw FileErrors.reading(file, e);
    }
  }
}
