package dev.anechoic.rl.report;

import java.util.ArrayList;
import java.util.List;

/** One row of the page: a heading, a caption that says what to see, and one panel per run. */
final class Row {
  private final String id;
  private final String title;
  private final String caption;
  private final List<String> panels = new ArrayList<>();

  /**
   * A row.
   *
   * @param caption HTML
   */
  Row(String id, String title, String caption) {
    this.id = id;
    this.title = title;
    this.caption = caption;
  }

  /**
   * Adds a panel.
   *
   * @param heading plain text, such as the run's name
   * @param body HTML
   * @param note HTML under the body; may be empty
   */
  Row panel(String heading, String body, String note) {
    String figcaption =
        heading.isEmpty() ? "" : "<figcaption>%s</figcaption>".formatted(Html.escape(heading));
    String under = note.isEmpty() ? "" : "<p class=\"under\">%s</p>".formatted(note);
    panels.add("<figure>" + figcaption + body + under + "</figure>\n");
    return this;
  }

  /** The row's HTML; empty where no run had something to show. */
  String html() {
    if (panels.isEmpty()) {
      return "";
    }
    return "<section class=\"row n%d\" id=\"%s\"><header><h3>%s</h3><p>%s</p></header>\n"
            .formatted(Math.min(3, panels.size()), id, Html.escape(title), caption)
        + "<div class=\"panels\">"
        + String.join("", panels)
        + "</div></section>\n";
  }
}
