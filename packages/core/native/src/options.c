// Options of a connection, set on the descriptor where the oldest libuv has no call for them. It moves no bytes.
#include "x-net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#if defined(__APPLE__) && !defined(TCP_KEEPIDLE)
#define TCP_KEEPIDLE TCP_KEEPALIVE
#endif

static int set_int(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0 ? 0 : uv_translate_sys_error(errno);
}

// noDelay(id, enable)
static int64_t no_delay(x_call *call) {
  x_stream *stream = x_stream_of(call);
  if (stream->kind != X_TCP) return UV_ENOTSUP;
  return set_int(x_stream_fd(stream), IPPROTO_TCP, TCP_NODELAY, call->args[0].flag);
}

// keepAlive(id, enable, delay, interval, count): seconds; 0 keeps the system's (tcp(7)).
static int64_t keep_alive(x_call *call) {
  x_stream *stream = x_stream_of(call);
  if (stream->kind != X_TCP) return UV_ENOTSUP;
  int fd = x_stream_fd(stream);
  bool enable = call->args[0].flag;
  const int options[] = {TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT};
  int status = set_int(fd, SOL_SOCKET, SO_KEEPALIVE, enable);
  for (int i = 0; i < 3 && enable && status == 0; i++) {
    int value = call->args[1 + i].number;
    if (value > 0) status = set_int(fd, IPPROTO_TCP, options[i], value);
  }
  return status;
}

// The socket's own family decides which header field is meant; -1 where it is not an IP socket.
static int family_of(int fd) {
  struct sockaddr_storage name = {0};
  socklen_t length = sizeof(name);
  return getsockname(fd, (struct sockaddr *)&name, &length) == 0 ? name.ss_family : -1;
}

// typeOfService(id, value or -1 to ask)
static int64_t type_of_service(x_call *call) {
  x_stream *stream = x_stream_of(call);
  if (stream->kind != X_TCP) return UV_ENOTSUP;
  int fd = x_stream_fd(stream), value = call->args[0].number;
  bool six = family_of(fd) == AF_INET6;
  int level = six ? IPPROTO_IPV6 : IPPROTO_IP, option = six ? IPV6_TCLASS : IP_TOS;
  if (fd < 0) return UV_EBADF;
  if (value > 255) return UV_EINVAL;
  if (value >= 0) {
    int status = set_int(fd, level, option, value);
    // A v4-mapped connection on an IPv6 socket sends IPv4 headers, which take IP_TOS. Best effort.
    if (status == 0 && six) (void)set_int(fd, IPPROTO_IP, IP_TOS, value);
    return status;
  }
  socklen_t size = sizeof(value);
  if (getsockopt(fd, level, option, &value, &size) != 0) return uv_translate_sys_error(errno);
  return value & 255;
}

static napi_value numbers(napi_env env, const int64_t *list, uint32_t count) {
  napi_value result, value;
  X_TRY(napi_create_array_with_length(env, count, &result));
  for (uint32_t i = 0; i < count; i++) {
    value = x_number(env, list[i]);
    if (value == NULL) return NULL;
    X_TRY(napi_set_element(env, result, i, value));
  }
  return result;
}

// credentials(id): [pid, uid, gid] of the process that connected or listened, or a status. The pid is 0 where the system
// does not tell it.
static int64_t credentials(x_call *call) {
  x_stream *stream = x_stream_of(call);
  if (stream->kind != X_PIPE) return UV_ENOTSUP;
  int fd = x_stream_fd(stream);
#ifdef SO_PEERCRED
  struct ucred peer;
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return uv_translate_sys_error(errno);
  int64_t parts[] = {peer.pid, peer.uid, peer.gid};
#else
  uid_t uid;
  gid_t gid;
  pid_t pid = 0;
  if (getpeereid(fd, &uid, &gid) != 0) return uv_translate_sys_error(errno);
#ifdef LOCAL_PEERPID
  socklen_t size = sizeof(pid);
  if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &pid, &size) != 0) pid = 0;
#endif
  int64_t parts[] = {pid, uid, gid};
#endif
  call->answer = numbers(call->env, parts, 3);
  return UV_ENOMEM;
}

// peerPidfd(id): a descriptor of the peer's process, or a status. Not by its pid, which may be another's by now.
static int64_t peer_pidfd(x_call *call) {
  x_stream *stream = x_stream_of(call);
  if (stream->kind != X_PIPE) return UV_ENOTSUP;
#ifdef __linux__
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
  int pidfd = -1;
  socklen_t size = sizeof(pidfd);
  if (getsockopt(x_stream_fd(stream), SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0) return pidfd;
  return errno == ENOPROTOOPT ? UV_ENOTSUP : uv_translate_sys_error(errno);
#else
  return UV_ENOTSUP;
#endif
}

bool x_export_options(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"noDelay", "sb", no_delay, UV_EBADF},
      {"keepAlive", "sbiii", keep_alive, UV_EBADF},
      {"typeOfService", "si", type_of_service, UV_EBADF},
      {"credentials", "s", credentials, UV_EBADF},
      {"peerPidfd", "s", peer_pidfd, UV_EBADF},
  };
  return X_EXPORT_ALL(env, exports, list);
}
