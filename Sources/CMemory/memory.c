#include "CMemory.h"

#include <malloc.h>

void postern_return_blocks(size_t bytes) {
#ifdef M_MMAP_THRESHOLD
  mallopt(M_MMAP_THRESHOLD, (int)bytes);
#endif
}
