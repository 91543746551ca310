// Sockets as descriptors: made, bound, and told apart. It knows no libuv handle and no JavaScript.
#include "x-net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

static int last_error(void) {
  return uv_translate_sys_error(errno);
}

// Non-blocking, and not inherited by child processes.
int x_fd_prepare(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || ((flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)) return last_error();
  flags = fcntl(fd, F_GETFD);
  if (flags < 0 || ((flags & FD_CLOEXEC) == 0 && fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)) return last_error();
  return 0;
}

int x_socket_open(int family, int type, int protocol) {
#ifdef SOCK_CLOEXEC
  int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  return fd < 0 ? last_error() : fd;
#else
  int fd = socket(family, type, protocol);
  if (fd < 0) return last_error();
  int status = x_fd_prepare(fd);
  if (status < 0) close(fd);
  return status < 0 ? status : fd;
#endif
}

static int set_bind_options(int fd, int family, int flags) {
  int on = 1, v6_only = (flags & X_BIND_IPV6_ONLY) != 0;
  bool reuse = (flags & X_BIND_SINGLE) == 0;
  if (reuse && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) return last_error();
  if ((flags & X_BIND_REUSE_PORT) != 0) {
#ifdef SO_REUSEPORT
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) return last_error();
#else
    return UV_ENOTSUP;
#endif
  }
  if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only)) != 0) {
    return last_error();
  }
  return 0;
}

// Of a port that was bound without it and listens now: what is accepted inherits it, and does not keep the port from the
// next server while it waits in TIME_WAIT (socket(7)).
void x_socket_allow_reuse(int fd) {
  int on = 1;
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

// Binds a socket that its owner keeps whatever comes of it.
int x_socket_bind_given(int fd, const struct sockaddr_storage *at, int flags) {
  int status = set_bind_options(fd, at->ss_family, flags);
  if (status == 0 && bind(fd, (const struct sockaddr *)at, x_address_length(at)) != 0) status = last_error();
  return status;
}

// A new socket, bound; its descriptor in `fd`.
int x_socket_bind_tcp(const struct sockaddr_storage *at, int flags, int *fd) {
  int made = x_socket_open(at->ss_family, SOCK_STREAM, 0);
  if (made < 0) return made;
  int status = x_socket_bind_given(made, at, flags);
  if (status < 0) {
    close(made);
    return status;
  }
  *fd = made;
  return 0;
}

// By the host's libuv: fstat itself is a symbol of glibc 2.33 in what newer systems build.
static int file_type(int fd, uint64_t *type) {
  uv_fs_t request = {0};
  int status = uv_fs_fstat(NULL, &request, fd, NULL);
  if (status == 0) *type = request.statbuf.st_mode & S_IFMT;
  uv_fs_req_cleanup(&request);
  return status;
}

bool x_is_socket(int fd) {
  int type;
  socklen_t size = sizeof(type);
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

bool x_socket_has_peer(int fd) {
  struct sockaddr_storage peer;
  socklen_t length = sizeof(peer);
  return getpeername(fd, (struct sockaddr *)&peer, &length) == 0 || errno != ENOTCONN;
}

bool x_is_shortage(int status) {
  return status == UV_EMFILE || status == UV_ENFILE || status == UV_ENOBUFS || status == UV_ENOMEM ||
         status == uv_translate_sys_error(ETOOMANYREFS);
}

// Whether the descriptor is what a listener, or what a stream, can be made of; and of which kind it is.
int x_socket_kind(int fd, bool listener, x_kind *kind) {
  uint64_t file = 0;
  if (fd < 0 || file_type(fd, &file) < 0) return UV_EBADF;
  if (file == S_IFIFO && !listener) {
    *kind = X_PIPE;
    return 0;
  }
  if (file == S_IFIFO) return UV_EINVAL;
  if (file != S_IFSOCK) return UV_ENOTSOCK;
  int type = 0, accepts = 0;
  socklen_t size = sizeof(type);
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return last_error();
  if (type != SOCK_STREAM) return UV_EINVAL;
  struct sockaddr_storage name = {0}, peer;
  socklen_t length = sizeof(name);
  if (getsockname(fd, (struct sockaddr *)&name, &length) != 0) return last_error();
  if (name.ss_family != AF_UNIX && name.ss_family != AF_INET && name.ss_family != AF_INET6) return UV_EINVAL;
  *kind = name.ss_family == AF_UNIX ? X_PIPE : X_TCP;
#ifdef SO_ACCEPTCONN
  size = sizeof(accepts);
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) != 0) accepts = 0;
#endif
  length = sizeof(peer);
  bool connected = getpeername(fd, (struct sockaddr *)&peer, &length) == 0;
  // A stream need not be connected any more: its peer may have reset it on the way here, which reading tells.
  return (listener ? connected : accepts) ? UV_EINVAL : 0;
}
