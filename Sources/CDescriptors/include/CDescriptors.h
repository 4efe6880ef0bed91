#ifndef POSTERN_CDESCRIPTORS_H
#define POSTERN_CDESCRIPTORS_H

#include <spawn.h>
#include <stddef.h>
#include <sys/types.h>

/// Sends bytes over a Unix socket, and a copy of a descriptor with the first of them; none with -1. Returns what
/// `sendmsg` returns.
ssize_t postern_send_descriptor(int socket, const void *bytes, size_t count, int descriptor);

/// Receives at most so many bytes, and the descriptor that came with them, which child processes do not inherit; -1 when
/// none came. Returns what `recvmsg` returns.
ssize_t postern_receive_descriptor(int socket, void *bytes, size_t count, int *descriptor);

/// Accepts a connection that child processes do not inherit. Returns what `accept4` returns.
int postern_accept(int listener);

/// Whether the process at the other end of a Unix socket is root's or of the user that this process acts as.
_Bool postern_peer_is_trusted(int socket);

// What Swift's Glibc module hides of starting other programs.

/// Makes a pipe whose ends other programs do not inherit. Returns what `pipe2` returns.
int postern_pipe(int ends[2]);

/// The program gets no descriptor but its input, output and errors. Returns 0 or an error number.
int postern_spawn_closing_others(posix_spawn_file_actions_t *actions);

/// The program works in a directory. Returns 0 or an error number.
int postern_spawn_in(posix_spawn_file_actions_t *actions, const char *directory);

#endif
