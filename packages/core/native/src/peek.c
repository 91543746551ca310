// Watchers: tell when something has come on sockets that stay the caller's, whose bytes are looked at and left where they are
// (MSG_PEEK, recv(2)). A watcher polls a set of descriptors as one, edge by edge (epoll(7)): what has been looked at and is
// still there wakes nobody. Linux only.
#include "x-net.h"

#ifdef __linux__

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

// Descriptors told of in one event: a list's room without its end.
#define BATCH (X_FD_SLOTS - 1)
#define MOST_TOKEN (INT32_MAX >> 1)

typedef struct {
  x_handle base;
  int set;
  uv_poll_t poll;
} x_watcher;

void x_watcher_shut(x_handle *handle) {
  x_watcher *watcher = (x_watcher *)handle;
  x_part_close(&watcher->poll);
  if (watcher->set < 0) return;
  close(watcher->set);
  watcher->set = -1;
}

// Each is told as its token, and in the lowest bit whether the other end has ended or failed.
static void on_ready(uv_poll_t *poll, int status, int events) {
  x_watcher *watcher = poll->data;
  x_instance *in = watcher->base.in;
  struct epoll_event ready[BATCH];
  int told[BATCH];
  (void)events;
  int count = status < 0 ? 0 : epoll_wait(watcher->set, ready, BATCH, 0);
  if (count <= 0) return;
  for (int i = 0; i < count; i++) {
    bool ended = (ready[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    told[i] = (int)(ready[i].data.u32 << 1) | ended;
  }
  x_list_fds(in->told, told, (size_t)count);
  x_emit_status(in, &watcher->base.context, X_ON_READABLE, count);
}

// watcher(object): a new id, or a status. It keeps no process alive.
static int64_t watcher(x_call *call) {
  int status;
  x_watcher *made = x_handle_new(call->in, X_WATCHER, sizeof(*made), &status);
  if (made == NULL) return status;
  made->set = epoll_create1(EPOLL_CLOEXEC);
  status = made->set < 0 ? uv_translate_sys_error(errno) : 0;
  if (status == 0) {
    status = x_part_open(&made->base, &made->poll, uv_poll_init(call->in->loop, &made->poll, made->set));
  }
  if (status == 0) status = uv_poll_start(&made->poll, UV_READABLE, on_ready);
  if (status == 0 && !x_context_open(call->in, &made->base.context, call->args[0].value, "XWATCHERWRAP")) {
    status = UV_ENOMEM;
  }
  if (status < 0) {
    x_handle_abandon(&made->base);
    return status;
  }
  uv_unref((uv_handle_t *)&made->poll);
  return x_handle_id(&made->base);
}

// watch(id, fd, token): from now on, until `unwatch`; what has come before is told as well.
static int64_t watch(x_call *call) {
  const x_watcher *watcher = (const x_watcher *)call->handle;
  int32_t token = call->args[1].number;
  if (token < 0 || token > MOST_TOKEN) return UV_EINVAL;
  struct epoll_event wanted = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.u32 = (uint32_t)token}};
  return epoll_ctl(watcher->set, EPOLL_CTL_ADD, call->args[0].number, &wanted) == 0 ? 0 : uv_translate_sys_error(errno);
}

// unwatch(id, fd): while the descriptor is still open; another process that has the socket would keep it in the set.
static int64_t unwatch(x_call *call) {
  const x_watcher *watcher = (const x_watcher *)call->handle;
  struct epoll_event none = {0};
  return epoll_ctl(watcher->set, EPOLL_CTL_DEL, call->args[0].number, &none) == 0 ? 0 : uv_translate_sys_error(errno);
}

// peek(fd, buffer): how much of it is filled, UV_EOF where nothing came before the end, or another status.
static int64_t peek(x_call *call) {
  uv_buf_t into = call->args[1].bytes;
  ssize_t size;
  if (into.len == 0) return UV_EINVAL;
  do size = recv(call->args[0].number, into.base, into.len, MSG_PEEK | MSG_DONTWAIT);
  while (size < 0 && errno == EINTR);
  if (size < 0) return uv_translate_sys_error(errno);
  return size == 0 ? UV_EOF : size;
}

bool x_export_peek(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"watcher", "o", watcher, 0},
      {"watch", "wii", watch, UV_EBADF},
      {"unwatch", "wi", unwatch, UV_EBADF},
      {"peek", "iB", peek, 0},
  };
  return X_EXPORT_ALL(env, exports, list);
}

#else

void x_watcher_shut(x_handle *handle) {
  (void)handle;
}

bool x_export_peek(napi_env env, napi_value exports) {
  (void)env;
  (void)exports;
  return true;
}

#endif
