// A load: connects, sends a byte, waits for the echo, and ends as it is told; so many times, some at a time. Prints the
// count. In C, so that the load costs less than what it measures: dial.mjs does the same where there is no compiler.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

// Who ends a connection: the server, the client by a FIN, or the client by a RST.
typedef enum { SERVER_ENDS, CLIENT_ENDS, CLIENT_RESETS } ending;

static struct sockaddr_in to = {.sin_family = AF_INET};
static ending how;
static int poller;
static long begun, total;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void dial(void) {
  if (begun == total) return;
  begun++;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  while (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS) {
    // All ports are in use or in TIME_WAIT, which loopback gives back after a second.
    if (errno != EADDRNOTAVAIL) fail("connect");
    usleep(10000);
  }
  struct epoll_event wanted = {.events = EPOLLOUT, .data.fd = fd};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &wanted) != 0) fail("epoll_ctl");
}

static void speak(int fd) {
  struct epoll_event wanted = {.events = EPOLLIN, .data.fd = fd};
  if (write(fd, "x", 1) != 1) fail("write");
  if (epoll_ctl(poller, EPOLL_CTL_MOD, fd, &wanted) != 0) fail("epoll_ctl");
}

static void reset_at_close(int fd) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) != 0) fail("setsockopt");
}

// Whether the connection is over.
static int heard(int fd) {
  char bytes[64];
  for (;;) {
    ssize_t size = read(fd, bytes, sizeof(bytes));
    if (size == 0) return 1;
    if (size < 0 && errno == EAGAIN) return 0;
    if (size < 0) fail("read");
    if (how == CLIENT_ENDS && shutdown(fd, SHUT_WR) != 0) fail("shutdown");
    if (how == CLIENT_RESETS) {
      reset_at_close(fd);
      return 1;
    }
  }
}

static ending named(const char *name) {
  if (strcmp(name, "client-ends") == 0) return CLIENT_ENDS;
  return strcmp(name, "client-resets") == 0 ? CLIENT_RESETS : SERVER_ENDS;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  to.sin_port = htons((unsigned short)atoi(argv[1]));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  total = atol(argv[2]);
  how = named(argv[4]);
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) fail("epoll_create1");
  for (int i = atoi(argv[3]); i > 0; i--) dial();
  for (long done = 0; done < total;) {
    struct epoll_event ready[64];
    int count = epoll_wait(poller, ready, 64, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) {
      int fd = ready[i].data.fd;
      if (ready[i].events & EPOLLOUT) {
        speak(fd);
      } else if (heard(fd)) {
        close(fd);
        done++;
        dial();
      }
    }
  }
  printf("%ld\n", total);
  return 0;
}
