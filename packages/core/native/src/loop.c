// The environment's event loop: the only file that asks for it, and that knows when the environment ends. It knows no
// kind of handle.
#include "x-net.h"

static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  x_instance *in = data;
  (void)hook;
  in->ending = true;
  x_handle_drop_all(in);
  x_loop_settled(in);
}

// libuv's structs are part of its ABI within version 1. A host that disagrees must not get them from us.
static bool sizes_agree(void) {
  return uv_handle_size(UV_TCP) <= sizeof(uv_tcp_t) && uv_handle_size(UV_NAMED_PIPE) <= sizeof(uv_pipe_t) &&
         uv_handle_size(UV_POLL) <= sizeof(uv_poll_t) && uv_handle_size(UV_TIMER) <= sizeof(uv_timer_t) &&
         uv_req_size(UV_WRITE) <= sizeof(uv_write_t) && uv_req_size(UV_CONNECT) <= sizeof(uv_connect_t) &&
         uv_req_size(UV_SHUTDOWN) <= sizeof(uv_shutdown_t);
}

bool x_loop_open(x_instance *in) {
  if (!sizes_agree()) return false;
  if (napi_get_uv_event_loop(in->env, &in->loop) != napi_ok || in->loop == NULL) return false;
  return napi_add_async_cleanup_hook(in->env, on_environment_end, in, &in->cleanup_hook) == napi_ok;
}

// Called whenever a handle has closed: the environment waits in its cleanup until the last one has.
void x_loop_settled(x_instance *in) {
  if (!in->ending || in->live > 0 || in->cleanup_hook == NULL) return;
  napi_async_cleanup_hook_handle hook = in->cleanup_hook;
  in->cleanup_hook = NULL;
  napi_remove_async_cleanup_hook(hook);
}
