package dev.anechoic.bench.peers;

import dev.anechoic.bench.peer.Peer;
import dev.anechoic.bench.peer.Work;
import dev.anechoic.model.transformer.ModelConfig;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * libtorch, the C++ library that PyTorch is a Python interface of, with MKL as its BLAS as in the
 * builds that PyTorch publishes.
 */
public final class Libtorch implements Peer {
  @Override
  public String name() {
    return "libtorch";
  }

  @Override
  public Map<String, String> environment(int threads) {
    Map<String, String> environment = new HashMap<>();
    environment.put("OMP_NUM_THREADS", Integer.toString(threads));
    environment.put("MKL_NUM_THREADS", Integer.toString(threads));
    environment.put("MKL_DYNAMIC", "FALSE");
    environment.put("MKL_THREADING_LAYER", "GNU"); // the OpenMP that libtorch itself uses
    environment.put("KMP_BLOCKTIME", "20");
    // By default each large activation is mapped and unmapped anew, and its pages zeroed each time.
    environment.put("MALLOC_MMAP_MAX_", "0");
    environment.put("MALLOC_ARENA_MAX", "1");
    environment.put("MALLOC_TRIM_THRESHOLD_", "17179869184");
    environment.put("MALLOC_TOP_PAD_", "268435456");
    return environment;
  }

  @Override
  public String open(int threads) {
    System.setProperty("org.bytedeco.openblas.load", "mkl");
    torch.set_num_threads(threads);
    String config = torch.show_config().getString();
    String version = config.replaceAll("(?s).*TORCH_VERSION=([^,]*),.*", "$1");
    String capability = config.replaceAll("(?s).*CPU capability usage: (\\S+).*", "$1");
    return "libtorch "
        + version
        + ", "
        + capability
        + ", "
        + torch.get_num_threads()
        + " thread(s), BLAS from MKL";
  }

  @Override
  public @Nullable Prepared prepare(Work work) {
    return switch (work) {
      case Work.Op op -> TorchOps.prepare(op.row());
      case Work.Train train -> new TorchTrain(train);
      case Work.Rollout rollout -> rollout(rollout);
      case Work.Ppo ppo -> new TorchPpo(ppo);
    };
  }

  private static Prepared rollout(Work.Rollout work) {
    ModelConfig config = work.preset().config(work.vocab(), work.prompt() + work.newTokens());
    TorchModel model = new TorchModel(config);
    return new TorchSampler(
            model,
            TorchModel.randomTokens(config, work.sequences(), work.prompt()),
            work.newTokens())
        ::sample;
  }
}
