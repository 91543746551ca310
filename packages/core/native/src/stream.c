// A stream's life: made, bound, connected, ended, closed. Reading and writing have files of their own.
#include "x-net.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

x_stream *x_stream_new(x_instance *in, x_kind kind, int *status) {
  size_t size = offsetof(x_stream, uv) + (kind == X_TCP ? sizeof(uv_tcp_t) : sizeof(uv_pipe_t));
  x_stream *stream = x_handle_new(in, X_STREAM, size, status);
  if (stream == NULL) return NULL;
  stream->kind = kind;
  *status = kind == X_TCP ? uv_tcp_init(in->loop, &stream->uv.tcp) : uv_pipe_init(in->loop, &stream->uv.pipe, 0);
  *status = x_part_open(&stream->base, &stream->uv, *status);
  if (*status == 0) return stream;
  x_handle_abandon(&stream->base);
  return NULL;
}

static int give_fd(x_stream *stream, int fd) {
  int status = stream->kind == X_TCP ? uv_tcp_open(&stream->uv.tcp, fd) : uv_pipe_open(&stream->uv.pipe, fd);
  if (status == 0) x_fd_belongs(stream->base.in, fd, X_FD_HELD);
  return status;
}

// Takes over a connected descriptor. On failure it stays the caller's.
int x_stream_take(x_stream *stream, int fd) {
  int status = give_fd(stream, fd);
  if (status == 0) stream->state = X_CONNECTED;
  return status;
}

x_stream *x_stream_of(const x_call *call) {
  return (x_stream *)call->handle;
}

int x_stream_fd(const x_stream *stream) {
  uv_os_fd_t fd;
  return uv_fileno(&stream->uv.handle, &fd) == 0 ? fd : -1;
}

void x_stream_shut(x_stream *stream) {
  // A close comes before the end of our side: what waits for that leaves first. Turning Nagle's algorithm off sends it (tcp(7)).
  if (stream->last_held) (void)uv_tcp_nodelay(&stream->uv.tcp, 1);
  x_fd_belongs(stream->base.in, x_stream_fd(stream), X_FD_FREE);
  x_part_close(&stream->uv);
  x_splice_end(stream);
}

// All that was pending has been cancelled by libuv.
void x_stream_settle(x_stream *stream) {
  x_read_freed(stream);
  x_splice_freed(stream);
}

static const char *const connect_names[] = {[X_TCP] = "TCPCONNECTWRAP", [X_PIPE] = "PIPECONNECTWRAP"};

// stream(kind): a new id, or a status.
static int64_t stream(x_call *call) {
  int status;
  x_stream *made = x_stream_new(call->in, call->args[0].number == X_TCP ? X_TCP : X_PIPE, &status);
  return made == NULL ? status : x_handle_id(&made->base);
}

// streamFrom(fd, kind or -1): takes over a descriptor; an id, or a status. Of a kind that is told, the descriptor is known to be a connection. On failure the descriptor stays the caller's.
static int64_t stream_from(x_call *call) {
  int fd = call->args[0].number, told = call->args[1].number, status = 0;
  x_kind kind = told == X_PIPE ? X_PIPE : X_TCP;
  if (told < 0) status = x_socket_kind(fd, false, &kind);
  if (status == 0 && x_fd_is_held(call->in, fd)) status = UV_EEXIST;
  if (status < 0) return status;
  x_stream *made = x_stream_new(call->in, kind, &status);
  if (made == NULL) return status;
  status = x_stream_take(made, fd);
  if (status < 0) {
    x_handle_abandon(&made->base);
    return status;
  }
  if (told < 0 && !x_socket_has_peer(fd)) made->state = X_TAKEN;
  return x_handle_id(&made->base);
}

// kindOf(id): 0 for TCP, 1 for a local stream.
static int64_t kind_of(x_call *call) {
  return x_stream_of(call)->kind;
}

// The stream's events come in an async context that is made now; its object is the resource, since one of its own would be 56
// bytes more. C and not JavaScript enters the context: above a context of none, each event would cost twice as much.
bool x_stream_context(x_stream *stream, napi_value object) {
  return x_context_begin(stream->base.in, &stream->base.context, object, stream->kind == X_TCP ? "TCPWRAP" : "PIPEWRAP");
}

// openContext(id, object)
static int64_t open_context(x_call *call) {
  return x_stream_context(x_stream_of(call), call->args[0].value) ? 0 : UV_ENOMEM;
}

// bindStream(id, address, port, flags)
static int64_t bind_stream(x_call *call) {
  struct sockaddr_storage at;
  int fd;
  x_stream *stream = x_stream_of(call);
  int own = x_stream_fd(stream);
  if (stream->kind != X_TCP || (own >= 0 && stream->state != X_TAKEN) || stream->connect_pending) return UV_EINVAL;
  int status = x_tcp_address(call->args[0].text.data, call->args[0].text.length, call->args[1].number, &at);
  // A socket that was taken over before it is bound; the system refuses one that is.
  if (status == 0 && own >= 0) return x_socket_bind_given(own, &at, call->args[2].number);
  if (status == 0) status = x_socket_bind_tcp(&at, call->args[2].number, &fd);
  if (status < 0) return status;
  status = give_fd(stream, fd);
  if (status < 0) close(fd);
  return status;
}

static void connected(x_request *request, int status) {
  x_stream *stream = request->stream;
  stream->connect_pending = false;
  // A connection that was connected once more stays one whatever the system said.
  if (status == 0) stream->state = X_CONNECTED;
  else if (stream->state == X_CONNECTING) stream->state = X_IDLE;
  x_request_done(request, X_ON_CONNECT, status);
}

static void on_connect(uv_connect_t *uv_request, int status) {
  connected(uv_request->data, status);
}

// The outcome of the empty write does not matter: a peer that has left already shows when it is read from.
static void on_abstract_connect(uv_write_t *uv_request, int status) {
  x_request *request = uv_request->data;
  (void)status;
  connected(request, request->stream->base.closing ? UV_ECANCELED : request->status);
}

static int connect_tcp(x_request *request, const char *text, size_t length, int port) {
  struct sockaddr_storage to;
  int status = x_tcp_address(text, length, port, &to);
  if (status < 0) return status;
  return uv_tcp_connect(&request->uv.connect, &request->stream->uv.tcp, (struct sockaddr *)&to, on_connect);
}

// libuv 1.46 pads abstract names with zeros, so the connect is ours: it succeeds or fails at once. An empty write brings
// the answer as libuv brings its own, in a later turn and in order with what is written meanwhile.
static int connect_abstract(x_request *request, const struct sockaddr_storage *to, socklen_t to_length) {
  x_stream *stream = request->stream;
  // A socket that was taken over bound, or that did not connect before, is there already.
  int own = x_stream_fd(stream), fd = own >= 0 ? own : x_socket_open(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return fd;
  if (connect(fd, (const struct sockaddr *)to, to_length) != 0) request->status = uv_translate_sys_error(errno);
  int status = own >= 0 ? 0 : give_fd(stream, fd);
  if (status < 0) {
    close(fd);
    return status;
  }
  uv_buf_t nothing = uv_buf_init(NULL, 0);
  return uv_write(&request->uv.write, &stream->uv.stream, &nothing, 1, on_abstract_connect);
}

static int connect_pipe(x_request *request, const char *path, size_t length) {
  struct sockaddr_storage to;
  socklen_t to_length;
  int status = x_path_address(path, length, &to, &to_length);
  if (status < 0) return status;
  if (path[0] == '\0') return connect_abstract(request, &to, to_length);
  uv_pipe_connect(&request->uv.connect, &request->stream->uv.pipe, path, on_connect);
  return 0;
}

// connect(id, request, address or path, port)
static int64_t connect_stream(x_call *call) {
  x_stream *stream = x_stream_of(call);
  const char *to = call->args[1].text.data;
  size_t length = call->args[1].text.length;
  if (stream->connect_pending) return UV_EALREADY;
  x_request *request = x_request_new(stream, call->args[0].value, connect_names[stream->kind]);
  if (request == NULL) return UV_ENOMEM;
  int status = stream->kind == X_TCP ? connect_tcp(request, to, length, call->args[2].number)
                                     : connect_pipe(request, to, length);
  // libuv makes the socket, and keeps it where it then fails.
  x_fd_belongs(call->in, x_stream_fd(stream), X_FD_HELD);
  if (status < 0) {
    x_request_free(request);
    return status;
  }
  stream->connect_pending = true;
  if (stream->state != X_CONNECTED) stream->state = X_CONNECTING;
  return status;
}

// The end of our side while it is under way, with the async context of the call.
typedef struct {
  uv_shutdown_t uv;
  x_stream *stream;
  x_context context;
} x_end;

static void free_end(x_end *end) {
  x_context_close(end->stream->base.in, &end->context);
  free(end);
}

static void on_shutdown(uv_shutdown_t *request, int status) {
  x_end *end = request->data;
  end->stream->last_held = false;
  x_emit_stream_status(end->stream, end->context.async, X_ON_SHUTDOWN, status);
  free_end(end);
}

// shutdown(id): libuv takes no second one while one is under way. The event comes in a context that is made now.
static int64_t shutdown_stream(x_call *call) {
  x_stream *stream = x_stream_of(call);
  if (stream->state == X_IDLE || stream->state == X_CONNECTING) return UV_ENOTCONN;
  x_end *end = calloc(1, sizeof(*end));
  if (end == NULL) return UV_ENOMEM;
  end->stream = stream;
  end->uv.data = end;
  (void)x_context_begin(call->in, &end->context, NULL, "SHUTDOWNWRAP");
  int status = uv_shutdown(&end->uv, &stream->uv.stream, on_shutdown);
  if (status < 0) free_end(end);
  return status;
}

// reset(id, tell): closes at once with RST (SO_LINGER of no time, tcp(7)); what is queued is dropped. A connection that
// the peer has reset already takes no option any more (macOS), and needs none.
static int64_t reset_stream(x_call *call) {
  x_stream *stream = x_stream_of(call);
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  int fd = x_stream_fd(stream);
  if (stream->kind == X_TCP && fd >= 0) (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  x_handle_close(&stream->base, call->args[0].flag);
  return 0;
}

bool x_export_stream(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"stream", "i", stream, 0},
      {"streamFrom", "ii", stream_from, 0},
      {"kindOf", "s", kind_of, UV_EBADF},
      {"openContext", "so", open_context, UV_EBADF},
      {"bindStream", "spii", bind_stream, UV_EBADF},
      {"connect", "sopi", connect_stream, UV_EBADF},
      {"shutdown", "s", shutdown_stream, UV_EBADF},
      {"reset", "sb", reset_stream, UV_EBADF},
  };
  return X_EXPORT_ALL(env, exports, list);
}
