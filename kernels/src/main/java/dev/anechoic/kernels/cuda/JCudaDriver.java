package dev.anechoic.kernels.cuda;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetCount;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxReset;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuDriverGetVersion;
import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventElapsedTime;
import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuEventSynchronize;
import static jcuda.driver.JCudaDriver.cuFuncSetAttribute;
import static jcuda.driver.JCudaDriver.cuGetErrorString;
import static jcuda.driver.JCudaDriver.cuGraphAddKernelNode;
import static jcuda.driver.JCudaDriver.cuGraphCreate;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecKernelNodeSetParams;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemAllocAsync;
import static jcuda.driver.JCudaDriver.cuMemAllocHost;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemFreeAsync;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD8Async;
import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import jcuda.Pointer;
import jcuda.driver.CUDA_KERNEL_NODE_PARAMS;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA driver through JCuda: primary context (which cuBLAS shares), one module, one stream.
 *
 * <p>Only functions that the natives of JCuda 12.6 import and the drivers of CUDA 12 and 13 export
 * are called: a missing one would end the JVM.
 */
public final class JCudaDriver implements Driver {
  private static final int PINNED_SLAB_BYTES = 1 << 20;
  private static final int DEFAULT_SHARED_BYTES = 48 << 10;

  /** What a launch answers for its own sake; everything else may come from an earlier kernel. */
  private static final Set<Integer> REFUSALS =
      Set.of(
          CUresult.CUDA_ERROR_INVALID_VALUE,
          CUresult.CUDA_ERROR_INVALID_HANDLE,
          CUresult.CUDA_ERROR_INVALID_IMAGE,
          CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU,
          CUresult.CUDA_ERROR_OUT_OF_MEMORY,
          CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);

  private final CUdevice device = new CUdevice();
  private final ContextHandle context = new ContextHandle();
  private final CUmodule module = new CUmodule();
  private final CUstream stream = new CUstream();
  private final Architecture architecture;
  private final String description;
  private final List<CUfunction> functions = new ArrayList<>();
  private final List<String> functionNames = new ArrayList<>();
  private final List<CUevent> events = new ArrayList<>();
  private final List<Pointer> pinned = new ArrayList<>();
  private final boolean pools;
  private final @Nullable WhileGraphs whileGraphs;
  private final CUmodule whileModule = new CUmodule();
  private @Nullable Pointer slab;
  private long slabUsed = PINNED_SLAB_BYTES;

  /**
   * What decides which kernels run.
   *
   * @param major of the compute capability
   * @param minor of the compute capability
   */
  private record Architecture(int major, int minor, int multiprocessors, int maxSharedBytes) {}

  /** A device address that can be read and made: JCuda keeps its own protected. */
  private static final class Address extends CUdeviceptr {
    private static final CUdeviceptr ZERO = new CUdeviceptr();

    long value() {
      return getNativePointer();
    }

    static CUdeviceptr of(long address) {
      return ZERO.withByteOffset(address);
    }
  }

  private static final class ContextHandle extends CUcontext {
    long value() {
      return getNativePointer();
    }
  }

  private static final class FunctionHandle extends CUfunction {
    long value() {
      return getNativePointer();
    }
  }

  private static final class GraphHandle extends CUgraph {
    long value() {
      return getNativePointer();
    }
  }

  /** A host address: the pinned memory of a segment. */
  private static final class HostAddress extends Pointer {
    HostAddress(long address) {
      super(address);
    }
  }

  /**
   * Opens a device.
   *
   * @param program loads the kernels for it
   * @throws DriverException where the device does not exist or cannot run the kernels
   */
  public JCudaDriver(int ordinal, KernelProgram program) {
    jcuda.driver.JCudaDriver.setExceptionsEnabled(false);
    check(cuInit(0), "cuInit");
    int[] value = new int[1];
    check(cuDeviceGetCount(value), "cuDeviceGetCount");
    if (ordinal < 0 || ordinal >= value[0]) {
      throw new DriverException(
          "there is no CUDA device " + ordinal + "; this machine has " + value[0]);
    }
    check(cuDeviceGet(device, ordinal), "cuDeviceGet");
    architecture =
        new Architecture(
            attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
            attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
            attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
            attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
    if (architecture.major < 8) {
      throw new DriverException(
          "device %d (%s) has compute capability %d.%d; the kernels need 8.0 or newer"
              .formatted(ordinal, deviceName(), architecture.major, architecture.minor));
    }
    check(cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
    check(cuCtxSetCurrent(context), "cuCtxSetCurrent");
    check(cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
    byte[] image = program.image(architecture.major, architecture.minor);
    int result = cuModuleLoadData(module, image);
    if (result != CUresult.CUDA_SUCCESS) {
      throw new DriverException(
          "the driver cannot load the kernels (%s); they need a driver of CUDA 13 (580 or newer) or "
                  .formatted(errorText(result))
              + "a build with an older nvcc");
    }
    pools = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED) != 0;
    whileGraphs = openWhileGraphs();
    description =
        "%s, %s memory pools, %s while nodes"
            .formatted(
                describe(ordinal),
                pools ? "with" : "without",
                whileGraphs != null ? "with" : "without");
  }

  /** Null where the driver is too old; then work is repeated more often than it has to be. */
  private @Nullable WhileGraphs openWhileGraphs() {
    int[] version = new int[1];
    FunctionHandle function = new FunctionHandle();
    if (cuDriverGetVersion(version) != CUresult.CUDA_SUCCESS
        || version[0] < WhileGraphs.DRIVER_VERSION
        || cuModuleLoadData(whileModule, WhileGraphs.PROGRAM) != CUresult.CUDA_SUCCESS
        || cuModuleGetFunction(function, whileModule, WhileGraphs.KERNEL)
            != CUresult.CUDA_SUCCESS) {
      return null;
    }
    return WhileGraphs.of(CudaProvider.DRIVER_LIBRARY, context.value(), function.value());
  }

  private int attribute(int which) {
    int[] value = new int[1];
    check(cuDeviceGetAttribute(value, which, device), "cuDeviceGetAttribute");
    return value[0];
  }

  private String deviceName() {
    byte[] name = new byte[256];
    check(cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
    return new String(name, StandardCharsets.UTF_8).split("\0", 2)[0];
  }

  private String describe(int ordinal) {
    int[] version = new int[1];
    cuDriverGetVersion(version);
    return "device %d, %s, compute capability %d.%d, %d multiprocessors, %.0f GiB, CUDA %d.%d"
        .formatted(
            ordinal,
            deviceName(),
            architecture.major,
            architecture.minor,
            architecture.multiprocessors,
            memory().totalBytes() / 0x1p30,
            version[0] / 1000,
            version[0] % 1000 / 10);
  }

  private static String errorText(int result) {
    String[] text = new String[1];
    cuGetErrorString(result, text);
    return text[0] == null ? CUresult.stringFor(result) : text[0];
  }

  private static void check(int result, String call) {
    if (result != CUresult.CUDA_SUCCESS) {
      throw new DriverException(call + ": " + errorText(result));
    }
  }

  /** Device memory as JCuda's libraries take it. */
  static Pointer devicePointer(long address) {
    return Address.of(address);
  }

  /** Major version of the compute capability: 9 has wgmma and TMA. */
  public int computeCapabilityMajor() {
    return architecture.major;
  }

  /** The stream of all work, for libraries that join in. */
  public CUstream stream() {
    return stream;
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public int multiprocessors() {
    return architecture.multiprocessors;
  }

  @Override
  public int maxSharedBytes() {
    return architecture.maxSharedBytes;
  }

  @Override
  public boolean wgmma() {
    return architecture.major == 9 && architecture.minor == 0;
  }

  // ---- memory -------------------------------------------------------------------------------

  @Override
  public long allocate(long bytes) {
    Address address = new Address();
    int result = pools ? cuMemAllocAsync(address, bytes, stream) : cuMemAlloc(address, bytes);
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      return 0;
    }
    check(result, pools ? "cuMemAllocAsync" : "cuMemAlloc");
    return address.value();
  }

  @Override
  public void free(long address) {
    if (pools) {
      check(cuMemFreeAsync(Address.of(address), stream), "cuMemFreeAsync");
      return;
    }
    synchronize();
    check(cuMemFree(Address.of(address)), "cuMemFree");
  }

  @Override
  public MemoryInfo memory() {
    long[] free = new long[1];
    long[] total = new long[1];
    check(cuMemGetInfo(free, total), "cuMemGetInfo");
    return new MemoryInfo(free[0], total[0]);
  }

  @Override
  public MemorySegment pinned(long bytes) {
    if (bytes > PINNED_SLAB_BYTES / 4) {
      return pin(bytes).asSlice(0, bytes);
    }
    long size = (bytes + 63) / 64 * 64;
    if (slab == null || slabUsed + size > PINNED_SLAB_BYTES) {
      slab = null;
      pin(PINNED_SLAB_BYTES);
      slab = pinned.getLast();
      slabUsed = 0;
    }
    MemorySegment piece = MemorySegment.ofBuffer(slab.getByteBuffer(slabUsed, bytes));
    slabUsed += size;
    return piece;
  }

  private MemorySegment pin(long bytes) {
    Pointer pointer = new Pointer();
    check(cuMemAllocHost(pointer, bytes), "cuMemAllocHost");
    pinned.add(pointer);
    MemorySegment memory = MemorySegment.ofBuffer(pointer.getByteBuffer(0, bytes));
    memory.fill((byte) 0);
    return memory;
  }

  @Override
  public void copyIn(long to, MemorySegment host, long bytes) {
    HostAddress from = new HostAddress(host.address());
    check(cuMemcpyHtoDAsync(Address.of(to), from, bytes, stream), "cuMemcpyHtoDAsync");
  }

  @Override
  public void copyOut(MemorySegment host, long from, long bytes) {
    HostAddress to = new HostAddress(host.address());
    check(cuMemcpyDtoHAsync(to, Address.of(from), bytes, stream), "cuMemcpyDtoHAsync");
  }

  @Override
  public void copy(long to, long from, long bytes) {
    check(cuMemcpyDtoDAsync(Address.of(to), Address.of(from), bytes, stream), "cuMemcpyDtoDAsync");
  }

  @Override
  public void zero(long address, long bytes) {
    check(cuMemsetD8Async(Address.of(address), (byte) 0, bytes, stream), "cuMemsetD8Async");
  }

  // ---- kernels ------------------------------------------------------------------------------

  @Override
  public long function(String name) {
    CUfunction function = new CUfunction();
    int result = cuModuleGetFunction(function, module, name);
    if (result != CUresult.CUDA_SUCCESS) {
      throw new DriverException("no kernel " + name + " in the program: " + errorText(result));
    }
    functions.add(function);
    functionNames.add(name);
    allowLargeSharedMemory(function);
    return functions.size() - 1L;
  }

  /** Without this, a block may not ask for more than 48 KiB. Static shared memory counts too. */
  private void allowLargeSharedMemory(CUfunction function) {
    int[] fixed = new int[1];
    check(
        jcuda.driver.JCudaDriver.cuFuncGetAttribute(
            fixed, CUfunction_attribute.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, function),
        "cuFuncGetAttribute");
    int most = architecture.maxSharedBytes - fixed[0];
    if (most > DEFAULT_SHARED_BYTES) {
      check(
          cuFuncSetAttribute(
              function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, most),
          "cuFuncSetAttribute");
    }
  }

  @Override
  public void launch(
      long function,
      int gridX,
      int gridY,
      int gridZ,
      int threads,
      int sharedBytes,
      MemorySegment arguments) {
    int result =
        cuLaunchKernel(
            functions.get((int) function),
            gridX,
            gridY,
            gridZ,
            threads,
            1,
            1,
            sharedBytes,
            stream,
            new HostAddress(arguments.address()),
            null);
    if (result != CUresult.CUDA_SUCCESS) {
      throw new DriverException(errorText(result), REFUSALS.contains(result) ? 0 : -1);
    }
  }

  @Override
  public void synchronize() {
    int result = cuStreamSynchronize(stream);
    if (result != CUresult.CUDA_SUCCESS) {
      throw new DriverException(errorText(result));
    }
  }

  // ---- events -------------------------------------------------------------------------------

  @Override
  public long event() {
    CUevent event = new CUevent();
    check(cuEventCreate(event, 0), "cuEventCreate");
    events.add(event);
    return events.size() - 1L;
  }

  @Override
  public void record(long event) {
    check(cuEventRecord(events.get((int) event), stream), "cuEventRecord");
  }

  @Override
  public void waitFor(long event) {
    check(cuEventSynchronize(events.get((int) event)), "cuEventSynchronize");
  }

  @Override
  public double elapsedNanos(long from, long to) {
    float[] millis = new float[1];
    waitFor(to);
    check(
        cuEventElapsedTime(millis, events.get((int) from), events.get((int) to)),
        "cuEventElapsedTime");
    return millis[0] * 1e6;
  }

  // ---- graphs -------------------------------------------------------------------------------

  @Override
  public Graph graph(Launches launches) {
    return new KernelGraph(launches);
  }

  /** Adds kernel nodes in a chain: they run in the order in which they were collected. */
  private CUgraphNode[] addChain(CUgraph graph, Launches launches) {
    CUgraphNode[] nodes = new CUgraphNode[launches.size()];
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = new CUgraphNode();
      CUgraphNode[] after = i == 0 ? new CUgraphNode[0] : new CUgraphNode[] {nodes[i - 1]};
      check(
          cuGraphAddKernelNode(nodes[i], graph, after, after.length, parameters(launches.get(i))),
          "cuGraphAddKernelNode of " + functionNames.get((int) launches.get(i).function()));
    }
    return nodes;
  }

  private CUDA_KERNEL_NODE_PARAMS parameters(Launches.Launch launch) {
    CUDA_KERNEL_NODE_PARAMS parameters = new CUDA_KERNEL_NODE_PARAMS();
    parameters.func = functions.get((int) launch.function());
    parameters.gridDimX = launch.gridX();
    parameters.gridDimY = launch.gridY();
    parameters.gridDimZ = launch.gridZ();
    parameters.blockDimX = launch.threads();
    parameters.blockDimY = 1;
    parameters.blockDimZ = 1;
    parameters.sharedMemBytes = launch.sharedBytes();
    parameters.kernelParams = new HostAddress(launch.arguments().address());
    return parameters;
  }

  /** A chain of kernels. */
  private final class KernelGraph implements Graph {
    private final Launches launches;
    private final CUgraph graph = new CUgraph();
    private final CUgraphExec executable = new CUgraphExec();
    private final CUgraphNode[] nodes;

    KernelGraph(Launches launches) {
      this.launches = launches;
      check(cuGraphCreate(graph, 0), "cuGraphCreate");
      nodes = addChain(graph, launches);
      check(cuGraphInstantiate(executable, graph, 0), "cuGraphInstantiate");
    }

    @Override
    public void update(int index) {
      check(
          cuGraphExecKernelNodeSetParams(executable, nodes[index], parameters(launches.get(index))),
          "cuGraphExecKernelNodeSetParams");
    }

    @Override
    public void launch() {
      check(cuGraphLaunch(executable, stream), "cuGraphLaunch");
    }

    @Override
    public void close() {
      cuGraphExecDestroy(executable);
      cuGraphDestroy(graph);
    }
  }

  @Override
  public @Nullable Graph loop(Launches once, Launches round, long more) {
    return whileGraphs == null ? null : loop(whileGraphs, once, round, more);
  }

  /** Null where the driver refuses: whoever asks can do without. */
  private @Nullable Graph loop(WhileGraphs graphs, Launches once, Launches round, long more) {
    GraphHandle first = chain(once);
    GraphHandle body = chain(round);
    LoopGraph loop = new LoopGraph();
    check(cuGraphCreate(loop.graph, 0), "cuGraphCreate");
    try {
      long firstOrNone = once.size() == 0 ? 0 : first.value();
      graphs.fill(loop.graph.value(), firstOrNone, body.value(), more);
      check(cuGraphInstantiate(loop.executable, loop.graph, 0), "cuGraphInstantiate");
      return loop;
    } catch (DriverException e) {
      check(cuGraphDestroy(loop.graph), "cuGraphDestroy");
      return null;
    } finally {
      check(cuGraphDestroy(first), "cuGraphDestroy");
      check(cuGraphDestroy(body), "cuGraphDestroy");
    }
  }

  private GraphHandle chain(Launches launches) {
    GraphHandle graph = new GraphHandle();
    check(cuGraphCreate(graph, 0), "cuGraphCreate");
    addChain(graph, launches);
    return graph;
  }

  /** A graph with a while node. */
  private final class LoopGraph implements Graph {
    private final GraphHandle graph = new GraphHandle();
    private final CUgraphExec executable = new CUgraphExec();

    @Override
    public void update(int index) {
      throw new IllegalStateException("a graph that loops is made anew");
    }

    @Override
    public void launch() {
      check(cuGraphLaunch(executable, stream), "cuGraphLaunch");
    }

    @Override
    public void close() {
      cuGraphExecDestroy(executable);
      cuGraphDestroy(graph);
    }
  }

  /**
   * After an error of a kernel every call fails, until the context is made anew: cuBLAS may hold it
   * too, so giving it back is not enough.
   */
  @Override
  public void close() {
    boolean broken = cuStreamSynchronize(stream) != CUresult.CUDA_SUCCESS;
    cuStreamDestroy(stream);
    if (whileGraphs != null) {
      cuModuleUnload(whileModule);
    }
    cuModuleUnload(module);
    pinned.forEach(jcuda.driver.JCudaDriver::cuMemFreeHost);
    pinned.clear();
    cuDevicePrimaryCtxRelease(device);
    if (broken) {
      cuDevicePrimaryCtxReset(device);
    }
  }
}
