package dev.anechoic.rl.ledger;

import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Norm;
import dev.anechoic.model.transformer.ParameterLayout;
import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.model.transformer.ResidualObserver;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.rl.runfolder.Decision;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Embedding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the decision for a format sits: at the deciding token of each probe prompt, the logit of
 * each format's opening read out after every layer (the logit lens; nostalgebraist, 2020), and how
 * much each head and MLP adds to one format's lead (direct logit attribution; Elhage et al., "A
 * mathematical framework for transformer circuits", 2021).
 *
 * <p>The residual stream is a sum of the embedding, the heads and the MLPs, and with the scale of
 * the final norm held as it is, the logit is linear in it:
 *
 * <pre>lead = z_f − mean_{g≠f} z_g = Σ_parts rstd (part ∘ w) · u,   u = U_f − mean_{g≠f} U_g</pre>
 *
 * <p>with U the rows of the head and w the norm's weight; a layer norm also takes each part's mean
 * out. The parts add up to the lead exactly.
 */
public final class DecisionReadout implements ResidualObserver {
  /** Prompts in one pass: as few tokens as a micro-batch of training. */
  private static final int PROMPTS = 16;

  private final Transformer model;
  private final ModelConfig config;
  private final Openings openings;
  private final int leader;
  private final Tape tape;
  private final Arena data;
  private final double[][] logits; // [L+1,F], sums over prompts
  private final double[][] heads; // [L,H]
  private final double[] mlps; // [L]
  private double embedding;
  private Tensor rows;
  private int prompts;

  private final double[][] residuals; // [L+1] of [S,C]
  private final double[][] gathered; // [L] of [S,HD]

  @SuppressWarnings("NullAway.Init") // rows is set before each pass
  private DecisionReadout(Transformer model, Openings openings, int leader, Tape tape, Arena data) {
    this.model = model;
    this.openings = openings;
    this.leader = leader;
    this.tape = tape;
    this.data = data;
    config = model.config();
    logits = new double[config.layers() + 1][openings.count()];
    heads = new double[config.layers()][config.heads()];
    mlps = new double[config.layers()];
    residuals = new double[config.layers() + 1][];
    gathered = new double[config.layers()][];
  }

  /**
   * Reads a model.
   *
   * @param phase {@code before} or {@code after} RL
   * @param leader index of the format whose lead is attributed, the winner
   */
  public static Decision read(
      String phase,
      Transformer model,
      Openings openings,
      List<int[]> prompts,
      int leader,
      MemoryLedger memory) {
    try (Arena activations = new Arena(model.backend(), Arena.Tag.ACTIVATIONS, memory);
        Arena data = new Arena(model.backend(), Arena.Tag.DATA, memory)) {
      Tape tape = new Tape(activations);
      tape.setRecording(false);
      DecisionReadout readout = new DecisionReadout(model, openings, leader, tape, data);
      model.setObserver(readout);
      try {
        for (int from = 0; from < prompts.size(); from += PROMPTS) {
          readout.pass(prompts.subList(from, Math.min(prompts.size(), from + PROMPTS)));
        }
      } finally {
        model.setObserver(null);
      }
      return readout.decision(phase);
    }
  }

  private void pass(List<int[]> batch) {
    int[] common = openings.commonTokens();
    int time = batch.stream().mapToInt(p -> p.length).max().orElse(0) + common.length;
    int[] tokens = new int[batch.size() * time];
    int[] deciding = new int[batch.size()];
    for (int s = 0; s < deciding.length; s++) {
      int[] prompt = batch.get(s);
      System.arraycopy(prompt, 0, tokens, s * time, prompt.length);
      System.arraycopy(common, 0, tokens, s * time + prompt.length, common.length);
      deciding[s] = s * time + prompt.length + common.length - 1;
    }
    rows = data.of(deciding, deciding.length);
    model.hidden(tape, data.of(tokens, batch.size(), time), null);
    attribute(batch.size());
    prompts += batch.size();
    tape.reset();
    data.reset();
  }

  @Override
  public void observe(int layer, Tensor residual) {
    Tensor chosen = Embedding.forward(tape, residual, rows); // [S,C]
    residuals[layer] = chosen.toDoubles();
    Tensor lens = model.lens(tape, chosen); // [S,V]
    double[] z = lens.toDoubles();
    for (int s = 0; s < lens.dim(0); s++) {
      for (int f = 0; f < openings.count(); f++) {
        int token = openings.decidingToken(f);
        logits[layer][f] += token < 0 ? Double.NaN : z[s * lens.columns() + token];
      }
    }
  }

  @Override
  public void attended(int block, Tensor all) {
    gathered[block] = Embedding.forward(tape, all, rows).toDoubles();
  }

  // ---- attribution --------------------------------------------------------------------------

  private void attribute(int count) {
    double[] direction = direction();
    int c = config.channels();
    int d = config.headSize();
    for (int l = 0; l < config.layers(); l++) {
      double[] out = model.parameters().get(ParameterLayout.Names.attentionOut(l)).toDoubles();
      // out · direction, [HD]: what a unit of each gathered number adds
      double[] worth = new double[config.heads() * d];
      for (int i = 0; i < worth.length; i++) {
        worth[i] = dot(out, i * c, direction, 0, c);
      }
      for (int s = 0; s < count; s++) {
        double scale = scale(s);
        double attention = 0;
        for (int h = 0; h < config.heads(); h++) {
          int at = s * worth.length + h * d;
          double part = scale * dot(gathered[l], at, worth, h * d, d);
          heads[l][h] += part;
          attention += part;
        }
        double added =
            scale
                * (dot(residuals[l + 1], s * c, direction, 0, c)
                    - dot(residuals[l], s * c, direction, 0, c));
        mlps[l] += added - attention;
      }
    }
    for (int s = 0; s < count; s++) {
      embedding += scale(s) * dot(residuals[0], s * c, direction, 0, c);
    }
  }

  /** What one unit of each channel adds to the lead, but for the norm's scale [C]. */
  private double[] direction() {
    Parameters parameters = model.parameters();
    String head = config.tied() ? ParameterLayout.Names.TOKENS : ParameterLayout.Names.HEAD;
    double[] table = parameters.get(head).toDoubles();
    int c = config.channels();
    double[] direction = new double[c];
    for (int f = 0; f < openings.count(); f++) {
      double weight = f == leader ? 1 : -1.0 / (openings.count() - 1);
      int token = openings.decidingToken(f);
      for (int i = 0; i < c && token >= 0; i++) {
        direction[i] += weight * table[token * c + i];
      }
    }
    if (config.norm() == Norm.RMS) {
      double[] weight = parameters.get(ParameterLayout.Names.FINAL_NORM).toDoubles();
      Arrays.setAll(direction, i -> direction[i] * weight[i]);
    } else {
      double mean = Arrays.stream(direction).average().orElse(0);
      Arrays.setAll(direction, i -> direction[i] - mean);
    }
    return direction;
  }

  /** The final norm's factor at one prompt. */
  private double scale(int s) {
    int c = config.channels();
    double[] last = residuals[config.layers()];
    double mean = 0;
    for (int i = 0; config.norm() == Norm.LAYER && i < c; i++) {
      mean += last[s * c + i] / c;
    }
    double variance = 0;
    for (int i = 0; i < c; i++) {
      variance += (last[s * c + i] - mean) * (last[s * c + i] - mean) / c;
    }
    return 1 / Math.sqrt(variance + config.normEps());
  }

  private static double dot(double[] a, int fromA, double[] b, int fromB, int length) {
    double sum = 0;
    for (int i = 0; i < length; i++) {
      sum += a[fromA + i] * b[fromB + i];
    }
    return sum;
  }

  private Decision decision(String phase) {
    List<Decision.Layer> layers = new ArrayList<>();
    for (int l = 0; l <= config.layers(); l++) {
      Map<String, Double> values = new LinkedHashMap<>();
      for (int f = 0; f < openings.count(); f++) {
        values.put(openings.formats().get(f), logits[l][f] / prompts);
      }
      Map<String, Double> parts = new LinkedHashMap<>();
      if (l == 0) {
        parts.put("embedding", embedding / prompts);
      } else {
        for (int h = 0; h < config.heads(); h++) {
          parts.put("head." + h, heads[l - 1][h] / prompts);
        }
        parts.put("mlp", mlps[l - 1] / prompts);
      }
      layers.add(new Decision.Layer(l == 0 ? Layers.EMBED : Layers.block(l - 1), values, parts));
    }
    String name = openings.formats().get(leader);
    return new Decision(phase, name, openings.common(), prompts, layers);
  }
}
