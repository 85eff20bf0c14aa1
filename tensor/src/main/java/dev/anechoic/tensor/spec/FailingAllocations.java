package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.TensorException;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes the allocations of every arena of a ledger fail, one after the other. */
public final class FailingAllocations {
  private FailingAllocations() {}

  /**
   * Runs work again and again, each time one allocation further, which then fails; ends when it has
   * run to its end.
   *
   * @return at how many points it failed
   */
  public static int atEveryIndex(MemoryLedger ledger, Runnable work) {
    TensorException injected =
        new TensorException(TensorException.Kind.MEMORY, "an allocation", "made to fail");
    AtomicInteger left = new AtomicInteger();
    ledger.setAllocationHook((arena, dtype, elements) -> {
      if (left.getAndDecrement() == 0) {
        throw injected;
      }
    });
    try {
      for (int failures = 0; ; failures++) {
        left.set(failures);
        try {
          work.run();
          return failures;
        } catch (TensorException e) {
          if (e != injected) {
            throw e;
          }
        }
      }
    } finally {
      ledger.setAllocationHook((arena, dtype, elements) -> {});
    }
  }
}
