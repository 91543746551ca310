// The handle table and the life of a handle: made, found by its id, closed part by part, freed. It knows what each type
// is called, not what it does.
#include "x-net.h"

#include <stdlib.h>

// An id has 31 bits, so that it is a small integer for V8 (it was a heap number from the 128th use of a slot on). Slots are
// used in turns, so that an id comes back after no less than a million handles.
#define INDEX_BITS 20
#define GENERATION_MASK 0x7ffu
#define FIRST_SLOTS 1024
#define NO_SLOT UINT32_MAX

static bool grow(x_instance *in) {
  uint32_t count = in->slot_count == 0 ? FIRST_SLOTS : in->slot_count * 2;
  if (count > (1u << INDEX_BITS)) return false;
  x_slot *slots = realloc(in->slots, count * sizeof(x_slot));
  if (slots == NULL) return false;
  for (uint32_t i = in->slot_count; i < count; i++) {
    slots[i] = (x_slot){.handle = NULL, .generation = 1, .next_free = i + 1 < count ? i + 1 : NO_SLOT};
  }
  in->free_slot = in->slot_count;
  in->last_free = count - 1;
  in->slots = slots;
  in->slot_count = count;
  return true;
}

// A handle without parts yet, its memory zeroed; NULL and why not.
void *x_handle_new(x_instance *in, x_type type, size_t size, int *status) {
  *status = UV_ECANCELED;
  if (in->ending) return NULL;
  *status = UV_ENOMEM;
  if ((in->slot_count == 0 || in->free_slot == NO_SLOT) && !grow(in)) return NULL;
  x_handle *handle = calloc(1, size);
  if (handle == NULL) return NULL;
  uint32_t slot = in->free_slot;
  in->free_slot = in->slots[slot].next_free;
  in->slots[slot].handle = handle;
  handle->in = in;
  handle->type = type;
  handle->slot = slot;
  in->live++;
  *status = 0;
  return handle;
}

// Enters a libuv handle as a part, where its init (`status`) succeeded. Its `data` is its owner from then on.
int x_part_open(x_handle *handle, void *part, int status) {
  if (status < 0) return status;
  ((uv_handle_t *)part)->data = handle;
  handle->parts++;
  return 0;
}

bool x_part_is_open(const void *part) {
  return ((const uv_handle_t *)part)->data != NULL;
}

int64_t x_handle_id(const x_handle *handle) {
  return ((int64_t)handle->in->slots[handle->slot].generation << INDEX_BITS) | handle->slot;
}

// A stale or foreign id finds nothing: the generation moves on when a handle starts to close.
x_handle *x_handle_find(const x_instance *in, int64_t id, x_type type) {
  if (id <= 0) return NULL;
  uint32_t index = (uint32_t)(id & ((1 << INDEX_BITS) - 1));
  if (index >= in->slot_count) return NULL;
  const x_slot *slot = &in->slots[index];
  if (slot->handle == NULL || (int64_t)slot->generation != id >> INDEX_BITS) return NULL;
  x_handle *handle = slot->handle;
  return (type == X_ANY || handle->type == type) && !handle->closing ? handle : NULL;
}

void x_handle_close(x_handle *handle, bool tell) {
  if (handle->closing) return;
  x_instance *in = handle->in;
  handle->closing = true;
  handle->tell_closed = tell;
  uint32_t *generation = &in->slots[handle->slot].generation;
  *generation = (*generation + 1) & GENERATION_MASK;
  if (*generation == 0) *generation = 1;
  // clang-format off
  switch (handle->type) {
    case X_ANY: break;
    case X_STREAM: x_stream_shut((x_stream *)handle); break;
    case X_LISTENER: x_listener_shut(handle); break;
    case X_CHANNEL: x_channel_shut(handle); break;
    case X_WATCHER: x_watcher_shut(handle); break;
  }
  // clang-format on
}

static void settle(x_handle *handle) {
  // clang-format off
  switch (handle->type) {
    case X_STREAM: x_stream_settle((x_stream *)handle); break;
    case X_CHANNEL: x_channel_cancel(handle); break;
    default: break;
  }
  // clang-format on
}

static void release_slot(x_handle *handle) {
  x_instance *in = handle->in;
  x_slot *slot = &in->slots[handle->slot];
  slot->handle = NULL;
  slot->next_free = NO_SLOT;
  if (in->free_slot == NO_SLOT) in->free_slot = handle->slot;
  else in->slots[in->last_free].next_free = handle->slot;
  in->last_free = handle->slot;
  in->live--;
}

static void tell_closed(x_handle *handle) {
  x_instance *in = handle->in;
  napi_handle_scope scope;
  napi_value place;
  if (!handle->tell_closed || !x_enter(in, &scope)) return;
  if (handle->type == X_STREAM) x_emit_stream((x_stream *)handle, handle->context.async, X_ON_STREAM_CLOSED, 1, &place);
  else x_emit(in, &handle->context, X_ON_CLOSED, 0, NULL);
  x_leave(in, scope);
}

// The last part has closed, or there never was one.
static void finish(x_handle *handle) {
  x_instance *in = handle->in;
  settle(handle);
  tell_closed(handle);
  x_context_close(in, &handle->context);
  release_slot(handle);
  free(handle);
  x_loop_settled(in);
}

static void on_part_closed(uv_handle_t *part) {
  x_handle *handle = part->data;
  if (--handle->parts == 0) finish(handle);
}

// Where it was opened.
void x_part_close(void *part) {
  if (x_part_is_open(part)) uv_close(part, on_part_closed);
}

// For a handle that comes to nothing half-way: nobody has its id, and nobody hears of its end.
void x_handle_abandon(x_handle *handle) {
  bool has_parts = handle->parts > 0;
  x_handle_close(handle, false);
  if (!has_parts) finish(handle);
}

void x_handle_drop_all(x_instance *in) {
  for (uint32_t i = 0; i < in->slot_count; i++) {
    if (in->slots[i].handle != NULL) x_handle_close(in->slots[i].handle, false);
  }
}

void x_table_free(x_instance *in) {
  free(in->slots);
  in->slots = NULL;
  in->slot_count = 0;
}
