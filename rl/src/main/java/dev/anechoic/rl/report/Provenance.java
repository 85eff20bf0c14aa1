package dev.anechoic.rl.report;

import dev.anechoic.rl.runfolder.Manifest;

/** What each run was made from: configuration, files with hashes, machine, command. */
final class Provenance {
  private final Study study;

  Provenance(Study study) {
    this.study = study;
  }

  String html() {
    StringBuilder html = new StringBuilder();
    for (RunData run : study.runs()) {
      html.append("<h3 class=\"runname\">").append(Html.escape(run.name())).append("</h3>");
      run.manifest().ifPresent(manifest -> html.append(manifest(manifest)));
      run.folder()
          .config()
          .ifPresent(config ->
              html.append("<details><summary>Effective configuration</summary><pre>")
                  .append(Html.escape(config))
                  .append("</pre></details>\n"));
      if (run.manifest().isEmpty() && run.folder().config().isEmpty()) {
        html.append("<p class=\"aside\">This run folder has no manifest and no config.toml.</p>");
      }
    }
    return html.toString();
  }

  private static String manifest(Manifest manifest) {
    StringBuilder html = new StringBuilder("<dl>");
    pair(html, "algorithm", manifest.algorithm());
    pair(
        html,
        "model",
        manifest.preset() + ", " + Numbers.count(manifest.parameters()) + " parameters");
    pair(html, "seed", Long.toString(manifest.seed()));
    pair(html, "command", manifest.command());
    manifest.environment().forEach((key, value) -> pair(html, key, value));
    html.append("</dl>");
    if (!manifest.files().isEmpty()) {
      html.append(
          "<div class=\"scroll\"><table class=\"files\"><thead><tr><th>role</th>"
              + "<th>file</th><th>bytes</th><th>SHA-256</th></tr></thead><tbody>");
      for (Manifest.HashedFile file : manifest.files()) {
        html.append(
            "<tr><th>%s</th><td>%s</td><td>%s</td><td><code>%s</code></td></tr>"
                .formatted(
                    Html.escape(file.role()),
                    Html.escape(file.path()),
                    Numbers.count(file.bytes()),
                    Html.escape(file.sha256())));
      }
      html.append("</tbody></table></div>\n");
    }
    return html.toString();
  }

  private static void pair(StringBuilder html, String name, String value) {
    if (!value.isBlank()) {
      html.append("<dt>").append(Html.escape(name)).append("</dt><dd>");
      html.append(Html.escape(value)).append("</dd>");
    }
  }
}
