// Listeners: an accept loop of our own on uv_poll. libuv's gives up the backlog when descriptors run out; this one
// waits and tries again. It knows no reading and no writing.
#include "x-net.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Connections taken per turn of the loop: enough to empty a backlog in two turns, bounded so that a flood of them does
// not starve those that stand.
#define BATCH 256
// Bare descriptors cost less, and travel together (253 fit into one message).
#define DESCRIPTOR_BATCH 128
#define RETRY_MS 100
// A paused listener waits for nothing, and still keeps the process, as one that listens does.
#define IDLE_MS (24u * 60 * 60 * 1000)

typedef struct {
  x_handle base;
  x_kind kind;
  int fd;
  bool listening;
  bool bare;  // hands over descriptors, not streams
  bool paused;
  bool short_told;
  bool unreferenced;
  bool polled;
  uint64_t accepted_at;  // the last turn that accepted descriptors, by the loop's clock
  unsigned accepted;     // how many
  char *path;  // the socket file that we made; NULL where there is none
  dev_t device;
  ino_t inode;
  uv_poll_t poll;
  uv_timer_t timer;
} x_listener;

static x_listener *listener_new(x_instance *in, x_kind kind, int *status) {
  x_listener *listener = calloc(1, sizeof(*listener));
  *status = UV_ENOMEM;
  if (listener == NULL) return NULL;
  listener->kind = kind;
  listener->fd = -1;
  *status = x_handle_init(in, &listener->base, X_LISTENER);
  if (*status < 0) {
    free(listener);
    return NULL;
  }
  uv_timer_init(in->loop, &listener->timer);
  listener->timer.data = listener;
  listener->base.parts = 1;
  return listener;
}

int x_listener_fd(const x_handle *handle) {
  return ((const x_listener *)handle)->fd;
}

void x_listener_ref(x_handle *handle, bool on) {
  x_listener *listener = (x_listener *)handle;
  listener->unreferenced = !on;
  uv_handle_t *parts[] = {(uv_handle_t *)&listener->timer, (uv_handle_t *)&listener->poll};
  for (int i = 0; i < (listener->polled ? 2 : 1); i++) {
    if (on) uv_ref(parts[i]);
    else uv_unref(parts[i]);
  }
}

// Only the file that this listener made: a successor's at the same path stays (its device or inode differs).
static void unlink_own_file(x_listener *listener) {
  struct stat now;
  if (listener->path == NULL) return;
  if (lstat(listener->path, &now) == 0 && now.st_dev == listener->device && now.st_ino == listener->inode) {
    unlink(listener->path);
  }
  free(listener->path);
  listener->path = NULL;
}

void x_listener_shut(x_handle *handle) {
  x_listener *listener = (x_listener *)handle;
  unlink_own_file(listener);
  uv_close((uv_handle_t *)&listener->timer, x_part_closed);
  if (listener->polled) uv_close((uv_handle_t *)&listener->poll, x_part_closed);
  if (listener->fd >= 0) close(listener->fd);
  listener->fd = -1;
}

static void emit_accept(x_listener *listener, int status, x_stream *stream) {
  x_instance *in = listener->base.in;
  napi_handle_scope scope;
  if (!x_enter(in, &scope)) return;
  napi_value argv[2] = {x_number(in->env, status), x_number(in->env, stream == NULL ? 0 : x_handle_id(&stream->base))};
  if (argv[0] != NULL && argv[1] != NULL) x_emit(in, &listener->base.context, X_ON_ACCEPT, 2, argv);
  x_leave(in, scope);
}

static int accept_one(int fd) {
  for (;;) {
#ifdef SOCK_CLOEXEC
    int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
    int accepted = accept(fd, NULL, NULL);
#endif
    if (accepted >= 0) return accepted;
    // The connection went away before it was taken; accept(2) lists the network errors that mean the same on Linux.
    // clang-format off
    switch (errno) {
      case EINTR: case ECONNABORTED: case EPROTO: case ENOPROTOOPT: case EHOSTDOWN: case EHOSTUNREACH:
      case ENETDOWN: case ENETUNREACH:
        continue;
      default:
        return uv_translate_sys_error(errno);
    }
    // clang-format on
  }
}

static void emit_descriptors(x_listener *listener, int status, const int *fds, size_t count) {
  x_emit_fds(listener->base.in, &listener->base.context, X_ON_DESCRIPTORS, status, fds, count);
}

static void deliver(x_listener *listener, int fd) {
  int status;
  x_stream *stream = x_stream_new(listener->base.in, listener->kind, &status);
  if (stream == NULL) {
    close(fd);
    return;
  }
  status = x_stream_take(stream, fd);
  if (status < 0) {
    close(fd);
    x_handle_close(&stream->base, false);
    return;
  }
  emit_accept(listener, 0, stream);
  // Nobody took it: the receiver threw before it could.
  if (stream->base.context.object == NULL) x_handle_close(&stream->base, false);
}

static void on_connections(uv_poll_t *poll, int status, int events);

static void start_polling(x_listener *listener) {
  uv_timer_stop(&listener->timer);
  uv_poll_start(&listener->poll, UV_READABLE, on_connections);
}

static void on_retry(uv_timer_t *timer) {
  x_listener *listener = timer->data;
  if (listener->paused) uv_timer_start(timer, on_retry, IDLE_MS, 0);
  else start_polling(listener);
}

static void wait_instead(x_listener *listener, uint64_t ms) {
  uv_poll_stop(&listener->poll);
  uv_timer_start(&listener->timer, on_retry, ms, 0);
}

static bool is_shortage(int status) {
  return status == UV_EMFILE || status == UV_ENFILE || status == UV_ENOBUFS || status == UV_ENOMEM;
}

// What is no shortage (the socket was shut down under us) is not cured by waiting, but costs little to ask again.
static void on_refusal(x_listener *listener, int status) {
  if (status == UV_EAGAIN) return;
  wait_instead(listener, is_shortage(status) ? RETRY_MS : 10 * RETRY_MS);
  if (listener->short_told) return;
  listener->short_told = true;
  if (listener->bare) emit_descriptors(listener, status, NULL, 0);
  else emit_accept(listener, status, NULL);
}

static int accept_streams(x_listener *listener) {
  for (int i = 0; i < BATCH && !listener->base.closing && !listener->paused; i++) {
    int fd = accept_one(listener->fd);
    if (fd < 0) return fd;
    listener->short_told = false;
    deliver(listener, fd);
  }
  return UV_EAGAIN;
}

// Descriptors are accepted to be sent on, and cost less the more of them go together. Where more than one comes in a
// millisecond, those who take them and those who connect go first if they wait for this processor; if nobody does, this
// comes back at once.
static void let_others_run(x_listener *listener) {
  uint64_t now = uv_now(listener->base.in->loop);
  if (listener->accepted > now - listener->accepted_at) sched_yield();
  listener->accepted_at = now;
}

static int accept_descriptors(x_listener *listener) {
  int fds[DESCRIPTOR_BATCH];
  int count = 0, fd = UV_EAGAIN;
  let_others_run(listener);
  while (count < DESCRIPTOR_BATCH && (fd = accept_one(listener->fd)) >= 0) fds[count++] = fd;
  listener->accepted = (unsigned)count;
  if (count > 0) {
    listener->short_told = false;
    emit_descriptors(listener, 0, fds, (size_t)count);
  }
  return fd < 0 && !listener->base.closing && !listener->paused ? fd : UV_EAGAIN;
}

static void on_connections(uv_poll_t *poll, int status, int events) {
  x_listener *listener = poll->data;
  (void)events;
  // libuv stops polling for an error on the socket itself; taking the next connection tells whether it still serves.
  if (status < 0) wait_instead(listener, RETRY_MS);
  on_refusal(listener, listener->bare ? accept_descriptors(listener) : accept_streams(listener));
}

// listener(kind, object): a new id, or a status.
static napi_value listener(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  int status;
  x_instance *in = x_args(env, info, 2, argv);
  if (in == NULL) return NULL;
  x_kind kind = x_int(env, argv[0]) == X_TCP ? X_TCP : X_PIPE;
  x_listener *made = listener_new(in, kind, &status);
  if (made == NULL) return x_number(env, status);
  if (!x_context_hold(in, &made->base.context, argv[1])) {
    x_handle_close(&made->base, false);
    return x_number(env, UV_ENOMEM);
  }
  return x_number(env, x_handle_id(&made->base));
}

// takeListener(id, fd): the listener takes over a bound or listening socket of its kind.
static napi_value take_listener(napi_env env, napi_callback_info info) {
  x_call call;
  x_kind kind;
  if (!x_call_open(env, info, X_LISTENER, &call)) return x_number(env, UV_EBADF);
  x_listener *taker = (x_listener *)call.handle;
  int fd = x_int(env, call.argv[1]);
  int status = x_socket_kind(fd, true, &kind);
  if (status == 0 && (taker->fd >= 0 || kind != taker->kind)) status = UV_EINVAL;
  if (status == 0) status = x_fd_prepare(fd);
  if (status == 0) taker->fd = fd;
  return x_number(env, status);
}

// listenerKind(fd): 0 for TCP, 1 for a local socket, or why no listener can be made of it.
static napi_value listener_kind(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  x_kind kind;
  if (x_args(env, info, 1, argv) == NULL) return NULL;
  int status = x_socket_kind(x_int(env, argv[0]), true, &kind);
  return x_number(env, status < 0 ? status : (int)kind);
}

// bindListener(id, address, port, flags)
static napi_value bind_listener(napi_env env, napi_callback_info info) {
  x_call call;
  struct sockaddr_storage at;
  if (!x_call_open(env, info, X_LISTENER, &call)) return x_number(env, UV_EBADF);
  x_listener *binder = (x_listener *)call.handle;
  if (binder->kind != X_TCP || binder->fd >= 0) return x_number(env, UV_EINVAL);
  int status = x_tcp_address(env, call.argv[1], call.argv[2], &at);
  if (status == 0) status = x_socket_bind_tcp(&at, x_int(env, call.argv[3]), &binder->fd);
  return x_number(env, status);
}

static int bind_path_to(x_listener *binder, const char *path, size_t length, int mode) {
  struct sockaddr_storage at;
  socklen_t at_length;
  struct stat made;
  int status = x_path_address(path, length, &at, &at_length);
  if (status < 0) return status;
  bool is_file = path[0] != '\0';
  int fd = x_socket_open(AF_UNIX);
  if (fd < 0) return fd;
  // On Linux the file is made with the socket's own mode less the umask, so that it is never wider than asked.
  if (is_file && mode >= 0) (void)fchmod(fd, (mode_t)mode);
  if (bind(fd, (struct sockaddr *)&at, at_length) != 0) {
    // A missing folder is EACCES in all of libuv, and so for programs of Node.
    status = errno == ENOENT ? UV_EACCES : uv_translate_sys_error(errno);
    close(fd);
    return status;
  }
  if (is_file && lstat(path, &made) == 0) {
    binder->device = made.st_dev;
    binder->inode = made.st_ino;
    // The umask may have taken bits that were asked for. Nobody can connect yet: the socket does not listen.
    if (mode >= 0 && (int)(made.st_mode & 07777) != mode && chmod(path, (mode_t)mode) != 0) {
      status = uv_translate_sys_error(errno);
      unlink(path);
      close(fd);
      return status;
    }
  }
  binder->fd = fd;
  return 0;
}

// keepPath(id): the socket file stays when the listener closes.
static napi_value keep_path(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_LISTENER, &call)) return x_number(env, UV_EBADF);
  x_listener *keeper = (x_listener *)call.handle;
  free(keeper->path);
  keeper->path = NULL;
  return x_number(env, 0);
}

// bindPath(id, path, mode or -1, the same path made absolute)
static napi_value bind_path(napi_env env, napi_callback_info info) {
  x_call call;
  size_t length = 0, absolute_length = 0;
  if (!x_call_open(env, info, X_LISTENER, &call)) return x_number(env, UV_EBADF);
  x_listener *binder = (x_listener *)call.handle;
  if (binder->kind != X_PIPE || binder->fd >= 0) return x_number(env, UV_EINVAL);
  char *path = x_text(env, call.argv[1], &length);
  char *absolute = x_text(env, call.argv[3], &absolute_length);
  int status = path == NULL || absolute == NULL ? UV_EINVAL : bind_path_to(binder, path, length, x_int(env, call.argv[2]));
  if (status == 0 && path[0] != '\0') {
    binder->path = absolute;
    absolute = NULL;
  }
  free(path);
  free(absolute);
  return x_number(env, status);
}

// listen(id, backlog, bare): `bare` asks for X_ON_DESCRIPTORS in place of X_ON_ACCEPT.
static napi_value start_listening(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_LISTENER, &call)) return x_number(env, UV_EBADF);
  x_listener *starter = (x_listener *)call.handle;
  if (starter->fd < 0 || starter->listening) return x_number(env, UV_EINVAL);
  if (listen(starter->fd, x_int(env, call.argv[1])) != 0) return x_number(env, uv_translate_sys_error(errno));
  if (starter->kind == X_TCP) x_socket_allow_reuse(starter->fd);
  int status = uv_poll_init(call.in->loop, &starter->poll, starter->fd);
  if (status < 0) return x_number(env, status);
  (void)x_context_bind(call.in, &starter->base.context, starter->kind == X_TCP ? "TCPSERVERWRAP" : "PIPESERVERWRAP");
  starter->poll.data = starter;
  starter->polled = true;
  starter->base.parts++;
  starter->listening = true;
  starter->bare = x_bool(env, call.argv[2]);
  if (starter->unreferenced) uv_unref((uv_handle_t *)&starter->poll);
  start_polling(starter);
  return x_number(env, 0);
}

// setPaused(id, paused)
static napi_value set_paused(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_LISTENER, &call)) return x_number(env, UV_EBADF);
  x_listener *pauser = (x_listener *)call.handle;
  bool paused = x_bool(env, call.argv[1]);
  if (pauser->paused == paused) return x_number(env, 0);
  pauser->paused = paused;
  if (!pauser->listening) return x_number(env, 0);
  if (paused) wait_instead(pauser, IDLE_MS);
  else start_polling(pauser);
  return x_number(env, 0);
}

void x_export_listener(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"listener", listener},         {"takeListener", take_listener}, {"listenerKind", listener_kind},
      {"bindListener", bind_listener}, {"bindPath", bind_path},         {"listen", start_listening},
      {"keepPath", keep_path},         {"setPaused", set_paused},
  };
  X_EXPORT_ALL(env, exports, list);
}
