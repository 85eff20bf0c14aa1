package dev.anechoic.bench.peer;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.sample.SampleRequest;
import dev.anechoic.model.sample.SampleSettings;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.train.TrainStep;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.profile.TracedBackend;
import dev.anechoic.tensor.spec.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** This engine as one of the libraries. */
public final class Engine implements Peer {
  /** Column of the table. */
  public static final String NAME = "anechoic";

  private static final String BACKEND = "cpu";
  private static final long SEED = 1;
  private static final int STREAM = 90;

  /** Sequences per pass of a training step. */
  private static final int MICRO_BATCH = 4;

  private @Nullable Backend backend;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, String> environment(int threads) {
    return Map.of();
  }

  @Override
  public String open(int threads) {
    var choice = Backends.open(BACKEND, BackendOptions.DEFAULT.withThreads(threads));
    backend = TracedBackend.ifRecording(choice.backend());
    return choice.backend().description();
  }

  private Backend backend() {
    if (backend == null) {
      throw new IllegalStateException("open comes first");
    }
    return backend;
  }

  @Override
  public @Nullable Prepared prepare(Work work) {
    return switch (work) {
      case Work.Op op -> op(op);
      case Work.Train train -> new Training(train, backend());
      case Work.Rollout rollout -> new Sampling(rollout, backend());
      case Work.Ppo ppo -> new EnginePpo(ppo, backend());
    };
  }

  private Prepared op(Work.Op op) {
    Workload workload = new Workload(op.row().opCase(), backend());
    return new Prepared() {
      @Override
      public void run() {
        workload.run();
      }

      @Override
      public void close() {
        workload.close();
      }
    };
  }

  private static final class Training implements Prepared {
    private final Work.Train work;
    private final Transformer model;
    private final AdamW optimizer;
    private final TrainStep step;
    private final int[] inputs;
    private final int[] targets;

    Training(Work.Train work, Backend backend) {
      this.work = work;
      ModelConfig config = work.preset().config(work.vocab(), work.time());
      MemoryLedger ledger = new MemoryLedger();
      model = new Transformer(config, backend, ledger);
      model.parameters().initialize(SEED);
      optimizer = new AdamW(model.parameters(), Config.defaults(AdamW.Settings.class));
      step = new TrainStep(model, optimizer, MICRO_BATCH, ledger);
      inputs = tokens(work.vocab(), work.batch() * work.time(), 0);
      targets = tokens(work.vocab(), work.batch() * work.time(), 1);
    }

    @Override
    public void run() {
      step.run(inputs, targets, work.batch(), work.time(), 1e-3);
    }

    @Override
    public String configuration() {
      return "micro-batch " + MICRO_BATCH;
    }

    @Override
    public void close() {
      step.close();
      optimizer.close();
      model.close();
    }
  }

  private static final class Sampling implements Prepared {
    private final Transformer model;
    private final Sampler sampler;
    private final List<SampleRequest> requests = new ArrayList<>();
    private final SampleSettings settings;

    Sampling(Work.Rollout work, Backend backend) {
      int time = work.prompt() + work.newTokens();
      MemoryLedger ledger = new MemoryLedger();
      model = new Transformer(work.preset().config(work.vocab(), time), backend, ledger);
      model.parameters().initialize(SEED);
      sampler = new Sampler(model, work.sequences(), time, ledger);
      settings = SampleSettings.of(1, work.newTokens(), -1, SEED);
      for (int b = 0; b < work.sequences(); b++) {
        requests.add(new SampleRequest(b, tokens(work.vocab(), work.prompt(), b)));
      }
    }

    @Override
    public void run() {
      sampler.sample(requests, settings);
    }

    @Override
    public void close() {
      sampler.close();
      model.close();
    }
  }

  private static int[] tokens(int vocab, int count, int sample) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = Philox.below(vocab, SEED, STREAM, 0, sample, i);
    }
    return tokens;
  }
}
