package dev.anechoic.rl.runfolder;

import dev.anechoic.model.UserError;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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
   * @throws UserError where a line is not a JSON object
   * @throws UncheckedIOException where the file cannot be read
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

  /** Writes a file whole: to a neighbour first, then renamed, so that no reader sees half of it. */
  public static void writeFile(Path file, String text) {
    Path staged = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(staged, text);
      Files.move(staged, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
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
        throw unwritable(file, e);
      }
    }

    public void append(JsonObject.Writer body) {
      try {
        out.write(JsonObject.write(body));
        out.write('\n');
        out.flush();
      } catch (IOException e) {
        throw unwritable(file, e);
      }
    }

    @Override
    public void close() {
      try {
        out.close();
      } catch (IOException e) {
        throw unwritable(file, e);
      }
    }
  }

  private static UserError unwritable(Path file, IOException e) {
    return UserError.what("Cannot write a file of the run folder")
        .where(file)
        .got(e)
        .cause(e)
        .remedy("Check the free disk and the folder's permissions.");
  }

  static <T> List<T> readAll(Path file, Function<JsonObject, T> parse) {
    List<T> rows = new ArrayList<>();
    read(file, object -> rows.add(parse.apply(object)));
    return rows;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw UserError.what("A file of the run folder is damaged")
          .where(file)
          .expected("UTF-8 text")
          .cause(e)
          .remedy("Restore the file, or run the stage that writes it again.");
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }
}
