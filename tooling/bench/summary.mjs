// From samples to ratios and a table for the terminal. It measures nothing.
import { spread } from './statistics.mjs'

/** @typedef {import('./statistics.mjs').Spread} Spread */

/**
 * An arm's figures in a bench. `ratios` are to the first arm; what a bench does not measure is not there.
 *
 * @typedef {object} Row
 * @property {string} arm
 * @property {Spread} [cpuUs]
 * @property {Spread} [userUs]
 * @property {Spread} [perSecond]
 * @property {Spread} [bytes]
 * @property {Record<'p50' | 'p99' | 'p999' | 'max' | 'sentLateP99', Spread>} [latencyUs]
 * @property {{ cpu?: Spread, throughput?: Spread, memory?: Spread, p50?: Spread, p99?: Spread, p999?: Spread }} ratios
 */

const LATENCIES = /** @type {const} */ (['p50', 'p99', 'p999', 'max', 'sentLateP99'])

/**
 * Each run of an arm is held against the same run of `node:net`, which was made next to it in time.
 *
 * @param {readonly import('./measure.mjs').Sample[]} samples
 * @param {readonly string[]} armNames the first is what the others are held against
 * @returns {Row[]}
 */
export function summarize(samples, armNames) {
  const of = (/** @type {string} */ arm) =>
    samples.filter(sample => sample.arm === arm).sort((a, b) => a.run - b.run)
  const base = of(armNames[0] ?? '')
  return armNames.map(arm => {
    const own = of(arm)
    /** @typedef {(sample: import('./measure.mjs').Sample | undefined) => number | undefined} Read */
    const values = (/** @type {Read} */ read) => spreadOf(own.map(read))
    const ratios = (/** @type {Read} */ read) =>
      spreadOf(own.map((sample, at) => (read(sample) ?? Number.NaN) / (read(base[at]) ?? Number.NaN)))
    const latency = own[0]?.latencyUs && {
      latencyUs: Object.fromEntries(LATENCIES.map(key => [key, values(sample => sample?.latencyUs?.[key])])),
    }
    return /** @type {Row} */ ({
      arm,
      cpuUs: values(sample => sample?.cpuUs),
      userUs: values(sample => sample?.userUs),
      perSecond: values(sample => sample?.perSecond),
      bytes: values(sample => sample?.bytes),
      ...latency,
      ratios: {
        cpu: ratios(sample => sample?.cpuUs),
        throughput: ratios(sample => sample?.perSecond),
        memory: ratios(sample => sample?.bytes),
        p50: ratios(sample => sample?.latencyUs?.p50),
        p99: ratios(sample => sample?.latencyUs?.p99),
        p999: ratios(sample => sample?.latencyUs?.p999),
      },
    })
  })
}

/** @param {readonly (number | undefined)[]} values @returns {Spread | undefined} */
function spreadOf(values) {
  const numbers = values.filter(value => value !== undefined)
  return numbers.length < values.length || numbers.some(Number.isNaN) ? undefined : spread(numbers)
}

/** @param {{ title: string, unit: string }} bench @param {readonly Row[]} rows */
export function formatTable(bench, rows) {
  return `${bench.title}\n${align(linesOf(bench.unit, rows))}\n`
}

/** @param {string} unit @param {readonly Row[]} rows @returns {string[][]} */
function linesOf(unit, rows) {
  if (rows.some(({ bytes }) => bytes !== undefined)) {
    const head = ['', `bytes/${unit}`, 'ratio', 'least-most']
    return [
      head,
      ...rows.map(({ arm, bytes, ratios }) => [
        arm,
        bytes?.median.toFixed(0) ?? '-',
        ratio(ratios.memory),
        range(ratios.memory),
      ]),
    ]
  }
  const cpu = (/** @type {Row} */ { arm, cpuUs, userUs, ratios }) => [
    arm,
    microseconds(cpuUs),
    microseconds(userUs),
    ratio(ratios.cpu),
    range(ratios.cpu),
  ]
  const head = ['', `CPU/${unit}`, 'user', 'ratio', 'least-most']
  if (rows.some(({ latencyUs }) => latencyUs !== undefined)) {
    return [
      [...head, 'p50', 'p99', 'p99.9', 'least-most', 'max', 'load late p99'],
      ...rows.map(row => [
        ...cpu(row),
        microseconds(row.latencyUs?.p50),
        microseconds(row.latencyUs?.p99),
        microseconds(row.latencyUs?.p999),
        row.latencyUs ? `${row.latencyUs.p999.least.toFixed(0)}-${row.latencyUs.p999.most.toFixed(0)}` : '-',
        microseconds(row.latencyUs?.max),
        microseconds(row.latencyUs?.sentLateP99),
      ]),
    ]
  }
  return [
    [...head, `${unit}s/s`, 'ratio', 'least-most'],
    ...rows.map(row => [
      ...cpu(row),
      row.perSecond?.median.toFixed(row.perSecond.median < 100 ? 2 : 0) ?? '-',
      ratio(row.ratios.throughput),
      range(row.ratios.throughput),
    ]),
  ]
}

/** @param {Spread | undefined} spread of microseconds */
function microseconds(spread) {
  if (spread === undefined) return '-'
  const us = spread.median
  if (us >= 10_000) return `${(us / 1000).toFixed(0)} ms`
  return `${us.toFixed(us < 100 ? 2 : 0)} us`
}

/** @param {Spread | undefined} spread */
function ratio(spread) {
  return spread?.median.toFixed(2) ?? '-'
}

/** @param {Spread | undefined} spread */
function range(spread) {
  return spread === undefined ? '-' : `${spread.least.toFixed(2)}-${spread.most.toFixed(2)}`
}

/** The first column to the left, the others to the right. @param {readonly string[][]} lines */
export function align(lines) {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map(line => line[column]?.length ?? 0)),
  )
  return lines
    .map(line =>
      line
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  '),
    )
    .map(line => `  ${line}`.trimEnd())
    .join('\n')
}
