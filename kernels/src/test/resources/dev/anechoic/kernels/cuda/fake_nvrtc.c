// A libnvrtc.so whose program is a few bytes. It says what it is asked to compile; FAKE_REFUSES makes it refuse.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int nvrtcVersion(int *major, int *minor) {
  *major = 13;
  *minor = 0;
  return 0;
}
int nvrtcCreateProgram(void **program, const char *source, const char *name, int headers,
                       const char *const *texts, const char *const *names) {
  int found = 0;
  for (int i = 0; i < headers; i++) {
    char include[256];
    snprintf(include, sizeof include, "#include \"%s\"", names[i]);
    found += strlen(texts[i]) > 0 && strstr(source, include) != 0;
  }
  printf("nvrtc: %s, %s\n", name, found >= 20 ? "with what it includes" : "with too few files");
  *program = (void *)1;
  return 0;
}
int nvrtcCompileProgram(void *program, int count, const char *const *options) {
  printf("nvrtc: compiles with");
  for (int i = 0; i < count; i++) {
    printf(" %s", options[i]);
  }
  printf("\n");
  fflush(stdout);
  return getenv("FAKE_REFUSES") ? 6 : 0;
}
int nvrtcGetProgramLogSize(void *program, size_t *size) { *size = 64; return 0; }
int nvrtcGetProgramLog(void *program, char *log) {
  snprintf(log, 64, "common.cuh(7): error: made up");
  return 0;
}
int nvrtcGetCUBINSize(void *program, size_t *size) { *size = 64; return 0; }
int nvrtcGetCUBIN(void *program, char *image) { memset(image, 7, 64); return 0; }
int nvrtcDestroyProgram(void **program) { *program = 0; return 0; }
