package dev.anechoic.rl.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.rl.runfolder.JsonObject;
import dev.anechoic.rl.runfolder.RunFolder;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LivePageTest {
  @TempDir Path folder;

  @Test
  void showsARunFromItsFirstStepAndSendsChartsOnlyWhenItMoved() throws IOException {
    try (LivePage page = LivePage.start(folder, 0)) {
      assertTrue(get(page.address()).contains("live.js") || get(page.address()).contains("poll"));
      assertTrue(charts(page, "").string("html").contains("Waiting for the first step"));

      Path metrics = folder.resolve(RunFolder.METRICS);
      Files.writeString(metrics, "{\"step\":0,\"stage\":\"pretrain\",\"loss\":4.5}\n");
      assertTrue(charts(page, "").string("html").contains("Pretraining loss"));

      String line =
          "{\"step\":0,\"reward\":0.5,\"format/code/share\":0.75,\"format/code/reward\":0.5,"
              + "\"format/text/share\":0.25,\"format/text/reward\":0.5}\n";
      Files.writeString(metrics, line);
      JsonObject first = charts(page, "");
      assertTrue(first.string("html").contains("code</b> leads with 75 %"), first.string("html"));
      assertFalse(charts(page, first.string("state")).has("html"), "nothing moved");

      Files.writeString(
          metrics, line + line.replace("\"step\":0", "\"step\":1") + "{\"step\":2,\"re");
      JsonObject second = charts(page, first.string("state"));
      assertTrue(second.string("html").contains("step 1"));
    }
  }

  @Test
  void aStudyShowsThePretrainingOfARunUntilItsMetricsAreThere() throws IOException {
    Path run = folder.resolve("nano");
    Path base = Files.createDirectories(run.resolve(RunFolder.BASE));
    String loss = "{\"step\":0,\"stage\":\"pretrain\",\"loss\":4.5}\n";
    Files.writeString(base.resolve(RunFolder.METRICS), loss);
    try (LivePage page = LivePage.start(folder, 0)) {
      JsonObject first = charts(page, "");
      assertTrue(first.string("html").contains("Pretraining loss of nano"), first.string("html"));
      Files.writeString(base.resolve(RunFolder.METRICS), loss + loss.replace("0", "50"));
      assertTrue(charts(page, first.string("state")).has("html"), "it moved");
      Files.writeString(run.resolve(RunFolder.METRICS), loss);
      String html = charts(page, "").string("html");
      assertEquals(2, html.split("Pretraining loss of", -1).length, "once: " + html);
    }
  }

  @Test
  void aDamagedFileIsShownAsItsMessage() throws IOException {
    Files.writeString(folder.resolve(RunFolder.METRICS), "not json\n");
    try (LivePage page = LivePage.start(folder, 0)) {
      assertTrue(charts(page, "").string("html").contains("metrics.jsonl line 1"));
    }
  }

  @Test
  void requestsThatDoNotNameThisMachineAreRefused() throws IOException {
    try (LivePage page = LivePage.start(folder, 0);
        Socket socket =
            new Socket(InetAddress.getLoopbackAddress(), URI.create(page.address()).getPort())) {
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      byte[] head = socket.getInputStream().readNBytes(12);
      assertEquals("HTTP/1.1 403", new String(head, StandardCharsets.US_ASCII));
    }
  }

  @Test
  void aTakenPortIsOneClearError() {
    try (LivePage page = LivePage.start(folder, 0)) {
      int port = URI.create(page.address()).getPort();
      UserError error = assertThrows(UserError.class, () -> LivePage.start(folder, port));
      assertTrue(error.getMessage().contains("--port 0"), error.getMessage());
    }
    assertThrows(UserError.class, () -> LivePage.start(folder, 70000));
  }

  private static JsonObject charts(LivePage page, String seen) throws IOException {
    return JsonObject.parse(get(page.address() + "charts?" + seen), "charts");
  }

  private static String get(String address) throws IOException {
    try (InputStream in = URI.create(address).toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
