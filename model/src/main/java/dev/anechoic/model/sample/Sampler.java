package dev.anechoic.model.sample;

import dev.anechoic.model.UserError;
import dev.anechoic.model.transformer.KvCache;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Draws completions in slots of a cache, each of which holds one sequence at a time.
 *
 * <p>A completion depends on the model, its prompt and its address (seed, stream, step, sample)
 * alone: not on the number of slots or threads, the other requests or their order, to the bit. Its
 * log-probs are those that {@link Scorer} and a training pass compute.
 *
 * <p>On a CPU every thread grows a group of slots by itself, of a size whose keys and values stay
 * in its cache from token to token: memory is what limits decoding. Requests go to whoever has a
 * free slot.
 */
public final class Sampler implements AutoCloseable {
  /**
   * Rows of a step from which a thread's pass over the weights pays; fewer only where fewer slots
   * are asked for. Two tiles of the matrix product, which reads weights in place up to here.
   */
  private static final int LEAST_ROWS = 12;

  /**
   * With fewer slots per thread, all threads share each product instead: the weights are the work.
   */
  private static final int LEAST_SLOTS_PER_THREAD = 4;

  private final Transformer model;
  private final Backend backend;
  private final SlotGroup[] groups;
  private final Arena workspace;
  private @Nullable StateReadout readout;

  /**
   * @param slots most sequences that grow at once; fewer do where their cache would outgrow the
   *     processor's
   * @param positions most tokens of a sequence, prompt and completion together; at most the model's
   *     context length
   */
  public Sampler(Transformer model, int slots, int positions, MemoryLedger ledger) {
    this.model = model;
    backend = model.backend();
    workspace = new Arena(backend, Arena.Tag.WORKSPACE, ledger);
    List<Backend> threads = backend.perThread();
    if (threads.size() == 1 || slots < LEAST_SLOTS_PER_THREAD * threads.size()) {
      threads = List.of(backend);
    }
    int each = slotsPerThread(model, (slots + threads.size() - 1) / threads.size(), positions);
    groups = new SlotGroup[threads.size()];
    for (int i = 0; i < groups.length; i++) {
      Backend thread = threads.get(i);
      Transformer own = thread == backend ? model : model.onThread(thread);
      groups[i] = new SlotGroup(own, each, positions, ledger);
    }
  }

  /**
   * Keys and values of a group take no more than the outer cache, or than the parameters, which
   * pass through it in every step anyway.
   */
  private static int slotsPerThread(Transformer model, int wanted, int positions) {
    ModelConfig config = model.config();
    int elementBytes = model.backend().floatType().bytes();
    long slotBytes = KvCache.bytes(config, 1, positions, elementBytes);
    long parameterBytes = model.parameters().flat().size() * elementBytes;
    long most = Math.max(model.backend().cacheBytesPerThread(), parameterBytes) / slotBytes;
    return (int) Math.min(wanted, Math.max(LEAST_ROWS, most));
  }

  /** What to read off the states that choose tokens from now on; null for nothing. */
  public void setReadout(@Nullable StateReadout readout) {
    this.readout = readout;
  }

  public Transformer model() {
    return model;
  }

  /** Sequences that grow at once. */
  public int slots() {
    return groups.length * groups[0].slots();
  }

  /** Most tokens of a sequence, prompt and completion together. */
  public int positions() {
    return groups[0].positions();
  }

  /** Tokens drawn since the start. */
  public long decodedTokens() {
    long sum = 0;
    for (SlotGroup group : groups) {
      sum += group.decodedTokens();
    }
    return sum;
  }

  /** Prompt tokens computed since the start; copied ones do not count. */
  public long prefilledTokens() {
    long sum = 0;
    for (SlotGroup group : groups) {
      sum += group.prefilledTokens();
    }
    return sum;
  }

  /**
   * Draws one completion per request.
   *
   * @return completions in the order of the requests
   * @throws UserError where a prompt is empty or leaves no room for an answer
   */
  public List<Completion> sample(List<SampleRequest> requests, SampleSettings settings) {
    requests.forEach(this::check);
    RequestQueue queue = new RequestQueue(requests);
    workspace.reset();
    Tensor head = backend.replays() ? null : model.headColumns(workspace);
    if (groups.length == 1 || model.isObserved()) {
      SlotGroup group = groups[0];
      group.model().setObserver(model.observer());
      group.sample(queue, requests.size(), settings, head, readout);
    } else {
      int share = (requests.size() + groups.length - 1) / groups.length;
      backend.runPerThread(thread -> groups[thread].sample(queue, share, settings, head, readout));
    }
    return queue.completions();
  }

  private void check(SampleRequest request) {
    int length = request.prefixLength();
    if (length == 0) {
      throw UserError.what("A prompt to sample from is empty")
          .where("sample " + request.sample())
          .remedy("Give it at least one token, such as the end token.");
    }
    if (length >= positions()) {
      throw UserError.what("A prompt leaves no room for an answer")
          .where("sample " + request.sample())
          .expected("fewer than " + positions() + " tokens")
          .got(length + " tokens")
          .remedy("Shorten the prompt, or use a model with a larger context_length.");
    }
  }

  @Override
  public void close() {
    workspace.close();
    for (SlotGroup group : groups) {
      group.close();
      if (group.model() != model) {
        group.model().close();
      }
    }
  }
}
