// What the ping server costs without any runtime: epoll, one read and one write for each wake-up. Linux only. It
// answers the bench's questions on standard input as control.mjs does.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PING_LENGTH = 14, PONG_LENGTH = 7, MAX_EVENTS = 256, MAX_FD = 65536 };

#define CHECK(call)       \
  do {                    \
    if ((call) < 0) {     \
      perror(#call);      \
      exit(1);            \
    }                     \
  } while (0)

static size_t received[MAX_FD];

static void watch(int poll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  CHECK(epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event));
}

static int open_listener(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  CHECK(listener);
  CHECK(bind(listener, (struct sockaddr*)&address, sizeof address));
  CHECK(listen(listener, 511));
  CHECK(getsockname(listener, (struct sockaddr*)&address, &length));
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static void answer_usage(void) {
  char question[256];
  struct rusage usage;
  if (read(STDIN_FILENO, question, sizeof question) <= 0) exit(0);
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"user\":%ld,\"system\":%ld}\n",
         usage.ru_utime.tv_sec * 1000000L + usage.ru_utime.tv_usec,
         usage.ru_stime.tv_sec * 1000000L + usage.ru_stime.tv_usec);
  fflush(stdout);
}

static void accept_client(int poll, int listener) {
  int one = 1;
  int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (client < 0) return;
  if (client >= MAX_FD) {
    close(client);
    return;
  }
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  received[client] = 0;
  watch(poll, client);
}

// The bench's clients read what they ask for, so a write is never cut short here.
static void answer_pings(int client) {
  static char input[65536];
  static char output[65536 / PING_LENGTH * PONG_LENGTH + PONG_LENGTH];
  ssize_t length = read(client, input, sizeof input);
  if (length <= 0) {
    close(client);
    return;
  }
  if (received[client] == 0 && length > 1 && input[1] != '1') {
    static const char error[] = "-ERR unknown command\r\n";
    CHECK(write(client, error, sizeof error - 1));
    return;
  }
  received[client] += (size_t)length;
  size_t size = 0;
  for (; received[client] >= PING_LENGTH; received[client] -= PING_LENGTH, size += PONG_LENGTH) {
    memcpy(output + size, "+PONG\r\n", PONG_LENGTH);
  }
  if (size > 0 && write(client, output, size) < 0) close(client);
}

int main(void) {
  struct epoll_event events[MAX_EVENTS];
  int poll = epoll_create1(0);
  int listener = open_listener();
  watch(poll, listener);
  watch(poll, STDIN_FILENO);
  for (;;) {
    int count = epoll_wait(poll, events, MAX_EVENTS, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) {
        answer_usage();
      } else if (fd == listener) {
        accept_client(poll, listener);
      } else {
        answer_pings(fd);
      }
    }
  }
}
