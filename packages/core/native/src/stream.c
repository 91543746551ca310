// A stream's life: made, bound, connected, ended, closed. Reading and writing have files of their own.
#include "x-net.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

x_stream *x_stream_new(x_instance *in, x_kind kind, int *status) {
  x_stream *stream = calloc(1, sizeof(*stream));
  *status = UV_ENOMEM;
  if (stream == NULL) return NULL;
  stream->kind = kind;
  *status = x_handle_init(in, &stream->base, X_STREAM);
  if (*status < 0) {
    free(stream);
    return NULL;
  }
  *status = kind == X_TCP ? uv_tcp_init(in->loop, &stream->uv.tcp) : uv_pipe_init(in->loop, &stream->uv.pipe, 0);
  if (*status < 0) {
    x_handle_undo(&stream->base);
    return NULL;
  }
  stream->uv.handle.data = stream;
  stream->base.parts = 1;
  return stream;
}

// Takes over a connected descriptor. On failure it stays the caller's.
int x_stream_take(x_stream *stream, int fd) {
  int status = stream->kind == X_TCP ? uv_tcp_open(&stream->uv.tcp, fd) : uv_pipe_open(&stream->uv.pipe, fd);
  stream->connected = status == 0;
  return status;
}

int x_stream_fd(const x_stream *stream) {
  uv_os_fd_t fd;
  return uv_fileno(&stream->uv.handle, &fd) == 0 ? fd : -1;
}

void x_stream_shut(x_stream *stream) {
  uv_close(&stream->uv.handle, x_part_closed);
  if (stream->relay != NULL) x_relay_cancel(stream->relay);
}

// All that was pending has been cancelled by libuv; a relay is told before the stream itself.
void x_stream_settle(x_stream *stream) {
  if (stream->relay != NULL) x_relay_settle(stream->relay);
  x_read_freed(stream);
}

static const char *const names[] = {[X_TCP] = "TCPWRAP", [X_PIPE] = "PIPEWRAP"};
static const char *const connect_names[] = {[X_TCP] = "TCPCONNECTWRAP", [X_PIPE] = "PIPECONNECTWRAP"};

// stream(kind, object): a new id, or a status.
static napi_value stream(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  int status;
  x_instance *in = x_args(env, info, 2, argv);
  if (in == NULL) return NULL;
  x_stream *made = x_stream_new(in, x_int(env, argv[0]) == X_TCP ? X_TCP : X_PIPE, &status);
  if (made == NULL) return x_number(env, status);
  if (!x_context_hold(in, &made->base.context, argv[1])) {
    x_handle_close(&made->base, false);
    return x_number(env, UV_ENOMEM);
  }
  return x_number(env, x_handle_id(&made->base));
}

// attach(id, object): gives an accepted or adopted stream its object.
static napi_value attach(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  if (stream->base.context.object != NULL) return x_number(env, UV_EALREADY);
  return x_number(env, x_context_open(call.in, &stream->base.context, call.argv[1], names[stream->kind]) ? 0 : UV_ENOMEM);
}

// True for a socket that was taken over bound and not connected.
static bool is_unconnected(const x_stream *stream) {
  struct sockaddr_storage peer;
  socklen_t length = sizeof(peer);
  return getpeername(x_stream_fd(stream), (struct sockaddr *)&peer, &length) != 0 && errno == ENOTCONN;
}

// streamFrom(fd, kind or -1): takes over a descriptor; an id without an object yet, or a status. Of a kind that is told,
// the descriptor is known to be a connection.
static napi_value stream_from(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  x_instance *in = x_args(env, info, 2, argv);
  if (in == NULL) return NULL;
  int fd = x_int(env, argv[0]), told = x_int(env, argv[1]), status = 0;
  x_kind kind = told == X_PIPE ? X_PIPE : X_TCP;
  if (told < 0) status = x_socket_kind(fd, false, &kind);
  if (status < 0) return x_number(env, status);
  x_stream *made = x_stream_new(in, kind, &status);
  if (made == NULL) return x_number(env, status);
  status = x_stream_take(made, fd);
  if (status == 0) return x_number(env, x_handle_id(&made->base));
  x_handle_close(&made->base, false);
  return x_number(env, status);
}

// kindOf(id): 0 for TCP, 1 for a local stream.
static napi_value kind_of(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  return x_number(env, ((x_stream *)call.handle)->kind);
}

// bindStream(id, address, port, flags)
static napi_value bind_stream(napi_env env, napi_callback_info info) {
  x_call call;
  struct sockaddr_storage at;
  int fd;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  if (stream->kind != X_TCP || x_stream_fd(stream) >= 0) return x_number(env, UV_EINVAL);
  int status = x_tcp_address(env, call.argv[1], call.argv[2], &at);
  if (status == 0) status = x_socket_bind_tcp(&at, x_int(env, call.argv[3]), &fd);
  if (status < 0) return x_number(env, status);
  status = uv_tcp_open(&stream->uv.tcp, fd);
  if (status < 0) close(fd);
  return x_number(env, status);
}

static void on_connect(uv_connect_t *uv_request, int status) {
  x_request *request = uv_request->data;
  request->stream->connecting = false;
  request->stream->connected = status == 0;
  x_request_done(request, X_ON_CONNECT, status);
}

static void on_abstract_connect(uv_write_t *uv_request, int status) {
  x_request *request = uv_request->data;
  // That of the empty write does not matter: a peer that has left already shows when it is read from.
  status = request->stream->base.closing ? UV_ECANCELED : request->status;
  request->stream->connecting = false;
  request->stream->connected = status == 0;
  x_request_done(request, X_ON_CONNECT, status);
}

static int connect_tcp(napi_env env, const napi_value *argv, x_request *request) {
  struct sockaddr_storage to;
  int status = x_tcp_address(env, argv[2], argv[3], &to);
  if (status < 0) return status;
  return uv_tcp_connect(&request->uv.connect, &request->stream->uv.tcp, (struct sockaddr *)&to, on_connect);
}

// libuv 1.46 pads abstract names with zeros, so the connect is ours: it succeeds or fails at once. An empty write brings
// the answer as libuv brings its own, in a later turn and in order with what is written meanwhile.
static int connect_abstract(x_request *request, const struct sockaddr_storage *to, socklen_t to_length) {
  uv_pipe_t *pipe = &request->stream->uv.pipe;
  // A socket that was taken over bound, or that did not connect before, is there already.
  int own = x_stream_fd(request->stream), fd = own >= 0 ? own : x_socket_open(AF_UNIX);
  if (fd < 0) return fd;
  if (connect(fd, (const struct sockaddr *)to, to_length) != 0) request->status = uv_translate_sys_error(errno);
  int status = own >= 0 ? 0 : uv_pipe_open(pipe, fd);
  if (status < 0) {
    close(fd);
    return status;
  }
  uv_buf_t nothing = uv_buf_init(NULL, 0);
  return uv_write(&request->uv.write, (uv_stream_t *)pipe, &nothing, 1, on_abstract_connect);
}

static int connect_pipe(napi_env env, const napi_value *argv, x_request *request) {
  struct sockaddr_storage to;
  socklen_t to_length;
  size_t length = 0;
  char *path = x_text(env, argv[2], &length);
  if (path == NULL) return UV_EINVAL;
  int status = x_path_address(path, length, &to, &to_length);
  if (status == 0 && path[0] == '\0') status = connect_abstract(request, &to, to_length);
  else if (status == 0) uv_pipe_connect(&request->uv.connect, &request->stream->uv.pipe, path, on_connect);
  free(path);
  return status;
}

// connect(id, request, address or path, port)
static napi_value connect_stream(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  if (stream->connected && !is_unconnected(stream)) return x_number(env, UV_EISCONN);
  stream->connected = false;
  if (stream->connecting) return x_number(env, UV_EALREADY);
  x_request *request = x_request_new(stream, call.argv[1], connect_names[stream->kind]);
  if (request == NULL) return x_number(env, UV_ENOMEM);
  (void)x_context_bind(call.in, &stream->base.context, names[stream->kind]);
  request->uv.any.data = request;
  int status = stream->kind == X_TCP ? connect_tcp(env, call.argv, request) : connect_pipe(env, call.argv, request);
  if (status < 0) {
    x_request_free(request);
    return x_number(env, status);
  }
  stream->connecting = true;
  return x_number(env, 0);
}

static void on_shutdown(uv_shutdown_t *uv_request, int status) {
  x_request_done(uv_request->data, X_ON_SHUTDOWN, status);
}

// shutdown(id, request)
static napi_value shutdown_stream(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  if (((x_stream *)call.handle)->relay != NULL) return x_number(env, UV_EBUSY);
  x_request *request = x_request_new((x_stream *)call.handle, call.argv[1], "SHUTDOWNWRAP");
  if (request == NULL) return x_number(env, UV_ENOMEM);
  request->uv.shutdown.data = request;
  int status = uv_shutdown(&request->uv.shutdown, &request->stream->uv.stream, on_shutdown);
  if (status < 0) x_request_free(request);
  return x_number(env, status);
}

// reset(id, tell): closes at once with RST (SO_LINGER of no time, tcp(7)); what is queued is dropped.
static napi_value reset_stream(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  int fd = x_stream_fd(stream);
  if (stream->kind == X_TCP && fd >= 0) {
    if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) != 0) return x_number(env, uv_translate_sys_error(errno));
  }
  x_handle_close(&stream->base, x_bool(env, call.argv[1]));
  return x_number(env, 0);
}

void x_export_stream(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"stream", stream},          {"attach", attach},          {"streamFrom", stream_from},
      {"kindOf", kind_of},         {"bindStream", bind_stream}, {"connect", connect_stream},
      {"shutdown", shutdown_stream}, {"reset", reset_stream},
  };
  X_EXPORT_ALL(env, exports, list);
}
