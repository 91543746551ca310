// What the files of the addon share: the instance (one per JavaScript environment), the handle table, events into
// JavaScript, and the handle types. It knows no system call.
#ifndef X_NET_H
#define X_NET_H

#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif
#include <node_api.h>
#include <uv.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// A failed Node-API call leaves a JavaScript exception pending or the environment is going away: give up quietly.
#define X_TRY(call)                    \
  do {                                 \
    if ((call) != napi_ok) return NULL; \
  } while (0)

// The order is that of the functions which `setup` takes (see addon.ts).
typedef enum {
  X_ON_ACCEPT,
  X_ON_DESCRIPTORS,
  X_ON_READ,
  X_ON_READ_ARENA,
  X_ON_CONNECT,
  X_ON_WRITTEN,
  X_ON_SHUTDOWN,
  X_ON_CLOSED,
  X_ON_MESSAGE,
  X_ON_RELAYED,
  X_EVENT_COUNT
} x_event;

typedef enum { X_ANY, X_STREAM, X_LISTENER, X_CHANNEL, X_RELAY } x_type;
typedef enum { X_TCP, X_PIPE } x_kind;

typedef struct x_pool x_pool;
typedef struct x_handle x_handle;

typedef struct {
  x_handle *handle;
  uint32_t generation;
  uint32_t next_free;
} x_slot;

// All state of one environment. A worker thread has its own.
typedef struct {
  napi_env env;
  uv_loop_t *loop;
  napi_async_cleanup_hook_handle cleanup_hook;
  bool ending;
  napi_ref events[X_EVENT_COUNT];
  x_slot *slots;
  uint32_t slot_count;
  uint32_t free_slot;
  uint32_t live;  // handles with libuv parts that are not closed yet
  x_pool *pool;
  char *arena;  // large reads land here, from `arena_used` on; `arena_buffer` is JavaScript's view of it
  size_t arena_used;
  napi_ref arena_buffer;
  char *scratch;  // small reads land here; `scratch_buffer` is JavaScript's view of it, and of the lists behind it
  napi_ref scratch_buffer;
  int32_t *told;    // descriptors that an event tells of, up to a -1
  int32_t *passed;  // descriptors that a call takes, or answers with up to a -1: JavaScript may call inside an event
} x_instance;

// Where a callback belongs: the object that it is called on, and the async context that was current when it was made.
typedef struct {
  napi_ref object;
  napi_async_context async;
} x_context;

// The first member of every handle type.
struct x_handle {
  x_instance *in;
  x_type type;
  uint32_t slot;
  bool closing;
  bool tell_closed;
  uint8_t parts;  // libuv handles inside it that are not closed yet
  x_context context;
};

// A pending connect, write or shutdown, with the context of the call that asked for it.
typedef struct x_stream x_stream;
typedef struct x_relay x_relay;
typedef struct {
  x_stream *stream;
  x_context context;
  int status;  // the outcome, where it is known before it may be told
  union {
    uv_req_t any;
    uv_connect_t connect;
    uv_write_t write;
    uv_shutdown_t shutdown;
  } uv;
} x_request;

struct x_stream {
  x_handle base;
  x_kind kind;
  bool bulk;            // the last read was large: read into an arena at once
  bool connected;
  bool connecting;
  napi_ref into;        // the user's buffer for the next read
  x_relay *relay;       // moves its bytes, where there is one
  int64_t relayed_in, relayed_out;
  bool into_arena;      // where the last alloc callback sent the read
  bool uses_pool;
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } uv;
};

// loop.c: the environment's loop and its end.
bool x_loop_open(x_instance *in);
void x_loop_settled(x_instance *in);

// instance.c: handle table and life cycle.
int x_handle_init(x_instance *in, x_handle *handle, x_type type);
void x_handle_undo(x_handle *handle);
int64_t x_handle_id(const x_handle *handle);
x_handle *x_handle_find(const x_instance *in, int64_t id, x_type type);
void x_handle_close(x_handle *handle, bool tell);
void x_part_closed(uv_handle_t *part);
void x_handle_drop_all(x_instance *in);
void x_table_free(x_instance *in);

// emit.c: calls into JavaScript.
bool x_context_hold(x_instance *in, x_context *context, napi_value object);
bool x_context_bind(x_instance *in, x_context *context, const char *name);
bool x_context_open(x_instance *in, x_context *context, napi_value object, const char *name);
void x_context_close(x_instance *in, x_context *context);
bool x_enter(x_instance *in, napi_handle_scope *scope);
void x_leave(x_instance *in, napi_handle_scope scope);
bool x_emit(x_instance *in, const x_context *context, x_event event, size_t argc, const napi_value *argv);
void x_emit_status(x_instance *in, const x_context *context, x_event event, int status);

// args.c: the arguments of a call from JavaScript. `x_args` answers NULL where the handle is gone.
typedef struct {
  x_instance *in;
  x_handle *handle;
  napi_value argv[6];
} x_call;
x_instance *x_args(napi_env env, napi_callback_info info, size_t count, napi_value *argv);
bool x_call_open(napi_env env, napi_callback_info info, x_type type, x_call *call);
napi_value x_number(napi_env env, int64_t value);
int32_t x_int(napi_env env, napi_value value);
int64_t x_int64(napi_env env, napi_value value);
bool x_bool(napi_env env, napi_value value);
bool x_bytes(napi_env env, napi_value value, uv_buf_t *bytes);
// A string in UTF-8, allocated; NULL where it is none. The caller frees it.
char *x_text(napi_env env, napi_value value, size_t *length);

// address.c: addresses between JavaScript and the system.
int x_tcp_address(napi_env env, napi_value address, napi_value port, struct sockaddr_storage *to);
int x_path_address(const char *path, size_t length, struct sockaddr_storage *to, socklen_t *to_length);
napi_value x_address_value(napi_env env, const struct sockaddr_storage *from, socklen_t length);
napi_value x_socket_name(napi_env env, int fd, bool peer);
socklen_t x_address_length(const struct sockaddr_storage *address);

// socket.c: descriptors, without libuv.
#define X_BIND_IPV6_ONLY 1
#define X_BIND_REUSE_PORT 2
#define X_BIND_SINGLE 4  // no SO_REUSEADDR
int x_socket_open(int family);
int x_socket_bind_tcp(const struct sockaddr_storage *at, int flags, int *fd);
void x_socket_allow_reuse(int fd);
int x_socket_kind(int fd, bool listener, x_kind *kind);
int x_fd_prepare(int fd);
bool x_is_socket(int fd);

// request.c: an operation on a stream that is answered later.
x_request *x_request_new(x_stream *stream, napi_value object, const char *name);
void x_request_done(x_request *request, x_event event, int status);
void x_request_free(x_request *request);

// stream.c
x_stream *x_stream_new(x_instance *in, x_kind kind, int *status);
int x_stream_take(x_stream *stream, int fd);
int x_stream_fd(const x_stream *stream);

// read-pool.c: memory that reads land in.
#define X_READ_SIZE 65536    // the most that one read takes
#define X_ARENA_SIZE 262144  // shared by consecutive large reads
x_pool *x_pool_new(void);
void x_pool_end(x_pool *pool);
void x_pool_use(x_pool *pool, int change);
napi_value x_pool_buffer(napi_env env, x_pool *pool, char **memory);

// listener.c, handoff.c
int x_listener_fd(const x_handle *handle);
int x_channel_fd(const x_handle *handle);
void x_channel_cancel(x_handle *handle);
void x_listener_ref(x_handle *handle, bool on);
void x_channel_ref(x_handle *handle, bool on);

// descriptors.c
#define X_FD_SLOTS 256  // of a list that JavaScript sees, the -1 with them
void x_list_fds(int32_t *list, const int *fds, size_t count);
void x_emit_fds(x_instance *in, const x_context *context, x_event event, int64_t number, const int *fds, size_t count);
bool x_passed_count(napi_env env, napi_value value, uint32_t most, uint32_t *count);

// relay.c
void x_relay_settle(x_relay *relay);
void x_relay_cancel(x_relay *relay);

// read.c
void x_read_freed(x_stream *stream);

// What each type does to start closing its parts; called once.
void x_stream_shut(x_stream *stream);
void x_stream_settle(x_stream *stream);
void x_listener_shut(x_handle *handle);
void x_channel_shut(x_handle *handle);
void x_relay_shut(x_handle *handle);
// Each file adds its functions to the module's exports.
typedef struct {
  const char *name;
  napi_callback call;
} x_export;
void x_export_all(napi_env env, napi_value exports, const x_export *list, size_t count);
void x_export_handle(napi_env env, napi_value exports);
void x_export_stream(napi_env env, napi_value exports);
void x_export_read(napi_env env, napi_value exports);
void x_export_write(napi_env env, napi_value exports);
void x_export_options(napi_env env, napi_value exports);
void x_export_listener(napi_env env, napi_value exports);
void x_export_handoff(napi_env env, napi_value exports);
void x_export_descriptors(napi_env env, napi_value exports);
void x_export_relay(napi_env env, napi_value exports);

#define X_EXPORT_ALL(env, exports, list) x_export_all(env, exports, list, sizeof(list) / sizeof((list)[0]))

#endif
