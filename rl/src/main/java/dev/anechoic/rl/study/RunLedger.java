package dev.anechoic.rl.study;

import dev.anechoic.model.format.Classification;
import dev.anechoic.model.format.Form;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.format.FormatClassifier;
import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.sample.SampleRequest;
import dev.anechoic.model.sample.SampleSettings;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.RlStreams;
import dev.anechoic.rl.algorithm.GradientProbe;
import dev.anechoic.rl.algorithm.Phases;
import dev.anechoic.rl.algorithm.Policy;
import dev.anechoic.rl.algorithm.Question;
import dev.anechoic.rl.algorithm.RlConfig;
import dev.anechoic.rl.ledger.DecisionReadout;
import dev.anechoic.rl.ledger.Ledger;
import dev.anechoic.rl.ledger.LedgerConfig;
import dev.anechoic.rl.ledger.LedgerSetup;
import dev.anechoic.rl.ledger.Openings;
import dev.anechoic.rl.ledger.ProbeSampler;
import dev.anechoic.rl.runfolder.Decision;
import dev.anechoic.rl.runfolder.JsonLines;
import dev.anechoic.rl.runfolder.LedgerEntry;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.tensor.MemoryLedger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The ledger of a run and its files, where the study asks for one; else nothing. */
final class RunLedger implements AutoCloseable {
  private final LedgerConfig config;
  private final RunFolder folder;
  private final Policy policy;
  private final @Nullable LedgerSetup setup; // null without a ledger
  private final @Nullable Ledger ledger;
  private JsonLines.@Nullable Appender entries;

  /**
   * @param questions held out; the first of them are the probe prompts
   */
  RunLedger(
      StudyConfig study,
      RlConfig rl,
      RunFolder folder,
      Policy policy,
      Tokenizer tokenizer,
      List<Question> questions,
      Phases phases,
      MemoryLedger memory) {
    this.config = study.ledger();
    this.folder = folder;
    this.policy = policy;
    if (!study.ledger().enabled()) {
      setup = null;
      ledger = null;
      return;
    }
    List<Format> formats = study.corpus().formatList();
    List<int[]> prompts =
        questions.stream()
            .limit(config.probePrompts())
            .map(question -> tokenizer.encode(question.prompt()))
            .toList();
    setup =
        new LedgerSetup(
            policy.model(),
            new Openings(
                formats.stream().map(Format::name).toList(),
                formats.stream().map(format -> Answers.opening(format, tokenizer)).toList()),
            prompts,
            rl.temperature(),
            new Probes(study, policy.model(), formats, tokenizer, prompts, rl, memory),
            memory);
    ledger = new Ledger(study.ledger(), setup, phases, this::write);
  }

  /** What watches the updates. */
  GradientProbe probe() {
    return ledger == null ? GradientProbe.NONE : ledger;
  }

  /** Begins the files, or goes on after {@code done} steps, from which the policy was restored. */
  void begin(int done) {
    Path file = folder.file(RunFolder.LEDGER);
    List<LedgerEntry> kept =
        done == 0 || !Files.exists(file)
            ? List.of()
            : LedgerEntry.read(file).stream().filter(e -> e.step() <= done).toList();
    Studies.delete(file);
    if (ledger == null) {
      return;
    }
    ledger.resumeAfter(Math.toIntExact(policy.optimizer().steps()));
    JsonLines.Appender appender = new JsonLines.Appender(file);
    kept.forEach(entry -> appender.append(entry::write));
    entries = appender;
  }

  private void write(LedgerEntry entry) {
    if (entries != null) {
      entries.append(entry::write);
    }
  }

  /** Completions of the step that the ledger names. */
  Collection<String> named() {
    return ledger == null ? List.of() : ledger.named();
  }

  /** Reads base and policy at the deciding token, once the run is complete. */
  void decisions(Transformer base) {
    Path file = folder.file(RunFolder.DECISION);
    Studies.delete(file);
    if (!config.decision() || setup == null || ledger == null || !setup.openings().separate()) {
      return;
    }
    int winner = ledger.leader();
    try (JsonLines.Appender out = new JsonLines.Appender(file)) {
      out.append(decision("before", base, setup, winner)::write);
      out.append(decision("after", policy.model(), setup, winner)::write);
    }
  }

  private static Decision decision(String phase, Transformer model, LedgerSetup setup, int winner) {
    return DecisionReadout.read(
        phase, model, setup.openings(), setup.prompts(), winner, setup.memory());
  }

  /** Samples the probe prompts, where openings do not tell the formats apart. */
  private record Probes(
      StudyConfig study,
      Transformer model,
      List<Format> formats,
      Tokenizer tokenizer,
      List<int[]> prompts,
      RlConfig rl,
      MemoryLedger memory)
      implements ProbeSampler {
    @Override
    public List<Completion> sample(int draw) {
      int each = study.ledger().probeSamples();
      List<SampleRequest> requests = new ArrayList<>();
      for (int i = 0; i < prompts.size() * each; i++) {
        requests.add(new SampleRequest(i, prompts.get(i / each)));
      }
      SampleSettings settings =
          SampleSettings.of(rl.temperature(), rl.maxNewTokens(), tokenizer.endToken(), study.seed())
              .at(RlStreams.PROBE, draw);
      int slots = Math.min(requests.size(), 64);
      try (Sampler sampler = new Sampler(model, slots, model.config().contextLength(), memory)) {
        return sampler.sample(requests, settings);
      }
    }

    @Override
    public String format(Completion completion) {
      FormatClassifier classifier = new FormatClassifier(formats);
      Classification found = classifier.classify(Answers.text(completion, tokenizer));
      return found.form() == Form.MIXED ? "mixed" : classifier.name(found.format());
    }
  }

  @Override
  public void close() {
    if (ledger != null) {
      ledger.close();
    }
    if (entries != null) {
      entries.close();
    }
  }
}
