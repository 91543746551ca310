// Bare descriptors between JavaScript and the addon: lists of them, pairs, whose they are, closing. It knows no handle.
#include "x-net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

// At most X_FD_SLOTS - 1 of them, and a -1.
void x_list_fds(int32_t *list, const int *fds, size_t count) {
  for (size_t i = 0; i < count; i++) list[i] = fds[i];
  list[count] = -1;
}

// An event with a number and descriptors, which are the listener's then; where it could not be called they are closed.
void x_emit_fds(x_instance *in, const x_context *context, x_event event, int64_t number, const int *fds, size_t count) {
  napi_handle_scope scope;
  bool told = false;
  if (x_enter(in, &scope)) {
    napi_value argv[1] = {x_number(in->env, number)};
    x_list_fds(in->told, fds, count);
    told = argv[0] != NULL && x_emit(in, context, event, 1, argv);
    x_leave(in, scope);
  }
  for (size_t i = 0; i < count && !told; i++) close(fds[i]);
}

// How many descriptors a call passes. False: more than `most`, or no number.
bool x_passed_count(napi_env env, napi_value value, uint32_t most, uint32_t *count) {
  return napi_get_value_uint32(env, value, count) == napi_ok && *count <= most;
}

// socketPair(): a status, and two connected Unix-domain streams in the list.
static napi_value socket_pair(napi_env env, napi_callback_info info) {
  int pair[2], type = SOCK_STREAM;
  x_instance *in = x_args(env, info, 0, NULL);
  if (in == NULL) return NULL;
#ifdef SOCK_CLOEXEC
  type |= SOCK_CLOEXEC;
#endif
  if (socketpair(AF_UNIX, type, 0, pair) != 0) return x_number(env, uv_translate_sys_error(errno));
  int status = x_fd_prepare(pair[0]);
  if (status == 0) status = x_fd_prepare(pair[1]);
  x_list_fds(in->passed, pair, 2);
  if (status == 0) return x_number(env, 0);
  close(pair[0]);
  close(pair[1]);
  return x_number(env, status);
}

// peerOf(fd): the address of the other end, or a status.
static napi_value peer_of(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  if (x_args(env, info, 1, argv) == NULL) return NULL;
  return x_socket_name(env, x_int(env, argv[0]), true);
}

// duplicate(fd): another descriptor of the same socket, or a status.
static napi_value duplicate(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  if (x_args(env, info, 1, argv) == NULL) return NULL;
  int fd = fcntl(x_int(env, argv[0]), F_DUPFD_CLOEXEC, 3);
  return x_number(env, fd < 0 ? uv_translate_sys_error(errno) : fd);
}

// closeDescriptors(count): those in the list.
static napi_value close_descriptors(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  uint32_t count = 0;
  x_instance *in = x_args(env, info, 1, argv);
  if (in == NULL) return NULL;
  if (!x_passed_count(env, argv[0], X_FD_SLOTS, &count)) return x_number(env, UV_EINVAL);
  for (uint32_t i = 0; i < count; i++) {
    if (in->passed[i] >= 0) close(in->passed[i]);
  }
  return x_number(env, 0);
}

// lockFile(fd): a lock on the whole file, without waiting for it; UV_EAGAIN where another has it.
static napi_value lock_file(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  if (x_args(env, info, 1, argv) == NULL) return NULL;
  int status = flock(x_int(env, argv[0]), LOCK_EX | LOCK_NB);
  return x_number(env, status == 0 ? 0 : uv_translate_sys_error(errno));
}

// probe(path): a status that tells whether a socket is bound there (contract.ts). A datagram socket cannot connect to a
// stream's, and learns why without being seen: the system finds the socket first, and then that the types differ.
static napi_value probe(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  struct sockaddr_storage at;
  socklen_t at_length;
  size_t length = 0;
  if (x_args(env, info, 1, argv) == NULL) return NULL;
  char *path = x_text(env, argv[0], &length);
  int status = path == NULL ? UV_EINVAL : x_path_address(path, length, &at, &at_length);
  free(path);
  if (status < 0) return x_number(env, status);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) return x_number(env, uv_translate_sys_error(errno));
  status = connect(fd, (struct sockaddr *)&at, at_length) == 0 || errno == EPROTOTYPE ? 0 : uv_translate_sys_error(errno);
  close(fd);
  return x_number(env, status);
}

void x_export_descriptors(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"socketPair", socket_pair},
      {"peerOf", peer_of},
      {"duplicate", duplicate},
      {"lockFile", lock_file},
      {"probe", probe},
      {"closeDescriptors", close_descriptors}};
  X_EXPORT_ALL(env, exports, list);
}
