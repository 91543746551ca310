// Options of a connection, set on the descriptor where the oldest libuv has no call for them. It moves no bytes.
#include "x-net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#if defined(__APPLE__) && !defined(TCP_KEEPIDLE)
#define TCP_KEEPIDLE TCP_KEEPALIVE
#endif

static int set_int(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0 ? 0 : uv_translate_sys_error(errno);
}

// noDelay(id, enable)
static napi_value no_delay(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  if (stream->kind != X_TCP) return x_number(env, UV_ENOTSUP);
  return x_number(env, set_int(x_stream_fd(stream), IPPROTO_TCP, TCP_NODELAY, x_bool(env, call.argv[1])));
}

// keepAlive(id, enable, delay, interval, count): seconds; 0 keeps the system's (tcp(7)).
static napi_value keep_alive(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  if (stream->kind != X_TCP) return x_number(env, UV_ENOTSUP);
  int fd = x_stream_fd(stream);
  bool enable = x_bool(env, call.argv[1]);
  const int options[] = {TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT};
  int status = set_int(fd, SOL_SOCKET, SO_KEEPALIVE, enable);
  for (int i = 0; i < 3 && enable && status == 0; i++) {
    int value = x_int(env, call.argv[2 + i]);
    if (value > 0) status = set_int(fd, IPPROTO_TCP, options[i], value);
  }
  return x_number(env, status);
}

// The socket's own family decides which header field is meant; -1 where it is not an IP socket.
static int family_of(int fd) {
  struct sockaddr_storage name = {0};
  socklen_t length = sizeof(name);
  return getsockname(fd, (struct sockaddr *)&name, &length) == 0 ? name.ss_family : -1;
}

// typeOfService(id, value or -1 to ask)
static napi_value type_of_service(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  if (stream->kind != X_TCP) return x_number(env, UV_ENOTSUP);
  int fd = x_stream_fd(stream), value = x_int(env, call.argv[1]);
  bool six = family_of(fd) == AF_INET6;
  int level = six ? IPPROTO_IPV6 : IPPROTO_IP, option = six ? IPV6_TCLASS : IP_TOS;
  if (fd < 0) return x_number(env, UV_EBADF);
  if (value > 255) return x_number(env, UV_EINVAL);
  if (value >= 0) {
    int status = set_int(fd, level, option, value);
    // A v4-mapped connection on an IPv6 socket sends IPv4 headers, which take IP_TOS. Best effort.
    if (status == 0 && six) (void)set_int(fd, IPPROTO_IP, IP_TOS, value);
    return x_number(env, status);
  }
  socklen_t size = sizeof(value);
  if (getsockopt(fd, level, option, &value, &size) != 0) return x_number(env, uv_translate_sys_error(errno));
  return x_number(env, value & 255);
}

// credentials(id): [pid, uid, gid] of the process that connected or listened, or a status.
static napi_value credentials(napi_env env, napi_callback_info info) {
  x_call call;
  napi_value result, value;
  int64_t parts[3];
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  if (stream->kind != X_PIPE) return x_number(env, UV_ENOTSUP);
  int fd = x_stream_fd(stream);
#ifdef SO_PEERCRED
  struct ucred peer;
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return x_number(env, uv_translate_sys_error(errno));
  parts[0] = peer.pid, parts[1] = peer.uid, parts[2] = peer.gid;
#else
  uid_t uid;
  gid_t gid;
  if (getpeereid(fd, &uid, &gid) != 0) return x_number(env, uv_translate_sys_error(errno));
  parts[0] = 0, parts[1] = uid, parts[2] = gid;
#endif
  X_TRY(napi_create_array_with_length(env, 3, &result));
  for (uint32_t i = 0; i < 3; i++) {
    value = x_number(env, parts[i]);
    if (value == NULL) return NULL;
    X_TRY(napi_set_element(env, result, i, value));
  }
  return result;
}

// peerPidfd(id): a descriptor of the peer's process, or a status. Not by its pid, which may be another's by now.
static napi_value peer_pidfd(napi_env env, napi_callback_info info) {
  x_call call;
  if (!x_call_open(env, info, X_STREAM, &call)) return x_number(env, UV_EBADF);
  x_stream *stream = (x_stream *)call.handle;
  if (stream->kind != X_PIPE) return x_number(env, UV_ENOTSUP);
#ifdef __linux__
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
  int pidfd = -1;
  socklen_t size = sizeof(pidfd);
  if (getsockopt(x_stream_fd(stream), SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0) return x_number(env, pidfd);
  return x_number(env, errno == ENOPROTOOPT ? UV_ENOTSUP : uv_translate_sys_error(errno));
#else
  return x_number(env, UV_ENOTSUP);
#endif
}

void x_export_options(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"noDelay", no_delay},
      {"keepAlive", keep_alive},
      {"typeOfService", type_of_service},
      {"credentials", credentials},
      {"peerPidfd", peer_pidfd},
  };
  X_EXPORT_ALL(env, exports, list);
}
