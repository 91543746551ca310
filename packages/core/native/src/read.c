// Reading: into the instance's scratch while reads are small, into an arena while they are large, or into a buffer that
// the user gave. It knows no connecting and no writing.
#include "x-net.h"

#include <string.h>

static bool user_buffer(x_stream *stream, uv_buf_t *buf) {
  napi_env env = stream->base.in->env;
  napi_handle_scope scope;
  napi_value value;
  *buf = uv_buf_init(NULL, 0);
  if (!x_enter(stream->base.in, &scope)) return false;
  // Asked anew for each read: a buffer whose memory was transferred away has no bytes any more.
  bool found = napi_get_reference_value(env, stream->into, &value) == napi_ok && value != NULL && x_bytes(env, value, buf);
  x_leave(stream->base.in, scope);
  return found;
}

static void own_buffer(x_stream *stream, uv_buf_t *buf) {
  x_instance *in = stream->base.in;
  if (stream->bulk && in->arena == NULL) in->arena = x_pool_take(in->pool);
  stream->into_arena = stream->bulk && in->arena != NULL;
  *buf = uv_buf_init(stream->into_arena ? in->arena : in->scratch, X_READ_SIZE);
}

// No buffer means no read: libuv goes on to `on_read` at once.
static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf) {
  x_stream *stream = handle->data;
  (void)hint;
  if (stream->into != NULL) user_buffer(stream, buf);
  else if (stream->bulk && x_splice_read(stream)) *buf = uv_buf_init(NULL, 0);
  else own_buffer(stream, buf);
}

// The arena is the receiver's from here on. False: it cannot be.
static bool emit_arena(x_stream *stream, size_t size) {
  x_instance *in = stream->base.in;
  napi_handle_scope scope;
  napi_value argv[3] = {NULL, NULL, NULL};
  if (!x_enter(in, &scope)) return false;
  argv[1] = x_number(in->env, (int64_t)size);
  if (argv[1] != NULL) argv[2] = x_pool_buffer(in->env, in->pool, in->arena);
  if (argv[2] != NULL) {
    in->arena = NULL;
    x_emit_stream(stream, stream->base.context.async, X_ON_READ_ARENA, 3, argv);
  }
  x_leave(in, scope);
  return argv[2] != NULL;
}

static void on_read(uv_stream_t *uv_stream, ssize_t size, const uv_buf_t *buf) {
  x_stream *stream = uv_stream->data;
  x_instance *in = stream->base.in;
  uv_buf_t left;
  if (x_splice_moved(stream)) {
    own_buffer(stream, &left);
    size = x_splice_left(stream, &left);
    buf = &left;
  } else if (size > 0 && stream->into == NULL) {
    stream->bulk = size >= X_BULK_READ;
    size = (ssize_t)x_splice_write(stream, buf->base, (size_t)size);
  }
  if (size == 0) return;
  if (size < 0) {
    uv_read_stop(uv_stream);
  } else if (stream->into == NULL) {
    if (stream->bulk && !stream->uses_pool) {
      stream->uses_pool = true;
      x_pool_use(in->pool, 1);
    }
    if (stream->into_arena && stream->bulk && emit_arena(stream, (size_t)size)) return;
    if (stream->into_arena) memcpy(in->scratch, buf->base, (size_t)size);
  }
  x_emit_stream_status(stream, stream->base.context.async, X_ON_READ, (int)size);
}

void x_read_freed(x_stream *stream) {
  if (stream->uses_pool) x_pool_use(stream->base.in->pool, -1);
  stream->uses_pool = false;
  if (stream->into != NULL) napi_delete_reference(stream->base.in->env, stream->into);
  stream->into = NULL;
}

// readStart(id)
static int64_t read_start(x_call *call) {
  x_stream *stream = x_stream_of(call);
  if (stream->state == X_IDLE || stream->state == X_CONNECTING) return UV_ENOTCONN;
  int status = uv_read_start(&stream->uv.stream, on_alloc, on_read);
  return status == UV_EALREADY ? 0 : status;
}

// readStop(id)
static int64_t read_stop(x_call *call) {
  return uv_read_stop(&x_stream_of(call)->uv.stream);
}

// readInto(id, buffer or null): where the next reads land.
static int64_t read_into(x_call *call) {
  x_stream *stream = x_stream_of(call);
  napi_ref into = NULL;
  napi_valuetype type;
  if (napi_typeof(call->env, call->args[0].value, &type) != napi_ok) return UV_EINVAL;
  if (type != napi_null && napi_create_reference(call->env, call->args[0].value, 1, &into) != napi_ok) return UV_ENOMEM;
  if (stream->into != NULL) napi_delete_reference(call->env, stream->into);
  if (into != NULL && x_splice_reads(stream)) x_splice_end(stream);
  stream->into = into;
  return 0;
}

bool x_export_read(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"readStart", "s", read_start, UV_EBADF},
      {"readStop", "s", read_stop, UV_EBADF},
      {"readInto", "sN", read_into, UV_EBADF},
  };
  return X_EXPORT_ALL(env, exports, list);
}
