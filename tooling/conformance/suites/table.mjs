// The packages that are run on @x/core: which version, which of their published tests use sockets, or which of ours do the
// same where they publish none, and what they need beside it. It runs nothing.

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} what       what its tests do with sockets
 * @property {Readonly<Record<string, string>>} packages  by name and exact version: itself, and what its tests need
 * @property {'script' | 'node:test' | 'mocha'} runner    a script passes by its exit code; the others tell of each test
 * @property {readonly string[]} files  in the package's folder; in `suites/` where they begin with `ours/`
 * @property {readonly string[]} [timed]  files with limits of time of their own: on a busy machine they fail on node:net, too,
 *   and are played by `suites/main.mjs` alone
 * @property {readonly string[]} [programs]  that must be on the machine (tooling/run/debian.mjs brings them)
 */

/** @type {readonly Suite[]} */
export const suites = [
  {
    name: 'ssh2',
    what: 'an SSH client and server, SFTP, shells, forwarded ports, authentication',
    packages: { ssh2: '1.17.0' },
    runner: 'script',
    files: [
      'test/test-exec.js',
      'test/test-misc-client-server.js',
      'test/test-server-hostkeys.js',
      'test/test-shell.js',
      'test/test-userauth.js',
      'test/test-userauth-agent.js',
    ],
    timed: ['test/test-sftp.js'],
  },
  {
    name: 'imap',
    what: 'an IMAP client against servers that send their replies in pieces',
    packages: { imap: '0.8.19' },
    runner: 'script',
    files: [
      'test/test-connection-fetch-dup.js',
      'test/test-connection-fetch-frag.js',
      'test/test-connection-fetch-spillover.js',
      'test/test-connection-fetch-stringbody.js',
      'test/test-connection-idle-normal.js',
      'test/test-connection-idle-order.js',
    ],
  },
  {
    name: 'socksv5',
    what: 'a SOCKS5 proxy with HTTP through it',
    packages: { socksv5: '0.0.6' },
    runner: 'script',
    files: ['test/test-server.js', 'test/test-server-parser.js'],
  },
  {
    name: 'aedes',
    what: 'an MQTT broker: peers that vanish, connections, and back-pressure that blocks nobody else',
    packages: { aedes: '1.2.0', mqtt: '5.16.0' },
    runner: 'node:test',
    files: ['test/connect.js', 'test/events.js', 'test/not-blocking.js'],
    timed: ['test/close_socket_by_other_party.js', 'test/connect.js', 'test/drain-timeout.js'],
  },
  {
    name: 'smtp-server',
    what: 'an SMTP server and nodemailer, with TLS, pipelining and time limits',
    packages: { 'smtp-server': '3.11.0', mocha: '9.2.2', chai: '4.3.6', pem: '1.14.6' },
    runner: 'mocha',
    files: ['test/smtp-connection-test.js'],
  },
  {
    name: 'undici',
    what: 'pipelined requests, bodies, aborts, tunnels, servers that go away',
    packages: { undici: '7.30.2' },
    runner: 'node:test',
    files: ['ours/undici.mjs'],
  },
  {
    name: 'proxy-chain',
    what: 'requests and tunnels through one and two proxies, passwords, refusals',
    packages: { 'proxy-chain': '3.0.1' },
    runner: 'node:test',
    files: ['ours/proxy-chain.mjs'],
  },
  {
    name: 'mysql2',
    what: 'a MySQL client, pool and server: order, large results, slow readers, lost connections',
    packages: { mysql2: '3.24.6' },
    runner: 'node:test',
    files: ['ours/mysql2.mjs'],
  },
  {
    name: 'mqtt',
    what: 'MQTT.js and a broker over TCP: order in each quality of service, wills, reconnects',
    packages: { mqtt: '5.16.0', aedes: '1.2.0' },
    runner: 'node:test',
    files: ['ours/mqtt.mjs'],
  },
  {
    name: 'ioredis',
    what: 'redis-server: pipelines, transactions, subscriptions, killed connections, TCP and a path',
    packages: { ioredis: '6.0.0' },
    runner: 'node:test',
    files: ['ours/ioredis.mjs'],
    programs: ['redis-server'],
  },
  {
    name: 'pg',
    what: 'PostgreSQL: queries, large results, notifications, ended connections, TCP and a path',
    packages: { pg: '8.23.1' },
    runner: 'node:test',
    files: ['ours/pg.mjs'],
    programs: ['pg_createcluster'],
  },
  {
    name: 'express',
    what: 'express, fastify, axios, got, ws and socket.io in one process',
    packages: {
      express: '5.3.0',
      fastify: '5.12.8',
      axios: '1.21.1',
      got: '14.4.9',
      ws: '8.23.0',
      'socket.io': '4.8.4',
      'socket.io-client': '4.8.4',
    },
    runner: 'node:test',
    files: ['ours/web.mjs'],
  },
  {
    name: 'nodemailer',
    what: 'messages, pools, logins, a server that hangs up, with smtp-server',
    packages: { nodemailer: '10.6.1', 'smtp-server': '3.21.6' },
    runner: 'node:test',
    files: ['ours/nodemailer.mjs'],
  },
]
