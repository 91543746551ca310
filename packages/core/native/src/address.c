// Addresses: from JavaScript's to the system's and back. It makes no socket.
#include "x-net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

int x_tcp_address(const char *text, size_t length, int port, struct sockaddr_storage *to) {
  if (length >= INET6_ADDRSTRLEN + UV_IF_NAMESIZE + 1 || strlen(text) != length) return UV_EINVAL;
  if (port < 0 || port > 65535) return UV_EINVAL;
  memset(to, 0, sizeof(*to));
  if (strchr(text, ':') != NULL) return uv_ip6_addr(text, port, (struct sockaddr_in6 *)to);
  return uv_ip4_addr(text, port, (struct sockaddr_in *)to);
}

socklen_t x_address_length(const struct sockaddr_storage *address) {
  return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

// Never cuts: a path that does not fit is refused. An abstract name (leading NUL, unix(7)) counts every byte.
int x_path_address(const char *path, size_t length, struct sockaddr_storage *to, socklen_t *to_length) {
  struct sockaddr_un *un = (struct sockaddr_un *)to;
  bool is_abstract = length > 0 && path[0] == '\0';
  if (length == 0) return UV_EINVAL;
  if (is_abstract ? length > sizeof(un->sun_path) : length >= sizeof(un->sun_path)) return UV_ENAMETOOLONG;
#ifndef __linux__
  if (is_abstract) return UV_ENOTSUP;
#endif
  if (!is_abstract && memchr(path, '\0', length) != NULL) return UV_EINVAL;
  memset(to, 0, sizeof(*to));
  un->sun_family = AF_UNIX;
  memcpy(un->sun_path, path, length);
  *to_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (is_abstract ? 0 : 1));
  return 0;
}

static napi_value tcp_value(napi_env env, const char *family, const char *address, unsigned port) {
  napi_value result, value;
  X_TRY(napi_create_object(env, &result));
  X_TRY(napi_create_string_latin1(env, address, NAPI_AUTO_LENGTH, &value));
  X_TRY(napi_set_named_property(env, result, "address", value));
  X_TRY(napi_create_string_latin1(env, family, NAPI_AUTO_LENGTH, &value));
  X_TRY(napi_set_named_property(env, result, "family", value));
  X_TRY(napi_create_uint32(env, port, &value));
  X_TRY(napi_set_named_property(env, result, "port", value));
  return result;
}

static napi_value path_value(napi_env env, const struct sockaddr_un *un, socklen_t length) {
  napi_value result, value;
  size_t size = length > offsetof(struct sockaddr_un, sun_path) ? length - offsetof(struct sockaddr_un, sun_path) : 0;
  if (size > sizeof(un->sun_path)) size = sizeof(un->sun_path);
  if (size > 0 && un->sun_path[0] != '\0') size = strnlen(un->sun_path, size);
  X_TRY(napi_create_object(env, &result));
  X_TRY(napi_create_string_utf8(env, un->sun_path, size, &value));
  X_TRY(napi_set_named_property(env, result, "path", value));
  return result;
}

napi_value x_address_value(napi_env env, const struct sockaddr_storage *from, socklen_t length) {
  char text[INET6_ADDRSTRLEN + 1 + UV_IF_NAMESIZE];
  if (length < sizeof(from->ss_family)) return path_value(env, (const struct sockaddr_un *)from, 0);
  if (from->ss_family == AF_UNIX) return path_value(env, (const struct sockaddr_un *)from, length);
  if (from->ss_family == AF_INET) {
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)from;
    int status = uv_ip4_name(in4, text, sizeof(text));
    return status < 0 ? x_number(env, status) : tcp_value(env, "IPv4", text, ntohs(in4->sin_port));
  }
  if (from->ss_family != AF_INET6) return x_number(env, UV_EAFNOSUPPORT);
  const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
  int status = uv_ip6_name(in6, text, sizeof(text));
  if (status < 0) return x_number(env, status);
  if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) && in6->sin6_scope_id != 0) {
    size_t used = strlen(text), room = sizeof(text) - used - 1;
    if (uv_if_indextoiid(in6->sin6_scope_id, text + used + 1, &room) == 0) text[used] = '%';
  }
  return tcp_value(env, "IPv6", text, ntohs(in6->sin6_port));
}

// The own or the peer's address of a socket, or a status.
napi_value x_socket_name(napi_env env, int fd, bool peer) {
  struct sockaddr_storage name;
  socklen_t length = sizeof(name);
  memset(&name, 0, sizeof(name));
  if (fd < 0) return x_number(env, UV_EBADF);
  int result = peer ? getpeername(fd, (struct sockaddr *)&name, &length)
                    : getsockname(fd, (struct sockaddr *)&name, &length);
  return result != 0 ? x_number(env, uv_translate_sys_error(errno)) : x_address_value(env, &name, length);
}
