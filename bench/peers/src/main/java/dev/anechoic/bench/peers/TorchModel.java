package dev.anechoic.bench.peers;

import dev.anechoic.model.transformer.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** This project's transformer in libtorch, with random parameters. */
final class TorchModel {
  private static final double DEVIATION = 0.02;

  private final ModelConfig config;
  private final Tensor tokens; // [V,C]
  private final Tensor head; // [V,C]
  private final List<TorchBlock> blocks = new ArrayList<>();
  private final Tensor cos; // [contextLength,D]
  private final Tensor sin; // [contextLength,D]

  /** Keys and values of a batch, [B,H,T,D] per layer. */
  record Cache(List<Tensor> keys, List<Tensor> values) {}

  TorchModel(ModelConfig config) {
    this.config = config;
    tokens = parameter(config.vocabSize(), config.channels(), DEVIATION);
    head = parameter(config.vocabSize(), config.channels(), DEVIATION);
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(new TorchBlock(config.channels(), config.heads(), config.layers()));
    }
    int half = config.headSize() / 2;
    float[] angles = new float[config.contextLength() * config.headSize()];
    for (int i = 0; i < angles.length; i++) {
      int position = i / config.headSize();
      int pair = i % config.headSize() % half;
      angles[i] = (float) (position * Math.pow(config.ropeBase(), -(double) pair / half));
    }
    Tensor table = Tensor.create(angles, config.contextLength(), config.headSize());
    cos = table.cos();
    sin = table.sin();
  }

  /** Normal values of this deviation, with a gradient. */
  static Tensor parameter(long rows, long columns, double deviation) {
    return torch.randn(rows, columns).mul_(new Scalar(deviation)).set_requires_grad(true);
  }

  /** Those that are trained. */
  TensorVector parameters() {
    TensorVector all = new TensorVector();
    all.push_back(tokens);
    all.push_back(head);
    for (TorchBlock block : blocks) {
      for (Tensor parameter : block.parameters()) {
        all.push_back(parameter);
      }
    }
    return all;
  }

  /** ids I64 [B,T] to the final norm, [B,T,C]. */
  Tensor hidden(Tensor ids) {
    long time = ids.size(1);
    Tensor x = torch.embedding(tokens, ids);
    Tensor c = cos.narrow(0, 0, time);
    Tensor s = sin.narrow(0, 0, time);
    for (TorchBlock block : blocks) {
      x = block.forward(x, c, s);
    }
    return TorchBlock.norm(x);
  }

  /** As {@link #hidden} for tokens behind {@code start} others in the cache. */
  Tensor hiddenCached(Tensor ids, Cache cache, long start) {
    long time = ids.size(1);
    Tensor x = torch.embedding(tokens, ids);
    Tensor c = cos.narrow(0, start, time);
    Tensor s = sin.narrow(0, start, time);
    for (int i = 0; i < blocks.size(); i++) {
      x = blocks.get(i).forwardCached(x, c, s, cache.keys.get(i), cache.values.get(i), start);
    }
    return TorchBlock.norm(x);
  }

  /** hidden [..,C] to [..,V]. */
  Tensor logits(Tensor hidden) {
    return torch.linear(hidden, head);
  }

  /** Room for so many tokens of each sequence. */
  Cache cache(long sequences, long time) {
    Cache cache = new Cache(new ArrayList<>(), new ArrayList<>());
    for (int i = 0; i < config.layers(); i++) {
      cache.keys.add(torch.empty(sequences, config.heads(), time, config.headSize()));
      cache.values.add(torch.empty(sequences, config.heads(), time, config.headSize()));
    }
    return cache;
  }

  ModelConfig config() {
    return config;
  }

  /** Random ids, I64 [rows,time]. */
  static Tensor randomTokens(ModelConfig config, long rows, long time) {
    return torch.randint(0, config.vocabSize(), new long[] {rows, time}).to(ScalarType.Long);
  }
}
