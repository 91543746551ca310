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

// The order is that of the functions which `setup` takes (see addon.ts). Those of streams are told by the stream's place in
// the handle table, and find its object in a list of JavaScript's own: a connection has no reference here. The others are
// called on the object of their handle or request. All come in the async context of their handle or request.
typedef enum {
  X_ON_ACCEPT,
  X_ON_DESCRIPTORS,
  X_ON_READ,          // of a stream
  X_ON_READ_ARENA,    // of a stream
  X_ON_CONNECT,
  X_ON_WRITTEN,
  X_ON_SHUTDOWN,      // of a stream
  X_ON_STREAM_CLOSED, // of a stream
  X_ON_CLOSED,
  X_ON_MESSAGE,
  X_ON_MAY_MOVE,
  X_ON_SHORTAGE,
  X_ON_READABLE,
  X_MAKE_STREAM,  // of a listener: answers the object of the stream that it has accepted
  X_EVENT_COUNT
} x_event;

typedef enum { X_ANY, X_STREAM, X_LISTENER, X_CHANNEL, X_WATCHER } x_type;
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
  bool is_main;  // of the process's main thread
  napi_ref events[X_EVENT_COUNT];
  x_slot *slots;
  uint32_t slot_count;
  uint32_t free_slot;  // the one that has been free for longest
  uint32_t last_free;
  uint32_t live;  // handles with libuv parts that are not closed yet
  x_pool *pool;
  char *arena;  // where the next large read lands; NULL: none was taken yet
  char *scratch;  // small reads land here; `scratch_buffer` is JavaScript's view of it, and of the lists behind it
  napi_ref scratch_buffer;
  int32_t *told;    // descriptors that an event tells of, up to a -1
  int32_t *passed;  // descriptors that a call takes, or answers with up to a -1: JavaScript may call inside an event
  int splice_pipe[2];  // of all splices, empty between two events
  bool has_splice_pipe;
  uint32_t splices;
  bool asking;  // JavaScript is asked inside a callback that allows no change: every call is refused
  uint8_t *fd_owners;  // whose each descriptor is: an x_owner for each number
  size_t fd_count;
} x_instance;

// Where a callback belongs: the object that it is called on, which a stream has not, and the async context that was current
// when it was made.
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
  uint8_t parts;  // libuv handles inside it that were opened and are not closed yet
  x_context context;
};

// Where a stream is in its life. X_TAKEN: a descriptor that was taken over and that has no peer yet; it may connect.
typedef enum { X_IDLE, X_CONNECTING, X_TAKEN, X_CONNECTED } x_state;

// A pending connect or write, with the context of the call that asked for it.
typedef struct x_stream x_stream;
typedef struct {
  x_stream *stream;
  x_context context;
  int status;  // the outcome, where it is known before it may be told
  union {
    uv_req_t any;
    uv_connect_t connect;
    uv_write_t write;
  } uv;
} x_request;

// What a stream has from its first splice on: few ever have one.
typedef struct {
  x_stream *to, *from;  // whither what comes in is moved, and whence, without JavaScript's seeing it
  ssize_t left;         // so many bytes the target has not taken; or why it could not
  int64_t in, out;
  int write_status;  // a move has failed to write here: what the next write is answered
  bool reads;        // the last alloc callback has moved bytes, in place of a read
} x_splice;

// There is one for each connection, open or idle: what is not needed from the start is made when it is used.
struct x_stream {
  x_handle base;
  uint8_t kind;   // an x_kind
  uint8_t state;  // an x_state
  bool connect_pending;
  bool last_held;   // its last bytes wait in the system for the end of our side, to leave with it
  bool bulk;        // the last read was large: read into an arena at once
  bool into_arena;  // where the last alloc callback sent the read
  bool uses_pool;
  napi_ref into;    // the user's buffer for the next read
  x_splice *splice;  // NULL until there is one
  // The last member: a TCP stream's memory ends with its uv_tcp_t, which is smaller than a uv_pipe_t.
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

// instance.c: handle table and life cycle. A handle is made in steps, each of which may fail; the one that fails answers
// through `x_handle_abandon`, which closes what the steps before it opened.
void *x_handle_new(x_instance *in, x_type type, size_t size, int *status);
int x_part_open(x_handle *handle, void *part, int status);
bool x_part_is_open(const void *part);
void x_part_close(void *part);
void x_handle_abandon(x_handle *handle);
int64_t x_handle_id(const x_handle *handle);
x_handle *x_handle_find(const x_instance *in, int64_t id, x_type type);
void x_handle_close(x_handle *handle, bool tell);
void x_handle_drop_all(x_instance *in);
void x_table_free(x_instance *in);

// emit.c: calls into JavaScript.
bool x_context_hold(x_instance *in, x_context *context, napi_value object);
bool x_context_begin(x_instance *in, x_context *context, napi_value object, const char *name);
bool x_context_bind(x_instance *in, x_context *context, const char *name);
bool x_context_open(x_instance *in, x_context *context, napi_value object, const char *name);
void x_context_close(x_instance *in, x_context *context);
bool x_enter(x_instance *in, napi_handle_scope *scope);
void x_leave(x_instance *in, napi_handle_scope scope);
bool x_emit(x_instance *in, const x_context *context, x_event event, size_t argc, const napi_value *argv);
void x_emit_status(x_instance *in, const x_context *context, x_event event, int status);
bool x_emit_stream(const x_stream *stream, napi_async_context async, x_event event, size_t argc, napi_value *argv);
bool x_emit_stream_status(const x_stream *stream, napi_async_context async, x_event event, int status);

// args.c: the entrance of every call from JavaScript. The signature of an export is a letter for each argument; what does
// not fit is answered with UV_EINVAL before the function runs, and an id that names no open handle with `gone`:
//   s l c w h  the id of a stream, a listener, a channel, a watcher, any handle; the first argument where there is one
//   i        a whole number of 32 bits                    b  a boolean
//   n        a size, from 0 on                            o  an object
//   f        how many descriptors are passed, at most 253 p  a string in UTF-8, freed after the call unless taken
//   F        the same, for a full list                    C  an array of buffers (`chunks`)
//   B        a buffer                                     N  a buffer or null
#define X_MOST_ARGUMENTS 5
#define X_FEW_CHUNKS 32
typedef union {
  int32_t number;
  int64_t size;
  bool flag;
  uv_buf_t bytes;
  napi_value value;
  struct {
    char *data;
    size_t length;
  } text;
} x_arg;

typedef struct {
  x_instance *in;
  napi_env env;
  x_handle *handle;
  napi_value answer;  // in place of the number that the function returns, where it is set
  x_arg args[X_MOST_ARGUMENTS];  // without the id
  uv_buf_t *chunks;
  uint32_t chunk_count;
  uv_buf_t few[X_FEW_CHUNKS];
} x_call;

typedef struct {
  const char *name;
  const char *signature;
  int64_t (*run)(x_call *call);
  int64_t gone;
} x_export;

bool x_export_all(napi_env env, napi_value exports, const x_export *list, size_t count);
napi_value x_number(napi_env env, int64_t value);
bool x_bytes(napi_env env, napi_value value, uv_buf_t *bytes);

// address.c: addresses between JavaScript and the system.
int x_tcp_address(const char *text, size_t length, int port, struct sockaddr_storage *to);
int x_path_address(const char *path, size_t length, struct sockaddr_storage *to, socklen_t *to_length);
napi_value x_address_value(napi_env env, const struct sockaddr_storage *from, socklen_t length);
napi_value x_socket_name(napi_env env, int fd, bool peer);
socklen_t x_address_length(const struct sockaddr_storage *address);

// socket.c: descriptors, without libuv.
#define X_BIND_IPV6_ONLY 1
#define X_BIND_REUSE_PORT 2
#define X_BIND_SINGLE 4  // no SO_REUSEADDR
int x_socket_open(int family, int type, int protocol);
int x_socket_bind_given(int fd, const struct sockaddr_storage *at, int flags);
int x_socket_bind_tcp(const struct sockaddr_storage *at, int flags, int *fd);
void x_socket_allow_reuse(int fd);
int x_socket_kind(int fd, bool listener, x_kind *kind);
bool x_socket_has_peer(int fd);
int x_fd_prepare(int fd);
bool x_is_socket(int fd);
bool x_is_shortage(int status);

// request.c: an operation on a stream that is answered later.
x_request *x_request_new(x_stream *stream, napi_value object, const char *name);
void x_request_done(x_request *request, x_event event, int status);
void x_request_free(x_request *request);

// stream.c
x_stream *x_stream_new(x_instance *in, x_kind kind, int *status);
int x_stream_take(x_stream *stream, int fd);
int x_stream_fd(const x_stream *stream);
bool x_stream_context(x_stream *stream, napi_value object);
x_stream *x_stream_of(const x_call *call);

// read-pool.c: memory that reads land in.
#define X_READ_SIZE 65536    // the most that one read takes
// From here on a read is worth an arena, and the next one goes there at once. A smaller one is copied into a buffer of its size, so
// that it does not pin an arena. An arena is the memory of one read: its receiver may transfer it away, and takes no other's along.
#define X_BULK_READ (X_READ_SIZE / 2)
x_pool *x_pool_new(void);
void x_pool_end(x_pool *pool);
void x_pool_use(x_pool *pool, int change);
char *x_pool_take(x_pool *pool);
napi_value x_pool_buffer(napi_env env, x_pool *pool, char *arena);

// listener.c, handoff.c
int x_listener_fd(const x_handle *handle);
int x_channel_fd(const x_handle *handle);
void x_channel_cancel(x_handle *handle);
void x_listener_ref(x_handle *handle, bool on);
void x_channel_ref(x_handle *handle, bool on);

// descriptors.c
#define X_FD_SLOTS 256  // of a list that JavaScript sees, the -1 with them
#define X_MOST_FDS 253  // in one message (SCM_MAX_FD of Linux)
void x_list_fds(int32_t *list, const int *fds, size_t count);
void x_emit_fds(x_instance *in, const x_context *context, x_event event, int64_t number, bool flag, const int *fds,
                size_t count);
// Whose a descriptor is, as far as this instance knows: nobody's here, ours until JavaScript takes it (it came in), or a
// handle's.
typedef enum { X_FD_FREE, X_FD_UNCLAIMED, X_FD_HELD } x_owner;
void x_fd_belongs(x_instance *in, int fd, x_owner owner);
bool x_fd_is_held(const x_instance *in, int fd);
void x_fds_came(x_instance *in, const int *fds, size_t count);
void x_close_unclaimed(x_instance *in);

// splice.c
void x_splice_end(x_stream *stream);
void x_splice_freed(x_stream *stream);
int x_splice_failure(x_stream *stream);
bool x_splice_moved(const x_stream *stream);
bool x_splice_reads(const x_stream *stream);
bool x_splice_writes(const x_stream *stream);
bool x_splice_read(x_stream *from);
size_t x_splice_write(x_stream *from, char *bytes, size_t size);
ssize_t x_splice_left(x_stream *from, const uv_buf_t *into);

// read.c
void x_read_freed(x_stream *stream);

// What each type does to start closing its parts; called once.
void x_stream_shut(x_stream *stream);
void x_stream_settle(x_stream *stream);
void x_listener_shut(x_handle *handle);
void x_channel_shut(x_handle *handle);
void x_watcher_shut(x_handle *handle);
// Each file adds its functions to the module's exports; false where that failed.
bool x_export_handle(napi_env env, napi_value exports);
bool x_export_stream(napi_env env, napi_value exports);
bool x_export_read(napi_env env, napi_value exports);
bool x_export_write(napi_env env, napi_value exports);
bool x_export_options(napi_env env, napi_value exports);
bool x_export_listener(napi_env env, napi_value exports);
bool x_export_handoff(napi_env env, napi_value exports);
bool x_export_descriptors(napi_env env, napi_value exports);
bool x_export_splice(napi_env env, napi_value exports);
bool x_export_peek(napi_env env, napi_value exports);

#define X_EXPORT_ALL(env, exports, list) x_export_all(env, exports, list, sizeof(list) / sizeof((list)[0]))

#endif
