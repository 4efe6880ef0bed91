#define _GNU_SOURCE
#include "CMemory.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void postern_return_blocks(size_t bytes) {
#ifdef M_MMAP_THRESHOLD
  mallopt(M_MMAP_THRESHOLD, (int)bytes);
#endif
}

/// The program itself is the first object that is told of; those behind it are libraries.
static int unmap_code(struct dl_phdr_info *object, size_t size, void *unused) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || (part->p_flags & PF_W)) continue;
    uintptr_t start = (object->dlpi_addr + part->p_vaddr + page - 1) & ~(page - 1);
    uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_filesz) & ~(page - 1);
    if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
  }
  (void)size;
  (void)unused;
  return 1;
}

void postern_unmap_code(void) { dl_iterate_phdr(unmap_code, NULL); }

void postern_return_free_pages(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

size_t postern_allocated_bytes(void) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
  // All arenas, and the blocks that have mappings of their own.
  struct mallinfo2 state = mallinfo2();
  return state.uordblks + state.hblkhd;
#else
  return 0;
#endif
}
