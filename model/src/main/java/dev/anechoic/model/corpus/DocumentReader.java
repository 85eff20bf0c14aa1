package dev.anechoic.model.corpus;

import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a user's own corpus: one JSON object per line with {@code prompt}, {@code completion},
 * {@code format}, and optionally {@code answer}, {@code id}, {@code family}, {@code steps}.
 */
public final class DocumentReader {

  private DocumentReader() {}

  /**
   * Reads all documents of a file.
   *
   * @param formats names that a document may have as its format
   * @throws UserError naming the line, for a line that is no JSON, lacks a key, has an empty prompt
   *     or a format that is not known, and for a file without documents
   */
  public static List<Document> read(Path file, List<String> formats) {
    List<Document> documents = new ArrayList<>();
    try (JsonLines.Reader reader = JsonLines.reader(file)) {
      for (Json row : reader) {
        documents.add(document(row, reader.line(), formats));
      }
    }
    if (documents.isEmpty()) {
      throw UserError.what("The file holds no documents")
          .where(file)
          .expected("one JSON object per line with prompt, completion and format")
          .remedy("Name a file with at least one document.");
    }
    return documents;
  }

  private static Document document(Json row, long line, List<String> formats) {
    String format = row.get("format").string();
    if (!formats.contains(format)) {
      throw UserError.what("Unknown format '" + format + "'")
          .where(row.get("format").where())
          .expected("one of: " + String.join(", ", formats))
          .remedy("Correct the format of this line, or add the format to the study.");
    }
    String prompt = row.get("prompt").string();
    if (prompt.isBlank()) {
      throw UserError.what("Empty prompt")
          .where(row.get("prompt").where())
          .remedy("Give the question of this document, or remove the line.");
    }
    return new Document(
        prompt,
        row.get("completion").string(),
        format,
        number(row.find("answer")),
        text(row.find("id"), "line-" + line),
        text(row.find("family"), ""),
        row.has("steps") ? row.get("steps").intValue() : 0,
        Document.Corruption.NONE);
  }

  private static String text(@Nullable Json value, String otherwise) {
    return value == null ? otherwise : value.string();
  }

  /** A number, as such or in quotes. */
  static @Nullable BigDecimal number(@Nullable Json value) {
    if (value == null) {
      return null;
    }
    BigDecimal number =
        value.isString()
            ? dev.anechoic.model.format.Answers.parse(value.string())
            : BigDecimal.valueOf(value.doubleValue());
    if (number == null) {
      throw value.mismatch("a number");
    }
    return number;
  }
}
