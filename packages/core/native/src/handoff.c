// Channels: bytes and descriptors over a Unix-domain stream (SCM_RIGHTS, unix(7)). Descriptors travel with the first byte
// of their message and are attached once, also where the message goes out in parts. It knows no framing.
#include "x-net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

// The kernel's own limit for one message (SCM_MAX_FD).
#define MOST_FDS 253
// Messages taken per turn of the loop.
#define BATCH 32

typedef struct queued_send {
  struct queued_send *next;
  x_context context;
  int fds[MOST_FDS];
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
  queued_send *first, *last;
  uv_poll_t poll;
} x_channel;

typedef union {
  struct cmsghdr header;
  char space[CMSG_SPACE(sizeof(int) * MOST_FDS)];
} fd_space;

int x_channel_fd(const x_handle *handle) {
  return ((const x_channel *)handle)->fd;
}

void x_channel_ref(x_handle *handle, bool on) {
  uv_handle_t *poll = (uv_handle_t *)&((x_channel *)handle)->poll;
  if (on) uv_ref(poll);
  else uv_unref(poll);
}

void x_channel_shut(x_handle *handle) {
  x_channel *channel = (x_channel *)handle;
  uv_close((uv_handle_t *)&channel->poll, x_part_closed);
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

// The bytes sent, 0 where the socket takes none now, or a status.
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
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : uv_translate_sys_error(errno);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void update_poll(x_channel *channel) {
  if (channel->base.closing) return;
  int events = (channel->receiving ? UV_READABLE : 0) | (channel->first != NULL ? UV_WRITABLE : 0);
  if (events == channel->polled) return;  // libuv would take the descriptor out and put it in again
  channel->polled = events;
  if (events == 0) uv_poll_stop(&channel->poll);
  else uv_poll_start(&channel->poll, events, on_ready);
}

static void send_queued(x_channel *channel) {
  while (channel->first != NULL && !channel->base.closing) {
    queued_send *next = channel->first;
    uint32_t fd_count = next->sent == 0 ? next->fd_count : 0;
    ssize_t sent = send_some(channel->fd, next->data + next->sent, next->length - next->sent, next->fds, fd_count);
    if (sent == 0) return;
    if (sent > 0) next->sent += (size_t)sent;
    if (sent < 0 || next->sent == next->length) finish_first(channel, sent < 0 ? (int)sent : 0);
  }
}

static void close_all(const int *fds, size_t count) {
  for (size_t i = 0; i < count; i++) close(fds[i]);
}

// The descriptors that came with a message. Where the system could not hand over all of them (MSG_CTRUNC: this process
// is at its limit), those that came are closed, so that the receiver sees none rather than some.
static size_t take_fds(struct msghdr *message, int *fds) {
  size_t count = 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds + count, CMSG_DATA(header), here * sizeof(int));
    count += here;
  }
  if ((message->msg_flags & MSG_CTRUNC) == 0) return count;
  close_all(fds, count);
  return 0;
}

// The size of the next message, UV_EOF, UV_EAGAIN where there is none, or another status; its descriptors in `fds`.
static ssize_t receive_message(const x_channel *channel, char *data, size_t length, int *fds, size_t *fd_count) {
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
  *fd_count = 0;
  if (size < 0) return uv_translate_sys_error(errno);
  if (size == 0) return UV_EOF;
  *fd_count = take_fds(&message, fds);
#ifndef MSG_CMSG_CLOEXEC
  for (size_t i = 0; i < *fd_count; i++) (void)x_fd_prepare(fds[i]);
#endif
  return size;
}

// False: there is no more for now.
static bool receive_one(x_channel *channel) {
  int fds[MOST_FDS];
  size_t count;
  ssize_t size = receive_message(channel, channel->base.in->scratch, X_READ_SIZE, fds, &count);
  if (size == UV_EAGAIN) return false;
  if (size < 0) channel->receiving = false;
  x_emit_fds(channel->base.in, &channel->base.context, X_ON_MESSAGE, size, fds, count);
  // What came without descriptors and did not fill the buffer was all that there was: reads stop at descriptors only.
  return count > 0 || size == X_READ_SIZE;
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

// channel(fd, object): takes over a connected Unix-domain stream; a new id, or a status.
static napi_value channel(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  x_kind kind;
  x_instance *in = x_args(env, info, 2, argv);
  if (in == NULL) return NULL;
  int fd = x_int(env, argv[0]);
  int status = x_socket_kind(fd, false, &kind);
  if (status == 0 && (kind != X_PIPE || !x_is_socket(fd))) status = kind == X_PIPE ? UV_ENOTSOCK : UV_EINVAL;
  if (status == 0) status = x_fd_prepare(fd);
  if (status < 0) return x_number(env, status);
  x_channel *made = calloc(1, sizeof(*made));
  if (made == NULL) return x_number(env, UV_ENOMEM);
  status = x_handle_init(in, &made->base, X_CHANNEL);
  if (status < 0) {
    free(made);
    return x_number(env, status);
  }
  status = uv_poll_init(in->loop, &made->poll, fd);
  if (status < 0) {
    x_handle_undo(&made->base);
    return x_number(env, status);
  }
  made->poll.data = made;
  made->fd = fd;
  made->base.parts = 1;
  if (x_context_open(in, &made->base.context, argv[1], "XCHANNELWRAP")) return x_number(env, x_handle_id(&made->base));
  x_handle_close(&made->base, false);
  return x_number(env, UV_ENOMEM);
}

// trySend(id, data, count): with the first `count` of the list. The bytes that went out at once (with them the
// descriptors), 0 for none now, or a status.
static napi_value try_send(napi_env env, napi_callback_info info) {
  x_call call;
  uv_buf_t data;
  uint32_t count;
  if (!x_call_open(env, info, X_CHANNEL, &call)) return x_number(env, UV_EBADF);
  x_channel *sender = (x_channel *)call.handle;
  if (!x_bytes(env, call.argv[1], &data)) return x_number(env, UV_EINVAL);
  if (!x_passed_count(env, call.argv[2], MOST_FDS, &count)) return x_number(env, UV_EINVAL);
  if (data.len == 0 && count > 0) return x_number(env, UV_EINVAL);
  if (sender->first != NULL || data.len == 0) return x_number(env, 0);
  return x_number(env, send_some(sender->fd, data.base, data.len, call.in->passed, count));
}

// queueSend(id, request, data, count, skip): the rest of a message, after its first `skip` bytes.
static napi_value queue_send(napi_env env, napi_callback_info info) {
  x_call call;
  uv_buf_t data;
  uint32_t count;
  if (!x_call_open(env, info, X_CHANNEL, &call)) return x_number(env, UV_EBADF);
  x_channel *sender = (x_channel *)call.handle;
  size_t skip = (size_t)x_int64(env, call.argv[4]);
  if (!x_bytes(env, call.argv[2], &data) || skip > data.len) return x_number(env, UV_EINVAL);
  if (!x_passed_count(env, call.argv[3], MOST_FDS, &count)) return x_number(env, UV_EINVAL);
  queued_send *item = calloc(1, sizeof(*item) + data.len - skip);
  if (item == NULL) return x_number(env, UV_ENOMEM);
  if (!x_context_open(call.in, &item->context, call.argv[1], "WRITEWRAP")) {
    free(item);
    return x_number(env, UV_ENOMEM);
  }
  item->length = data.len - skip;
  if (item->length > 0) memcpy(item->data, data.base + skip, item->length);
  item->fd_count = skip == 0 ? count : 0;
  memcpy(item->fds, call.in->passed, item->fd_count * sizeof(int));
  if (sender->last != NULL) sender->last->next = item;
  else sender->first = item;
  sender->last = item;
  update_poll(sender);
  return x_number(env, 0);
}

// receive(id, on)
static napi_value receive(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_CHANNEL, &call)) return x_number(env, UV_EBADF);
  x_channel *receiver = (x_channel *)call.handle;
  receiver->receiving = x_bool(env, call.argv[1]);
  update_poll(receiver);
  return x_number(env, 0);
}

// receiveInto(id, buffer): the size of a message that has come, with its descriptors in the list, or a status.
static napi_value receive_into(napi_env env, napi_callback_info info) {
  x_call call;
  uv_buf_t into;
  int fds[MOST_FDS];
  size_t count = 0;
  if (!x_call_open(env, info, X_CHANNEL, &call)) return x_number(env, UV_EBADF);
  if (!x_bytes(env, call.argv[1], &into) || into.len == 0) return x_number(env, UV_EINVAL);
  x_channel *receiver = (x_channel *)call.handle;
  ssize_t size = receive_message(receiver, into.base, into.len, fds, &count);
  x_list_fds(call.in->passed, fds, count);
  if (size < 0 && size != UV_EAGAIN) receiver->receiving = false;
  update_poll(receiver);
  return x_number(env, size);
}

void x_export_handoff(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"channel", channel}, {"trySend", try_send},       {"queueSend", queue_send},
      {"receive", receive}, {"receiveInto", receive_into}};
  X_EXPORT_ALL(env, exports, list);
}
