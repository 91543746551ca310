// Which call is to fail: the environment variable X_INJECT says "NUMBER ROUND" or "NUMBER ROUND NAME": in a new round (any
// other text) the calls, or those of that name, are counted from the start, and that of this number fails. X_INJECTED then
// names it. X_INJECT_ERRNO: the error of a system call, in place of its usual one. For the main thread, whose
// `process.env` is the process's own.
#include "inject.h"

static char current[64];
static long seen;

bool inject(const char *name) {
  const char *order = getenv("X_INJECT");
  if (order == NULL || strlen(order) >= sizeof(current)) return false;
  if (strcmp(order, current) != 0) {
    strcpy(current, order);
    seen = 0;
  }
  const char *round = strchr(order, ' '), *only = round == NULL ? NULL : strchr(round + 1, ' ');
  if (only != NULL && strcmp(only + 1, name) != 0) return false;
  if (++seen != atol(order)) return false;
  setenv("X_INJECTED", name, 1);
  return true;
}

int inject_errno(int error) {
  const char *other = getenv("X_INJECT_ERRNO");
  errno = other == NULL ? error : atoi(other);
  return -1;
}
