package dev.anechoic.rl.algorithm;

import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.sample.SampleRequest;
import dev.anechoic.model.sample.SampleSettings;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.sample.Scorer;
import dev.anechoic.model.sample.StateReadout;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.rl.RlStreams;
import dev.anechoic.rl.algorithm.Interventions.Action;
import dev.anechoic.rl.algorithm.Interventions.Schedule;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.TensorException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes the rollout of a step: draws questions, samples completions, grades and rewards them. All
 * of it is a function of (seed, step) and the policy's parameters.
 */
public final class RolloutSource {
  private final List<Question> questions;
  private final Tokenizer tokenizer;
  private final Sampler sampler;
  private final Grader grader;
  private final RlConfig config;
  private final long seed;
  private Interventions interventions = Interventions.NONE;
  private Map<String, int[]> openings = Map.of();
  private @Nullable Scorer scorer;

  private int orderEpoch = -1;
  private int[] order = {};

  /**
   * @param questions the training questions
   * @param sampler over the policy
   */
  public RolloutSource(
      List<Question> questions,
      Tokenizer tokenizer,
      Sampler sampler,
      Grader grader,
      RlConfig config,
      long seed) {
    this.questions = questions;
    this.tokenizer = tokenizer;
    this.sampler = sampler;
    this.grader = grader;
    this.config = config;
    this.seed = seed;
  }

  /**
   * Lays hands on the rollouts from here on.
   *
   * @param openings tokens that open each format
   * @param scorer over the policy, for openings that are trained on
   */
  public void intervene(
      Interventions interventions, Map<String, int[]> openings, @Nullable Scorer scorer) {
    this.interventions = interventions;
    this.openings = openings;
    this.scorer = scorer;
  }

  /** What to read off the policy's states while it samples, into {@link Trajectory#values}. */
  void setReadout(@Nullable StateReadout readout) {
    sampler.setReadout(readout);
  }

  public long seed() {
    return seed;
  }

  /** The formats of the study, in its order. */
  public List<String> formats() {
    return grader.formats();
  }

  /** {@code prompts_per_step} x {@code samples_per_prompt} completions, prompt by prompt. */
  public List<Trajectory> rollout(int step, Phases phases) {
    return rollout(step, 1, phases);
  }

  /**
   * The same, from a nucleus.
   *
   * @param topP nucleus; below 1 the log-probs are over the kept tokens
   */
  List<Trajectory> rollout(int step, double topP, Phases phases) {
    List<Question> drawn = draw(step, config.promptsPerStep());
    int samples = config.samplesPerPrompt();
    phases.start("rollout");
    List<int[]> prompts = drawn.stream().map(q -> tokenizer.encode(q.prompt())).toList();
    List<SampleRequest> requests = new ArrayList<>(prompts.size() * samples);
    for (int p = 0; p < prompts.size(); p++) {
      for (int g = 0; g < samples; g++) {
        Schedule schedule = interventions.opening(step, g, samples);
        requests.add(
            schedule == null
                ? new SampleRequest(p * samples + g, prompts.get(p))
                : new SampleRequest(p * samples + g, prompts.get(p), opening(schedule)));
      }
    }
    SampleSettings settings =
        new SampleSettings(
            config.temperature(),
            0,
            topP,
            config.maxNewTokens(),
            tokenizer.endToken(),
            seed,
            RlStreams.ROLLOUT,
            step);
    List<Completion> completions = sampler.sample(requests, settings);
    phases.start("reward");
    List<Trajectory> rollout = new ArrayList<>(completions.size());
    for (int i = 0; i < completions.size(); i++) {
      Question question = drawn.get(i / samples);
      rollout.add(grade(step, i / samples, i % samples, samples, question, completions.get(i)));
    }
    phases.count("rollout", RolloutFlops.sampling(sampler.model().config(), rollout));
    phases.end();
    return rollout;
  }

  /** A row of logits with a NaN still gives a token, so nothing before the update would notice. */
  private static void requireFinite(int step, int prompt, int sample, float[] logprobs) {
    for (int i = 0; i < logprobs.length; i++) {
      if (!Float.isFinite(logprobs[i])) {
        throw new TensorException(
            TensorException.Kind.NOT_FINITE,
            "sample of step %d: the log-prob of token %d of prompt %d, sample %d is %s"
                .formatted(step, i, prompt, sample, logprobs[i]),
            "the policy has left the numbers: lower lr, or go back to an earlier checkpoint");
      }
    }
  }

  private Trajectory grade(
      int step, int prompt, int sample, int samples, Question question, Completion completion) {
    String text = text(completion);
    Grade grade = grader.grade(text, question.answer(), step, completion.request().sample());
    if (interventions.suppresses(step, grade.format()) && !Float.isNaN(grade.reward())) {
      grade = new Grade(grade.format(), grade.status(), grade.verdict(), grade.value(), 0);
    }
    Schedule schedule = interventions.opening(step, sample, samples);
    int[] given = completion.request().prompt();
    int[] tokens = completion.tokens();
    float[] logprobs = completion.logprobs();
    requireFinite(step, prompt, sample, logprobs);
    boolean forced = schedule != null && schedule.action() == Action.FORCE;
    if (forced) {
      given = concat(given, completion.request().opening());
    } else if (schedule != null) {
      tokens = completion.answer();
      logprobs = withOpening(completion);
    }
    Trajectory t =
        new Trajectory(
            prompt, sample, question.id(), question.prompt(), given, tokens, logprobs, text, grade);
    t.forced = forced;
    if (completion.readouts().length
        == t.length()) { // else an opening that nobody drew is part of it
      t.values = completion.readouts();
    }
    return t;
  }

  private int[] opening(Schedule schedule) {
    return Objects.requireNonNull(openings.get(schedule.format()), "opening of a known format");
  }

  /** Log-probs of opening and drawn tokens: the policy's own for what it did not choose itself. */
  private float[] withOpening(Completion completion) {
    int[] prompt = completion.request().prompt();
    int[] opening = completion.request().opening();
    float[][] scored =
        Objects.requireNonNull(scorer, "a scorer for openings that are trained on")
            .logprobs(List.of(concat(prompt, opening)), config.temperature());
    float[] logprobs = new float[opening.length + completion.tokens().length];
    System.arraycopy(scored[0], prompt.length - 1, logprobs, 0, opening.length);
    System.arraycopy(
        completion.logprobs(), 0, logprobs, opening.length, completion.tokens().length);
    return logprobs;
  }

  private static int[] concat(int[] a, int[] b) {
    int[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  /** The completion, a given opening included, without its end token. */
  private String text(Completion completion) {
    int[] tokens = completion.answer();
    int length = completion.stopped() ? tokens.length - 1 : tokens.length;
    return tokenizer.decode(tokens, 0, length);
  }

  /** Each question once per epoch, in an order that depends on (seed, epoch) alone. */
  private List<Question> draw(int step, int count) {
    List<Question> drawn = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      long index = (long) (step - 1) * count + i;
      shuffle((int) (index / questions.size()));
      drawn.add(questions.get(order[(int) (index % questions.size())]));
    }
    return drawn;
  }

  private void shuffle(int epoch) {
    if (epoch == orderEpoch) {
      return;
    }
    orderEpoch = epoch;
    order =
        IntStream.range(0, questions.size())
            .boxed()
            .sorted(
                Comparator.comparingLong(i -> Philox.bits(seed, RlStreams.PROMPTS, epoch, 0, i)))
            .mapToInt(Integer::intValue)
            .toArray();
  }
}
