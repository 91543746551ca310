// Writing: first what the system takes at once, then the rest as a queued request. It knows no reading.
#include "x-net.h"

#include <errno.h>
#include <poll.h>
#ifdef __linux__
#include <sys/sendfile.h>
#endif

// The bytes that the system took, 0 where it takes none now, or a status.
static int64_t try_write(x_stream *stream, const uv_buf_t *list, uint32_t count) {
  int failure = x_splice_failure(stream);
  if (failure < 0) return failure;
  if (stream->state == X_CONNECTING) return 0;
  if (stream->state == X_IDLE) return UV_ENOTCONN;
  if (count == 0) return 0;
  int result = uv_try_write(&stream->uv.stream, list, count);
  return result == UV_EAGAIN ? 0 : result;
}

// Bytes of one buffer. Of sockets that wait for nothing send(2) takes them: write(2), which libuv calls, does the same by a
// longer way through the system (80 ns of 3 us on Linux 6.18). `last`: the end of our side follows at once, and the system holds
// the bytes for it (MSG_MORE), so that both are one segment. A segment is most of what a short connection costs.
static int64_t try_send(x_stream *stream, const uv_buf_t *bytes, bool last) {
#ifdef MSG_MORE
  bool is_free = stream->kind == X_TCP && stream->state == X_CONNECTED && !stream->connect_pending &&
                 !x_splice_writes(stream) && bytes->len > 0 &&
                 uv_stream_get_write_queue_size(&stream->uv.stream) == 0;
  if (is_free) {
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (last ? MSG_MORE : 0);
    ssize_t size;
    do size = send(x_stream_fd(stream), bytes->base, bytes->len, flags);
    while (size < 0 && errno == EINTR);
    if (size < 0) return errno == EAGAIN || errno == ENOBUFS ? 0 : uv_translate_sys_error(errno);
    if (last) stream->last_held = (size_t)size == bytes->len;
    return size;
  }
#endif
  return try_write(stream, bytes, 1);
}

// tryWrite(id, chunk, last): `last` says that `shutdown` follows in the same turn.
static int64_t try_write_one(x_call *call) {
  return try_send(x_stream_of(call), &call->args[0].bytes, call->args[1].flag);
}

// tryWritev(id, chunks)
static int64_t try_write_many(x_call *call) {
  return try_write(x_stream_of(call), call->chunks, call->chunk_count);
}

static void on_written(uv_write_t *uv_request, int status) {
  x_request_done(uv_request->data, X_ON_WRITTEN, status);
}

static void skip_bytes(uv_buf_t **list, uint32_t *count, size_t skip) {
  while (*count > 0 && skip >= (*list)->len) {
    skip -= (*list)->len;
    (*list)++, (*count)--;
  }
  if (skip == 0 || *count == 0) return;
  (*list)->base += skip;
  (*list)->len -= skip;
}

// queueWrite(id, request, chunks, skip): all but the first `skip` bytes. The request's object keeps the chunks.
static int64_t queue_write(x_call *call) {
  x_stream *stream = x_stream_of(call);
  if (stream->state == X_IDLE) return UV_ENOTCONN;
  uv_buf_t *list = call->chunks, nothing = uv_buf_init(NULL, 0);
  uint32_t count = call->chunk_count;
  skip_bytes(&list, &count, (size_t)call->args[2].size);
  // libuv wants at least one buffer; an empty one is answered in its turn.
  if (count == 0) list = &nothing, count = 1;
  x_request *request = x_request_new(stream, call->args[0].value, "WRITEWRAP");
  if (request == NULL) return UV_ENOMEM;
  int status = uv_write(&request->uv.write, &stream->uv.stream, list, count, on_written);
  if (status < 0) x_request_free(request);
  return status;
}

// sendFile(id, fd, offset, size): the bytes that the system took from the file, 0 at its end, or a status.
static int64_t send_file(x_call *call) {
  x_stream *stream = x_stream_of(call);
  if (stream->state != X_CONNECTED) return UV_ENOTCONN;
  if (uv_stream_get_write_queue_size(&stream->uv.stream) > 0) return UV_EAGAIN;
#ifdef __linux__
  off_t offset = call->args[1].size;
  ssize_t sent = sendfile(x_stream_fd(stream), call->args[0].number, &offset, (size_t)call->args[2].size);
  // Of what cannot be sent in this way (a file system, a kind of descriptor) reading tells the reason, or does it.
  if (sent < 0 && (errno == EINVAL || errno == ENOSYS)) return UV_ENOTSUP;
  if (sent < 0 && errno == EINTR) return UV_EAGAIN;
  return sent < 0 ? uv_translate_sys_error(errno) : sent;
#else
  return UV_ENOTSUP;
#endif
}

// hasPeerLeft(id): 1 where the other end has ended or failed, whether or not the loop has heard of it.
static int64_t has_peer_left(x_call *call) {
  short gone = POLLHUP | POLLERR;
#ifdef POLLRDHUP
  gone |= POLLRDHUP;
#endif
  struct pollfd look = {.fd = x_stream_fd(x_stream_of(call)), .events = gone};
  return poll(&look, 1, 0) > 0 && (look.revents & gone) != 0;
}

// writeQueueSize(id)
static int64_t write_queue_size(x_call *call) {
  return (int64_t)uv_stream_get_write_queue_size(&x_stream_of(call)->uv.stream);
}

bool x_export_write(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"tryWrite", "sBb", try_write_one, UV_EBADF},
      {"tryWritev", "sC", try_write_many, UV_EBADF},
      {"queueWrite", "soCn", queue_write, UV_EBADF},
      {"sendFile", "sinn", send_file, UV_EBADF},
      {"hasPeerLeft", "s", has_peer_left, 0},
      {"writeQueueSize", "s", write_queue_size, 0},
  };
  return X_EXPORT_ALL(env, exports, list);
}
