// The module: makes an instance for the environment that loads it, and lists what it offers. It knows no handle type.
#include "x-net.h"

#include <stdlib.h>
#include <string.h>

static void free_instance(napi_env env, void *data, void *hint) {
  (void)hint;
  x_instance *in = data;
  napi_ref references[X_EVENT_COUNT + 2] = {in->scratch_buffer, in->arena_buffer};
  memcpy(references + 2, in->events, sizeof(in->events));
  for (size_t i = 0; i < X_EVENT_COUNT + 2; i++) {
    if (references[i] != NULL) napi_delete_reference(env, references[i]);
  }
  x_table_free(in);
  x_pool_end(in->pool);
  free(in);
}

// setup(events): takes the functions that events call, in the order of `x_event` (`this` is the handle's or request's
// object), and answers with the memory that small reads land in and, behind it, the lists of descriptors.
static napi_value setup(napi_env env, napi_callback_info info) {
  napi_value argv[1], function, scratch;
  void *memory;
  x_instance *in = x_args(env, info, 1, argv);
  if (in == NULL) return NULL;
  for (uint32_t i = 0; i < X_EVENT_COUNT; i++) {
    if (in->events[i] != NULL) return x_number(env, UV_EALREADY);
    X_TRY(napi_get_element(env, argv[0], i, &function));
    X_TRY(napi_create_reference(env, function, 1, &in->events[i]));
  }
  X_TRY(napi_create_buffer(env, X_READ_SIZE + 2 * X_FD_SLOTS * sizeof(int32_t), &memory, &scratch));
  X_TRY(napi_create_reference(env, scratch, 1, &in->scratch_buffer));
  in->scratch = memory;
  in->told = (int32_t *)(in->scratch + X_READ_SIZE);
  in->passed = in->told + X_FD_SLOTS;
  return scratch;
}

static napi_value live(napi_env env, napi_callback_info info) {
  x_instance *in = x_args(env, info, 0, NULL);
  return in == NULL ? NULL : x_number(env, in->live);
}

NAPI_MODULE_INIT() {
  x_instance *in = calloc(1, sizeof(*in));
  if (in == NULL) return NULL;
  in->env = env;
  in->pool = x_pool_new();
  if (in->pool == NULL || napi_set_instance_data(env, in, free_instance, NULL) != napi_ok) {
    x_pool_end(in->pool);
    free(in);
    return NULL;
  }
  if (!x_loop_open(in)) {
    napi_throw_error(env, NULL, "the host's libuv does not fit the addon");
    return NULL;
  }
  static const x_export list[] = {{"setup", setup}, {"live", live}};
  X_EXPORT_ALL(env, exports, list);
  x_export_handle(env, exports);
  x_export_stream(env, exports);
  x_export_read(env, exports);
  x_export_write(env, exports);
  x_export_options(env, exports);
  x_export_listener(env, exports);
  x_export_handoff(env, exports);
  x_export_descriptors(env, exports);
  x_export_relay(env, exports);
  return exports;
}
