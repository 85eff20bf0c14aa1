package dev.anechoic.rl.report;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.anechoic.model.UserError;
import dev.anechoic.rl.runfolder.JsonObject;
import dev.anechoic.rl.runfolder.Metrics;
import dev.anechoic.rl.runfolder.RunFolder;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * A page that follows a run while it trains: it asks every two seconds whether {@code
 * metrics.jsonl} has grown, and then shows the report's training charts anew.
 *
 * <p>The server listens on the loopback address alone and answers only requests that name it, so
 * that no page from elsewhere can read it through the browser.
 */
public final class LivePage implements AutoCloseable {
  private static final int STOP_SECONDS = 0;

  private final Path folder;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private LivePage(Path folder, HttpServer server) {
    this.folder = folder;
    this.server = server;
  }

  /**
   * Starts serving.
   *
   * @param folder a run or study folder; it may still be empty
   * @param port port on localhost, 0 for any free one
   * @throws UserError where the port cannot be had
   */
  public static LivePage start(Path folder, int port) {
    if (port < 0 || port > 65535) {
      throw UserError.what("The port is out of range")
          .where("--port")
          .expected("0 to 65535")
          .got(port)
          .remedy("Give a port in this range, or 0 for any free one.");
    }
    try {
      InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
      LivePage page = new LivePage(folder, HttpServer.create(address, 0));
      page.server.setExecutor(page.threads);
      page.server.createContext("/", page::answer);
      page.server.start();
      return page;
    } catch (BindException e) {
      throw UserError.what("The port is taken")
          .where("--port")
          .got(port)
          .cause(e)
          .remedy("Give another port, or --port 0 for any free one.");
    } catch (IOException e) {
      throw new UncheckedIOException("cannot serve on port " + port, e);
    }
  }

  /** The page's address. */
  public String address() {
    return "http://localhost:" + server.getAddress().getPort() + "/";
  }

  @Override
  public void close() {
    server.stop(STOP_SECONDS);
    threads.close();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      if (!namesThisServer(exchange) || !exchange.getRequestMethod().equals("GET")) {
        send(exchange, 403, "text/plain", "refused");
      } else if (path.equals("/")) {
        send(exchange, 200, "text/html", page());
      } else if (path.equals("/charts")) {
        String seen = exchange.getRequestURI().getQuery();
        send(exchange, 200, "application/json", charts(seen == null ? "" : seen));
      } else {
        send(exchange, 404, "text/plain", "no such page");
      }
    }
  }

  private boolean namesThisServer(HttpExchange exchange) {
    String host = exchange.getRequestHeaders().getFirst("Host");
    int port = server.getAddress().getPort();
    return ("localhost:" + port).equals(host) || ("127.0.0.1:" + port).equals(host);
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    exchange.sendResponseHeaders(status, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  private String page() {
    String body =
        """
        <nav><span>%s, live</span><em id="state" role="status">connecting</em>
        <button type="button" id="theme" aria-label="Switch between light and dark">◐</button></nav>
        <main id="live"></main>\
        """
            .formatted(Html.escape(String.valueOf(folder.getFileName())));
    return Page.html(folder + ", live", "'self'", body, "report.js", "live.js");
  }

  /** The charts as JSON, without them where the caller has seen this state already. */
  private String charts(String seen) {
    String state = state();
    String html = state.equals(seen) ? "" : html();
    return JsonObject.write(json -> {
      json.writeStartObject();
      json.writeStringField("state", state);
      if (!html.isEmpty()) {
        json.writeStringField("html", html);
      }
      json.writeEndObject();
    });
  }

  /** Changes whenever a file of metrics does. */
  private String state() {
    StringBuilder state = new StringBuilder("v");
    for (RunFolder run : runs()) {
      try {
        Path metrics = run.file(RunFolder.METRICS);
        state.append('-').append(Files.size(metrics));
        state.append('-').append(Files.getLastModifiedTime(metrics).toMillis());
      } catch (IOException gone) {
        state.append("-gone"); // replaced at this moment; the next poll sees it
      }
    }
    return state.toString();
  }

  /** The runs that are there, and the bases of those that are not yet: pretraining comes first. */
  private List<RunFolder> runs() {
    List<RunFolder> runs = new ArrayList<>();
    try {
      runs.addAll(RunFolder.find(List.of(folder)));
    } catch (UserError notYet) {
      // shown as waiting
    }
    if (!Files.exists(folder.resolve(RunFolder.METRICS))) {
      runs.addAll(bases());
    }
    return runs;
  }

  /** Bases that a study pretrains, of runs that have not begun. */
  private List<RunFolder> bases() {
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(run -> !Files.exists(run.resolve(RunFolder.METRICS)))
          .map(run -> run.resolve(RunFolder.BASE))
          .filter(base -> Files.exists(base.resolve(RunFolder.METRICS)))
          .sorted()
          .map(RunFolder::new)
          .toList();
    } catch (IOException notYet) {
      return List.of();
    }
  }

  /** A base goes by the name of its run. */
  private static String name(RunFolder run) {
    Path parent = run.path().getParent();
    return run.name().equals(RunFolder.BASE) && parent != null
        ? String.valueOf(parent.getFileName())
        : run.name();
  }

  private String html() {
    List<RunFolder> started = new ArrayList<>();
    Map<String, Metrics> pretraining = new LinkedHashMap<>();
    try {
      for (RunFolder run : runs()) {
        if (RunData.hasStarted(run)) {
          started.add(run);
        } else {
          pretraining.put(name(run), run.metrics("pretrain"));
        }
      }
      String charts = started.isEmpty() ? "" : charts(Study.of(folder.toString(), started));
      String losses = TrainingCharts.pretraining(pretraining, new FormatColours(List.of()));
      return charts.isEmpty() && losses.isEmpty()
          ? "<p class=\"deck\">Waiting for the first step in " + escape(folder) + ".</p>"
          : charts + losses;
    } catch (UserError e) {
      return "<p class=\"deck\">The run folder cannot be read.</p><pre>%s</pre>"
          .formatted(escape(e.getMessage()));
    }
  }

  private static String charts(Study study) {
    StringBuilder html = new StringBuilder();
    for (RunData run : study.runs()) {
      html.append(
          "<p class=\"story\">%s, step %d: %s leads with %s, mean reward %s.</p>"
              .formatted(
                  Html.escape(run.name()),
                  run.lastStep(),
                  study.coloured(run.winnerName()),
                  Numbers.percent(run.winner().endShare()),
                  Numbers.significant(run.rl().column("reward")[run.rl().size() - 1])));
    }
    return html + new TrainingCharts(study).all();
  }

  private static String escape(Object text) {
    return Html.escape(String.valueOf(text));
  }
}
