// Memory for reads: slabs that are handed to JavaScript as buffers and come back when the garbage collector finds them
// unused. A slab in a user's hands is never written to. It knows no stream.
#include "x-net.h"

#include <stdlib.h>

#define MOST_IDLE 256

typedef struct idle_slab {
  struct idle_slab *next;
} idle_slab;

// It outlives its instance for as long as a buffer is out.
struct x_pool {
  idle_slab *idle;
  uint32_t idle_count;
  uint32_t out;
  bool ended;
  bool copies;  // the host allows no memory of ours in its buffers (pointer compression with a sandbox)
};

x_pool *x_pool_new(void) {
  return calloc(1, sizeof(x_pool));
}

static void free_when_unused(x_pool *pool) {
  if (pool->ended && pool->out == 0) free(pool);
}

void x_pool_end(x_pool *pool) {
  if (pool == NULL) return;
  while (pool->idle != NULL) {
    idle_slab *next = pool->idle->next;
    free(pool->idle);
    pool->idle = next;
  }
  pool->idle_count = 0;
  pool->ended = true;
  free_when_unused(pool);
}

void *x_pool_take(x_pool *pool) {
  idle_slab *slab = pool->idle;
  if (slab == NULL) return malloc(X_SLAB_SIZE);
  pool->idle = slab->next;
  pool->idle_count--;
  return slab;
}

void x_pool_give(x_pool *pool, void *memory) {
  if (pool->ended || pool->idle_count >= MOST_IDLE) {
    free(memory);
    return;
  }
  idle_slab *slab = memory;
  slab->next = pool->idle;
  pool->idle = slab;
  pool->idle_count++;
}

static void on_unused(napi_env env, void *memory, void *hint) {
  (void)env;
  x_pool *pool = hint;
  x_pool_give(pool, memory);
  pool->out--;
  free_when_unused(pool);
}

// A buffer over the slab's first bytes; the slab is JavaScript's from here on, also where this answers NULL.
napi_value x_pool_buffer(napi_env env, x_pool *pool, void *slab, size_t length) {
  napi_value buffer = NULL;
  napi_status status = napi_no_external_buffers_allowed;
  if (!pool->copies) status = napi_create_external_buffer(env, length, slab, on_unused, pool, &buffer);
  if (status == napi_ok) {
    pool->out++;
    return buffer;
  }
  if (status == napi_no_external_buffers_allowed) {
    pool->copies = true;
    if (napi_create_buffer_copy(env, length, slab, NULL, &buffer) != napi_ok) buffer = NULL;
  }
  x_pool_give(pool, slab);
  return buffer;
}
