package dev.anechoic.model.transformer;

import dev.anechoic.model.io.Hashing;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * All parameters of a model as views of one flat tensor, and their gradient as views of another, so
 * that optimizer, gradient norm, copy and hash are one call each.
 */
public final class Parameters implements AutoCloseable {
  /** Standard deviation of initial weights in OLMo and the paper. */
  private static final double INIT_STD = 0.02;

  /** Initial weights beyond this many standard deviations are drawn again. */
  private static final double INIT_TRUNCATION = 3;

  private static final int CHUNK = 1 << 16;

  private final Backend backend;
  private final MemoryLedger ledger;
  private final ParameterLayout layout;
  private final Arena arena;
  private final Tensor flat;
  private final Map<String, Tensor> views = new LinkedHashMap<>();
  private @Nullable Arena gradArena;

  /** Allocates the parameters, all zero. */
  public Parameters(ParameterLayout layout, Backend backend, MemoryLedger ledger) {
    this.backend = backend;
    this.ledger = ledger;
    this.layout = layout;
    this.arena = new Arena(backend, Arena.Tag.PARAMETERS, ledger);
    this.flat =
        arena
            .tensor(backend.floatType(), Shape.of(Math.toIntExact(layout.flatSize())))
            .named("parameters");
    backend.fill(flat, 0);
    for (ParameterLayout.Entry entry : layout.entries()) {
      Tensor view = flat.view(entry.from(), entry.shape()).named(entry.name());
      views.put(entry.name(), view);
    }
  }

  public ParameterLayout layout() {
    return layout;
  }

  public Backend backend() {
    return backend;
  }

  public MemoryLedger ledger() {
    return ledger;
  }

  /** All parameters: [flatSize]. */
  public Tensor flat() {
    return flat;
  }

  /** One parameter, a view of {@link #flat}. */
  public Tensor get(String name) {
    Tensor view = views.get(name);
    if (view == null) {
      throw new IllegalArgumentException("no parameter '" + name + "' in " + views.keySet());
    }
    return view;
  }

  // ---- gradient -----------------------------------------------------------------------------

  /** Allocates the gradient, zero, and makes every op on a parameter recorded. Idempotent. */
  public Parameters trainable() {
    if (gradArena == null) {
      gradArena = new Arena(backend, Arena.Tag.GRADIENTS, ledger);
      Tensor grad = gradArena.like(flat).named("gradient");
      backend.fill(grad, 0);
      flat.requireGrad().setGrad(grad);
    }
    return this;
  }

  /** The whole gradient: [flatSize]. Needs {@link #trainable}. */
  public Tensor grad() {
    return flat.grad();
  }

  /** Sets the gradient to zero; every backward pass adds to it. */
  public void zeroGrad() {
    backend.fill(flat.grad(), 0);
  }

  // ---- values -------------------------------------------------------------------------------

  /**
   * Draws all matrices and embeddings from N(0, 0.02) truncated at 3 sigma, sets norms to 1 and
   * biases to 0. A value depends only on the seed, its parameter's name and its index, so growing
   * the vocabulary or adding a layer leaves the rest as it was.
   */
  public void initialize(long seed) {
    for (ParameterLayout.Entry entry : layout.entries()) {
      float[] values = new float[Math.toIntExact(entry.shape().size())];
      switch (entry.kind()) {
        case MATRIX, EMBEDDING -> drawNormal(values, seed, entry.name());
        case NORM -> Arrays.fill(values, 1);
        case BIAS -> Arrays.fill(values, 0);
      }
      backend.write(get(entry.name()), values, 0);
    }
  }

  private static void drawNormal(float[] values, long seed, String name) {
    CRC32 crc = new CRC32();
    crc.update(name.getBytes(StandardCharsets.UTF_8));
    int address = (int) crc.getValue();
    int chunks = (values.length + CHUNK - 1) / CHUNK;
    IntStream.range(0, chunks)
        .parallel()
        .forEach(chunk -> {
          int to = Math.min(values.length, (chunk + 1) * CHUNK);
          for (int i = chunk * CHUNK; i < to; i++) {
            values[i] = (float) (INIT_STD * truncatedNormal(seed, address, i));
          }
        });
  }

  private static double truncatedNormal(long seed, int address, int index) {
    for (int attempt = 0; ; attempt++) {
      double z = Philox.normal(seed, Streams.INIT, attempt, address, index);
      if (Math.abs(z) <= INIT_TRUNCATION) {
        return z;
      }
    }
  }

  /** Copies the values, not the gradient, of a model of the same layout. */
  public void copyFrom(Parameters other) {
    if (backend == other.backend) {
      backend.copy(other.flat, flat);
      return;
    }
    for (ParameterLayout.Entry entry : layout.entries()) {
      backend.write(get(entry.name()), other.get(entry.name()).toFloats(), 0);
    }
  }

  /** SHA-256 of all parameters as little-endian F32, in the order of the layout. */
  public String sha256() {
    MessageDigest digest = Hashing.digest();
    ByteBuffer bytes = ByteBuffer.allocate(4 * CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    for (Tensor view : views.values()) {
      float[] values = view.toFloats();
      for (int from = 0; from < values.length; from += CHUNK) {
        bytes.clear();
        for (int i = from; i < Math.min(values.length, from + CHUNK); i++) {
          bytes.putFloat(values[i]);
        }
        digest.update(bytes.flip());
      }
    }
    return Hashing.hex(digest);
  }

  @Override
  public void close() {
    if (gradArena != null) {
      gradArena.close();
    }
    arena.close();
  }
}
