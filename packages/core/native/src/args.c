// The arguments and answers of calls from JavaScript, read without ever throwing: what is not as expected becomes a
// status. It knows no handle type.
#include "x-net.h"

#include <stdlib.h>

x_instance *x_args(napi_env env, napi_callback_info info, size_t count, napi_value *argv) {
  void *in = NULL;
  X_TRY(napi_get_cb_info(env, info, &count, argv, NULL, &in));
  return in;
}

// The first argument is the handle's id. False: the handle is closed, or was never of this type.
bool x_call_open(napi_env env, napi_callback_info info, x_type type, x_call *call) {
  call->in = x_args(env, info, 6, call->argv);
  if (call->in == NULL) return false;
  call->handle = x_handle_find(call->in, x_int64(env, call->argv[0]), type);
  return call->handle != NULL;
}

napi_value x_number(napi_env env, int64_t value) {
  napi_value result;
  if (value >= INT32_MIN && value <= INT32_MAX) {
    X_TRY(napi_create_int32(env, (int32_t)value, &result));
  } else {
    X_TRY(napi_create_int64(env, value, &result));
  }
  return result;
}

int32_t x_int(napi_env env, napi_value value) {
  int32_t result = 0;
  return napi_get_value_int32(env, value, &result) == napi_ok ? result : 0;
}

int64_t x_int64(napi_env env, napi_value value) {
  int64_t result = 0;
  return napi_get_value_int64(env, value, &result) == napi_ok ? result : 0;
}

bool x_bool(napi_env env, napi_value value) {
  bool result = false;
  return napi_get_value_bool(env, value, &result) == napi_ok && result;
}

bool x_bytes(napi_env env, napi_value value, uv_buf_t *bytes) {
  void *data = NULL;
  size_t length = 0;
  if (napi_get_buffer_info(env, value, &data, &length) != napi_ok) return false;
  *bytes = uv_buf_init(data, (unsigned int)length);
  return length <= UINT32_MAX;
}

char *x_text(napi_env env, napi_value value, size_t *length) {
  size_t size = 0;
  X_TRY(napi_get_value_string_utf8(env, value, NULL, 0, &size));
  char *text = malloc(size + 1);
  if (text == NULL) return NULL;
  if (napi_get_value_string_utf8(env, value, text, size + 1, length) != napi_ok) {
    free(text);
    return NULL;
  }
  return text;
}

void x_export_all(napi_env env, napi_value exports, const x_export *list, size_t count) {
  void *in = NULL;
  napi_get_instance_data(env, &in);
  for (size_t i = 0; i < count; i++) {
    napi_value function;
    if (napi_create_function(env, list[i].name, NAPI_AUTO_LENGTH, list[i].call, in, &function) != napi_ok) return;
    if (napi_set_named_property(env, exports, list[i].name, function) != napi_ok) return;
  }
}
