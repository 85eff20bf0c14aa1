// Stack switching for the emulated threads of a block: 15 instructions on x86-64, ucontext elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace fiber {

#if defined(__x86_64__) && !defined(ANECHOIC_UCONTEXT)

// Saves the callee-saved registers of the running fiber on its stack, its stack pointer in *save,
// and goes on where `next` was saved. Rounding modes are never changed, so they are not saved.
extern "C" void anechoicSwitch(void** save, void* next);
asm(R"(
  .text
  .p2align 4
  .globl anechoicSwitch
  .hidden anechoicSwitch
  .type anechoicSwitch, @function
anechoicSwitch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size anechoicSwitch, .-anechoicSwitch
)");

static inline void* prepare(unsigned char* stack, size_t bytes, void (*entry)()) {
  // A function finds rsp + 8 aligned to 16 at its entry, as after a call.
  auto top = (reinterpret_cast<uintptr_t>(stack) + bytes) & ~uintptr_t{15};
  void** slot = reinterpret_cast<void**>(top) - 2;
  *slot = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; i++) {
    *--slot = nullptr;
  }
  return slot;
}

static inline void rawSwitch(void** save, void* next) { anechoicSwitch(save, next); }

#else

}  // namespace fiber
#include <ucontext.h>
namespace fiber {

// A saved fiber is a ucontext_t: at the base of its own stack, or a static one for the scheduler.
static inline ucontext_t*& runningContext() {
  static ucontext_t scheduler;
  static ucontext_t* running = &scheduler;
  return running;
}

static inline void* prepare(unsigned char* stack, size_t bytes, void (*entry)()) {
  // The first 64 bytes hold the guard word.
  auto* context = reinterpret_cast<ucontext_t*>(stack + 64);
  size_t taken = (64 + sizeof(ucontext_t) + 63) / 64 * 64;
  getcontext(context);
  context->uc_stack.ss_sp = stack + taken;
  context->uc_stack.ss_size = bytes - taken;
  context->uc_link = nullptr;
  makecontext(context, entry, 0);
  return context;
}

static inline void rawSwitch(void** save, void* next) {
  ucontext_t* self = runningContext();
  *save = self;
  runningContext() = static_cast<ucontext_t*>(next);
  swapcontext(self, runningContext());
}

#endif

// The address sanitizer must be told which stack is in use, and where the scheduler's lies.
#ifdef __SANITIZE_ADDRESS__
static const void* mainStack = nullptr;
static size_t mainStackBytes = 0;

static inline void switchStack(void** save, void* next, const void* stack, size_t bytes) {
  void* fake;
  __sanitizer_start_switch_fiber(&fake, stack, bytes);
  rawSwitch(save, next);
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
}
static inline void switchFromMain(void** save, void* next, const void* stack, size_t bytes) {
  switchStack(save, next, stack, bytes);
}
static inline void switchToMain(void** save, void* next) {
  void* unused;
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(save == nullptr ? nullptr : &fake, mainStack, mainStackBytes);
  rawSwitch(save == nullptr ? &unused : save, next);
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
}
// A launch comes from any thread: the first fiber to start in it learns that thread's stack.
static inline void newMainStack() { mainStack = nullptr; }
// A fiber's first act: closes the switch that started it.
static inline void entered() {
  const void* stack;
  size_t bytes;
  __sanitizer_finish_switch_fiber(nullptr, &stack, &bytes);
  if (mainStack == nullptr) {
    mainStack = stack;
    mainStackBytes = bytes;
  }
}
#else
static inline void switchStack(void** save, void* next, const void*, size_t) {
  rawSwitch(save, next);
}
static inline void switchFromMain(void** save, void* next, const void*, size_t) {
  rawSwitch(save, next);
}
static inline void switchToMain(void** save, void* next) {
  void* unused;
  rawSwitch(save == nullptr ? &unused : save, next);
}
static inline void newMainStack() {}
static inline void entered() {}
#endif

}  // namespace fiber
