#ifndef POSTERN_CMEMORY_H
#define POSTERN_CMEMORY_H

#include <stddef.h>

/// Blocks of so many bytes and more are given back to the system as soon as they are freed. Without it glibc raises that
/// bound to the largest block freed so far, up to 32 MiB, and keeps as much again at the end of each arena: one large
/// configuration would be paid for as long as the process lives. To be called before the first thread.
void postern_return_blocks(size_t bytes);

/// Takes the program's code out of the process's memory. What still runs comes back at once, from the file's pages, which the
/// system keeps; what ran once, to start or to read a configuration, does not count as the process's any more.
void postern_unmap_code(void);

/// Gives back every page of the heap in which nothing is allocated, also between what is. Reading a configuration frees several
/// times as much in small pieces as is kept of it, which the allocator would hold on to.
void postern_return_free_pages(void);

/// Bytes that the program has allocated and not freed, as the allocator counts them; 0 where it does not say.
size_t postern_allocated_bytes(void);

#endif
