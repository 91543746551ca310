// Writing: first what the system takes at once, then the rest as a queued request. It knows no reading.
#include "x-net.h"

#include <stdlib.h>

#define FEW_CHUNKS 32

typedef struct {
  uv_buf_t few[FEW_CHUNKS];
  uv_buf_t *list;
  uint32_t count;
} chunk_list;

static int open_chunks(napi_env env, napi_value array, chunk_list *chunks) {
  napi_value chunk;
  chunks->list = chunks->few;
  if (napi_get_array_length(env, array, &chunks->count) != napi_ok) return UV_EINVAL;
  if (chunks->count > FEW_CHUNKS) {
    chunks->list = malloc(chunks->count * sizeof(uv_buf_t));
    if (chunks->list == NULL) return UV_ENOMEM;
  }
  for (uint32_t i = 0; i < chunks->count; i++) {
    if (napi_get_element(env, array, i, &chunk) == napi_ok && x_bytes(env, chunk, &chunks->list[i])) continue;
    if (chunks->list != chunks->few) free(chunks->list);
    return UV_EINVAL;
  }
  return 0;
}

static void close_chunks(chunk_list *chunks) {
  if (chunks->list != chunks->few) free(chunks->list);
}

// The bytes that the system took, 0 where it takes none now, or a status.
static int64_t try_write(x_stream *stream, const uv_buf_t *list, uint32_t count) {
  if (stream->relay != NULL) return UV_EBUSY;
  if (!stream->connected) return stream->connecting ? 0 : UV_ENOTCONN;
  if (count == 0) return 0;
  int result = uv_try_write(&stream->uv.stream, list, count);
  return result == UV_EAGAIN ? 0 : result;
}

// tryWrite(id, chunk)
static napi_value try_write_one(napi_env env, napi_callback_info info) {
  x_call call;
  uv_buf_t chunk;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  if (!x_bytes(env, call.argv[1], &chunk)) return x_number(env, UV_EINVAL);
  return x_number(env, try_write((x_stream *)call.handle, &chunk, 1));
}

// tryWritev(id, chunks)
static napi_value try_write_many(napi_env env, napi_callback_info info) {
  x_call call;
  chunk_list chunks;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  int64_t result = open_chunks(env, call.argv[1], &chunks);
  if (result < 0) return x_number(env, result);
  result = try_write((x_stream *)call.handle, chunks.list, chunks.count);
  close_chunks(&chunks);
  return x_number(env, result);
}

static void on_written(uv_write_t *uv_request, int status) {
  x_request *request = uv_request->data;
  x_request_done(request, X_ON_WRITTEN, status);
}

static void skip_bytes(chunk_list *chunks, uint32_t *first, size_t skip) {
  while (skip > 0 && *first < chunks->count && skip >= chunks->list[*first].len) skip -= chunks->list[(*first)++].len;
  if (skip == 0 || *first == chunks->count) return;
  chunks->list[*first].base += skip;
  chunks->list[*first].len -= skip;
}

// libuv wants at least one buffer; an empty one is answered in its turn.
static int start_write(x_request *request, const uv_buf_t *list, uint32_t count) {
  uv_buf_t nothing = uv_buf_init(NULL, 0);
  if (count == 0) list = &nothing, count = 1;
  return uv_write(&request->uv.write, &request->stream->uv.stream, list, count, on_written);
}

// queueWrite(id, request, chunks, skip): all but the first `skip` bytes. The request's object keeps the chunks.
static napi_value queue_write(napi_env env, napi_callback_info info) {
  x_call call;
  chunk_list chunks;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  if (stream->relay != NULL) return x_number(env, UV_EBUSY);
  if (!stream->connected && !stream->connecting) return x_number(env, UV_ENOTCONN);
  int status = open_chunks(env, call.argv[2], &chunks);
  if (status < 0) return x_number(env, status);
  uint32_t first = 0;
  skip_bytes(&chunks, &first, (size_t)x_int64(env, call.argv[3]));
  x_request *request = x_request_new(stream, call.argv[1], "WRITEWRAP");
  if (request == NULL) {
    status = UV_ENOMEM;
  } else {
    request->uv.write.data = request;
    status = start_write(request, chunks.list + first, chunks.count - first);
    if (status < 0) x_request_free(request);
  }
  close_chunks(&chunks);
  return x_number(env, status);
}

// writeQueueSize(id)
static napi_value write_queue_size(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, 0);
  return x_number(env, (int64_t)uv_stream_get_write_queue_size(&((x_stream *)call.handle)->uv.stream));
}

void x_export_write(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"tryWrite", try_write_one},
      {"tryWritev", try_write_many},
      {"queueWrite", queue_write},
      {"writeQueueSize", write_queue_size},
  };
  X_EXPORT_ALL(env, exports, list);
}
