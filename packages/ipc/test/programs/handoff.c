// The other end of a handoff, written without any library: "send PATH FILE" connects and sends FILE's descriptor twice
// over with a line; "receive PATH" connects, and prints what the descriptors that come hold.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST 16

static int dial(const char *path) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  strncpy(at.sun_path, path, sizeof(at.sun_path) - 1);
  return connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 ? fd : -1;
}

static int send_file(int fd, const char *file) {
  char line[] = "two from C\n", control[CMSG_SPACE(2 * sizeof(int))] = {0};
  int fds[2] = {open(file, O_RDONLY), open(file, O_RDONLY)};
  struct iovec part = {line, sizeof(line) - 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(fds));
  memcpy(CMSG_DATA(rights), fds, sizeof(fds));
  return sendmsg(fd, &message, 0) == (ssize_t)part.iov_len ? 0 : 1;
}

static int receive(int fd) {
  char bytes[1000], text[1000], control[CMSG_SPACE(MOST * sizeof(int))];
  struct iovec part = {bytes, sizeof(bytes)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  ssize_t size = recvmsg(fd, &message, 0);
  if (size < 0) return 1;
  printf("%.*s", (int)size, bytes);
  for (struct cmsghdr *rights = CMSG_FIRSTHDR(&message); rights != NULL; rights = CMSG_NXTHDR(&message, rights)) {
    int fds[MOST], count = (int)((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds, CMSG_DATA(rights), (size_t)count * sizeof(int));
    for (int i = 0; i < count; i++) {
      ssize_t length = read(fds[i], text, sizeof(text));
      printf(" %.*s", (int)(length < 0 ? 0 : length), text);
    }
  }
  printf("\n");
  return 0;
}

int main(int argc, char **argv) {
  int fd = argc > 2 ? dial(argv[2]) : -1;
  if (fd < 0) return 2;
  return strcmp(argv[1], "send") == 0 ? send_file(fd, argv[3]) : receive(fd);
}
