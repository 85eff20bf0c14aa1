package dev.anechoic.model.train;

import dev.anechoic.model.sample.Scorer;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.MemoryLedger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The loss on held-out documents, per format: of all tokens, and of those of the answers. */
final class HeldOutLoss implements AutoCloseable {
  private final Documents documents;
  private final Scorer scorer;
  private final List<int[]> sequences = new ArrayList<>();

  HeldOutLoss(Transformer model, Documents documents, MemoryLedger ledger) {
    this.documents = documents;
    scorer = new Scorer(model, ledger);
    int most = model.config().contextLength() + 1;
    for (int d = 0; d < documents.count(); d++) {
      int[] tokens = documents.tokens(d);
      sequences.add(tokens.length <= most ? tokens : Arrays.copyOf(tokens, most));
    }
  }

  /** {@code loss/F} and {@code loss/F/answer} in nats per token; empty without documents. */
  Map<String, Double> measure() {
    int formats = documents.formats().size();
    double[] all = new double[formats];
    double[] answers = new double[formats];
    long[] allTokens = new long[formats];
    long[] answerTokens = new long[formats];
    float[][] logprobs = scorer.logprobs(sequences, 1);
    for (int d = 0; d < logprobs.length; d++) {
      int f = documents.format(d);
      for (int t = 0; t < logprobs[d].length; t++) {
        boolean answer = t + 1 >= documents.answerStart(d);
        all[f] -= logprobs[d][t];
        answers[f] -= answer ? logprobs[d][t] : 0;
        allTokens[f]++;
        answerTokens[f] += answer ? 1 : 0;
      }
    }
    Map<String, Double> losses = new LinkedHashMap<>();
    for (int f = 0; f < formats; f++) {
      String key = "loss/" + documents.formats().get(f);
      put(losses, key, all[f], allTokens[f]);
      put(losses, key + "/answer", answers[f], answerTokens[f]);
    }
    return losses;
  }

  /** What has no tokens has no loss, and is left out. */
  private static void put(Map<String, Double> losses, String key, double sum, long tokens) {
    if (tokens > 0) {
      losses.put(key, sum / tokens);
    }
  }

  @Override
  public void close() {
    scorer.close();
  }
}
