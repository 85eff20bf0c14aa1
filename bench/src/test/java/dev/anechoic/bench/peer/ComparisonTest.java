package dev.anechoic.bench.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private static final Work WORK = Work.all().getFirst();

  private static Comparison of(Map<String, List<Double>> rates) {
    return new Comparison(WORK, 1, rates, Map.of());
  }

  @Test
  void ratioIsTheMedianOverTheBestPeersMedian() {
    Map<String, List<Double>> rates = new LinkedHashMap<>();
    rates.put(Engine.NAME, List.of(90.0, 120.0, 60.0));
    rates.put("fast once", List.of(10.0, 500.0, 20.0));
    rates.put("steady", List.of(60.0, 60.0, 60.0));
    Comparison comparison = of(rates);
    assertEquals(90, comparison.median(Engine.NAME));
    assertEquals(120, comparison.best(Engine.NAME));
    assertEquals("steady", comparison.bestPeer());
    assertEquals(1.5, comparison.ratio());
  }

  @Test
  void medianOfAnEvenNumberOfRoundsIsTheMiddleOfTwo() {
    assertEquals(2.5, of(Map.of(Engine.NAME, List.of(4.0, 1.0, 2.0, 3.0))).median(Engine.NAME));
  }

  @Test
  void withoutAPeerThereIsNoRatioAndTheMeanPassesItOver() {
    Comparison alone = of(Map.of(Engine.NAME, List.of(1.0)));
    assertNull(alone.bestPeer());
    assertTrue(Double.isNaN(alone.ratio()));
    Comparison twice = of(Map.of(Engine.NAME, List.of(2.0), "a", List.of(1.0)));
    Comparison half = of(Map.of(Engine.NAME, List.of(8.0), "a", List.of(1.0)));
    assertEquals(4, Comparison.geometricMean(List.of(alone, twice, half)), 1e-12);
  }

  @Test
  void everyWorkReadsBackFromItsId() {
    for (Work work : Work.all()) {
      assertEquals(work, Work.parse(work.id()));
    }
  }

  /** 6144 tokens in half a second. */
  @Test
  void trainingCountsTokensPerSecond() {
    Work train = Work.parse("train:micro:512:64:96");
    assertEquals(12_288, train.rate(0.5));
    assertEquals("tokens/s", train.unit());
  }

  @Test
  void unknownPeerIsRefusedByName() {
    var e = assertThrows(IllegalArgumentException.class, () -> PeerWorker.named("atlas"));
    assertTrue(e.getMessage().contains("atlas"), e.getMessage());
  }
}
