#define _GNU_SOURCE
#include "CThreads.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>

_Thread_local size_t postern_stack_floor = 0;

size_t postern_thread_stack_size(void) {
  pthread_attr_t attributes;
  if (pthread_getattr_default_np(&attributes) != 0) return 0;
  size_t bytes = 0;
  pthread_attr_getstacksize(&attributes, &bytes);
  pthread_attr_destroy(&attributes);
  return bytes;
}

int postern_set_thread_stack_size(size_t bytes) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < bytes) {
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > bytes ? bytes : limit.rlim_max;
    setrlimit(RLIMIT_STACK, &limit);
  }
  pthread_attr_t attributes;
  int problem = pthread_getattr_default_np(&attributes);
  if (problem != 0) return problem;
  problem = pthread_attr_setstacksize(&attributes, bytes);
  if (problem == 0) problem = pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
  return problem;
}
