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

static int64_t descriptor(x_call *call) {
  return fd_of(call->handle);
}

// close(id, tell): `tell` asks for X_ON_CLOSED.
static int64_t close_handle(x_call *call) {
  x_handle_close(call->handle, call->args[0].flag);
  return 0;
}

// setRef(id, on)
static int64_t set_ref(x_call *call) {
  bool on = call->args[0].flag;
  if (call->handle->type == X_STREAM) {
    uv_handle_t *handle = &((x_stream *)call->handle)->uv.handle;
    if (on) uv_ref(handle);
    else uv_unref(handle);
  }
  if (call->handle->type == X_LISTENER) x_listener_ref(call->handle, on);
  if (call->handle->type == X_CHANNEL) x_channel_ref(call->handle, on);
  return 0;
}

// name(id, peer): an address or a status.
static int64_t name(x_call *call) {
  int fd = fd_of(call->handle);
  if (fd < 0) return UV_ENOTCONN;
  call->answer = x_socket_name(call->env, fd, call->args[0].flag);
  return UV_ENOMEM;
}

bool x_export_handle(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"fd", "h", descriptor, -1},
      {"close", "hb", close_handle, UV_EBADF},
      {"setRef", "hb", set_ref, UV_EBADF},
      {"name", "hb", name, UV_EBADF},
  };
  return X_EXPORT_ALL(env, exports, list);
}
