// A pending connect or write of a stream. Its JavaScript object keeps what the operation needs (the chunks of
// a write) alive, and hears the outcome in the context of the call that asked. It knows no operation.
#include "x-net.h"

#include <stdlib.h>

x_request *x_request_new(x_stream *stream, napi_value object, const char *name) {
  x_request *request = calloc(1, sizeof(*request));
  if (request == NULL) return NULL;
  request->stream = stream;
  if (!x_context_open(stream->base.in, &request->context, object, name)) {
    free(request);
    return NULL;
  }
  request->uv.any.data = request;
  return request;
}

void x_request_free(x_request *request) {
  x_context_close(request->stream->base.in, &request->context);
  free(request);
}

void x_request_done(x_request *request, x_event event, int status) {
  x_emit_status(request->stream->base.in, &request->context, event, status);
  x_request_free(request);
}
