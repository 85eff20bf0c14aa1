package dev.anechoic.rl.cli;

import dev.anechoic.model.UserError;
import dev.anechoic.model.checkpoint.Checkpoint;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.io.AtomicFiles;
import dev.anechoic.model.metrics.MetricsLog;
import dev.anechoic.model.train.Documents;
import dev.anechoic.model.train.PretrainConfig;
import dev.anechoic.model.train.PretrainData;
import dev.anechoic.model.train.Pretrainer;
import dev.anechoic.model.train.StopSignal;
import dev.anechoic.rl.runfolder.RunFolder;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anechoic pretrain CONFIG --out DIR}: trains a transformer from scratch on a mixture. */
@Command(
    name = "pretrain",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Trains a transformer from scratch.",
      "DIR gets config.toml (the effective configuration), metrics.jsonl, metrics.csv, TensorBoard"
          + " events, and checkpoint/, which Hugging Face transformers opens.",
      "SIGTERM or Ctrl-C writes a checkpoint and ends with exit code 0; --resume goes on."
    })
final class PretrainCommand implements Runnable {
  private static final String CHECKPOINT = "checkpoint";
  private static final String STAGE = "pretrain";

  @Parameters(
      paramLabel = "CONFIG",
      arity = "0..1",
      description = "TOML file, as in configs/; defaults where absent")
  private @Nullable Path configFile;

  @Option(names = "--out", paramLabel = "DIR", description = "folder of the run")
  private @Nullable Path out;

  @Option(names = "--resume", description = "goes on from the checkpoint in DIR, if there is one")
  private boolean resume;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "overrides a key of the configuration; may be given several times")
  private List<String> overrides = new ArrayList<>();

  @Option(names = "--show-config", description = "lists every key with its default, and ends")
  private boolean showConfig;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  PretrainCommand() {}

  @Override
  public void run() {
    PrintWriter print = spec.commandLine().getOut();
    if (showConfig) {
      print.print(Config.help(PretrainConfig.class));
      print.flush();
      return;
    }
    Path folder = requireOut();
    PretrainConfig config = Config.load(PretrainConfig.class, configFile, overrides);
    Path checkpoint = folder.resolve(CHECKPOINT);
    boolean goesOn = Checkpoint.existsAt(checkpoint);
    checkFolder(folder, config, goesOn);
    AtomicFiles.write(
        folder.resolve(RunFolder.CONFIG), Config.toToml(config).getBytes(StandardCharsets.UTF_8));
    try (StopSignal stop = StopSignal.install();
        Backend backend = BackendOption.open(config.backend(), config.threads(), print)) {
      PretrainData data = PretrainData.prepare(config);
      describe(data, print);
      MemoryLedger ledger = new MemoryLedger();
      try (Pretrainer trainer = new Pretrainer(config, data, backend, ledger)) {
        print.printf("model   %,d parameters%n", trainer.model().config().parameterCount());
        if (goesOn) {
          trainer.resume(checkpoint);
          print.printf("resumes after step %,d%n", trainer.stepsTaken());
        }
        print.flush();
        train(trainer, folder, goesOn, stop, print);
        print.print(ledger);
      }
    }
    print.printf("checkpoint %s%n  manifest %s%n", checkpoint, Checkpoint.open(checkpoint).hash());
    print.flush();
  }

  private Path requireOut() {
    if (out == null) {
      throw UserError.what("Missing option --out").remedy("Name a folder: --out runs/first.");
    }
    return out;
  }

  /** A folder belongs to one run: another configuration, or a start from zero, needs another. */
  private void checkFolder(Path folder, PretrainConfig config, boolean goesOn) {
    if (goesOn && !resume) {
      throw UserError.what("The folder holds a run already")
          .where(folder)
          .remedy("Go on with it by --resume, or name another folder.");
    }
    Path stored = folder.resolve(RunFolder.CONFIG);
    if (goesOn && Files.exists(stored)) {
      PretrainConfig before = Config.load(PretrainConfig.class, stored, List.of());
      if (!before.isSameRunAs(config)) {
        throw UserError.what("The run in this folder has another configuration")
            .where(stored)
            .remedy("Resume with 'pretrain " + stored + "', or name another folder.");
      }
    }
  }

  private static void describe(PretrainData data, PrintWriter print) {
    Documents training = data.training();
    print.printf(
        "corpus  %,d documents, %,d tokens, formats %s, %d held out%n",
        training.count(), training.totalTokens(), training.formats(), data.heldOut().count());
    print.printf("tokens  %,d in the vocabulary%n", data.encoder().tokenizer().vocabSize());
    print.flush();
  }

  private static void train(
      Pretrainer trainer, Path folder, boolean goesOn, StopSignal stop, PrintWriter print) {
    long since = System.nanoTime();
    long before = trainer.stepsTaken();
    try (MetricsLog log =
        goesOn
            ? MetricsLog.resume(folder, STAGE, trainer.stepsTaken())
            : MetricsLog.create(folder, STAGE)) {
      Pretrainer.Result result =
          trainer
              .checkpointTo(folder.resolve(CHECKPOINT))
              .stoppedBy(stop)
              .metricsTo(log::write)
              .run(System.out);
      if (result.steps() == before) {
        print.printf("nothing is left to do: all %,d steps had been taken%n", before);
        return;
      }
      double seconds = (System.nanoTime() - since) / 1e9;
      String end =
          switch (result.end()) {
            case COMPLETE -> "complete";
            case PROBE -> "ended by its probe: " + result.reason();
            case STOPPED -> "stopped on request; --resume goes on";
          };
      print.printf(
          "%s after step %,d, loss %.4f, %.1f s%n", end, result.steps(), result.loss(), seconds);
    }
  }
}
