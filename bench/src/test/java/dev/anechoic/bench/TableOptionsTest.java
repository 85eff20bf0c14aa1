package dev.anechoic.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;

class TableOptionsTest {
  @CommandLine.Command
  private static final class Holder {
    @Mixin private final TableOptions table = new TableOptions();
  }

  private static TableOptions of(String... arguments) {
    return CommandLine.populateCommand(new Holder(), arguments).table;
  }

  @Test
  void threadsAreSortedAndComeOnce() {
    assertEquals(List.of(1), of("--threads", "1,1").threads());
    assertEquals(1, of().threads().getFirst());
  }

  @Test
  void threadsBeyondTheCoresAreRefused() {
    for (String bad : List.of("0", "-2", "100000")) {
      var e = assertThrows(UserError.class, () -> of("--threads=" + bad).threads());
      assertTrue(e.getMessage().contains("--threads"), e.getMessage());
      assertTrue(e.getMessage().contains(bad), e.getMessage());
    }
  }

  @Test
  void brokenExpressionIsRefusedWithAWayOut() {
    var e = assertThrows(UserError.class, () -> of("--filter", "[64").filter());
    assertTrue(e.getMessage().contains("[64"), e.getMessage());
    assertTrue(e.getMessage().contains("backslash"), e.getMessage());
  }

  @Test
  void filterThatLeavesNothingIsRefused() {
    var e = assertThrows(UserError.class, () -> of("--filter", "matmull").requireAny(List.of()));
    assertTrue(e.getMessage().contains("matmull"), e.getMessage());
  }

  @Test
  void peersNeedTheirOwnBuild() {
    PeersBench bench = new PeersBench();
    new CommandLine(bench).parseArgs();
    var e = assertThrows(UserError.class, bench::run);
    assertTrue(e.getMessage().contains("runs/peers.sh"), e.getMessage());
  }
}
