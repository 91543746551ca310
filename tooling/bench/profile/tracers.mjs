// What perf and strace say of a running process while it works. It knows no bench.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runToEnd, standLoad, traceFor } from '../child.mjs'

/** Samples a second; no divisor of the kernel's timer, so that they do not fall on the same place of it. */
const RATE = 1499

/** Where time can be spent, from below. @typedef {'kernel' | 'libc' | 'engine' | 'runtime' | 'javascript'} Place */
export const PLACES = /** @type {const} */ (['kernel', 'libc', 'engine', 'runtime', 'javascript'])

/**
 * @typedef {object} Shares
 * @property {Record<Place, number>} places shares of all samples
 * @property {{ name: string, share: number }[]} functions of the kernel, the longest first
 */

/** @returns {string | null} why there are no profiles here */
export function whyNoTracers() {
  if (process.platform !== 'linux') return 'perf and strace are for Linux'
  const missing = ['perf', 'strace'].filter(name => spawnSync(name, ['--version']).status !== 0)
  return missing.length === 0 ? null : `${missing.join(' and ')} not installed (linux-perf, strace in Debian)`
}

/** @param {number} pid @param {() => Promise<unknown>} work @returns {Promise<Shares>} */
export async function shareOut(pid, work) {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-bench-perf-'))
  try {
    const data = path.join(folder, 'data')
    // It samples while its own command runs, which says when it begins, and ends with its input.
    const command = ['sh', '-c', 'echo ready; exec cat']
    const recorder = await standLoad(null, [
      'perf',
      'record',
      '-q',
      '-F',
      RATE,
      '-p',
      pid,
      '-o',
      data,
      '--',
      ...command,
    ])
    await work()
    await recorder.release()
    const report = ['perf', 'report', '-i', data, '--stdio', '-q', '-t', '|', '--sort']
    return {
      places: placesOf(await runToEnd(null, [...report, 'dso'])),
      functions: functionsOf(await runToEnd(null, [...report, 'dso,symbol'])),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Lines such as `12.34%|name|...`. @param {string} text */
function linesOf(text) {
  return text.split('\n').flatMap(line => {
    const [percent = '', object = '', symbol = ''] = line.split('|').map(cell => cell.trim())
    const share = Number.parseFloat(percent) / 100
    return share > 0 ? [{ share, object, symbol }] : []
  })
}

/** @param {string} text of `perf report --sort dso` */
export function placesOf(text) {
  const places = /** @type {Record<Place, number>} */ (Object.fromEntries(PLACES.map(place => [place, 0])))
  for (const { share, object } of linesOf(text)) places[placeOf(object)] += share
  return places
}

/** @param {string} text of `perf report --sort dso,symbol` */
export function functionsOf(text) {
  return linesOf(text)
    .filter(({ object }) => placeOf(object) === 'kernel')
    .map(({ share, symbol }) => ({ name: symbol.replace(/^\[k\] /, ''), share }))
}

/** @param {string} object as perf names it @returns {Place} */
function placeOf(object) {
  if (object.startsWith('[kernel') || object.endsWith('.ko')) return 'kernel'
  if (/^(lib(c|m|stdc\+\+|gcc_s|pthread)[.-]|ld-|\[vdso\])/.test(object)) return 'libc'
  if (object === 'x_net.node') return 'engine'
  return /^(node|bun|deno|epoll)$/.test(object) ? 'runtime' : 'javascript'
}

/** How often each system call is made, those of all threads. @param {number} pid @param {() => Promise<unknown>} work @returns {Promise<Map<string, number>>} */
export async function countCalls(pid, work) {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-bench-strace-'))
  try {
    const file = path.join(folder, 'counts')
    const stop = await traceFor(['strace', '-f', '-c', '-o', file, '-p', pid])
    await work()
    await stop()
    return callsOf(readFileSync(file, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} text of `strace -c`: share, seconds, microseconds a call, calls, errors where there are some, name */
export function callsOf(text) {
  const lines = text.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?([a-z]\w*)$/gm)
  return new Map(
    [...lines].flatMap(([, count, name = '']) => (name === 'total' ? [] : [[name, Number(count)]])),
  )
}
