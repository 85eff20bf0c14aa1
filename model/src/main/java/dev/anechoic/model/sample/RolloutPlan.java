package dev.anechoic.model.sample;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the host knows of a rollout before it starts: the requests as the device reads them, their
 * different prompts, and the passes that compute these.
 *
 * <p>A request's prompt is its prefix but for the last token, which the first decoding step reads.
 */
final class RolloutPlan {
  /** Tokens of one prefill pass, padding included. */
  private static final int PREFILL_TOKENS = 1024;

  /** Columns of a request: see {@link dev.anechoic.tensor.Kernels#advance}. */
  static final int REQUEST_FIELDS = 5;

  private static final int NO_PROMPT = -1;

  private final int[] queue; // [N,REQUEST_FIELDS]
  private final List<Segment> segments = new ArrayList<>();
  private int[] uploads = new int[1024];
  private int uploaded;
  private int widestSegment;
  private int longestCompletion;
  private long prefillTokens;

  /**
   * Some neighbouring requests whose prompts are held at once.
   *
   * @param progress where the uploads have what the device's progress begins with
   * @param passes that compute the prompts
   * @param steps most tokens that the completions have together, each rounded up to whole blocks
   * @param longest most tokens of one, rounded up
   */
  record Segment(int progress, List<Pass> passes, long steps, int longest) {
    /** Blocks of steps after which all have ended, whatever stops when; Graham (1966). */
    int blocks(int places) {
      return Math.toIntExact((steps / places + longest) / DeviceRollout.STEPS) + 1;
    }
  }

  /**
   * A prefill pass over some prompts, right-padded with token 0; its numbers are in the uploads.
   *
   * @param tokens where [B,T] begin
   * @param slots where [B] begin
   * @param zeros where [B] begin: the first position of each
   * @param positions where [B*T] begin
   */
  record Pass(int rows, int time, int tokens, int slots, int zeros, int positions) {}

  /**
   * @param positions most tokens of a sequence
   * @param mostPrompts that are held at once
   */
  RolloutPlan(RequestQueue requests, int maxNewTokens, int positions, int mostPrompts) {
    queue = new int[requests.size() * REQUEST_FIELDS];
    Map<IntBuffer, Integer> known = new HashMap<>();
    List<int[]> prompts = new ArrayList<>();
    int first = 0;
    for (int n = 0; n < requests.size(); n++) {
      SampleRequest request = requests.request(n);
      int[] prompt = new int[request.prefixLength() - 1];
      Arrays.setAll(prompt, request::prefix);
      IntBuffer key = IntBuffer.wrap(prompt);
      if (prompts.size() == mostPrompts && prompt.length > 0 && !known.containsKey(key)) {
        close(first, n, prompts);
        first = n;
        prompts.clear();
        known.clear();
      }
      int number = NO_PROMPT;
      if (prompt.length > 0) {
        number = known.computeIfAbsent(key, k -> prompts.size());
        if (number == prompts.size()) {
          prompts.add(prompt);
        }
      }
      int at = n * REQUEST_FIELDS;
      queue[at] = number;
      queue[at + 1] = request.prefix(prompt.length);
      queue[at + 2] = prompt.length;
      queue[at + 3] = request.sample();
      queue[at + 4] = Math.min(maxNewTokens, positions - prompt.length);
      longestCompletion = Math.max(longestCompletion, queue[at + 4]);
    }
    close(first, requests.size(), prompts);
  }

  /** Ends a segment of requests. */
  private void close(int first, int end, List<int[]> prompts) {
    widestSegment = Math.max(widestSegment, prompts.size());
    int progress = upload(first, end, 0);
    List<Pass> passes = new ArrayList<>();
    for (int from = 0; from < prompts.size(); ) {
      int to = PaddedPass.end(from, prompts.size(), PREFILL_TOKENS, i -> prompts.get(i).length);
      passes.add(pass(prompts, from, to));
      from = to;
    }
    long steps = 0;
    int longest = 0;
    for (int n = first; n < end; n++) {
      int block = DeviceRollout.STEPS;
      int rounded = (limit(n) + block - 1) / block * block;
      steps += rounded;
      longest = Math.max(longest, rounded);
    }
    segments.add(new Segment(progress, List.copyOf(passes), steps, longest));
  }

  private Pass pass(List<int[]> prompts, int from, int to) {
    int rows = to - from;
    int time = 0;
    for (int[] prompt : prompts.subList(from, to)) {
      time = Math.max(time, prompt.length);
      prefillTokens += prompt.length;
    }
    int[] tokens = new int[rows * time];
    int[] slots = new int[rows];
    int[] places = new int[rows * time];
    for (int r = 0; r < rows; r++) {
      int[] prompt = prompts.get(from + r);
      System.arraycopy(prompt, 0, tokens, r * time, prompt.length);
      slots[r] = from + r;
    }
    for (int i = 0; i < places.length; i++) {
      places[i] = i % time;
    }
    return new Pass(
        rows, time, upload(tokens), upload(slots), upload(new int[rows]), upload(places));
  }

  /** Adds numbers to what goes up at once, and says where they begin. */
  private int upload(int... numbers) {
    if (uploaded + numbers.length > uploads.length) {
      uploads = Arrays.copyOf(uploads, Math.max(2 * uploads.length, uploaded + numbers.length));
    }
    System.arraycopy(numbers, 0, uploads, uploaded, numbers.length);
    uploaded += numbers.length;
    return uploaded - numbers.length;
  }

  /** I32 [N,REQUEST_FIELDS]. */
  int[] queue() {
    return queue;
  }

  /** All other numbers. */
  int[] uploads() {
    return Arrays.copyOf(uploads, uploaded);
  }

  List<Segment> segments() {
    return segments;
  }

  /** Most prompts of a segment. */
  int prompts() {
    return widestSegment;
  }

  /** Most tokens that request n may draw. */
  int limit(int n) {
    return queue[n * REQUEST_FIELDS + 4];
  }

  /** Most tokens that any request may draw. */
  int longestCompletion() {
    return longestCompletion;
  }

  /** Tokens of all passes, padding not included. */
  long prefillTokens() {
    return prefillTokens;
  }
}
