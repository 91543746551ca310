// Bare descriptors between JavaScript and the addon: lists of them, pairs, whose they are, closing. It knows no handle.
#include "x-net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

// At most X_FD_SLOTS - 1 of them, and a -1.
void x_list_fds(int32_t *list, const int *fds, size_t count) {
  for (size_t i = 0; i < count; i++) list[i] = fds[i];
  list[count] = -1;
}

static x_owner owner_of(const x_instance *in, int fd) {
  return fd >= 0 && (size_t)fd < in->fd_count ? (x_owner)in->fd_owners[fd] : X_FD_FREE;
}

// Without memory for the table the descriptor counts as nobody's: JavaScript's own.
void x_fd_belongs(x_instance *in, int fd, x_owner owner) {
  if (fd < 0 || owner_of(in, fd) == owner) return;
  if ((size_t)fd >= in->fd_count) {
    size_t count = ((size_t)fd + 64) * 2;
    uint8_t *owners = realloc(in->fd_owners, count);
    if (owners == NULL) return;
    memset(owners + in->fd_count, X_FD_FREE, count - in->fd_count);
    in->fd_owners = owners;
    in->fd_count = count;
  }
  in->fd_owners[fd] = (uint8_t)owner;
}

bool x_fd_is_held(const x_instance *in, int fd) {
  return owner_of(in, fd) == X_FD_HELD;
}

void x_fds_came(x_instance *in, const int *fds, size_t count) {
  for (size_t i = 0; i < count; i++) x_fd_belongs(in, fds[i], X_FD_UNCLAIMED);
}

// Those that nobody took, when the environment ends: its thread is one of several. With the main thread the process ends,
// and all of its descriptors.
void x_close_unclaimed(x_instance *in) {
  for (size_t fd = 0; fd < in->fd_count && !in->is_main; fd++) {
    if (in->fd_owners[fd] == X_FD_UNCLAIMED) close((int)fd);
  }
  free(in->fd_owners);
  in->fd_owners = NULL;
  in->fd_count = 0;
}

static void close_fd(x_instance *in, int fd) {
  if (fd < 0 || x_fd_is_held(in, fd)) return;
  x_fd_belongs(in, fd, X_FD_FREE);
  close(fd);
}

// An event with a number, a flag and descriptors, which the instance owns from then on; where it could not be called they
// are closed.
void x_emit_fds(x_instance *in, const x_context *context, x_event event, int64_t number, bool flag, const int *fds,
                size_t count) {
  napi_handle_scope scope;
  bool told = false;
  x_fds_came(in, fds, count);
  if (x_enter(in, &scope)) {
    napi_value argv[2] = {x_number(in->env, number), NULL};
    x_list_fds(in->told, fds, count);
    told = argv[0] != NULL && napi_get_boolean(in->env, flag, &argv[1]) == napi_ok && x_emit(in, context, event, 2, argv);
    x_leave(in, scope);
  }
  for (size_t i = 0; i < count && !told; i++) close_fd(in, fds[i]);
}

// socketPair(): a status, and two connected Unix-domain streams in the list.
static int64_t socket_pair(x_call *call) {
  int pair[2], type = SOCK_STREAM;
#ifdef SOCK_CLOEXEC
  type |= SOCK_CLOEXEC;
#endif
  if (socketpair(AF_UNIX, type, 0, pair) != 0) return uv_translate_sys_error(errno);
  int status = x_fd_prepare(pair[0]);
  if (status == 0) status = x_fd_prepare(pair[1]);
  if (status < 0) {
    close(pair[0]);
    close(pair[1]);
    return status;
  }
  x_list_fds(call->in->passed, pair, 2);
  return 0;
}

// peerOf(fd): the address of the other end, or a status.
static int64_t peer_of(x_call *call) {
  call->answer = x_socket_name(call->env, call->args[0].number, true);
  return UV_ENOMEM;
}

// duplicate(fd): another descriptor of the same socket, or a status.
static int64_t duplicate(x_call *call) {
  int fd = fcntl(call->args[0].number, F_DUPFD_CLOEXEC, 3);
  return fd < 0 ? uv_translate_sys_error(errno) : fd;
}

// takeDescriptors(count): those in the list are JavaScript's from here on.
static int64_t take_descriptors(x_call *call) {
  for (int64_t i = 0; i < call->args[0].size; i++) {
    int fd = call->in->passed[i];
    if (!x_fd_is_held(call->in, fd)) x_fd_belongs(call->in, fd, X_FD_FREE);
  }
  return 0;
}

// closeDescriptors(count): those in the list, but for those of a handle.
static int64_t close_descriptors(x_call *call) {
  for (int64_t i = 0; i < call->args[0].size; i++) close_fd(call->in, call->in->passed[i]);
  return 0;
}

// unclaimed(): how many came in and were not taken; for tests.
static int64_t unclaimed(x_call *call) {
  int64_t count = 0;
  for (size_t fd = 0; fd < call->in->fd_count; fd++) count += call->in->fd_owners[fd] == X_FD_UNCLAIMED;
  return count;
}

// lockFile(fd): a lock on the whole file, without waiting for it; UV_EAGAIN where another has it.
static int64_t lock_file(x_call *call) {
  return flock(call->args[0].number, LOCK_EX | LOCK_NB) == 0 ? 0 : uv_translate_sys_error(errno);
}

// closeOnExec(fd): programs that this process starts do not get it.
static int64_t close_on_exec(x_call *call) {
  int fd = call->args[0].number, flags = fcntl(fd, F_GETFD);
  return flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0 ? uv_translate_sys_error(errno) : 0;
}

// probe(path): a status that tells whether a socket is bound there (contract.ts). A datagram socket cannot connect to a
// stream's, and learns why without being seen: the system finds the socket first, and then that the types differ.
static int64_t probe(x_call *call) {
  struct sockaddr_storage at;
  socklen_t at_length;
  int status = x_path_address(call->args[0].text.data, call->args[0].text.length, &at, &at_length);
  if (status < 0) return status;
  int fd = x_socket_open(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) return fd;
  status = connect(fd, (struct sockaddr *)&at, at_length) == 0 || errno == EPROTOTYPE ? 0 : uv_translate_sys_error(errno);
  close(fd);
  return status;
}

bool x_export_descriptors(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"socketPair", "", socket_pair, 0},
      {"peerOf", "i", peer_of, 0},
      {"duplicate", "i", duplicate, 0},
      {"lockFile", "i", lock_file, 0},
      {"probe", "p", probe, 0},
      {"closeOnExec", "i", close_on_exec, 0},
      {"takeDescriptors", "F", take_descriptors, 0},
      {"closeDescriptors", "F", close_descriptors, 0},
      {"unclaimed", "", unclaimed, 0},
  };
  return X_EXPORT_ALL(env, exports, list);
}
