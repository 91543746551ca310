// What the servers of this folder cost without any runtime: the same work on epoll, with the same system calls. Linux only.
// The first argument names the server; it tells its CPU when asked on standard input, as control.mjs does.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../bench.h"

enum { MAX_FD = 65536, READ_LENGTH = 65536 };

// One way of a proxied pair: what was read and waits in the pipe, and whether its source has ended.
typedef struct {
  int from, to, pipe[2];
  size_t held;
  int has_ended, is_done;
} way;

typedef struct {
  way ways[2];
  int is_connected;
} pair;

static int poller;
static size_t received[MAX_FD];
static pair* pairs[MAX_FD];
static char bytes[READ_LENGTH];
static void (*serve)(int client, unsigned events);

static void watch(int fd, unsigned events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event));
}

static int open_listener(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK(listener);
  CHECK(bind(listener, (struct sockaddr*)&address, sizeof address));
  CHECK(listen(listener, 511));
  CHECK(getsockname(listener, (struct sockaddr*)&address, &length));
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

// There is one question.
static void answer_usage(void) {
  char question[256];
  struct rusage usage;
  if (read(STDIN_FILENO, question, sizeof question) <= 0) exit(0);
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"user\":%ld,\"system\":%ld}\n", usage.ru_utime.tv_sec * 1000000L + usage.ru_utime.tv_usec,
         usage.ru_stime.tv_sec * 1000000L + usage.ru_stime.tv_usec);
  fflush(stdout);
}

// Length, 0 where the peer has ended or reset the connection and it is closed here, or -1 where nothing is there yet.
static ssize_t receive(int client) {
  ssize_t length = read(client, bytes, sizeof bytes);
  if (length > 0) return length;
  if (length < 0 && errno == EAGAIN) return -1;
  if (length == 0) shutdown(client, SHUT_WR);
  close(client);
  return 0;
}

// The clients of the bench read what they ask for, so a write is never cut short here.
static void answer_pings(int client, unsigned events) {
  static char output[READ_LENGTH / PING_LENGTH * PONG_LENGTH + PONG_LENGTH];
  (void)events;
  ssize_t length = receive(client);
  if (length <= 0) return;
  if (received[client] == 0 && length > 1 && bytes[1] != '1') {
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

static void echo(int client, unsigned events) {
  (void)events;
  ssize_t length = receive(client);
  if (length > 0 && write(client, bytes, (size_t)length) < 0) close(client);
}

// The bytes and the FIN leave in one segment.
static void echo_and_end(int client, unsigned events) {
  (void)events;
  ssize_t length = receive(client);
  if (length <= 0) return;
  if (send(client, bytes, (size_t)length, MSG_MORE | MSG_NOSIGNAL) < 0 || shutdown(client, SHUT_WR) < 0) close(client);
}

static void count_bytes(int client, unsigned events) {
  (void)events;
  ssize_t length;
  while ((length = read(client, bytes, sizeof bytes)) > 0) {
    received[client] += (size_t)length;
    if (length < (ssize_t)sizeof bytes) return;
  }
  if (length < 0 && errno == EAGAIN) return;
  if (length == 0) {
    char answer[32];
    int size = snprintf(answer, sizeof answer, "%zu", received[client]);
    if (write(client, answer, (size_t)size) == size) shutdown(client, SHUT_WR);
  }
  close(client);
}

static void open_pair(int client) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const char* port = getenv("X_BENCH_UPSTREAM");
  address.sin_port = htons((unsigned short)atoi(port == NULL ? "0" : port));
  int upstream = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK(upstream);
  if (connect(upstream, (struct sockaddr*)&address, sizeof address) < 0 && errno != EINPROGRESS) exit(1);
  pair* opened = calloc(1, sizeof *opened);
  if (opened == NULL || upstream >= MAX_FD) exit(1);
  opened->ways[0] = (way){.from = client, .to = upstream};
  opened->ways[1] = (way){.from = upstream, .to = client};
  for (int at = 0; at < 2; at++) CHECK(pipe2(opened->ways[at].pipe, O_NONBLOCK | O_CLOEXEC));
  pairs[client] = pairs[upstream] = opened;
  watch(client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  watch(upstream, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

// Moves all that can be moved now. Answers 0, or -1 where the connection has failed.
static int pump(way* it) {
  while (!it->is_done) {
    if (it->held == 0 && !it->has_ended) {
      ssize_t length = splice(it->from, NULL, it->pipe[1], NULL, READ_LENGTH, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (length < 0) return errno == EAGAIN ? 0 : -1;
      if (length == 0) it->has_ended = 1;
      it->held = (size_t)length;
    }
    if (it->held > 0) {
      ssize_t length = splice(it->pipe[0], NULL, it->to, NULL, it->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (length < 0) return errno == EAGAIN ? 0 : -1;
      it->held -= (size_t)length;
    }
    if (it->has_ended && it->held == 0) {
      shutdown(it->to, SHUT_WR);
      it->is_done = 1;
    }
  }
  return 0;
}

static void close_pair(pair* it) {
  for (int at = 0; at < 2; at++) {
    pairs[it->ways[at].from] = NULL;
    close(it->ways[at].from);
    close(it->ways[at].pipe[0]);
    close(it->ways[at].pipe[1]);
  }
  free(it);
}

static void pass_on(int fd, unsigned events) {
  pair* it = pairs[fd];
  if (it == NULL) return;
  if (fd == it->ways[1].from && (events & EPOLLOUT)) it->is_connected = 1;
  if (!it->is_connected) return;
  int has_failed = pump(&it->ways[0]) < 0 || pump(&it->ways[1]) < 0;
  if (has_failed || (it->ways[0].is_done && it->ways[1].is_done)) close_pair(it);
}

// One in each turn: the peers go on while it is served, which costs the kernel a tenth less than all that wait at once.
static void accept_client(int listener) {
  int one = 1;
  int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client >= 0) {
    if (client >= MAX_FD) exit(1);
    received[client] = 0;
    if (serve == answer_pings) setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (serve == pass_on) {
      open_pair(client);
    } else {
      watch(client, EPOLLIN);
    }
  }
}

static const struct {
  const char* name;
  void (*serve)(int client, unsigned events);
} servers[] = {{"ping", answer_pings}, {"echo", echo},     {"echo-close", echo_and_end},
               {"sink", count_bytes},  {"proxy", pass_on}, {"relay", pass_on}};

int main(int argc, char** argv) {
  struct epoll_event events[MAX_EVENTS];
  struct rlimit limit;
  for (size_t at = 0; at < sizeof servers / sizeof *servers; at++) {
    if (argc == 2 && strcmp(argv[1], servers[at].name) == 0) serve = servers[at].serve;
  }
  if (serve == NULL) return 2;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit));
  poller = epoll_create1(EPOLL_CLOEXEC);
  CHECK(poller);
  int listener = open_listener();
  watch(listener, EPOLLIN);
  watch(STDIN_FILENO, EPOLLIN);
  for (;;) {
    int count = epoll_wait(poller, events, MAX_EVENTS, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) {
        answer_usage();
      } else if (fd == listener) {
        accept_client(listener);
      } else {
        serve(fd, events[i].events);
      }
    }
  }
}
