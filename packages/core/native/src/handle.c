// What every handle offers whatever its type: close, ref and unref, its descriptor and addresses.
#include "x-net.h"

static int fd_of(const x_handle *handle) {
  // clang-format off
  switch (handle->type) {
    case X_STREAM: return x_stream_fd((const x_stream *)handle);
    case X_LISTENER: return x_listener_fd(handle);
    case X_CHANNEL: return x_channel_fd(handle);
    default: return -1;
  }
  // clang-format on
}

static napi_value descriptor(napi_env env, napi_callback_info info) {
  x_call call;
  return x_number(env, x_call_open(env, info, X_ANY, &call) ? fd_of(call.handle) : -1);
}

// close(id, tell): `tell` asks for X_ON_CLOSED.
static napi_value close_handle(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_ANY, &call)) return x_number(env, UV_EBADF);
  x_handle_close(call.handle, x_bool(env, call.argv[1]));
  return x_number(env, 0);
}

// setRef(id, on)
static napi_value set_ref(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_ANY, &call)) return x_number(env, UV_EBADF);
  bool on = x_bool(env, call.argv[1]);
  if (call.handle->type == X_STREAM) {
    uv_handle_t *handle = &((x_stream *)call.handle)->uv.handle;
    if (on) uv_ref(handle);
    else uv_unref(handle);
  }
  if (call.handle->type == X_LISTENER) x_listener_ref(call.handle, on);
  if (call.handle->type == X_CHANNEL) x_channel_ref(call.handle, on);
  return x_number(env, 0);
}

// name(id, peer): an address or a status.
static napi_value name(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_ANY, &call)) return x_number(env, UV_EBADF);
  int fd = fd_of(call.handle);
  bool peer = x_bool(env, call.argv[1]);
  if (fd < 0) return x_number(env, UV_ENOTCONN);
  return x_socket_name(env, fd, peer);
}

void x_export_handle(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"fd", descriptor},
      {"close", close_handle},
      {"setRef", set_ref},
      {"name", name},
  };
  X_EXPORT_ALL(env, exports, list);
}
