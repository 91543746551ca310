// Calls into JavaScript, each with Node's ticks and microtasks after it, in the async context of their handle or request. What
// a listener throws goes to `uncaughtException`, and the addon goes on with its next event.
#include "x-net.h"

#include <string.h>

// Holds the object, which keeps it from the garbage collector for as long as the native side is there.
bool x_context_hold(x_instance *in, x_context *context, napi_value object) {
  if (napi_create_reference(in->env, object, 1, &context->object) == napi_ok) return true;
  context->object = NULL;
  return false;
}

// From here on callbacks see the async context (`AsyncLocalStorage`) of the call that is running now. `object` is its resource;
// NULL: an object of its own.
bool x_context_begin(x_instance *in, x_context *context, napi_value object, const char *name) {
  napi_value text;
  if (context->async != NULL) return true;
  if (napi_create_string_latin1(in->env, name, strlen(name), &text) != napi_ok) return false;
  if (napi_async_init(in->env, object, text, &context->async) == napi_ok) return true;
  context->async = NULL;
  return false;
}

bool x_context_bind(x_instance *in, x_context *context, const char *name) {
  napi_value object;
  if (napi_get_reference_value(in->env, context->object, &object) != napi_ok) return false;
  return x_context_begin(in, context, object, name);
}

bool x_context_open(x_instance *in, x_context *context, napi_value object, const char *name) {
  if (x_context_hold(in, context, object) && x_context_bind(in, context, name)) return true;
  x_context_close(in, context);
  return false;
}

void x_context_close(x_instance *in, x_context *context) {
  if (context->async != NULL) napi_async_destroy(in->env, context->async);
  if (context->object != NULL) napi_delete_reference(in->env, context->object);
  context->async = NULL;
  context->object = NULL;
}

bool x_enter(x_instance *in, napi_handle_scope *scope) {
  return !in->ending && napi_open_handle_scope(in->env, scope) == napi_ok;
}

void x_leave(x_instance *in, napi_handle_scope scope) {
  napi_close_handle_scope(in->env, scope);
}

// False: nothing was thrown, so nothing was called: JavaScript does not run here any more.
static bool report_exception(napi_env env) {
  bool pending = false;
  napi_value error;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return false;
  if (napi_get_and_clear_last_exception(env, &error) != napi_ok) return false;
  napi_fatal_exception(env, error);
  return true;
}

// Calls a function of `setup`. Whether it was called, also where it threw.
static bool call(x_instance *in, napi_async_context async, napi_value receiver, x_event event, size_t argc,
                 const napi_value *argv) {
  napi_value listener;
  if (napi_get_reference_value(in->env, in->events[event], &listener) != napi_ok || listener == NULL) return false;
  if (receiver == NULL) receiver = listener;
  if (napi_make_callback(in->env, async, receiver, listener, argc, argv, NULL) == napi_ok) return true;
  return report_exception(in->env);
}

bool x_emit(x_instance *in, const x_context *context, x_event event, size_t argc, const napi_value *argv) {
  if (in->ending || context->object == NULL) return false;
  napi_value receiver;
  if (napi_get_reference_value(in->env, context->object, &receiver) != napi_ok || receiver == NULL) return false;
  return call(in, context->async, receiver, event, argc, argv);
}

// The first of the `argc` arguments is set here. Any object may receive the call; Node wants one.
bool x_emit_stream(const x_stream *stream, napi_async_context async, x_event event, size_t argc, napi_value *argv) {
  x_instance *in = stream->base.in;
  if (in->ending || napi_create_uint32(in->env, stream->base.slot, &argv[0]) != napi_ok) return false;
  return call(in, async, NULL, event, argc, argv);
}

bool x_emit_stream_status(const x_stream *stream, napi_async_context async, x_event event, int status) {
  x_instance *in = stream->base.in;
  napi_handle_scope scope;
  napi_value argv[2];
  if (!x_enter(in, &scope)) return false;
  bool told = napi_create_int32(in->env, status, &argv[1]) == napi_ok && x_emit_stream(stream, async, event, 2, argv);
  x_leave(in, scope);
  return told;
}

void x_emit_status(x_instance *in, const x_context *context, x_event event, int status) {
  napi_handle_scope scope;
  napi_value value;
  if (!x_enter(in, &scope)) return;
  if (napi_create_int32(in->env, status, &value) == napi_ok) x_emit(in, context, event, 1, &value);
  x_leave(in, scope);
}
