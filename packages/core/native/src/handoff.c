// Channels: bytes and descriptors over a Unix-domain stream (SCM_RIGHTS, unix(7)). Descriptors travel with the first byte
// of their message and are attached once, also where the message goes out in parts. A shortage in the system ends
// nothing: it is told once, and a timer tries again. It knows no framing.
#include "x-net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

// Messages taken per turn of the loop.
#define BATCH 32
#define RETRY_MS 10

typedef struct queued_send {
  struct queued_send *next;
  x_context context;
  int fds[X_MOST_FDS];
  uint32_t fd_count;
  size_t length;
  size_t sent;
  char data[];
} queued_send;

typedef struct {
  x_handle base;
  int fd;
  bool receiving;
  int polled;  // the events that are polled for
  int short_of;    // the events that wait for the timer, as the system is short of something
  int short_told;  // the events whose shortage was told, until one of them succeeds
  queued_send *first, *last;
  uv_poll_t poll;
  uv_timer_t timer;
} x_channel;

// Room for the descriptors, and for what else the socket may have been told to bring (credentials, labels).
typedef union {
  struct cmsghdr header;
  char space[CMSG_SPACE(sizeof(int) * X_MOST_FDS) + 512];
} fd_space;

int x_channel_fd(const x_handle *handle) {
  return ((const x_channel *)handle)->fd;
}

void x_channel_ref(x_handle *handle, bool on) {
  x_channel *channel = (x_channel *)handle;
  uv_handle_t *parts[] = {(uv_handle_t *)&channel->poll, (uv_handle_t *)&channel->timer};
  for (int i = 0; i < 2; i++) {
    if (on) uv_ref(parts[i]);
    else uv_unref(parts[i]);
  }
}

void x_channel_shut(x_handle *handle) {
  x_channel *channel = (x_channel *)handle;
  x_part_close(&channel->poll);
  x_part_close(&channel->timer);
  if (channel->fd < 0) return;
  x_fd_belongs(handle->in, channel->fd, X_FD_FREE);
  close(channel->fd);
  channel->fd = -1;
}

static void finish_first(x_channel *channel, int status) {
  queued_send *done = channel->first;
  x_instance *in = channel->base.in;
  channel->first = done->next;
  if (channel->first == NULL) channel->last = NULL;
  x_emit_status(in, &done->context, X_ON_WRITTEN, status);
  x_context_close(in, &done->context);
  free(done);
}

// Before the channel tells that it has closed.
void x_channel_cancel(x_handle *handle) {
  x_channel *channel = (x_channel *)handle;
  while (channel->first != NULL) finish_first(channel, UV_ECANCELED);
}

// The bytes sent, or a status: UV_EAGAIN where the socket takes none now.
static ssize_t send_some(int fd, const char *data, size_t length, const int *fds, uint32_t fd_count) {
  fd_space space;
  struct iovec part = {.iov_base = (char *)data, .iov_len = length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd_count > 0) {
    memset(&space, 0, sizeof(space));
    message.msg_control = space.space;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
  }
#ifdef MSG_NOSIGNAL
  const int flags = MSG_NOSIGNAL;
#else
  const int flags = 0;
#endif
  ssize_t sent;
  do sent = sendmsg(fd, &message, flags);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? uv_translate_sys_error(errno) : sent;
}

static void on_ready(uv_poll_t *poll, int status, int events);
static void on_retry(uv_timer_t *timer);

static void update_poll(x_channel *channel) {
  if (channel->base.closing) return;
  int events = (channel->receiving ? UV_READABLE : 0) | (channel->first != NULL ? UV_WRITABLE : 0);
  if ((events & channel->short_of) != 0 && !uv_is_active((uv_handle_t *)&channel->timer)) {
    uv_timer_start(&channel->timer, on_retry, RETRY_MS, 0);
  }
  events &= ~channel->short_of;
  if (events == channel->polled) return;  // libuv would take the descriptor out and put it in again
  channel->polled = events;
  if (events == 0) uv_poll_stop(&channel->poll);
  else uv_poll_start(&channel->poll, events, on_ready);
}

static void on_retry(uv_timer_t *timer) {
  x_channel *channel = timer->data;
  channel->short_of = 0;
  update_poll(channel);
}

// What a try of `event` came to. False: nothing was moved, and it is to be tried again, once the socket is ready or the
// timer has run.
static bool moved(x_channel *channel, int event, ssize_t result) {
  if (result == UV_EAGAIN) return false;
  if (x_is_shortage((int)result)) {
    channel->short_of |= event;
    return false;
  }
  channel->short_of &= ~event;
  channel->short_told &= ~event;
  return true;
}

// Once for each shortage, from a callback of the loop.
static void tell_shortage(x_channel *channel, int event, int status) {
  if (status == UV_EAGAIN || (channel->short_told & event) != 0) return;
  channel->short_told |= event;
  x_emit_status(channel->base.in, &channel->base.context, X_ON_SHORTAGE, status);
}

static void send_queued(x_channel *channel) {
  while (channel->first != NULL && !channel->base.closing) {
    queued_send *next = channel->first;
    uint32_t fd_count = next->sent == 0 ? next->fd_count : 0;
    ssize_t sent = send_some(channel->fd, next->data + next->sent, next->length - next->sent, next->fds, fd_count);
    if (!moved(channel, UV_WRITABLE, sent)) {
      tell_shortage(channel, UV_WRITABLE, (int)sent);
      return;
    }
    if (sent > 0) next->sent += (size_t)sent;
    if (sent < 0 || next->sent == next->length) finish_first(channel, sent < 0 ? (int)sent : 0);
  }
}

static void close_all(const int *fds, size_t count) {
  for (size_t i = 0; i < count; i++) close(fds[i]);
}

typedef struct {
  int fds[X_MOST_FDS];
  size_t count;
  bool truncated;  // there were more, or others: the system had no room for them, and nobody has any
} arrived_fds;

// The descriptors that came with a message. Where the system could not hand over all of them (MSG_CTRUNC: this process
// is at its limit), those that came are closed, so that the receiver gets none rather than some.
static void take_fds(struct msghdr *message, arrived_fds *arrived) {
  arrived->count = 0;
  arrived->truncated = (message->msg_flags & MSG_CTRUNC) != 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < here; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      if (arrived->count < X_MOST_FDS) arrived->fds[arrived->count++] = fd;
      else close(fd);
    }
  }
#ifndef MSG_CMSG_CLOEXEC
  for (size_t i = 0; i < arrived->count; i++) {
    if (x_fd_prepare(arrived->fds[i]) < 0) arrived->truncated = true;
  }
#endif
  if (!arrived->truncated) return;
  close_all(arrived->fds, arrived->count);
  arrived->count = 0;
}

// The size of the next message, UV_EOF, UV_EAGAIN where there is none, or another status.
static ssize_t receive_message(const x_channel *channel, char *data, size_t length, arrived_fds *arrived) {
  fd_space space;
  struct iovec part = {.iov_base = data, .iov_len = length};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = space.space, .msg_controllen = sizeof(space.space)};
  ssize_t size;
#ifdef MSG_CMSG_CLOEXEC
  const int flags = MSG_CMSG_CLOEXEC;
#else
  const int flags = 0;
#endif
  do size = recvmsg(channel->fd, &message, flags);
  while (size < 0 && errno == EINTR);
  arrived->count = 0;
  arrived->truncated = false;
  if (size < 0) return uv_translate_sys_error(errno);
  take_fds(&message, arrived);
  return size == 0 ? UV_EOF : size;
}

// False: there is no more for now.
static bool receive_one(x_channel *channel) {
  arrived_fds arrived;
  ssize_t size = receive_message(channel, channel->base.in->scratch, X_READ_SIZE, &arrived);
  if (!moved(channel, UV_READABLE, size)) {
    tell_shortage(channel, UV_READABLE, (int)size);
    return false;
  }
  if (size < 0) channel->receiving = false;
  x_emit_fds(channel->base.in, &channel->base.context, X_ON_MESSAGE, size, arrived.truncated, arrived.fds, arrived.count);
  // What came without descriptors and did not fill the buffer was all that there was: reads stop at descriptors only.
  return arrived.count > 0 || arrived.truncated || size == X_READ_SIZE;
}

// With a status below 0 libuv has stopped polling for an error on the socket: the calls themselves tell which.
static void on_ready(uv_poll_t *poll, int status, int events) {
  x_channel *channel = poll->data;
  if (status < 0) {
    events = UV_READABLE | UV_WRITABLE;
    channel->polled = 0;
  }
  if ((events & UV_WRITABLE) != 0) send_queued(channel);
  if ((events & UV_READABLE) != 0) {
    for (int i = 0; i < BATCH && channel->receiving && !channel->base.closing; i++) {
      if (!receive_one(channel)) break;
    }
  }
  update_poll(channel);
}

// channel(fd, object): takes over a connected Unix-domain stream; a new id, or a status. On failure the descriptor stays
// the caller's.
static int64_t channel(x_call *call) {
  x_kind kind;
  int fd = call->args[0].number;
  int status = x_socket_kind(fd, false, &kind);
  if (status == 0 && (kind != X_PIPE || !x_is_socket(fd))) status = kind == X_PIPE ? UV_ENOTSOCK : UV_EINVAL;
  if (status == 0 && x_fd_is_held(call->in, fd)) status = UV_EEXIST;
  if (status == 0) status = x_fd_prepare(fd);
  if (status < 0) return status;
  x_channel *made = x_handle_new(call->in, X_CHANNEL, sizeof(*made), &status);
  if (made == NULL) return status;
  made->fd = -1;
  uv_loop_t *loop = call->in->loop;
  status = x_part_open(&made->base, &made->poll, uv_poll_init(loop, &made->poll, fd));
  if (status == 0) status = x_part_open(&made->base, &made->timer, uv_timer_init(loop, &made->timer));
  if (status == 0 && !x_context_open(call->in, &made->base.context, call->args[1].value, "XCHANNELWRAP")) {
    status = UV_ENOMEM;
  }
  if (status < 0) {
    x_handle_abandon(&made->base);
    return status;
  }
  made->fd = fd;
  x_fd_belongs(call->in, fd, X_FD_HELD);
  return x_handle_id(&made->base);
}

static x_channel *channel_of(const x_call *call) {
  return (x_channel *)call->handle;
}

// trySend(id, data, count): with the first `count` of the list. The bytes that went out at once (with them the
// descriptors), 0 for none now, or a status.
static int64_t try_send(x_call *call) {
  x_channel *sender = channel_of(call);
  uv_buf_t data = call->args[0].bytes;
  uint32_t count = (uint32_t)call->args[1].size;
  if (data.len == 0 && count > 0) return UV_EINVAL;
  if (sender->first != NULL || data.len == 0) return 0;
  ssize_t sent = send_some(sender->fd, data.base, data.len, call->in->passed, count);
  // A shortage is told when the message is tried again, out of the queue.
  return moved(sender, UV_WRITABLE, sent) ? sent : 0;
}

// queueSend(id, request, data, count, skip): the rest of a message, after its first `skip` bytes.
static int64_t queue_send(x_call *call) {
  x_channel *sender = channel_of(call);
  uv_buf_t data = call->args[1].bytes;
  uint32_t count = (uint32_t)call->args[2].size;
  size_t skip = (size_t)call->args[3].size;
  if (skip > data.len) return UV_EINVAL;
  if (data.len == 0 && count > 0) return UV_EINVAL;
  queued_send *item = calloc(1, sizeof(*item) + data.len - skip);
  if (item == NULL) return UV_ENOMEM;
  if (!x_context_open(call->in, &item->context, call->args[0].value, "WRITEWRAP")) {
    free(item);
    return UV_ENOMEM;
  }
  item->length = data.len - skip;
  if (item->length > 0) memcpy(item->data, data.base + skip, item->length);
  item->fd_count = skip == 0 ? count : 0;
  memcpy(item->fds, call->in->passed, item->fd_count * sizeof(int));
  if (sender->last != NULL) sender->last->next = item;
  else sender->first = item;
  sender->last = item;
  update_poll(sender);
  return 0;
}

// receive(id, on)
static int64_t receive(x_call *call) {
  x_channel *receiver = channel_of(call);
  receiver->receiving = call->args[0].flag;
  update_poll(receiver);
  return 0;
}

// receiveInto(id, buffer): the size of a message that has come, with its descriptors in the list, or a status. The last
// place of the list says whether they were cut off.
static int64_t receive_into(x_call *call) {
  uv_buf_t into = call->args[0].bytes;
  arrived_fds arrived;
  if (into.len == 0) return UV_EINVAL;
  x_channel *receiver = channel_of(call);
  ssize_t size = receive_message(receiver, into.base, into.len, &arrived);
  x_fds_came(call->in, arrived.fds, arrived.count);
  x_list_fds(call->in->passed, arrived.fds, arrived.count);
  call->in->passed[X_FD_SLOTS - 1] = arrived.truncated;
  bool came = moved(receiver, UV_READABLE, size);
  if (came && size < 0) receiver->receiving = false;
  update_poll(receiver);
  return came ? size : UV_EAGAIN;
}

// sendDatagram(path, data, passed): one datagram to the socket at the path, with descriptors; a status. It does not wait.
static int64_t send_datagram(x_call *call) {
  const x_arg *path = &call->args[0], *data = &call->args[1];
  struct sockaddr_storage to;
  socklen_t to_length;
  int status = x_path_address(path->text.data, path->text.length, &to, &to_length);
  if (status < 0) return status;
  int fd = x_socket_open(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) return fd;
  if (connect(fd, (struct sockaddr *)&to, to_length) != 0) {
    status = uv_translate_sys_error(errno);
  } else {
    ssize_t sent = send_some(fd, data->bytes.base, data->bytes.len, call->in->passed, (uint32_t)call->args[2].size);
    status = sent < 0 ? (int)sent : 0;
  }
  close(fd);
  return status;
}

bool x_export_handoff(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"channel", "io", channel, 0},
      {"trySend", "cBf", try_send, UV_EBADF},
      {"queueSend", "coBfn", queue_send, UV_EBADF},
      {"receive", "cb", receive, UV_EBADF},
      {"receiveInto", "cB", receive_into, UV_EBADF},
      {"sendDatagram", "pBf", send_datagram, 0},
  };
  return X_EXPORT_ALL(env, exports, list);
}
