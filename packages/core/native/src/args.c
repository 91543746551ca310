// The entrance of every call from JavaScript: reads and checks the arguments by the export's signature, finds the handle,
// makes the answer, and frees what was read. It knows no handle type.
#include "x-net.h"

#include <stdlib.h>

#define LARGEST_SIZE ((int64_t)1 << 53)

static bool read_whole(napi_env env, napi_value value, int64_t least, int64_t most, int64_t *result) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return false;
  if (!(number >= (double)least && number <= (double)most)) return false;
  *result = (int64_t)number;
  return (double)*result == number;
}

bool x_bytes(napi_env env, napi_value value, uv_buf_t *bytes) {
  void *data = NULL;
  size_t length = 0;
  if (napi_get_buffer_info(env, value, &data, &length) != napi_ok || length > UINT32_MAX) return false;
  *bytes = uv_buf_init(data, (unsigned int)length);
  return true;
}

static bool read_text(napi_env env, napi_value value, x_arg *arg) {
  size_t size = 0;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &size) != napi_ok) return false;
  char *text = malloc(size + 1);
  if (text == NULL) return false;
  if (napi_get_value_string_utf8(env, value, text, size + 1, &arg->text.length) != napi_ok) {
    free(text);
    return false;
  }
  arg->text.data = text;
  return true;
}

// Elements first, bytes then: an element's getter may run any JavaScript, which may take the memory of another away.
static bool read_chunks(napi_env env, napi_value array, x_call *call) {
  napi_value chunk;
  if (napi_get_array_length(env, array, &call->chunk_count) != napi_ok) return false;
  if (call->chunk_count > X_FEW_CHUNKS) {
    uv_buf_t *list = malloc(call->chunk_count * sizeof(uv_buf_t));
    if (list == NULL) return false;
    call->chunks = list;
  }
  for (uint32_t i = 0; i < call->chunk_count; i++) {
    if (napi_get_element(env, array, i, &chunk) != napi_ok) return false;
    call->chunks[i].base = (char *)chunk;
  }
  for (uint32_t i = 0; i < call->chunk_count; i++) {
    if (!x_bytes(env, (napi_value)call->chunks[i].base, &call->chunks[i])) return false;
  }
  return true;
}

static bool has_type(napi_env env, napi_value value, napi_valuetype wanted) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == wanted;
}

static bool read_argument(char letter, napi_value value, x_call *call, x_arg *arg) {
  napi_env env = call->env;
  int64_t whole = 0;
  bool fits = false;
  arg->value = value;
  switch (letter) {
    case 'i':
      fits = read_whole(env, value, INT32_MIN, INT32_MAX, &whole);
      arg->number = (int32_t)whole;
      return fits;
    case 'n':
      return read_whole(env, value, 0, LARGEST_SIZE, &arg->size);
    case 'f':
      return read_whole(env, value, 0, X_MOST_FDS, &arg->size);
    case 'F':
      return read_whole(env, value, 0, X_FD_SLOTS, &arg->size);
    case 'b':
      return napi_get_value_bool(env, value, &arg->flag) == napi_ok;
    case 'o':
      return has_type(env, value, napi_object);
    case 'p':
      return read_text(env, value, arg);
    case 'B':
      return x_bytes(env, value, &arg->bytes);
    case 'N': {
      uv_buf_t bytes;
      return has_type(env, value, napi_null) || (x_bytes(env, value, &bytes) && bytes.len > 0);
    }
    case 'C':
      return read_chunks(env, value, call);
    default:
      return false;
  }
}

static x_type handle_type(char letter) {
  // clang-format off
  switch (letter) {
    case 's': return X_STREAM;
    case 'l': return X_LISTENER;
    case 'c': return X_CHANNEL;
    case 'w': return X_WATCHER;
    default: return X_ANY;
  }
  // clang-format on
}

static bool names_handle(char letter) {
  return letter == 's' || letter == 'l' || letter == 'c' || letter == 'w' || letter == 'h';
}

// The handle is looked for last: an argument's getter may have closed it.
static int64_t run(const x_export *what, const napi_value *argv, x_call *call, const char **letter, x_arg **arg) {
  bool on_handle = names_handle(what->signature[0]);
  int64_t id = 0;
  if (on_handle && !read_whole(call->env, *argv++, -LARGEST_SIZE, LARGEST_SIZE, &id)) return UV_EINVAL;
  for (*letter = what->signature + on_handle; **letter != '\0'; ++*letter, ++*arg) {
    if (!read_argument(**letter, *argv++, call, *arg)) return UV_EINVAL;
  }
  if (on_handle) call->handle = x_handle_find(call->in, id, handle_type(what->signature[0]));
  return on_handle && call->handle == NULL ? what->gone : what->run(call);
}

static napi_value enter(napi_env env, napi_callback_info info) {
  size_t count = X_MOST_ARGUMENTS + 1;
  napi_value argv[X_MOST_ARGUMENTS + 1];
  void *in = NULL, *data = NULL;
  if (napi_get_cb_info(env, info, &count, argv, NULL, &data) != napi_ok) return NULL;
  if (napi_get_instance_data(env, &in) != napi_ok) return NULL;
  const x_export *what = data;
  x_call call;
  call.in = in;
  call.env = env;
  call.handle = NULL;
  call.answer = NULL;
  call.chunks = call.few;
  const char *letter = what->signature;
  x_arg *arg = call.args;
  // Without its events and memory the instance can do nothing.
  int64_t status = call.in->scratch == NULL ? UV_EINVAL : UV_EBUSY;
  if (call.in->scratch != NULL && !call.in->asking) status = run(what, argv, &call, &letter, &arg);
  for (const char *last = letter; arg-- > call.args;) {
    if (*--last == 'p') free(arg->text.data);
  }
  if (call.chunks != call.few) free(call.chunks);
  return call.answer != NULL ? call.answer : x_number(env, status);
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

bool x_export_all(napi_env env, napi_value exports, const x_export *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    napi_value function;
    void *data = (void *)&list[i];
    if (napi_create_function(env, list[i].name, NAPI_AUTO_LENGTH, enter, data, &function) != napi_ok) return false;
    if (napi_set_named_property(env, exports, list[i].name, function) != napi_ok) return false;
  }
  return true;
}
