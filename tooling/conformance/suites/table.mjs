// The packages whose own published tests are run on @x/core: which version, which of their tests use sockets, and what
// they need beside it. It runs nothing.

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} what       what its tests do with sockets
 * @property {Readonly<Record<string, string>>} packages  by name and exact version: itself, and what its tests need
 * @property {'script' | 'node:test' | 'mocha'} runner    a script passes by its exit code; the others tell of each test
 * @property {readonly string[]} files  in the package's folder
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
      'test/test-sftp.js',
      'test/test-shell.js',
      'test/test-userauth.js',
      'test/test-userauth-agent.js',
    ],
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
    files: [
      'test/close_socket_by_other_party.js',
      'test/connect.js',
      'test/drain-timeout.js',
      'test/events.js',
      'test/not-blocking.js',
    ],
  },
  {
    name: 'smtp-server',
    what: 'an SMTP server and nodemailer, with TLS, pipelining and time limits',
    packages: { 'smtp-server': '3.11.0', mocha: '9.2.2', chai: '4.3.6', pem: '1.14.6' },
    runner: 'mocha',
    files: ['test/smtp-connection-test.js'],
  },
]
