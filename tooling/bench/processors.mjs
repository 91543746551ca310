// Which processor the server gets, and which the load: each its own, where there are two. It runs nothing but to see
// whether it can.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/**
 * @typedef {object} Placement
 * @property {string | null} server a list as `taskset` takes it; null: wherever the system likes
 * @property {string | null} load
 */

/** @type {Placement} */
export const ANYWHERE = { server: null, load: null }

/** @returns {Placement} */
export function placeApart() {
  if (process.platform !== 'linux' || spawnSync('taskset', ['--version']).status !== 0) return ANYWHERE
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return placeOn(processorsOf(allowed))
}

/** @param {readonly number[]} processors @returns {Placement} the last one for the server, the others for the load */
export function placeOn(processors) {
  const server = processors.at(-1)
  if (server === undefined || processors.length < 2) return ANYWHERE
  return { server: String(server), load: processors.slice(0, -1).join(',') }
}

/** For a server of several processes: one processor for the load, the others for the server. @param {Placement} apart @returns {Placement} */
export function placeSpread({ server, load }) {
  const [first, ...others] = processorsOf(load ?? '')
  if (server === null || first === undefined) return ANYWHERE
  return { server: [...others, server].join(','), load: String(first) }
}

/** @param {string} list such as `0-2,5` @returns {number[]} */
export function processorsOf(list) {
  if (list === '') return []
  return list.split(',').flatMap(range => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number)
    return Number.isNaN(first) ? [] : Array.from({ length: last - first + 1 }, (_, at) => first + at)
  })
}

/** @param {string | null} processors @param {readonly string[]} command @returns {string[]} */
export function placed(processors, command) {
  return processors === null ? [...command] : ['taskset', '-c', processors, ...command]
}

/** The machine by its processor, without its name. */
export function describeMachine() {
  const [first] = cpus()
  return `${cpus().length} x ${first?.model.trim() ?? 'unknown processor'}`
}
