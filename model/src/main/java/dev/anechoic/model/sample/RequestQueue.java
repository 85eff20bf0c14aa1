package dev.anechoic.model.sample;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Requests that groups of slots take, on several threads, and their completions. */
final class RequestQueue {
  private final List<SampleRequest> requests;
  private final Completion[] completions;
  private final AtomicInteger taken = new AtomicInteger();

  RequestQueue(List<SampleRequest> requests) {
    this.requests = requests;
    completions = new Completion[requests.size()];
  }

  int size() {
    return completions.length;
  }

  /**
   * Takes neighbours, which often have the same prompt.
   *
   * @param most how many, where so many are left
   * @return the first; those from {@link #size} on are none
   */
  int take(int most) {
    return taken.get() < completions.length ? taken.getAndAdd(most) : completions.length;
  }

  SampleRequest request(int index) {
    return requests.get(index);
  }

  void done(int index, Completion completion) {
    completions[index] = completion;
  }

  /** In the order of the requests, once every group has ended. */
  List<Completion> completions() {
    return List.of(completions);
  }
}
