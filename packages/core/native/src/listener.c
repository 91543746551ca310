// Listeners: an accept loop of our own on uv_poll. libuv's gives up the backlog when descriptors run out; this one
// waits and tries again. It knows no reading and no writing.
#include "x-net.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Connections taken per turn of the loop: one, so that it is served while the next peers go on, and one more for each
// time like this since the last turn that took any, so that a long turn fills no backlog. Bounded, so that a flood of
// them does not starve those that stand.
#define EACH_NS 100000
#define BATCH 256
// Bare descriptors cost less, and travel together (253 fit into one message).
#define DESCRIPTOR_BATCH 128
#define RETRY_MS 100
// Turns that others get before descriptors are accepted; none begins after the longest time.
#define MOST_YIELDS 4
#define LONGEST_YIELD_NS 300000
// A yield that took less has let nobody run: two switches of context take more.
#define SHORTEST_RUN_NS 2000
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
  int held;              // accepted, while there is no memory to make a stream of it; -1: none
  uint64_t taken_at;     // the last turn that accepted streams, by uv_hrtime
  uint64_t accepted_at;  // the last turn that accepted descriptors, by the loop's clock
  unsigned accepted;     // how many
  char *path;  // the socket file that we made; NULL where there is none
  uint64_t device, inode;
  uv_poll_t poll;
  uv_timer_t timer;
} x_listener;

int x_listener_fd(const x_handle *handle) {
  return ((const x_listener *)handle)->fd;
}

void x_listener_ref(x_handle *handle, bool on) {
  x_listener *listener = (x_listener *)handle;
  listener->unreferenced = !on;
  uv_handle_t *parts[] = {(uv_handle_t *)&listener->timer, (uv_handle_t *)&listener->poll};
  for (int i = 0; i < 2; i++) {
    if (!x_part_is_open(parts[i])) continue;
    if (on) uv_ref(parts[i]);
    else uv_unref(parts[i]);
  }
}

// What a path names, without following a link; by the host's libuv, as in socket.c.
static int file_at(const char *path, uv_stat_t *file) {
  uv_fs_t request = {0};
  int status = uv_fs_lstat(NULL, &request, path, NULL);
  if (status == 0) *file = request.statbuf;
  uv_fs_req_cleanup(&request);
  return status;
}

// Only the file that this listener made: a successor's at the same path stays (its device or inode differs).
static void unlink_own_file(x_listener *listener) {
  uv_stat_t now;
  if (listener->path == NULL) return;
  if (file_at(listener->path, &now) == 0 && now.st_dev == listener->device && now.st_ino == listener->inode) {
    unlink(listener->path);
  }
  free(listener->path);
  listener->path = NULL;
}

void x_listener_shut(x_handle *handle) {
  x_listener *listener = (x_listener *)handle;
  unlink_own_file(listener);
  x_part_close(&listener->timer);
  x_part_close(&listener->poll);
  if (listener->held >= 0) close(listener->held);
  listener->held = -1;
  if (listener->fd < 0) return;
  x_fd_belongs(handle->in, listener->fd, X_FD_FREE);
  close(listener->fd);
  listener->fd = -1;
}

// The stream's object, of which JavaScript hears next. NULL: there is none.
static napi_value make_object(const x_listener *listener, const x_stream *stream) {
  x_instance *in = listener->base.in;
  napi_env env = in->env;
  napi_value function, receiver, object, error, id = x_number(env, x_handle_id(&stream->base));
  bool pending = false;
  if (id != NULL && napi_get_reference_value(env, in->events[X_MAKE_STREAM], &function) == napi_ok && function != NULL &&
      napi_get_reference_value(env, listener->base.context.object, &receiver) == napi_ok && receiver != NULL &&
      napi_call_function(env, receiver, function, 1, &id, &object) == napi_ok) {
    return object;
  }
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) (void)napi_get_and_clear_last_exception(env, &error);
  return NULL;
}

static bool emit_accept(x_listener *listener, int status, x_stream *stream) {
  x_instance *in = listener->base.in;
  napi_handle_scope scope;
  napi_value argv[2] = {NULL, NULL};
  bool told = false;
  if (!x_enter(in, &scope)) return false;
  if (stream != NULL) argv[1] = make_object(listener, stream);
  else if (napi_get_null(in->env, &argv[1]) != napi_ok) argv[1] = NULL;
  if (argv[1] != NULL) argv[0] = x_number(in->env, status);
  if (argv[0] != NULL) {
    // In no context of JavaScript's, not in that of `listen`: so it is with node:net.
    if (stream != NULL) (void)x_stream_context(stream, argv[1]);
    told = x_emit(in, &listener->base.context, X_ON_ACCEPT, 2, argv);
  }
  x_leave(in, scope);
  return told;
}

// The connection went away, or was forbidden, before it was taken; accept(2) lists the network errors that mean the same
// on Linux. The next one is there to be taken at once.
static bool is_gone(int error) {
  // clang-format off
  switch (error) {
    case EINTR: case ECONNABORTED: case EPROTO: case ENOPROTOOPT: case EHOSTDOWN: case EHOSTUNREACH: case ENETDOWN:
    case ENETUNREACH: case EPERM: case ETIMEDOUT: case EOPNOTSUPP:
#ifdef ENONET
    case ENONET:
#endif
      return true;
    default:
      return false;
  }
  // clang-format on
}

static int accept_now(int fd) {
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
  return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
  int accepted = accept(fd, NULL, NULL);
  if (accepted < 0) return accepted;
  int status = x_fd_prepare(accepted);
  if (status == 0) return accepted;
  close(accepted);
  errno = ECONNABORTED;
  return -1;
#endif
}

// Where all that come are gone this waits, rather than to hold up the loop.
static int accept_one(int fd) {
  for (int i = 0; i < BATCH; i++) {
    int accepted = accept_now(fd);
    if (accepted >= 0) return accepted;
    if (!is_gone(errno)) return uv_translate_sys_error(errno);
  }
  return UV_ECONNABORTED;
}

static void emit_descriptors(x_listener *listener, int status, const int *fds, size_t count) {
  x_emit_fds(listener->base.in, &listener->base.context, X_ON_DESCRIPTORS, status, false, fds, count);
}

// A shortage leaves the connection with the listener, for the next try; what makes no stream at all is closed. Not 0: no more
// is to be taken now.
static int deliver(x_listener *listener, int fd) {
  int status;
  x_stream *stream = x_stream_new(listener->base.in, listener->kind, &status);
  if (stream != NULL) status = x_stream_take(stream, fd);
  if (status < 0) {
    if (stream != NULL) x_handle_abandon(&stream->base);
    if (x_is_shortage(status)) listener->held = fd;
    else close(fd);
    return x_is_shortage(status) ? status : 0;
  }
  listener->short_told = false;
  if (emit_accept(listener, 0, stream)) return 0;
  // JavaScript could not be called, so nobody has it but the list of streams, which is told. A while later it can, or those
  // that wait are left to whoever else listens on the socket.
  x_handle_close(&stream->base, true);
  return UV_ECONNABORTED;
}

static void on_connections(uv_poll_t *poll, int status, int events);

static void start_polling(x_listener *listener) {
  uv_timer_stop(&listener->timer);
  uv_poll_start(&listener->poll, UV_READABLE, on_connections);
}

static void on_retry(uv_timer_t *timer) {
  x_listener *listener = timer->data;
  if (listener->paused) {
    uv_timer_start(timer, on_retry, IDLE_MS, 0);
    return;
  }
  start_polling(listener);
  // The one that is held makes the socket readable no more.
  if (listener->held >= 0) on_connections(&listener->poll, 0, UV_READABLE);
}

static void wait_instead(x_listener *listener, uint64_t ms) {
  uv_poll_stop(&listener->poll);
  uv_timer_start(&listener->timer, on_retry, ms, 0);
}

// What is no shortage (the socket was shut down under us) is not cured by waiting, but costs little to ask again.
static void on_refusal(x_listener *listener, int status) {
  if (status == UV_EAGAIN) return;
  wait_instead(listener, x_is_shortage(status) || status == UV_ECONNABORTED ? RETRY_MS : 10 * RETRY_MS);
  if (listener->short_told || status == UV_ECONNABORTED) return;
  listener->short_told = true;
  if (listener->bare) emit_descriptors(listener, status, NULL, 0);
  else emit_accept(listener, status, NULL);
}

static int accept_streams(x_listener *listener) {
  uint64_t now = uv_hrtime(), most = 1 + (now - listener->taken_at) / EACH_NS;
  listener->taken_at = now;
  for (uint64_t i = 0; i < most && i < BATCH && !listener->base.closing && !listener->paused; i++) {
    int fd = listener->held >= 0 ? listener->held : accept_one(listener->fd);
    listener->held = -1;
    if (fd >= 0) fd = deliver(listener, fd);
    if (fd < 0) return fd;
  }
  return UV_EAGAIN;
}

// Descriptors are accepted to be sent on, and cost less the more of them go together. Where more than one comes in a
// millisecond, those who take them and those who connect go first while they wait for this processor; if nobody does, this
// comes back at once.
static void let_others_run(x_listener *listener) {
  uint64_t now = uv_now(listener->base.in->loop);
  bool is_busy = listener->accepted > now - listener->accepted_at;
  listener->accepted_at = now;
  if (!is_busy) return;
  uint64_t begun = uv_hrtime(), before, after = begun;
  for (int i = 0; i < MOST_YIELDS && after - begun < LONGEST_YIELD_NS; i++) {
    before = after;
    sched_yield();
    after = uv_hrtime();
    if (after - before < SHORTEST_RUN_NS) return;
  }
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
static int64_t listener(x_call *call) {
  int status;
  x_listener *made = x_handle_new(call->in, X_LISTENER, sizeof(*made), &status);
  if (made == NULL) return status;
  made->kind = call->args[0].number == X_TCP ? X_TCP : X_PIPE;
  made->fd = made->held = -1;
  status = x_part_open(&made->base, &made->timer, uv_timer_init(call->in->loop, &made->timer));
  if (status == 0 && !x_context_hold(call->in, &made->base.context, call->args[1].value)) status = UV_ENOMEM;
  if (status == 0) return x_handle_id(&made->base);
  x_handle_abandon(&made->base);
  return status;
}

static x_listener *listener_of(const x_call *call) {
  return (x_listener *)call->handle;
}

static void own_fd(x_listener *owner, int fd) {
  owner->fd = fd;
  x_fd_belongs(owner->base.in, fd, X_FD_HELD);
}

// takeListener(id, fd): the listener takes over a bound or listening socket of its kind.
static int64_t take_listener(x_call *call) {
  x_kind kind;
  x_listener *taker = listener_of(call);
  int fd = call->args[0].number;
  int status = x_socket_kind(fd, true, &kind);
  if (status == 0 && (taker->fd >= 0 || kind != taker->kind)) status = UV_EINVAL;
  if (status == 0 && x_fd_is_held(call->in, fd)) status = UV_EEXIST;
  if (status == 0) status = x_fd_prepare(fd);
  if (status < 0) return status;
  own_fd(taker, fd);
  return 0;
}

// listenerKind(fd): 0 for TCP, 1 for a local socket, or why no listener can be made of it.
static int64_t listener_kind(x_call *call) {
  x_kind kind;
  int status = x_socket_kind(call->args[0].number, true, &kind);
  return status < 0 ? status : (int)kind;
}

// bindListener(id, address, port, flags)
static int64_t bind_listener(x_call *call) {
  struct sockaddr_storage at;
  x_listener *binder = listener_of(call);
  if (binder->kind != X_TCP || binder->listening) return UV_EINVAL;
  int status = x_tcp_address(call->args[0].text.data, call->args[0].text.length, call->args[1].number, &at);
  int fd;
  if (status < 0) return status;
  // A socket that was taken over; the system refuses one that is bound.
  if (binder->fd >= 0) return x_socket_bind_given(binder->fd, &at, call->args[2].number);
  status = x_socket_bind_tcp(&at, call->args[2].number, &fd);
  if (status == 0) own_fd(binder, fd);
  return status;
}

// The umask may have taken bits that were asked for. Nobody can connect yet: the socket does not listen.
static int widen(const char *path, const uv_stat_t *made, int mode) {
  if (mode < 0 || (int)(made->st_mode & 07777) == mode || chmod(path, (mode_t)mode) == 0) return 0;
  return uv_translate_sys_error(errno);
}

// The socket's descriptor, or a status. `file`: what was made, where the path is that of a file.
static int bind_new(const char *path, size_t length, int mode, uv_stat_t *file) {
  struct sockaddr_storage at;
  socklen_t at_length;
  int status = x_path_address(path, length, &at, &at_length);
  if (status < 0) return status;
  int fd = x_socket_open(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return fd;
  bool is_file = path[0] != '\0';
  // On Linux the file is made with the socket's own mode less the umask, so that it is never wider than asked.
  if (is_file && mode >= 0) (void)fchmod(fd, (mode_t)mode);
  if (bind(fd, (struct sockaddr *)&at, at_length) != 0) {
    // A missing folder is EACCES in all of libuv, and so for programs of Node.
    status = errno == ENOENT ? UV_EACCES : uv_translate_sys_error(errno);
    is_file = false;
  }
  if (status == 0 && is_file) status = file_at(path, file);
  if (status == 0 && is_file) status = widen(path, file, mode);
  if (status == 0) return fd;
  if (is_file) unlink(path);
  close(fd);
  return status;
}

// keepPath(id): the socket file stays when the listener closes.
static int64_t keep_path(x_call *call) {
  x_listener *keeper = listener_of(call);
  free(keeper->path);
  keeper->path = NULL;
  return 0;
}

// bindPath(id, path, mode or -1, the same path made absolute)
static int64_t bind_path(x_call *call) {
  x_listener *binder = listener_of(call);
  const char *path = call->args[0].text.data;
  if (binder->kind != X_PIPE || binder->fd >= 0) return UV_EINVAL;
  uv_stat_t file = {0};
  int fd = bind_new(path, call->args[0].text.length, call->args[1].number, &file);
  if (fd < 0) return fd;
  own_fd(binder, fd);
  if (path[0] == '\0') return 0;
  binder->path = call->args[2].text.data;
  call->args[2].text.data = NULL;
  binder->device = file.st_dev;
  binder->inode = file.st_ino;
  return 0;
}

static int open_poll(x_listener *starter) {
  if (x_part_is_open(&starter->poll)) return 0;
  int status = uv_poll_init(starter->base.in->loop, &starter->poll, starter->fd);
  if (status == UV_EEXIST) {
    // Another handle of this loop watches it, and closes it: libuv aborts where that is done behind its back.
    x_fd_belongs(starter->base.in, starter->fd, X_FD_FREE);
    starter->fd = -1;
  }
  return x_part_open(&starter->base, &starter->poll, status);
}

// listen(id, backlog, bare): `bare` asks for X_ON_DESCRIPTORS in place of X_ON_ACCEPT.
static int64_t start_listening(x_call *call) {
  x_listener *starter = listener_of(call);
  if (starter->fd < 0 || starter->listening) return UV_EINVAL;
  // The poll comes first: from listen(2) on the system takes connections, which somebody must then accept.
  int status = open_poll(starter);
  if (status < 0) return status;
  if (starter->unreferenced) uv_unref((uv_handle_t *)&starter->poll);
  if (listen(starter->fd, call->args[0].number) != 0) return uv_translate_sys_error(errno);
  if (starter->kind == X_TCP) x_socket_allow_reuse(starter->fd);
  (void)x_context_bind(call->in, &starter->base.context, starter->kind == X_TCP ? "TCPSERVERWRAP" : "PIPESERVERWRAP");
  starter->listening = true;
  starter->bare = call->args[1].flag;
  if (starter->paused) wait_instead(starter, IDLE_MS);
  else start_polling(starter);
  return 0;
}

// setPaused(id, paused)
static int64_t set_paused(x_call *call) {
  x_listener *pauser = listener_of(call);
  bool paused = call->args[0].flag;
  if (pauser->paused == paused) return 0;
  pauser->paused = paused;
  if (!pauser->listening) return 0;
  if (paused || pauser->held >= 0) wait_instead(pauser, paused ? IDLE_MS : 0);
  else start_polling(pauser);
  return 0;
}

bool x_export_listener(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"listener", "io", listener, 0},
      {"takeListener", "li", take_listener, UV_EBADF},
      {"listenerKind", "i", listener_kind, 0},
      {"bindListener", "lpii", bind_listener, UV_EBADF},
      {"bindPath", "lpip", bind_path, UV_EBADF},
      {"listen", "lib", start_listening, UV_EBADF},
      {"keepPath", "l", keep_path, UV_EBADF},
      {"setPaused", "lb", set_paused, UV_EBADF},
  };
  return X_EXPORT_ALL(env, exports, list);
}
