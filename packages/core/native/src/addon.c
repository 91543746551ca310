// The module: makes an instance for the environment that loads it, and lists what it offers. It knows no handle type.
#include "x-net.h"

#include <stdlib.h>
#include <string.h>

static void free_instance(napi_env env, void *data, void *hint) {
  (void)hint;
  x_instance *in = data;
  if (in->scratch_buffer != NULL) napi_delete_reference(env, in->scratch_buffer);
  for (size_t i = 0; i < X_EVENT_COUNT; i++) {
    if (in->events[i] != NULL) napi_delete_reference(env, in->events[i]);
  }
  x_table_free(in);
  x_close_unclaimed(in);
  free(in->arena);
  x_pool_end(in->pool);
  free(in);
}

static bool is_function(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_function;
}

// References to the functions that events call. What fails half-way leaves none.
static int hold_events(napi_env env, napi_value list, napi_ref *events) {
  napi_value function;
  uint32_t count = 0, held = 0;
  if (napi_get_array_length(env, list, &count) != napi_ok || count != X_EVENT_COUNT) return UV_EINVAL;
  for (; held < X_EVENT_COUNT; held++) {
    if (napi_get_element(env, list, held, &function) != napi_ok || !is_function(env, function)) break;
    if (napi_create_reference(env, function, 1, &events[held]) != napi_ok) break;
  }
  if (held == X_EVENT_COUNT) return 0;
  while (held > 0) napi_delete_reference(env, events[--held]);
  return UV_EINVAL;
}

// setup(events, main): takes the functions that events call, in the order of `x_event` (`this` is the handle's or request's
// object), and answers with the memory that small reads land in and, behind it, the lists of descriptors. Until it has
// succeeded, once, every other call is refused. `main`: the environment is that of the process's main thread.
static napi_value setup(napi_env env, napi_callback_info info) {
  napi_value argv[2], scratch;
  napi_ref events[X_EVENT_COUNT], scratch_buffer = NULL;
  size_t count = 2;
  void *data = NULL, *memory = NULL;
  X_TRY(napi_get_cb_info(env, info, &count, argv, NULL, NULL));
  X_TRY(napi_get_instance_data(env, &data));
  x_instance *in = data;
  if (in->scratch != NULL) return x_number(env, UV_EALREADY);
  size_t size = X_READ_SIZE + 2 * X_FD_SLOTS * sizeof(int32_t);
  if (napi_create_buffer(env, size, &memory, &scratch) != napi_ok) return x_number(env, UV_ENOMEM);
  if (napi_create_reference(env, scratch, 1, &scratch_buffer) != napi_ok) return x_number(env, UV_ENOMEM);
  int status = hold_events(env, argv[0], events);
  // A getter of the list may have come here before us.
  if (status == 0 && in->scratch != NULL) {
    for (uint32_t i = 0; i < X_EVENT_COUNT; i++) napi_delete_reference(env, events[i]);
    status = UV_EALREADY;
  }
  if (status < 0) {
    napi_delete_reference(env, scratch_buffer);
    return x_number(env, status);
  }
  memcpy(in->events, events, sizeof(events));
  in->scratch_buffer = scratch_buffer;
  (void)napi_get_value_bool(env, argv[1], &in->is_main);
  in->scratch = memory;
  in->told = (int32_t *)(in->scratch + X_READ_SIZE);
  in->passed = in->told + X_FD_SLOTS;
  memset(in->told, 0xff, 2 * X_FD_SLOTS * sizeof(int32_t));
  return scratch;
}

// live(): handles that are not fully closed.
static int64_t live(x_call *call) {
  return call->in->live;
}

static bool export_everything(napi_env env, napi_value exports) {
  static const x_export list[] = {{"live", "", live, 0}};
  napi_value function;
  return napi_create_function(env, "setup", NAPI_AUTO_LENGTH, setup, NULL, &function) == napi_ok &&
         napi_set_named_property(env, exports, "setup", function) == napi_ok && X_EXPORT_ALL(env, exports, list) &&
         x_export_handle(env, exports) && x_export_stream(env, exports) && x_export_read(env, exports) &&
         x_export_write(env, exports) && x_export_options(env, exports) && x_export_listener(env, exports) &&
         x_export_handoff(env, exports) && x_export_descriptors(env, exports) && x_export_splice(env, exports) &&
         x_export_peek(env, exports);
}

NAPI_MODULE_INIT() {
  x_instance *in = calloc(1, sizeof(*in));
  if (in != NULL) in->pool = x_pool_new();
  if (in == NULL || in->pool == NULL || napi_set_instance_data(env, in, free_instance, NULL) != napi_ok) {
    if (in != NULL) x_pool_end(in->pool);
    free(in);
    napi_throw_error(env, NULL, "no memory for the addon");
    return NULL;
  }
  // From here on the environment frees the instance, whatever fails.
  in->env = env;
  if (!x_loop_open(in)) {
    napi_throw_error(env, NULL, "the host's libuv does not fit the addon");
    return NULL;
  }
  if (!export_everything(env, exports)) {
    napi_throw_error(env, NULL, "the host does not take the addon's functions");
    return NULL;
  }
  return exports;
}
