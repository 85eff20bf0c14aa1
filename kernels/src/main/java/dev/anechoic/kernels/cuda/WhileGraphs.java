package dev.anechoic.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Graphs that go round while a number in device memory is not 0: conditional nodes, which drivers
 * have from CUDA 12.4 on and JCuda has not. The two driver functions are called through the FFM
 * API.
 *
 * <p>The graph is: what runs once, set the condition, then a while node whose body is a round and
 * set the condition again. The kernel that sets it is PTX, since only the driver can resolve the
 * function that it calls: nvcc would want its device runtime linked in.
 */
@SuppressWarnings("restricted") // native calls are this class's purpose
final class WhileGraphs {
  /** The oldest driver that has them. */
  static final int DRIVER_VERSION = 12_040;

  /** For {@code cuModuleLoadData}: {@link #KERNEL} with the handle and the number's address. */
  static final byte[] PROGRAM =
      """
      .version 7.0
      .target sm_80
      .address_size 64

      .extern .func cudaGraphSetConditional(.param .b64 handle, .param .b32 value);

      .visible .entry setCondition(.param .u64 handle, .param .u64 number)
      {
        .reg .b32 %r<2>;
        .reg .b64 %rd<3>;
        ld.param.u64 %rd1, [handle];
        ld.param.u64 %rd2, [number];
        cvta.to.global.u64 %rd2, %rd2;
        ld.global.u32 %r1, [%rd2];
        {
          .param .b64 first;
          .param .b32 second;
          st.param.b64 [first], %rd1;
          st.param.b32 [second], %r1;
          call.uni cudaGraphSetConditional, (first, second);
        }
        ret;
      }
      \0\
      """
          .getBytes(StandardCharsets.US_ASCII);

  static final String KERNEL = "setCondition";

  // CUgraphNodeParams of cuda.h: type, padding to 16 bytes, then the parameters of the type.
  private static final long NODE_BYTES = 256;
  private static final long PARAMETERS = 16;
  private static final int TYPE_KERNEL = 0;
  private static final int TYPE_GRAPH = 4;
  private static final int TYPE_CONDITIONAL = 13;
  private static final int WHILE = 1;

  // Within the parameters of a kernel node: function, six extents, shared bytes, argument pointers.
  private static final long KERNEL_EXTENTS = 8;
  private static final long KERNEL_ARGUMENTS = 40;

  // Within those of a conditional node: handle, kind, number of bodies, the bodies, context.
  private static final long CONDITION_KIND = 8;
  private static final long CONDITION_BODIES = 12;
  private static final long CONDITION_GRAPHS = 16;
  private static final long CONDITION_CONTEXT = 24;

  private final MethodHandle createHandle;
  private final MethodHandle addNode;
  private final long context;
  private final long setCondition;

  private WhileGraphs(
      MethodHandle createHandle, MethodHandle addNode, long context, long setCondition) {
    this.createHandle = createHandle;
    this.addNode = addNode;
    this.context = context;
    this.setCondition = setCondition;
  }

  /**
   * @param context raw handle of the context of all kernels
   * @param setCondition raw handle of {@link #KERNEL}
   * @return null where the driver lacks the functions
   */
  static @Nullable WhileGraphs of(String library, long context, long setCondition) {
    SymbolLookup driver;
    try {
      driver = SymbolLookup.libraryLookup(library, Arena.global());
    } catch (IllegalArgumentException e) {
      return null;
    }
    MemorySegment create = driver.find("cuGraphConditionalHandleCreate").orElse(null);
    MemorySegment add = driver.find("cuGraphAddNode").orElse(null);
    if (create == null || add == null) {
      return null;
    }
    Linker linker = Linker.nativeLinker();
    return new WhileGraphs(
        linker.downcallHandle(
            create,
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT)),
        linker.downcallHandle(
            add, FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS)),
        context,
        setCondition);
  }

  /**
   * Fills an empty graph.
   *
   * @param outer raw handle of the empty graph
   * @param once raw handle of the graph that it runs first, or 0; copied
   * @param round raw handle of the graph that it runs again and again; copied
   * @param more device address of the number
   * @throws DriverException where the driver refuses
   */
  void fill(long outer, long once, long round, long more) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(JAVA_LONG);
      check((int) createHandle.invokeExact(handle, outer, context, 0, 0));
      long condition = handle.get(JAVA_LONG, 0);
      Nodes around = new Nodes(arena, outer);
      if (once != 0) {
        around.add(child(arena, once));
      }
      around.add(set(arena, condition, more));
      MemorySegment loop = node(arena, TYPE_CONDITIONAL);
      loop.set(JAVA_LONG, PARAMETERS, condition);
      loop.set(JAVA_INT, PARAMETERS + CONDITION_KIND, WHILE);
      loop.set(JAVA_INT, PARAMETERS + CONDITION_BODIES, 1);
      loop.set(JAVA_LONG, PARAMETERS + CONDITION_CONTEXT, context);
      around.add(loop);
      long bodies = loop.get(JAVA_LONG, PARAMETERS + CONDITION_GRAPHS);
      long body = MemorySegment.ofAddress(bodies).reinterpret(8).get(JAVA_LONG, 0);
      Nodes inside = new Nodes(arena, body);
      inside.add(child(arena, round));
      inside.add(set(arena, condition, more));
    } catch (DriverException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("the driver's graph functions cannot be called", e);
    }
  }

  private static void check(int result) {
    if (result != 0) {
      throw new DriverException("a while node: error " + result);
    }
  }

  /** A chain of nodes. */
  private final class Nodes {
    private final Arena arena;
    private final long graph;
    private MemorySegment last = MemorySegment.NULL;

    Nodes(Arena arena, long graph) {
      this.arena = arena;
      this.graph = graph;
    }

    void add(MemorySegment parameters) throws Throwable {
      MemorySegment after = last;
      last = arena.allocate(JAVA_LONG);
      long count = after.equals(MemorySegment.NULL) ? 0 : 1;
      check((int) addNode.invokeExact(last, graph, after, count, parameters));
    }
  }

  private static MemorySegment node(Arena arena, int type) {
    MemorySegment parameters = arena.allocate(NODE_BYTES, 8);
    parameters.set(JAVA_INT, 0, type);
    return parameters;
  }

  private static MemorySegment child(Arena arena, long graph) {
    MemorySegment parameters = node(arena, TYPE_GRAPH);
    parameters.set(JAVA_LONG, PARAMETERS, graph);
    return parameters;
  }

  /** One thread that sets the condition to the number. */
  private MemorySegment set(Arena arena, long condition, long more) {
    MemorySegment values = arena.allocate(JAVA_LONG, 2);
    values.setAtIndex(JAVA_LONG, 0, condition);
    values.setAtIndex(JAVA_LONG, 1, more);
    MemorySegment pointers = arena.allocate(ADDRESS, 2);
    pointers.setAtIndex(ADDRESS, 0, values);
    pointers.setAtIndex(ADDRESS, 1, values.asSlice(8));
    MemorySegment kernel = node(arena, TYPE_KERNEL);
    kernel.set(JAVA_LONG, PARAMETERS, setCondition);
    for (int extent = 0; extent < 6; extent++) {
      kernel.set(JAVA_INT, PARAMETERS + KERNEL_EXTENTS + 4L * extent, 1);
    }
    kernel.set(ADDRESS, PARAMETERS + KERNEL_ARGUMENTS, pointers);
    return kernel;
  }
}
