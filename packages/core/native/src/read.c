// Reading: into the instance's scratch while reads are small, into slabs of the pool while they are large, or into a
// buffer that the user gave. It knows no connecting and no writing.
#include "x-net.h"

#include <string.h>

// Up to here a read is copied into a buffer of its size: it must not pin a slab.
#define SMALL_READ 4096
// From here on a slab is worth handing over, and the next read goes into one.
#define BULK_READ (X_SLAB_SIZE / 2)

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

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf) {
  x_stream *stream = handle->data;
  x_instance *in = stream->base.in;
  (void)hint;
  if (stream->into != NULL) {
    user_buffer(stream, buf);
    return;
  }
  if (stream->bulk) stream->slab = x_pool_take(in->pool);
  *buf = uv_buf_init(stream->slab != NULL ? stream->slab : in->scratch, X_SLAB_SIZE);
}

static void give_slab_back(x_stream *stream) {
  if (stream->slab != NULL) x_pool_give(stream->base.in->pool, stream->slab);
  stream->slab = NULL;
}

static void emit_slab(x_stream *stream, size_t size) {
  x_instance *in = stream->base.in;
  napi_handle_scope scope;
  napi_value buffer = NULL;
  void *slab = stream->slab;
  stream->slab = NULL;
  if (!x_enter(in, &scope)) {
    x_pool_give(in->pool, slab);
    return;
  }
  if (size >= BULK_READ) {
    buffer = x_pool_buffer(in->env, in->pool, slab, size);
  } else {
    if (napi_create_buffer_copy(in->env, size, slab, NULL, &buffer) != napi_ok) buffer = NULL;
    x_pool_give(in->pool, slab);
  }
  if (buffer != NULL) x_emit(in, &stream->base.context, X_ON_READ_SLAB, 1, &buffer);
  x_leave(in, scope);
}

static void on_read(uv_stream_t *uv_stream, ssize_t size, const uv_buf_t *buf) {
  x_stream *stream = uv_stream->data;
  x_instance *in = stream->base.in;
  (void)buf;
  if (size <= 0) {
    give_slab_back(stream);
    if (size == 0) return;
    uv_read_stop(uv_stream);
  } else {
    bool was_bulk = stream->slab != NULL;
    stream->bulk = size >= BULK_READ;
    if (was_bulk && size > SMALL_READ) {
      emit_slab(stream, (size_t)size);
      return;
    }
    if (was_bulk) {
      memcpy(in->scratch, stream->slab, (size_t)size);
      give_slab_back(stream);
    }
  }
  x_emit_status(in, &stream->base.context, X_ON_READ, (int)size);
}

void x_read_freed(x_stream *stream) {
  give_slab_back(stream);
  if (stream->into != NULL) napi_delete_reference(stream->base.in->env, stream->into);
  stream->into = NULL;
}

// readStart(id)
static napi_value read_start(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  if (!stream->connected) return x_number(env, UV_ENOTCONN);
  if (stream->relay != NULL) return x_number(env, UV_EBUSY);
  int status = uv_read_start(&stream->uv.stream, on_alloc, on_read);
  return x_number(env, status == UV_EALREADY ? 0 : status);
}

// readStop(id)
static napi_value read_stop(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  return x_number(env, uv_read_stop(&((x_stream *)call.handle)->uv.stream));
}

// readInto(id, buffer or null): where the next reads land.
static napi_value read_into(napi_env env, napi_callback_info info) {
  x_call call;
  uv_buf_t bytes;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  napi_ref into = NULL;
  napi_valuetype type;
  if (napi_typeof(env, call.argv[1], &type) != napi_ok) return x_number(env, UV_EINVAL);
  if (type == napi_object) {
    if (!x_bytes(env, call.argv[1], &bytes) || bytes.len == 0) return x_number(env, UV_EINVAL);
    if (napi_create_reference(env, call.argv[1], 1, &into) != napi_ok) return x_number(env, UV_ENOMEM);
  }
  if (stream->into != NULL) napi_delete_reference(env, stream->into);
  stream->into = into;
  return x_number(env, 0);
}

void x_export_read(napi_env env, napi_value exports) {
  static const x_export list[] = {{"readStart", read_start}, {"readStop", read_stop}, {"readInto", read_into}};
  X_EXPORT_ALL(env, exports, list);
}
