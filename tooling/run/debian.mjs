// The programs that some tests drive, beyond Node: which, why, and how a Debian machine gets them. A test that misses
// its program skips itself with that reason; this file only brings them where it may.
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { HANG_MS } from '../presets/hang-limit.mjs'
import { run } from './command.mjs'

/** @type {readonly { program: string, package: string, reason: string }[]} */
export const programs = [
  { program: 'redis-cli', package: 'redis-tools', reason: "the demo's broker against the reference client" },
  { program: 'redis-benchmark', package: 'redis-tools', reason: 'load for the demo and the bench' },
  {
    program: 'redis-server',
    package: 'redis-server',
    reason: "the demo's error texts against the original's",
  },
  {
    program: 'valgrind',
    package: 'valgrind',
    reason: 'the native engine reads and frees no memory that is not its own',
  },
  { program: 'haproxy', package: 'haproxy', reason: 'a proxy nobody here wrote in front of our servers' },
  { program: 'pg_createcluster', package: 'postgresql', reason: 'a PostgreSQL for its client pg' },
  { program: 'nats-server', package: 'nats-server', reason: "the demo's brokers on several machines" },
  {
    program: 'systemd-socket-activate',
    package: 'systemd',
    reason: 'servers on sockets that a service manager has opened',
  },
  {
    program: 'ip',
    package: 'iproute2',
    reason: 'connections counted by the kernel (ss), network namespaces',
  },
  { program: 'wrk', package: 'wrk', reason: 'HTTP load on servers that run in workers' },
  { program: 'python3', package: 'python3', reason: "descriptors passed to another language's recv_fds" },
  { program: 'chromium', package: 'chromium', reason: "the demo's live page in a browser" },
  { program: 'runuser', package: 'util-linux', reason: 'clients of another uid' },
]

/** Whether a program is on the PATH. @param {string} program @param {NodeJS.ProcessEnv} [env] */
export function hasProgram(program, env = process.env) {
  return (env.PATH ?? '').split(path.delimiter).some(folder => {
    try {
      accessSync(path.join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/**
 * Installs what is missing, where this process is root on a system with apt-get and `CI=true` or `X_INSTALL=1` asks for it.
 * Where it may not, or apt-get fails, it says what is missing and goes on.
 * @param {NodeJS.ProcessEnv} env
 */
export async function bringPrograms(env) {
  const missing = programs.filter(({ program }) => !hasProgram(program, env))
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(entry => entry.package))]
  const asked = env.CI === 'true' || env.CI === '1' || env.X_INSTALL === '1'
  if (asked && process.getuid?.() === 0 && hasProgram('apt-get', env)) {
    const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, quiet: true, limitMs: HANG_MS }
    await run('apt-get', ['update', '-qq'], options)
    for (const name of packages)
      await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], options)
  }
  for (const { program, package: name, reason } of missing) {
    if (!hasProgram(program, env)) console.log(`missing   ${program} (Debian: ${name}): no test of ${reason}`)
  }
}
