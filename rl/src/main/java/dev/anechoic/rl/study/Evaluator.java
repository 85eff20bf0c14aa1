package dev.anechoic.rl.study;

import dev.anechoic.model.UserError;
import dev.anechoic.model.format.Format;
import dev.anechoic.model.sample.Completion;
import dev.anechoic.model.sample.SampleRequest;
import dev.anechoic.model.sample.SampleSettings;
import dev.anechoic.model.sample.Sampler;
import dev.anechoic.model.tokenizer.Tokenizer;
import dev.anechoic.rl.RlStreams;
import dev.anechoic.rl.algorithm.Grade;
import dev.anechoic.rl.algorithm.Grader;
import dev.anechoic.rl.algorithm.Question;
import dev.anechoic.rl.runfolder.Evaluation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Answers held-out problems greedily, by sampling, and with each format's opening forced, so that a
 * format which the policy no longer chooses stays measured. Gives raw answers; the figures are
 * computed from them by {@code dev.anechoic.rl.measure}.
 */
public final class Evaluator {
  private static final int[] NO_OPENING = {};

  private final List<Question> problems;
  private final List<Format> formats;
  private final Tokenizer tokenizer;
  private final Grader grader;
  private final EvalConfig config;
  private final int maxNewTokens;
  private final long seed;

  /**
   * @param problems held out from all training
   * @param maxNewTokens longest answer, tokens
   */
  public Evaluator(
      List<Question> problems,
      List<Format> formats,
      Tokenizer tokenizer,
      Grader grader,
      EvalConfig config,
      int maxNewTokens,
      long seed) {
    this.problems = problems.subList(0, Math.min(problems.size(), config.problems()));
    requireDistinct(this.problems);
    this.formats = formats;
    this.tokenizer = tokenizer;
    this.grader = grader;
    this.config = config;
    this.maxNewTokens = maxNewTokens;
    this.seed = seed;
  }

  /**
   * Held-out problems count once each: the intervals take them for independent.
   *
   * @throws UserError where a data set that is too small repeats them
   */
  static void requireDistinct(List<Question> problems) {
    long distinct = problems.stream().map(Question::id).distinct().count();
    if (distinct < problems.size()) {
      throw UserError.what("There are not so many held-out problems")
          .where("eval.problems")
          .expected("at most " + distinct)
          .got(problems.size())
          .remedy("Lower eval.problems, or raise corpus.max_steps where it leaves problems out.");
    }
  }

  /** All answers of the model behind the sampler. */
  public Evaluation run(int step, Sampler sampler) {
    List<int[]> prompts = problems.stream().map(q -> tokenizer.encode(q.prompt())).toList();
    SampleSettings greedy = settings(0, 1, step);
    List<Completion> greedyAnswers = sampler.sample(requests(prompts, 1, NO_OPENING), greedy);
    List<Completion> sampled =
        sampler.sample(
            requests(prompts, config.samples(), NO_OPENING),
            settings(config.temperature(), config.topP(), step));
    Map<String, List<Completion>> forced = new LinkedHashMap<>();
    if (config.forced()) {
      for (Format format : formats) {
        forced.put(
            format.name(),
            sampler.sample(requests(prompts, 1, Answers.opening(format, tokenizer)), greedy));
      }
    }
    List<Evaluation.Problem> results = new ArrayList<>();
    for (int p = 0; p < problems.size(); p++) {
      results.add(problem(p, greedyAnswers, sampled, forced));
    }
    return new Evaluation(
        step,
        config.temperature(),
        config.topP(),
        formats.stream().map(Format::name).toList(),
        results);
  }

  private SampleSettings settings(double temperature, double topP, int step) {
    return new SampleSettings(
        temperature, 0, topP, maxNewTokens, tokenizer.endToken(), seed, RlStreams.EVALUATION, step);
  }

  private List<SampleRequest> requests(List<int[]> prompts, int samples, int[] opening) {
    List<SampleRequest> requests = new ArrayList<>(prompts.size() * samples);
    for (int p = 0; p < prompts.size(); p++) {
      for (int i = 0; i < samples; i++) {
        requests.add(new SampleRequest(p * samples + i, prompts.get(p), opening));
      }
    }
    return requests;
  }

  private Evaluation.Problem problem(
      int p,
      List<Completion> greedy,
      List<Completion> sampled,
      Map<String, List<Completion>> forced) {
    Question question = problems.get(p);
    List<Evaluation.Answer> answers = new ArrayList<>();
    for (int i = 0; i < config.samples(); i++) {
      answers.add(answer(question, sampled.get(p * config.samples() + i)));
    }
    Map<String, Evaluation.Answer> byFormat = new LinkedHashMap<>();
    forced.forEach((format, all) -> byFormat.put(format, answer(question, all.get(p))));
    return new Evaluation.Problem(
        question.id(), answer(question, greedy.get(p)), answers, byFormat);
  }

  private Evaluation.Answer answer(Question question, Completion completion) {
    String text = Answers.text(completion, tokenizer);
    Grade grade = grader.grade(text, question.answer(), 0, 0);
    return new Evaluation.Answer(grade.format(), grade.verdict(), grade.value());
  }
}
