// A load: asks PING of the Redis protocol over connections that it opens first, each with one PING that does not count, so
// that the server has accepted them all. Prints "ready", begins with a line on standard input, prints the outcome as JSON, and keeps the connections until its input ends.
//   ask PORT CLIENTS closed TOTAL DEPTH    each connection asks DEPTH at a time, and again once it has the answers
//   ask PORT CLIENTS open TOTAL RATE       RATE in a second over all, at times that are fixed beforehand
// In the open loop no request waits for an answer, and its latency counts from the time that it was planned for: a server
// that stands still is charged with every request that it kept waiting (no coordinated omission), and so is the load.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "../bench.h"

enum { REPEATS = 64 };
static const int64_t SECOND = 1000000000, PATIENCE = 20000000000;

typedef struct {
  int fd, is_full;
  uint64_t owed, sent, received;  // bytes that are due by now, that were sent, and of answers
  uint64_t asked;                 // requests, in the closed loop
} client;

static char requests[PING_LENGTH * (REPEATS + 1)];
static client* clients;
static int client_count, poller, timer;
static uint64_t total, asked, answered, depth;
static double rate;
static int64_t begun;
static int64_t *latencies, *latenesses;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * SECOND + time.tv_nsec;
}

static int64_t planned(uint64_t request) { return begun + (int64_t)((double)request / rate * 1e9); }

static void watch(int fd, uint32_t events, int64_t at, int operation) {
  struct epoll_event event = {.events = events, .data.u64 = (uint64_t)at};
  CHECK(epoll_ctl(poller, operation, fd, &event));
}

static void flush(client* it) {
  while (it->sent < it->owed && !it->is_full) {
    size_t from = it->sent % PING_LENGTH;
    uint64_t left = it->owed - it->sent;
    size_t length = left < PING_LENGTH * REPEATS ? (size_t)left : PING_LENGTH * REPEATS;
    ssize_t written = send(it->fd, requests + from, length, MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN) CHECK(written);
    if (written < 0) {
      it->is_full = 1;
      watch(it->fd, EPOLLIN | EPOLLOUT, it - clients, EPOLL_CTL_MOD);
    } else {
      it->sent += (uint64_t)written;
    }
  }
}

static void ask_again(client* it) {
  uint64_t count = total - asked < depth ? total - asked : depth;
  asked += count;
  it->asked += count;
  it->owed += count * PING_LENGTH;
  flush(it);
}

static void ask_what_is_due(void) {
  int64_t time = now();
  for (; asked < total && planned(asked) <= time; asked++) {
    client* it = &clients[asked % (uint64_t)client_count];
    it->owed += PING_LENGTH;
    latenesses[asked] = time - planned(asked);
    flush(it);
    if (asked % 64 == 63) time = now();
  }
  // Zero after the last: it rings no more.
  int64_t next = asked < total ? planned(asked) : 0;
  struct itimerspec at = {.it_value = {.tv_sec = next / SECOND, .tv_nsec = next % SECOND}};
  CHECK(timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL));
}

static void hear(client* it) {
  static char answers[65536];
  ssize_t length = recv(it->fd, answers, sizeof answers, 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) {
    fprintf(stderr, "the server has ended a connection\n");
    exit(1);
  }
  uint64_t before = it->received / PONG_LENGTH;
  if (answers[0] != "+PONG\r\n"[it->received % PONG_LENGTH]) {
    fprintf(stderr, "that is no answer to PING\n");
    exit(1);
  }
  it->received += (uint64_t)length;
  uint64_t after = it->received / PONG_LENGTH;
  answered += after - before;
  if (rate > 0) {
    int64_t time = now();
    for (uint64_t n = before; n < after; n++) {
      uint64_t request = (uint64_t)(it - clients) + n * (uint64_t)client_count;
      latencies[request] = time - planned(request);
    }
  } else if (after == it->asked && asked < total) {
    ask_again(it);
  }
}

static void run_until_answered(void) {
  struct epoll_event events[MAX_EVENTS];
  int64_t deadline = begun + PATIENCE + (rate > 0 ? planned(total) - begun : 4 * PATIENCE);
  while (answered < total) {
    int count = epoll_wait(poller, events, MAX_EVENTS, 1000);
    if (now() > deadline) {
      fprintf(stderr, "%llu of %llu were answered\n", (unsigned long long)answered, (unsigned long long)total);
      exit(1);
    }
    for (int i = 0; i < count; i++) {
      int64_t at = (int64_t)events[i].data.u64;
      if (at == -1) exit(1);  // whoever started this is gone
      if (at == -2) {
        ask_what_is_due();
        continue;
      }
      if (events[i].events & EPOLLOUT) {
        clients[at].is_full = 0;
        watch(clients[at].fd, EPOLLIN, at, EPOLL_CTL_MOD);
        flush(&clients[at]);
      }
      if (events[i].events & ~(uint32_t)EPOLLOUT) hear(&clients[at]);
    }
  }
}

static int compare(const void* a, const void* b) {
  int64_t x = *(const int64_t*)a, y = *(const int64_t*)b;
  return (x > y) - (x < y);
}

// Microseconds below which that share of all values lies.
static double quantile(const int64_t* sorted, double share) {
  uint64_t at = (uint64_t)((double)total * share);
  return (double)sorted[at < total ? at : total - 1] / 1000;
}

static void print_outcome(int64_t took) {
  printf("{\"count\":%llu,\"seconds\":%.6f", (unsigned long long)total, (double)took / 1e9);
  if (rate > 0) {
    qsort(latencies, total, sizeof *latencies, compare);
    qsort(latenesses, total, sizeof *latenesses, compare);
    printf(",\"latencyUs\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f,\"sentLateP99\":%.1f}",
           quantile(latencies, 0.5), quantile(latencies, 0.99), quantile(latencies, 0.999), quantile(latencies, 1),
           quantile(latenesses, 0.99));
  }
  printf("}\n");
  fflush(stdout);
}

static void open_clients(const char* port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  // A reset at the end leaves no port in TIME_WAIT behind.
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  int one = 1;
  to.sin_port = htons((unsigned short)atoi(port));
  for (int at = 0; at < client_count; at++) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd);
    CHECK(connect(fd, (struct sockaddr*)&to, sizeof to));
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
    CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
    CHECK(send(fd, requests, PING_LENGTH, MSG_NOSIGNAL));
    clients[at].fd = fd;
  }
  for (int at = 0; at < client_count; at++) {
    char answer[PONG_LENGTH];
    if (recv(clients[at].fd, answer, sizeof answer, MSG_WAITALL) != PONG_LENGTH) {
      fprintf(stderr, "the server does not answer a connection\n");
      exit(1);
    }
    CHECK(fcntl(clients[at].fd, F_SETFL, O_NONBLOCK));
    watch(clients[at].fd, EPOLLIN, at, EPOLL_CTL_ADD);
  }
}

int main(int argc, char** argv) {
  struct rlimit limit;
  char line[64];
  if (argc != 6) return 2;
  client_count = atoi(argv[2]);
  total = strtoull(argv[4], NULL, 10);
  if (strcmp(argv[3], "open") == 0) {
    rate = atof(argv[5]);
  } else {
    depth = strtoull(argv[5], NULL, 10);
  }
  if (client_count < 1 || total < 1 || (rate <= 0 && depth < 1)) return 2;
  clients = calloc((size_t)client_count, sizeof *clients);
  latencies = calloc(total, sizeof *latencies);
  latenesses = calloc(total, sizeof *latenesses);
  if (clients == NULL || latencies == NULL || latenesses == NULL) return 1;
  for (int n = 0; n <= REPEATS; n++) memcpy(requests + n * PING_LENGTH, "*1\r\n$4\r\nPING\r\n", PING_LENGTH);
  CHECK(getrlimit(RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit));
  poller = epoll_create1(EPOLL_CLOEXEC);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  CHECK(poller);
  CHECK(timer);
  open_clients(argv[1]);
  printf("ready\n");
  fflush(stdout);
  if (read(STDIN_FILENO, line, sizeof line) <= 0) return 1;
  watch(STDIN_FILENO, EPOLLIN, -1, EPOLL_CTL_ADD);
  watch(timer, EPOLLIN, -2, EPOLL_CTL_ADD);
  begun = now();
  if (rate > 0) {
    ask_what_is_due();
  } else {
    for (int at = 0; at < client_count && asked < total; at++) ask_again(&clients[at]);
  }
  run_until_answered();
  print_outcome(now() - begun);
  while (read(STDIN_FILENO, line, sizeof line) > 0) {
  }
  return 0;
}
