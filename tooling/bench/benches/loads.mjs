// The programs that put load on a server, and whether they are here.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compile } from '../compile.mjs'
import { bringAutocannon } from '../runtimes.mjs'

/** @param {string} name @returns {string[]} a load of ours in JavaScript, as a command */
export function inJavaScript(name) {
  return [process.execPath, fileURLToPath(new URL(`../loads/${name}.mjs`, import.meta.url))]
}

/** The dialer in C, since a load that costs as much as its server hides what the server can do; else the same in JavaScript. */
export function dialer() {
  const binary = compile('loads/dial.c')
  return binary === null ? inJavaScript('dial') : [binary]
}

/** @returns {string | null} the program that asks, or null */
export function asker() {
  return compile('loads/ask.c')
}

/** @returns {string | null} why it cannot run */
export function whyNoAsker() {
  return asker() === null ? 'its load needs a C compiler (cc) and epoll' : null
}

/** @returns {string | null} why it cannot run */
export function whyNoRedisBenchmark() {
  return isHere('redis-benchmark') ? null : 'redis-benchmark is not installed (redis-tools in Debian)'
}

/** @type {Promise<string[]> | undefined} */
let httpLoad

/** A load for HTTP: wrk where it is installed, else autocannon. @returns {Promise<string[]>} a command */
export function httpLoader() {
  httpLoad ??= isHere('wrk')
    ? Promise.resolve(['wrk'])
    : bringAutocannon().then(script => [process.execPath, script])
  return httpLoad
}

/** @returns {Promise<string | null>} why there is none */
export function whyNoHttpLoader() {
  return httpLoader().then(
    () => null,
    () => 'wrk is not installed, and npm cannot bring autocannon',
  )
}

/** @param {number} count @returns {string | null} why a process cannot hold so many connections here */
export function whyNotSoMany(count) {
  const limit = openFilesLimit()
  // Some more are for the program itself.
  if (limit >= count + 100) return null
  return `${count} connections need a limit of ${count + 100} open files, and it is ${limit} (ulimit -Hn)`
}

function openFilesLimit() {
  if (process.platform !== 'linux') return Number.POSITIVE_INFINITY
  const [, hard = ''] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
}

/** @param {string} program */
function isHere(program) {
  return spawnSync(program, ['--version']).error === undefined
}
