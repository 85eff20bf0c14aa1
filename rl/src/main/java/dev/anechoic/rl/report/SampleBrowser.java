package dev.anechoic.rl.report;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.anechoic.rl.runfolder.JsonObject;
import dev.anechoic.rl.runfolder.Sample;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The sample browser: completions as JSON in the page, filtered and shown by its script. */
final class SampleBrowser {
  /** More than this per run would make the page slow to open; the rest stays in the file. */
  private static final int MOST = 1500;

  private final Study study;

  SampleBrowser(Study study) {
    this.study = study;
  }

  /** Empty where no run has samples. */
  String html() {
    StringBuilder note = new StringBuilder();
    boolean any = false;
    for (RunData run : study.runs()) {
      int all = run.samples().size();
      any |= all > 0;
      if (all > MOST) {
        note.append(
            " Of %s's %d samples %d are here, evenly over the run, with those of the ledger."
                .formatted(run.name(), all, chosen(run).size()));
      }
    }
    if (!any) {
      return "";
    }
    String json = Html.scriptJson(JsonObject.write(this::write));
    return """
    <section id="browser"><p class="aside">Filter, then open a completion. Under its text every
    token is shaded by the chosen number; point at a token for all of them.%s</p>
    <form id="filters" aria-label="Sample filters"></form>
    <p id="matches" role="status"></p><ol id="samples"></ol>
    <button type="button" id="more" hidden>Show more</button>
    <noscript><p>The browser needs JavaScript; samples.jsonl has the same data.</p></noscript>
    <script type="application/json" id="sample-data">%s</script></section>
    """
        .formatted(Html.escape(note.toString()), json);
  }

  private void write(JsonGenerator json) throws IOException {
    json.writeStartArray();
    for (RunData run : study.runs()) {
      for (Sample sample : chosen(run)) {
        json.writeStartObject();
        json.writeStringField("run", run.name());
        json.writeStringField("css", study.colours().css(sample.format()));
        json.writeFieldName("sample");
        shortened(sample).write(json);
        json.writeEndObject();
      }
    }
    json.writeEndArray();
  }

  /** At most {@link #MOST} samples of a run: those that the ledger names, then every nth. */
  private static List<Sample> chosen(RunData run) {
    List<Sample> all = run.samples();
    if (all.size() <= MOST) {
      return all;
    }
    Set<String> named = new HashSet<>();
    run.ledger().forEach(entry -> entry.samples().forEach(push -> named.add(push.id())));
    Set<Integer> indices = new TreeSet<>();
    for (int i = 0; i < all.size(); i++) {
      if (named.contains(all.get(i).id()) && indices.size() < MOST / 2) {
        indices.add(i);
      }
    }
    int room = MOST - indices.size();
    for (int i = 0; i < room; i++) {
      indices.add((int) ((long) i * all.size() / room));
    }
    return indices.stream().map(all::get).toList();
  }

  /** Per-token numbers to three digits: enough to read, and a third of the bytes. */
  private static Sample shortened(Sample s) {
    return new Sample(
        s.id(),
        s.step(),
        s.phase(),
        s.promptId(),
        s.prompt(),
        s.completion(),
        s.format(),
        s.status(),
        s.verdict(),
        s.reward(),
        s.advantage(),
        s.tokens(),
        rounded(s.logprobs()),
        rounded(s.refLogprobs()),
        rounded(s.ratios()));
  }

  private static double[] rounded(double[] values) {
    double[] rounded = values.clone();
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = Double.isFinite(values[i]) ? Math.rint(values[i] * 1000) / 1000 : values[i];
    }
    return rounded;
  }
}
