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

// What options are called here, in the order of `SocketOptionName` in socket-options/names.ts; -1 for what this system does
// not have.
#define NO_OPTION {-1, -1}
static const int option_numbers[][2] = {
    {SOL_SOCKET, SO_SNDBUF},
    {SOL_SOCKET, SO_RCVBUF},
#ifdef TCP_USER_TIMEOUT
    {IPPROTO_TCP, TCP_USER_TIMEOUT},
#else
    NO_OPTION,
#endif
#ifdef TCP_NOTSENT_LOWAT
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT},
#else
    NO_OPTION,
#endif
#ifdef TCP_QUICKACK
    {IPPROTO_TCP, TCP_QUICKACK},
#else
    NO_OPTION,
#endif
#ifdef TCP_FASTOPEN
    {IPPROTO_TCP, TCP_FASTOPEN},
#else
    NO_OPTION,
#endif
#ifdef TCP_FASTOPEN_CONNECT
    {IPPROTO_TCP, TCP_FASTOPEN_CONNECT},
#else
    NO_OPTION,
#endif
#ifdef TCP_DEFER_ACCEPT
    {IPPROTO_TCP, TCP_DEFER_ACCEPT},
#else
    NO_OPTION,
#endif
#ifdef TCP_CONGESTION
    {IPPROTO_TCP, TCP_CONGESTION},
#else
    NO_OPTION,
#endif
#ifdef SO_MARK
    {SOL_SOCKET, SO_MARK},
#else
    NO_OPTION,
#endif
#ifdef SO_BINDTODEVICE
    {SOL_SOCKET, SO_BINDTODEVICE},
#else
    NO_OPTION,
#endif
#ifdef SO_PRIORITY
    {SOL_SOCKET, SO_PRIORITY},
#else
    NO_OPTION,
#endif
    {IPPROTO_TCP, TCP_MAXSEG},
#ifdef __linux__
    {SOL_SOCKET, SO_PROTOCOL},
    {IPPROTO_TCP, TCP_INFO},
#else
    NO_OPTION,
    NO_OPTION,
#endif
};

// optionNumbers(): level and name of each, one after the other.
static int64_t list_option_numbers(x_call *call) {
  enum { COUNT = sizeof(option_numbers) / sizeof(option_numbers[0]) };
  int64_t list[2 * COUNT];
  for (int i = 0; i < 2 * COUNT; i++) list[i] = option_numbers[i / 2][i % 2];
  call->answer = numbers(call->env, list, 2 * COUNT);
  return UV_ENOMEM;
}

// setOption(fd, level, name, bytes)
static int64_t set_option(x_call *call) {
  const uv_buf_t *value = &call->args[3].bytes;
  int fd = call->args[0].number;
  if (setsockopt(fd, call->args[1].number, call->args[2].number, value->base, (socklen_t)value->len) == 0) return 0;
  return uv_translate_sys_error(errno);
}

// getOption(fd, level, name, buffer): how many bytes of the buffer the system has filled, or a status.
static int64_t get_option(x_call *call) {
  uv_buf_t *into = &call->args[3].bytes;
  socklen_t size = (socklen_t)into->len;
  if (into->len > INT32_MAX) return UV_EINVAL;
  if (getsockopt(call->args[0].number, call->args[1].number, call->args[2].number, into->base, &size) != 0) {
    return uv_translate_sys_error(errno);
  }
  // Some options tell how long they are, rather than what was filled.
  return size < into->len ? (int64_t)size : (int64_t)into->len;
}

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

// openSocket(is IPv6, is multipath): a TCP socket that is neither bound nor connected, or a status.
static int64_t open_socket(x_call *call) {
  int family = call->args[0].flag ? AF_INET6 : AF_INET;
#ifndef __linux__
  if (call->args[1].flag) return UV_ENOTSUP;
#endif
  return x_socket_open(family, SOCK_STREAM, call->args[1].flag ? IPPROTO_MPTCP : 0);
}

bool x_export_options(napi_env env, napi_value exports) {
  static const x_export list[] = {
      {"noDelay", "sb", no_delay, UV_EBADF},
      {"keepAlive", "sbiii", keep_alive, UV_EBADF},
      {"typeOfService", "si", type_of_service, UV_EBADF},
      {"credentials", "s", credentials, UV_EBADF},
      {"peerPidfd", "s", peer_pidfd, UV_EBADF},
      {"optionNumbers", "", list_option_numbers, 0},
      {"setOption", "iiiB", set_option, 0},
      {"getOption", "iiiB", get_option, 0},
      {"openSocket", "bb", open_socket, 0},
  };
  return X_EXPORT_ALL(env, exports, list);
}
