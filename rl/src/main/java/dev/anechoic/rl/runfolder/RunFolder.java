package dev.anechoic.rl.runfolder;

import dev.anechoic.model.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * One run on disk: its files and their readers. Only {@code metrics.jsonl} must be there; whatever
 * else is absent is left out of the report.
 *
 * @param path the folder
 */
public record RunFolder(Path path) {
  public static final String CONFIG = "config.toml";
  public static final String MANIFEST = "manifest.json";
  public static final String METRICS = "metrics.jsonl";
  public static final String EVAL_BEFORE = "eval-before.json";
  public static final String EVAL_AFTER = "eval-after.json";
  public static final String SAMPLES = "samples.jsonl";
  public static final String LEDGER = "ledger.jsonl";
  public static final String DECISION = "decision.jsonl";
  public static final String SUMMARY = "summary.json";

  /** Folder in a study's run in which its base is pretrained. */
  public static final String BASE = "base";

  /**
   * Finds the runs under some folders: a folder with {@code metrics.jsonl} is a run; any other is a
   * study, whose runs lie directly in it, in the order of their names.
   *
   * @throws UserError where a folder is missing or holds no run
   */
  public static List<RunFolder> find(List<Path> folders) {
    List<RunFolder> runs = new ArrayList<>();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw UserError.what("No such run folder")
            .where(folder)
            .expected("a run or study folder, as written by study --out")
            .got(Files.exists(folder) ? "a file" : "nothing there")
            .remedy("Check the path; anechoic study CONFIG --out DIR makes one.");
      }
      List<RunFolder> found = runsOf(folder);
      if (found.isEmpty()) {
        throw UserError.what("The folder holds no run")
            .where(folder)
            .expected(METRICS + " in it, or in a folder directly inside it")
            .got("neither")
            .remedy("Name the folder that was given to --out; a run writes it at its first step.");
      }
      runs.addAll(found);
    }
    Set<Path> seen = new HashSet<>();
    runs.removeIf(run -> !seen.add(run.path().toAbsolutePath().normalize()));
    return runs;
  }

  private static List<RunFolder> runsOf(Path folder) {
    if (Files.exists(folder.resolve(METRICS))) {
      return List.of(new RunFolder(folder));
    }
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(child -> Files.exists(child.resolve(METRICS)))
          .sorted()
          .map(RunFolder::new)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + folder, e);
    }
  }

  public Path file(String name) {
    return path.resolve(name);
  }

  /** The metrics of a stage; empty columns where the stage logged nothing. */
  public Metrics metrics(String stage) {
    return Metrics.read(file(METRICS), stage);
  }

  public Optional<Manifest> manifest() {
    return present(MANIFEST).map(Manifest::read);
  }

  public Optional<String> config() {
    return present(CONFIG)
        .map(file -> {
          try {
            return Files.readString(file);
          } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
          }
        });
  }

  public Optional<Evaluation> evalBefore() {
    return present(EVAL_BEFORE).map(Evaluation::read);
  }

  public Optional<Evaluation> evalAfter() {
    return present(EVAL_AFTER).map(Evaluation::read);
  }

  public List<Sample> samples() {
    return present(SAMPLES).map(Sample::read).orElse(List.of());
  }

  public List<LedgerEntry> ledger() {
    return present(LEDGER).map(LedgerEntry::read).orElse(List.of());
  }

  public List<Decision> decisions() {
    return present(DECISION).map(Decision::read).orElse(List.of());
  }

  /** The manifest's name, or the folder's where there is none. */
  public String name() {
    return manifest()
        .map(Manifest::name)
        .orElse(path.toAbsolutePath().normalize().getFileName().toString());
  }

  private Optional<Path> present(String name) {
    return Optional.of(file(name)).filter(Files::exists);
  }
}
