// Relays: bytes between two streams without leaving the kernel, by splice(2) through a pipe for each direction. The end
// of one side is passed on to the other; a side that takes nothing holds up only what flows to it. It works on
// duplicates of the descriptors, so that libuv's own polling of the streams stays apart. Linux only.
#include "x-net.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIPE_SIZE (256 * 1024)
// Splices of one direction per turn of the loop.
#define TURNS 16

// From `from` to the other side.
typedef struct {
  int pipe[2];
  size_t held;  // bytes in the pipe
  bool ended;   // `from` has ended
  bool passed;  // and the other side was told
} x_flow;

typedef struct {
  x_stream *stream;  // NULL once it is closing
  int fd;
  uv_poll_t poll;
} x_side;

struct x_relay {
  x_handle base;
  x_side sides[2];
  x_flow flows[2];  // flows[i] starts at sides[i]
  int status;
  bool told;
};

static void close_fds(const x_relay *relay);

static void end(x_relay *relay, int status) {
  if (relay->base.closing) return;
  relay->status = status;
  x_handle_close(&relay->base, false);
}

// The streams are free again, and the outcome is told.
void x_relay_settle(x_relay *relay) {
  if (relay->told) return;
  relay->told = true;
  for (int i = 0; i < 2; i++) {
    if (relay->sides[i].stream != NULL) relay->sides[i].stream->relay = NULL;
    relay->sides[i].stream = NULL;
  }
  x_emit_status(relay->base.in, &relay->base.context, X_ON_RELAYED, relay->status);
}

void x_relay_cancel(x_relay *relay) {
  end(relay, UV_ECANCELED);
}

void x_relay_shut(x_handle *handle) {
  x_relay *relay = (x_relay *)handle;
  if (relay->status == 0 && !(relay->flows[0].passed && relay->flows[1].passed)) relay->status = UV_ECANCELED;
  for (int i = 0; i < 2; i++) x_part_close(&relay->sides[i].poll);
  close_fds(relay);
}

// A shortage of the system's memory passes; the sockets are asked again in the next turn.
static bool must_wait(int error) {
  return error == EAGAIN || error == EINTR || x_is_shortage(uv_translate_sys_error(error));
}

// 1: moved something or came to an end. 0: must wait. < 0: failed.
static int fill(x_relay *relay, int from) {
  x_flow *flow = &relay->flows[from];
  ssize_t moved = splice(relay->sides[from].fd, NULL, flow->pipe[1], NULL, PIPE_SIZE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved < 0) return must_wait(errno) ? 0 : uv_translate_sys_error(errno);
  if (moved == 0) flow->ended = true;
  flow->held = (size_t)moved;
  if (relay->sides[from].stream != NULL) relay->sides[from].stream->relayed_in += moved;
  return 1;
}

static int drain(x_relay *relay, int from) {
  x_flow *flow = &relay->flows[from];
  x_side *to = &relay->sides[1 - from];
  ssize_t moved = splice(flow->pipe[0], NULL, to->fd, NULL, flow->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved < 0) return must_wait(errno) ? 0 : uv_translate_sys_error(errno);
  flow->held -= (size_t)moved;
  if (to->stream != NULL) to->stream->relayed_out += moved;
  return 1;
}

static int pump(x_relay *relay, int from) {
  x_flow *flow = &relay->flows[from];
  for (int turn = 0; turn < TURNS && !flow->passed; turn++) {
    int result = flow->held > 0 ? drain(relay, from) : flow->ended ? 1 : fill(relay, from);
    if (result <= 0) return result;
    if (flow->ended && flow->held == 0) {
      shutdown(relay->sides[1 - from].fd, SHUT_WR);
      flow->passed = true;
    }
  }
  return 0;
}

static void on_side(uv_poll_t *poll, int status, int events);

static void update_polls(x_relay *relay) {
  for (int i = 0; i < 2; i++) {
    x_flow *from_here = &relay->flows[i], *to_here = &relay->flows[1 - i];
    int events = (!from_here->ended && from_here->held == 0 ? UV_READABLE : 0) | (to_here->held > 0 ? UV_WRITABLE : 0);
    if (events == 0) uv_poll_stop(&relay->sides[i].poll);
    else uv_poll_start(&relay->sides[i].poll, events, on_side);
  }
}

static void run(x_relay *relay) {
  for (int i = 0; i < 2; i++) {
    int result = pump(relay, i);
    if (result < 0) {
      end(relay, result);
      return;
    }
  }
  if (relay->flows[0].passed && relay->flows[1].passed) end(relay, 0);
  else update_polls(relay);
}

// An error on a socket (status below 0) shows in the next splice.
static void on_side(uv_poll_t *poll, int status, int events) {
  x_relay *relay = poll->data;
  (void)status, (void)events;
  if (!relay->base.closing) run(relay);
}

static void close_fds(const x_relay *relay) {
  for (int i = 0; i < 2; i++) {
    if (relay->sides[i].fd >= 0) close(relay->sides[i].fd);
    for (int half = 0; half < 2; half++) {
      if (relay->flows[i].pipe[half] >= 0) close(relay->flows[i].pipe[half]);
    }
  }
}

static int open_fds(x_relay *relay, x_stream *const *streams) {
  for (int i = 0; i < 2; i++) {
    relay->sides[i].fd = fcntl(x_stream_fd(streams[i]), F_DUPFD_CLOEXEC, 0);
    if (relay->sides[i].fd < 0 || pipe2(relay->flows[i].pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
      return uv_translate_sys_error(errno);
    }
    // A larger pipe means fewer turns; without the right to it the standard one serves.
    (void)fcntl(relay->flows[i].pipe[0], F_SETPIPE_SZ, PIPE_SIZE);
  }
  return 0;
}

static int open_polls(x_relay *relay) {
  int status = 0;
  for (int i = 0; i < 2 && status == 0; i++) {
    x_side *side = &relay->sides[i];
    status = x_part_open(&relay->base, &side->poll, uv_poll_init(relay->base.in->loop, &side->poll, side->fd));
  }
  return status;
}

// All that may fail comes first; only then do the streams know of the relay.
static int relay_open(x_instance *in, x_stream *const *streams, napi_value request) {
  int status;
  x_relay *relay = x_handle_new(in, X_RELAY, sizeof(*relay), &status);
  if (relay == NULL) return status;
  for (int i = 0; i < 2; i++) relay->sides[i].fd = relay->flows[i].pipe[0] = relay->flows[i].pipe[1] = -1;
  relay->told = true;
  status = open_fds(relay, streams);
  if (status == 0) status = open_polls(relay);
  if (status == 0 && !x_context_open(in, &relay->base.context, request, "XRELAYWRAP")) status = UV_ENOMEM;
  if (status < 0) {
    x_handle_abandon(&relay->base);
    return status;
  }
  relay->told = false;
  for (int i = 0; i < 2; i++) {
    uv_read_stop(&streams[i]->uv.stream);
    relay->sides[i].stream = streams[i];
    streams[i]->relay = relay;
  }
  update_polls(relay);
  return 0;
}

static int relayable(const x_stream *stream) {
  if (stream->state != X_CONNECTED) return UV_ENOTCONN;
  // Bytes that still wait here would go out among those that the relay moves.
  if (stream->relay != NULL || uv_stream_get_write_queue_size(&stream->uv.stream) > 0) return UV_EBUSY;
  return x_is_socket(x_stream_fd(stream)) ? 0 : UV_ENOTSUP;
}

// relay(id, id, request)
static int64_t relay_streams(x_call *call) {
  x_handle *other = x_handle_find(call->in, call->args[0].size, X_STREAM);
  if (other == NULL) return UV_EBADF;
  x_stream *streams[2] = {x_stream_of(call), (x_stream *)other};
  if (streams[0] == streams[1]) return UV_EINVAL;
  int status = relayable(streams[0]);
  if (status == 0) status = relayable(streams[1]);
  return status < 0 ? status : relay_open(call->in, streams, call->args[1].value);
}

// relayed(id, out): bytes that relays have read from a stream, or written to it.
static int64_t relayed(x_call *call) {
  x_stream *stream = x_stream_of(call);
  return call->args[0].flag ? stream->relayed_out : stream->relayed_in;
}

bool x_export_relay(napi_env env, napi_value exports) {
  static const x_export list[] = {{"relay", "sno", relay_streams, UV_EBADF}, {"relayed", "sb", relayed, 0}};
  return X_EXPORT_ALL(env, exports, list);
}

#else

void x_relay_settle(x_relay *relay) { (void)relay; }
void x_relay_cancel(x_relay *relay) { (void)relay; }
void x_relay_shut(x_handle *handle) { (void)handle; }
bool x_export_relay(napi_env env, napi_value exports) {
  (void)env, (void)exports;
  return true;
}

#endif
