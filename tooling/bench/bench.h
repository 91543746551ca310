// What the bench's C programs have in common: the lengths of a request and of its answer, and what becomes of a system call that
// fails.
#ifndef X_BENCH_H
#define X_BENCH_H

#include <stdio.h>
#include <stdlib.h>

enum { PING_LENGTH = 14, PONG_LENGTH = 7, MAX_EVENTS = 256 };

#define CHECK(call)       \
  do {                    \
    if ((call) < 0) {     \
      perror(#call);      \
      exit(1);            \
    }                     \
  } while (0)

#endif
