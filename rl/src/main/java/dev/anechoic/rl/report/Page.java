package dev.anechoic.rl.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * The frame of every page: style and script inline, and a policy that forbids the browser to load
 * anything from elsewhere.
 */
final class Page {
  private Page() {}

  /**
   * A whole page.
   *
   * @param connect what the script may fetch: {@code 'none'}, or {@code 'self'} on the live page
   * @param body HTML of the body
   * @param scripts resources whose scripts run, in order
   */
  static String html(String title, String connect, String body, String... scripts) {
    StringBuilder script = new StringBuilder();
    for (String name : scripts) {
      script.append(resource(name));
    }
    return """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
    style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src %s; img-src data:">
    <link rel="icon" href="data:,">
    <title>%s</title>
    <style>
    %s</style></head><body>
    %s
    <script>
    %s</script></body></html>
    """
        .formatted(connect, Html.escape(title), resource("report.css"), body, script);
  }

  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("resource " + name + " is missing from the build");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read resource " + name, e);
    }
  }
}
