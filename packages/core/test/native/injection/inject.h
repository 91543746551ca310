// Included before every source of a build for tests: each call that may fail asks first whether it is to fail now. It knows
// no function of ours. Calls of Node-API that have no way to fail (numbers, booleans, references and scopes) are left alone.
#ifndef INJECT_H
#define INJECT_H

#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

bool inject(const char *name);
int inject_errno(int error);

#define INJECT_NULL(name, call) (inject(name) ? NULL : (call))
#define INJECT_NAPI(name, call) (inject(name) ? napi_generic_failure : (call))
#define INJECT_UV(name, call) (inject(name) ? UV_ENOMEM : (call))
#define INJECT_SYSTEM(name, error, call) (inject(name) ? inject_errno(error) : (call))

#define malloc(...) INJECT_NULL("malloc", malloc(__VA_ARGS__))
#define calloc(...) INJECT_NULL("calloc", calloc(__VA_ARGS__))
#define realloc(...) INJECT_NULL("realloc", realloc(__VA_ARGS__))

#define napi_add_async_cleanup_hook(...) INJECT_NAPI("napi_add_async_cleanup_hook", napi_add_async_cleanup_hook(__VA_ARGS__))
#define napi_async_init(...) INJECT_NAPI("napi_async_init", napi_async_init(__VA_ARGS__))
#define napi_create_array_with_length(...) INJECT_NAPI("napi_create_array_with_length", napi_create_array_with_length(__VA_ARGS__))
#define napi_create_arraybuffer(...) INJECT_NAPI("napi_create_arraybuffer", napi_create_arraybuffer(__VA_ARGS__))
#define napi_create_buffer(...) INJECT_NAPI("napi_create_buffer", napi_create_buffer(__VA_ARGS__))
#define napi_create_external_buffer(...) INJECT_NAPI("napi_create_external_buffer", napi_create_external_buffer(__VA_ARGS__))
#define napi_create_function(...) INJECT_NAPI("napi_create_function", napi_create_function(__VA_ARGS__))
#define napi_create_object(...) INJECT_NAPI("napi_create_object", napi_create_object(__VA_ARGS__))
#define napi_create_reference(...) INJECT_NAPI("napi_create_reference", napi_create_reference(__VA_ARGS__))
#define napi_create_string_latin1(...) INJECT_NAPI("napi_create_string_latin1", napi_create_string_latin1(__VA_ARGS__))
#define napi_create_string_utf8(...) INJECT_NAPI("napi_create_string_utf8", napi_create_string_utf8(__VA_ARGS__))
#define napi_get_array_length(...) INJECT_NAPI("napi_get_array_length", napi_get_array_length(__VA_ARGS__))
#define napi_get_buffer_info(...) INJECT_NAPI("napi_get_buffer_info", napi_get_buffer_info(__VA_ARGS__))
#define napi_get_element(...) INJECT_NAPI("napi_get_element", napi_get_element(__VA_ARGS__))
#define napi_get_uv_event_loop(...) INJECT_NAPI("napi_get_uv_event_loop", napi_get_uv_event_loop(__VA_ARGS__))
#define napi_get_value_string_utf8(...) INJECT_NAPI("napi_get_value_string_utf8", napi_get_value_string_utf8(__VA_ARGS__))
#define napi_make_callback(...) INJECT_NAPI("napi_make_callback", napi_make_callback(__VA_ARGS__))
#define napi_set_element(...) INJECT_NAPI("napi_set_element", napi_set_element(__VA_ARGS__))
#define napi_set_instance_data(...) INJECT_NAPI("napi_set_instance_data", napi_set_instance_data(__VA_ARGS__))
#define napi_set_named_property(...) INJECT_NAPI("napi_set_named_property", napi_set_named_property(__VA_ARGS__))

#define uv_fs_fstat(...) INJECT_UV("uv_fs_fstat", uv_fs_fstat(__VA_ARGS__))
#define uv_fs_lstat(...) INJECT_UV("uv_fs_lstat", uv_fs_lstat(__VA_ARGS__))
#define uv_pipe_init(...) INJECT_UV("uv_pipe_init", uv_pipe_init(__VA_ARGS__))
#define uv_pipe_open(...) INJECT_UV("uv_pipe_open", uv_pipe_open(__VA_ARGS__))
#define uv_poll_init(...) INJECT_UV("uv_poll_init", uv_poll_init(__VA_ARGS__))
#define uv_read_start(...) INJECT_UV("uv_read_start", uv_read_start(__VA_ARGS__))
#define uv_shutdown(...) INJECT_UV("uv_shutdown", uv_shutdown(__VA_ARGS__))
#define uv_tcp_connect(...) INJECT_UV("uv_tcp_connect", uv_tcp_connect(__VA_ARGS__))
#define uv_tcp_init(...) INJECT_UV("uv_tcp_init", uv_tcp_init(__VA_ARGS__))
#define uv_tcp_open(...) INJECT_UV("uv_tcp_open", uv_tcp_open(__VA_ARGS__))
#define uv_timer_init(...) INJECT_UV("uv_timer_init", uv_timer_init(__VA_ARGS__))
#define uv_try_write(...) INJECT_UV("uv_try_write", uv_try_write(__VA_ARGS__))
#define uv_write(...) INJECT_UV("uv_write", uv_write(__VA_ARGS__))

#define accept4(...) INJECT_SYSTEM("accept4", EMFILE, accept4(__VA_ARGS__))
#define bind(...) INJECT_SYSTEM("bind", ENOMEM, bind(__VA_ARGS__))
#define chmod(...) INJECT_SYSTEM("chmod", EPERM, chmod(__VA_ARGS__))
#define connect(...) INJECT_SYSTEM("connect", ENOMEM, connect(__VA_ARGS__))
#define fcntl(...) INJECT_SYSTEM("fcntl", EMFILE, fcntl(__VA_ARGS__))
#define fchmod(...) INJECT_SYSTEM("fchmod", EPERM, fchmod(__VA_ARGS__))
#define flock(...) INJECT_SYSTEM("flock", ENOLCK, flock(__VA_ARGS__))
#define getpeername(...) INJECT_SYSTEM("getpeername", ENOBUFS, getpeername(__VA_ARGS__))
#define getsockname(...) INJECT_SYSTEM("getsockname", ENOBUFS, getsockname(__VA_ARGS__))
#define getsockopt(...) INJECT_SYSTEM("getsockopt", ENOBUFS, getsockopt(__VA_ARGS__))
#define listen(...) INJECT_SYSTEM("listen", EADDRINUSE, listen(__VA_ARGS__))
#define pipe2(...) INJECT_SYSTEM("pipe2", EMFILE, pipe2(__VA_ARGS__))
#define recvmsg(...) INJECT_SYSTEM("recvmsg", ENOMEM, recvmsg(__VA_ARGS__))
#define sendmsg(...) INJECT_SYSTEM("sendmsg", ETOOMANYREFS, sendmsg(__VA_ARGS__))
#define setsockopt(...) INJECT_SYSTEM("setsockopt", ENOBUFS, setsockopt(__VA_ARGS__))
#define socket(...) INJECT_SYSTEM("socket", EMFILE, socket(__VA_ARGS__))
#define socketpair(...) INJECT_SYSTEM("socketpair", EMFILE, socketpair(__VA_ARGS__))
#define splice(...) INJECT_SYSTEM("splice", ENOMEM, splice(__VA_ARGS__))

#endif
