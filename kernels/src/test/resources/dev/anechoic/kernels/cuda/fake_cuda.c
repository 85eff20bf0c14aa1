// A libcuda.so.1 whose device is the emulation library: the CUDA backend runs through JCuda's own
// native code without a GPU. The environment makes it fail:
//
//   FAKE_EMULATION  the emulation library (required)
//   FAKE_INIT       what cuInit returns             FAKE_VERSION  of the driver, such as 11040
//   FAKE_MAJOR      of the compute capability       FAKE_LOAD     what cuModuleLoadData returns
//   FAKE_ROOM       bytes of device memory          FAKE_BROKEN   a kernel that accesses memory wrongly
//   FAKE_POOLS      whether it has memory pools     FAKE_LOOPS    whether a while node can be made
//   FAKE_EAGER      whether a kernel's failure shows at the next call
//
// As on a device, the failure of a kernel shows later: at the next synchronisation at the latest.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long address;
typedef int (*launcher)(const char *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                        unsigned, void **);

enum { OUT_OF_MEMORY = 2, ILLEGAL_ADDRESS = 700, NOT_FOUND = 500, ARGUMENTS = 24, SIZES = 4096 };

static launcher launch;
static int (*has)(const char *);
static const char *(*reason)(void);
static size_t used;
static struct { void *memory; size_t bytes; } blocks[SIZES];
static int failed;

static long setting(const char *name, long otherwise) {
  const char *value = getenv(name);
  return value ? atol(value) : otherwise;
}

static int eager(void) { return failed && setting("FAKE_EAGER", 0); }

int cuInit(unsigned flags) {
  void *library = dlopen(getenv("FAKE_EMULATION"), RTLD_NOW);
  if (!library) {
    fprintf(stderr, "fake driver: %s\n", dlerror());
    return 999;
  }
  launch = (launcher)dlsym(library, "anechoic_emulated_launch");
  has = (int (*)(const char *))dlsym(library, "anechoic_emulated_has");
  reason = (const char *(*)(void))dlsym(library, "anechoic_emulated_error");
  return (int)setting("FAKE_INIT", 0);
}

int cuDriverGetVersion(int *version) { *version = (int)setting("FAKE_VERSION", 13000); return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return 0; }
int cuDeviceGetName(char *name, int length, int device) {
  snprintf(name, (size_t)length, "Fake device");
  return 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  switch (attribute) {
    case 75: *value = (int)setting("FAKE_MAJOR", 8); break;
    case 76: *value = 5; break;
    case 16: *value = 2; break;          // multiprocessors
    case 97: *value = 227 << 10; break;  // shared memory of a block
    case 115: *value = (int)setting("FAKE_POOLS", 1); break;
    default: *value = 0;
  }
  return 0;
}
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = (void *)1; return 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { return 0; }  // someone else holds it too
int cuDevicePrimaryCtxReset_v2(int device) { failed = 0; return 0; }
int cuCtxSetCurrent(void *context) { return 0; }
int cuStreamCreate(void **stream, unsigned flags) { *stream = (void *)2; return 0; }
int cuStreamDestroy_v2(void *stream) { return 0; }
int cuStreamSynchronize(void *stream) { return failed; }
int cuGetErrorString(int error, const char **text) {
  *text = error == ILLEGAL_ADDRESS ? "an illegal memory access was encountered"
          : error == 222           ? "the provided PTX was compiled with an unsupported toolchain."
                                   : "some error";
  return 0;
}
int cuGetErrorName(int error, const char **text) { *text = "SOME_ERROR"; return 0; }

int cuModuleLoadData(void **module, const void *image) {
  *module = (void *)3;
  return (int)setting("FAKE_LOAD", 0);
}
int cuModuleUnload(void *module) { return 0; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
  *function = strdup(name);
  return strcmp(name, "setCondition") == 0 || has(name) ? 0 : NOT_FOUND;
}
int cuFuncGetAttribute(int *value, int attribute, void *function) { *value = 0; return 0; }
int cuFuncSetAttribute(void *function, int attribute, int value) { return 0; }

int cuMemGetInfo_v2(size_t *freeBytes, size_t *total) {
  *total = (size_t)setting("FAKE_ROOM", 8L << 30);
  *freeBytes = *total - used;
  return 0;
}
static int take(address *at, size_t bytes) {
  if (used + bytes > (size_t)setting("FAKE_ROOM", 8L << 30)) {
    return OUT_OF_MEMORY;
  }
  void *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
  for (int i = 0; i < SIZES; i++) {
    if (!blocks[i].memory) {
      blocks[i].memory = memory;
      blocks[i].bytes = bytes;
      used += bytes;
      *at = (address)memory;
      return 0;
    }
  }
  return OUT_OF_MEMORY;
}
static int give(address at) {
  for (int i = 0; i < SIZES; i++) {
    if (blocks[i].memory == (void *)at) {
      used -= blocks[i].bytes;
      blocks[i].memory = 0;
      free((void *)at);
      return 0;
    }
  }
  return 1;
}
// A device with pools is to be asked for memory in stream order only, and one without must not be.
int cuMemAlloc_v2(address *at, size_t bytes) { return setting("FAKE_POOLS", 1) ? 1 : take(at, bytes); }
int cuMemFree_v2(address at) { return setting("FAKE_POOLS", 1) ? 1 : give(at); }
int cuMemAllocAsync(address *at, size_t bytes, void *stream) {
  if (eager()) {
    return failed;
  }
  return stream == (void *)2 && setting("FAKE_POOLS", 1) ? take(at, bytes) : 801;
}
int cuMemFreeAsync(address at, void *stream) {
  return stream == (void *)2 && setting("FAKE_POOLS", 1) ? give(at) : 801;
}
int cuMemAllocHost_v2(void **memory, size_t bytes) {
  *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
  return 0;
}
int cuMemFreeHost(void *memory) { free(memory); return 0; }
int cuMemcpyHtoDAsync_v2(address to, const void *from, size_t bytes, void *stream) {
  if (eager()) {
    return failed;
  }
  memcpy((void *)to, from, bytes);
  return 0;
}
int cuMemcpyDtoHAsync_v2(void *to, address from, size_t bytes, void *stream) {
  if (eager()) {
    return failed;
  }
  memcpy(to, (void *)from, bytes);
  return 0;
}
int cuMemcpyDtoDAsync_v2(address to, address from, size_t bytes, void *stream) {
  if (eager()) {
    return failed;
  }
  memmove((void *)to, (void *)from, bytes);
  return 0;
}
int cuMemsetD8Async(address at, unsigned char value, size_t bytes, void *stream) {
  if (eager()) {
    return failed;
  }
  memset((void *)at, value, bytes);
  return 0;
}

int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned shared, void *stream, void **parameters, void **extra) {
  if (eager()) {
    return failed;
  }
  const char *name = function, *broken = getenv("FAKE_BROKEN");
  if (broken && strcmp(name, broken) == 0) {
    failed = ILLEGAL_ADDRESS;
  } else if (launch(name, gx, gy, gz, bx, by, bz, shared, parameters) != 0) {
    fprintf(stderr, "fake driver: %s\n", reason());
    failed = ILLEGAL_ADDRESS;
  }
  return 0;
}

int cuEventCreate(void **event, unsigned flags) { *event = (void *)4; return 0; }
int cuEventDestroy_v2(void *event) { return 0; }
int cuEventRecord(void *event, void *stream) { return eager() ? failed : 0; }
int cuEventSynchronize(void *event) { return failed; }
int cuEventElapsedTime(float *millis, void *from, void *to) { *millis = 1; return 0; }

// Graphs: a chain of nodes; kernel nodes have copies of their argument values.
typedef struct {
  void *function;
  unsigned gx, gy, gz, bx, by, bz, shared;
  void **parameters, **extra;
  void *kernel, *context;
} Parameters;

struct Node;
typedef struct { struct Node *first, *last; } Graph;

typedef struct Node {
  Parameters p;
  address values[ARGUMENTS];
  void *pointers[ARGUMENTS];
  Graph *inside;        // of a child or while node
  unsigned *condition;  // of a while node
  struct Node *next;
} Node;

static void set(Node *node, const Parameters *p, int arguments) {
  node->p = *p;
  for (int i = 0; i < arguments; i++) {
    node->values[i] = *(address *)p->parameters[i];
    node->pointers[i] = &node->values[i];
  }
}

static Graph *copyOf(const Graph *graph) {
  Graph *copy = calloc(1, sizeof(Graph));
  for (Node *n = graph->first; n; n = n->next) {
    Node *own = malloc(sizeof(Node));
    *own = *n;
    own->next = 0;
    for (int i = 0; i < ARGUMENTS; i++) {
      own->pointers[i] = &own->values[i];
    }
    *(copy->last ? &copy->last->next : &copy->first) = own;
    copy->last = own;
  }
  return copy;
}

static int append(Node **node, Graph *graph, Node *const *after, size_t count) {
  if ((count == 0) != (graph->first == 0) || (count == 1 && after[0] != graph->last) || count > 1) {
    return 1;  // not a chain
  }
  *node = calloc(1, sizeof(Node));
  *(graph->last ? &graph->last->next : &graph->first) = *node;
  graph->last = *node;
  return 0;
}

int cuGraphCreate(Graph **graph, unsigned flags) { *graph = calloc(1, sizeof(Graph)); return 0; }
int cuGraphAddKernelNode_v2(Node **node, Graph *graph, Node *const *after, size_t count,
                            const Parameters *p) {
  int result = append(node, graph, after, count);
  if (result == 0) {
    set(*node, p, ARGUMENTS);
  }
  return result;
}

// CUgraphNodeParams of cuda.h.
typedef struct {
  int type, reserved[3];
  union {
    Parameters kernel;
    Graph *child;
    struct {
      unsigned *condition;
      int kind;
      unsigned size;
      Graph **bodies;
      void *context;
    } loop;
    long long room[29];
  };
  long long end;
} NodeParameters;

int cuGraphConditionalHandleCreate(unsigned **handle, Graph *graph, void *context, unsigned value,
                                   unsigned flags) {
  *handle = calloc(1, sizeof(unsigned));
  return context == (void *)1 && graph && value == 0 && flags == 0 ? 0 : 1;
}
int cuGraphAddNode(Node **node, Graph *graph, Node *const *after, size_t count, NodeParameters *p) {
  if (sizeof(NodeParameters) != 256 || p->end != 0 || !setting("FAKE_LOOPS", 1)) {
    return 801;
  }
  int result = append(node, graph, after, count);
  if (result != 0) {
    return result;
  }
  switch (p->type) {
    case 0:
      set(*node, &p->kernel, 2);
      return 0;
    case 4:
      (*node)->inside = copyOf(p->child);
      return 0;
    case 13:
      if (p->loop.kind != 1 || p->loop.size != 1 || p->loop.context != (void *)1) {
        return 1;
      }
      (*node)->condition = p->loop.condition;
      (*node)->inside = calloc(1, sizeof(Graph));
      p->loop.bodies = &(*node)->inside;
      return 0;
    default:
      return 1;
  }
}

// The executable is a copy; a node is found in it by its place.
typedef struct { Graph *graph, *own; } Executable;

int cuGraphInstantiateWithFlags(Executable **executable, Graph *graph, address flags) {
  *executable = calloc(1, sizeof(Executable));
  (*executable)->graph = graph;
  (*executable)->own = copyOf(graph);
  return 0;
}
int cuGraphExecKernelNodeSetParams_v2(Executable *executable, Node *node, const Parameters *p) {
  Node *own = executable->own->first;
  for (Node *n = executable->graph->first; n; n = n->next, own = own->next) {
    if (n == node) {
      set(own, p, ARGUMENTS);
      return 0;
    }
  }
  return 1;
}

static void run(const Graph *graph, void *stream) {
  for (Node *n = graph->first; n; n = n->next) {
    Parameters *p = &n->p;
    if (n->condition) {
      while (*n->condition) {
        run(n->inside, stream);
      }
    } else if (n->inside) {
      run(n->inside, stream);
    } else if (strcmp(p->function, "setCondition") == 0) {
      *(unsigned *)n->values[0] = *(unsigned *)n->values[1];
    } else {
      cuLaunchKernel(p->function, p->gx, p->gy, p->gz, p->bx, p->by, p->bz, p->shared, stream,
                     n->pointers, 0);
    }
  }
}
int cuGraphLaunch(Executable *executable, void *stream) {
  if (eager()) {
    return failed;
  }
  run(executable->own, stream);
  return 0;
}
int cuGraphExecDestroy(Executable *executable) { return failed; }
int cuGraphDestroy(Graph *graph) { return failed; }
