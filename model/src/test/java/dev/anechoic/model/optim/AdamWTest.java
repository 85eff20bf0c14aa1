package dev.anechoic.model.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.config.Config;
import dev.anechoic.model.testing.BackendsUnderTest;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.ParameterLayout;
import dev.anechoic.model.transformer.Parameters;
import dev.anechoic.model.transformer.Transformer;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.TensorException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AdamWTest {
  static Stream<String> backends() {
    return BackendsUnderTest.names();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aGradientThatIsNoNumberIsRefusedWithItsParameter(String name) {
    try (Backend backend = BackendsUnderTest.open(name, 1);
        Transformer model =
            new Transformer(ModelConfig.of(17, 12, 32, 2, 4), backend, new MemoryLedger());
        AdamW optimizer = new AdamW(model.parameters(), Config.defaults(AdamW.Settings.class))) {
      Parameters parameters = model.parameters();
      ParameterLayout.Entry wrong = parameters.layout().entry(ParameterLayout.Names.down(1));
      backend.fill(parameters.grad(), 0);
      optimizer.step(1e-3);
      assertEquals(0, optimizer.finiteGradNorm());

      backend.fill(parameters.grad().view(wrong.from() + 2, Shape.of(3)), Double.NaN);
      optimizer.step(1e-3);
      TensorException e = assertThrows(TensorException.class, optimizer::finiteGradNorm);
      assertEquals(TensorException.Kind.NOT_FINITE, e.kind());
      assertTrue(e.getMessage().contains(wrong.name() + " "), e.getMessage());
      assertTrue(e.getMessage().contains(wrong.shape().toString()), e.getMessage());
      assertTrue(e.getMessage().contains(": 3 of the "), e.getMessage());
      assertTrue(e.getMessage().contains("before update 2"), e.getMessage());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aGradientTooLargeToSquareIsRefused(String name) {
    try (Backend backend = BackendsUnderTest.open(name, 1);
        Transformer model =
            new Transformer(ModelConfig.of(17, 12, 32, 2, 4), backend, new MemoryLedger());
        AdamW optimizer = new AdamW(model.parameters(), Config.defaults(AdamW.Settings.class))) {
      backend.fill(model.parameters().grad(), name.equals("reference") ? 1e200 : 1e30);
      optimizer.step(1e-3);
      TensorException e = assertThrows(TensorException.class, optimizer::finiteGradNorm);
      assertTrue(e.getMessage().contains("sum of its squares"), e.getMessage());
    }
  }
}
