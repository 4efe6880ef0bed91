#ifndef POSTERN_CTHREADS_H
#define POSTERN_CTHREADS_H

#include <stddef.h>

/// Bytes of stack that a thread made from now on gets; 0 when it cannot be found out.
size_t postern_thread_stack_size(void);

/// Gives threads made from now on this many bytes of stack, and lets the first thread's grow as far. Only what is used
/// takes memory. Returns 0, or the error number.
int postern_set_thread_stack_size(size_t bytes);

/// Address below which the running evaluation of this thread may not take its stack.
extern _Thread_local size_t postern_stack_floor;

/// Lets an evaluation that begins here take `bytes` of stack. Returns the address it may not go below.
static inline __attribute__((always_inline)) size_t postern_set_stack_floor(size_t bytes) {
  size_t here = (size_t)__builtin_frame_address(0);
  return postern_stack_floor = here > bytes ? here - bytes : 0;
}

/// Whether the caller is at or below an address of its stack.
static inline __attribute__((always_inline)) _Bool postern_stack_is_below(size_t address) {
  return (size_t)__builtin_frame_address(0) <= address;
}

/// Whether the running evaluation of this thread has taken the stack it may take.
static inline __attribute__((always_inline)) _Bool postern_stack_is_spent(void) {
  return postern_stack_is_below(postern_stack_floor);
}

#endif
