// Moving what comes in on one stream to another without JavaScript's seeing the bytes: small ones are read and written here,
// many at once go by splice(2), through a pipe (Linux). JavaScript is asked before each move, so that the bytes take the
// usual way as soon as anybody looks at them; what the target does not take at once is given to JavaScript, too, and the
// pipe is empty between two events.
#include "x-net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static x_stream *target_of(const x_stream *from) {
  return from->splice == NULL ? NULL : from->splice->to;
}

static x_stream *source_of(const x_stream *to) {
  return to->splice == NULL ? NULL : to->splice->from;
}

static bool open_splice(x_stream *stream) {
  if (stream->splice == NULL) stream->splice = calloc(1, sizeof(x_splice));
  return stream->splice != NULL;
}

void x_splice_freed(x_stream *stream) {
  free(stream->splice);
  stream->splice = NULL;
}

// Why a move could not write to a stream, once; 0 where all could.
int x_splice_failure(x_stream *stream) {
  if (stream->splice == NULL) return 0;
  int status = stream->splice->write_status;
  stream->splice->write_status = 0;
  return status;
}

// What comes in is moved to another stream.
bool x_splice_reads(const x_stream *stream) {
  return target_of(stream) != NULL;
}

// What comes in on another stream is moved here, or a move has failed and no write was told yet.
bool x_splice_writes(const x_stream *stream) {
  return stream->splice != NULL && (stream->splice->from != NULL || stream->splice->write_status < 0);
}

// The last alloc callback has moved bytes, in place of a read.
bool x_splice_moved(const x_stream *stream) {
  return stream->splice != NULL && stream->splice->reads;
}

static void end_from(x_stream *from) {
  x_instance *in = from->base.in;
  from->splice->to->splice->from = NULL;
  from->splice->to = NULL;
  if (--in->splices > 0 || !in->has_splice_pipe) return;
  in->has_splice_pipe = false;
  close(in->splice_pipe[0]);
  close(in->splice_pipe[1]);
}

void x_splice_end(x_stream *stream) {
  if (target_of(stream) != NULL) end_from(stream);
  if (source_of(stream) != NULL) end_from(source_of(stream));
}

// 1: move. 0: not this time. -1: no more. The call must change nothing here: libuv waits for the buffer of a read.
static int ask(x_stream *from) {
  x_instance *in = from->base.in;
  napi_handle_scope scope;
  napi_value place, function, answer, error;
  int32_t number = -1;
  if (!x_enter(in, &scope)) return -1;
  in->asking = true;
  if (napi_create_uint32(in->env, from->base.slot, &place) == napi_ok &&
      napi_get_reference_value(in->env, in->events[X_ON_MAY_MOVE], &function) == napi_ok && function != NULL &&
      napi_call_function(in->env, function, function, 1, &place, &answer) == napi_ok) {
    (void)napi_get_value_int32(in->env, answer, &number);
  }
  // Whoever threw is called again on the usual way of the bytes, and throws there.
  bool pending = false;
  if (napi_is_exception_pending(in->env, &pending) == napi_ok && pending) {
    (void)napi_get_and_clear_last_exception(in->env, &error);
    number = -1;
  }
  in->asking = false;
  x_leave(in, scope);
  return number;
}

// Whether bytes may be moved now: nobody looks at them, and nothing that was written before them waits.
static bool may_move(x_stream *from) {
  int answer = ask(from);
  if (answer < 0) end_from(from);
  return answer > 0 && uv_stream_get_write_queue_size(&from->splice->to->uv.stream) == 0;
}

static void count(x_stream *from, size_t moved) {
  from->splice->in += (int64_t)moved;
  from->splice->to->splice->out += (int64_t)moved;
}

// Writes what was read; answers how much of it is left, moved to its start. Why the target takes no more is what its next
// write will be answered.
size_t x_splice_write(x_stream *from, char *bytes, size_t size) {
  if (target_of(from) == NULL || !may_move(from)) return size;
  x_stream *to = from->splice->to;
  uv_buf_t buf = uv_buf_init(bytes, (unsigned)size);
  int taken = uv_try_write(&to->uv.stream, &buf, 1);
  if (taken < 0 && taken != UV_EAGAIN && !x_is_shortage(taken)) to->splice->write_status = taken;
  if (taken <= 0) return size;
  count(from, (size_t)taken);
  memmove(bytes, bytes + taken, size - (size_t)taken);
  return size - (size_t)taken;
}

#ifdef __linux__

// More than one move takes: a slot of a pipe may hold few bytes. Without the right to it the standard size serves.
#define PIPE_SIZE (256 * 1024)
// Moves for one event of the loop.
#define MOVES 16

static bool open_pipe(x_instance *in) {
  if (in->has_splice_pipe) return true;
  in->has_splice_pipe = pipe2(in->splice_pipe, O_CLOEXEC | O_NONBLOCK) == 0;
  if (in->has_splice_pipe) (void)fcntl(in->splice_pipe[0], F_SETPIPE_SZ, PIPE_SIZE);
  return in->has_splice_pipe;
}

static bool must_wait(int error) {
  return error == EAGAIN || error == EINTR;
}

// Whether a failure was the stream's, which has told it now and will not do so again. Others (no memory, a kind of
// descriptor that cannot be spliced) are left to the read or write that follows.
static bool is_told_once(int error) {
  return !must_wait(error) && error != EINVAL && error != ENOSYS && !x_is_shortage(uv_translate_sys_error(error));
}

// From the pipe to the target; answers how much the target has not taken.
static size_t drain(x_stream *from, size_t held) {
  x_stream *to = from->splice->to;
  int pipe = from->base.in->splice_pipe[0], fd = x_stream_fd(to);
  while (held > 0) {
    ssize_t moved = splice(pipe, NULL, fd, NULL, held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0 && is_told_once(errno)) to->splice->write_status = uv_translate_sys_error(errno);
    if (moved <= 0) break;
    held -= (size_t)moved;
    count(from, (size_t)moved);
  }
  return held;
}

// In place of a read of a stream that brings much. False: the read has to go on as usual. True: it is dealt with but for
// what `x_splice_left` answers.
bool x_splice_read(x_stream *from) {
  if (target_of(from) == NULL || !open_pipe(from->base.in) || !may_move(from)) return false;
  int pipe = from->base.in->splice_pipe[1], fd = x_stream_fd(from);
  from->splice->left = 0;
  for (int move = 0; move < MOVES; move++) {
    ssize_t held = splice(fd, NULL, pipe, NULL, X_READ_SIZE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    // The end of the peer, which the read tells.
    if (held == 0) return false;
    if (held < 0) {
      if (must_wait(errno)) break;
      if (!is_told_once(errno)) return false;
      from->splice->left = uv_translate_sys_error(errno);
      break;
    }
    from->splice->left = (ssize_t)drain(from, (size_t)held);
    // Of what has come there was less than one move takes.
    if (move == 0) from->bulk = held >= X_BULK_READ;
    if (from->splice->left > 0 || held < X_READ_SIZE) break;
  }
  from->splice->reads = true;
  return true;
}

// What is left in the pipe, as a read would have brought it: its size, or a status.
ssize_t x_splice_left(x_stream *from, const uv_buf_t *into) {
  from->splice->reads = false;
  if (from->splice->left <= 0) return from->splice->left;
  ssize_t size = read(from->base.in->splice_pipe[0], into->base, into->len);
  return size < 0 ? uv_translate_sys_error(errno) : size;
}

#else

bool x_splice_read(x_stream *from) {
  (void)from;
  return false;
}

ssize_t x_splice_left(x_stream *from, const uv_buf_t *into) {
  (void)from, (void)into;
  return 0;
}

#endif

// splice(id, id): what comes in on the first goes to the second. A stream reads for one, and is written to by one.
static int64_t splice_streams(x_call *call) {
  x_stream *from = x_stream_of(call);
  x_stream *to = (x_stream *)x_handle_find(call->in, call->args[0].size, X_STREAM);
  if (to == NULL) return UV_EBADF;
  if (from->state != X_CONNECTED || to->state != X_CONNECTED) return UV_ENOTCONN;
  if (target_of(from) == to) return 0;
  if (from->into != NULL || source_of(to) != NULL) return UV_EBUSY;
  if (!open_splice(from) || !open_splice(to)) return UV_ENOMEM;
  if (target_of(from) != NULL) end_from(from);
  call->in->splices++;
  from->splice->to = to;
  to->splice->from = from;
  return 0;
}

// spliced(id, out): bytes that were moved from a stream, or to it.
static int64_t spliced(x_call *call) {
  const x_splice *splice = x_stream_of(call)->splice;
  if (splice == NULL) return 0;
  return call->args[0].flag ? splice->out : splice->in;
}

bool x_export_splice(napi_env env, napi_value exports) {
  static const x_export list[] = {{"splice", "sn", splice_streams, UV_EBADF}, {"spliced", "sb", spliced, 0}};
  return X_EXPORT_ALL(env, exports, list);
}
