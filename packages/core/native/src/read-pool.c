// Memory for large reads: arenas, one for each, that JavaScript sees as a buffer, and that come back when the garbage collector
// finds no view of them in use. What a user holds is never written to again. It knows no stream.
#include "x-net.h"

#include <stdlib.h>

// While streams read in bulk, arenas wait here rather than with the system: their pages stay mapped, and fresh pages
// are what costs. 64 MiB is what V8 lets pile up outside its heap before it collects.
#define MOST_IDLE_BUSY (64 * 1024 * 1024 / X_READ_SIZE)
#define MOST_IDLE 16

typedef struct idle_arena {
  struct idle_arena *next;
} idle_arena;

// It outlives its instance for as long as a buffer is out.
struct x_pool {
  idle_arena *idle;
  uint32_t idle_count;
  uint32_t out;
  uint32_t taken;
  uint32_t users;
  bool ended;
};

x_pool *x_pool_new(void) {
  return calloc(1, sizeof(x_pool));
}

static void trim(x_pool *pool, uint32_t most) {
  while (pool->idle_count > most) {
    idle_arena *arena = pool->idle;
    pool->idle = arena->next;
    pool->idle_count--;
    free(arena);
  }
}

static void free_when_unused(x_pool *pool) {
  if (pool->ended && pool->out == 0) free(pool);
}

void x_pool_end(x_pool *pool) {
  if (pool == NULL) return;
  trim(pool, 0);
  pool->ended = true;
  free_when_unused(pool);
}

// A stream that reads in bulk comes (1) or goes (-1). With the last one goes what is idle.
void x_pool_use(x_pool *pool, int change) {
  pool->users += (uint32_t)change;
  if (pool->users == 0) trim(pool, MOST_IDLE);
}

// An arena for a read; NULL where there is none.
char *x_pool_take(x_pool *pool) {
  idle_arena *arena = pool->idle;
  if (arena == NULL) return malloc(X_READ_SIZE);
  pool->idle = arena->next;
  pool->idle_count--;
  return (char *)arena;
}

static void give(x_pool *pool, void *memory) {
  if (pool->ended || pool->idle_count >= (pool->users > 0 ? MOST_IDLE_BUSY : MOST_IDLE)) {
    free(memory);
    return;
  }
  idle_arena *arena = memory;
  arena->next = pool->idle;
  pool->idle = arena;
  pool->idle_count++;
}

static void on_unused(napi_env env, void *memory, void *hint) {
  (void)env;
  x_pool *pool = hint;
  give(pool, memory);
  pool->out--;
  free_when_unused(pool);
}

// Arenas come back with a scavenge, in a fraction of a millisecond. By itself V8 collects where 64 MiB hang on its objects, and
// then marks its whole heap, which costs in proportion to what the program keeps. Before that a scavenge comes in two ways:
// V8 runs one where its own allocator is asked for memory while twice the largest young space hangs on young objects (32 MiB
// for Node 20; for Node 26 it is too late); and where the young space is full. Little is allocated there in bulk reading, so
// from MANY_OUT arenas on each fourth takes a piece of it along.
#define MANY_OUT (16 * 1024 * 1024 / X_READ_SIZE)
#define YOUNG_PIECE 8000  // places of an array, 64 KB; what is larger than 128 KB is not allocated in the young space

static void let_young_arenas_return(napi_env env, x_pool *pool) {
  if (++pool->taken % 4 != 0) return;
  napi_value garbage;
  void *memory;
  (void)napi_create_arraybuffer(env, 1, &memory, &garbage);
  for (uint32_t many = MANY_OUT; pool->out >= many && many <= 2 * MANY_OUT; many += MANY_OUT) {
    (void)napi_create_array_with_length(env, YOUNG_PIECE, &garbage);
  }
}

// A buffer over an arena, which is JavaScript's from here on. NULL where the host allows no memory of ours in its buffers (V8
// with a sandbox): the arena stays the caller's.
napi_value x_pool_buffer(napi_env env, x_pool *pool, char *arena) {
  napi_value buffer;
  let_young_arenas_return(env, pool);
  if (napi_create_external_buffer(env, X_READ_SIZE, arena, on_unused, pool, &buffer) != napi_ok) return NULL;
  pool->out++;
  return buffer;
}
