// The tables of a run in Markdown, and where they stand in the pages. It measures and draws nothing.
import { formatCalls } from '../profile/main.mjs'
import { PLACES } from '../profile/tracers.mjs'

/** @typedef {import('../run.mjs').Outcome} Outcome */
/** @typedef {import('../run.mjs').Result} Result */
/** @typedef {import('../summary.mjs').Row} Row */

/** The rows of the README: what users ask for first. */
const README_BENCHES = [
  ...['ping', 'pipelined-ping', 'accept-echo-reset', 'accept-echo-client-ends', 'accept-echo-server-ends'],
  ...['bulk-receive', 'proxy', 'relay', 'http', 'cluster', 'idle-connections'],
]

/**
 * Replaces what stands between `<!-- NAME: ... -->` and `<!-- end of NAME -->`.
 *
 * @param {string} page
 * @param {string} name
 * @param {string} text
 */
export function fill(page, name, text) {
  const marks = new RegExp(`(<!-- ${name}: [^\n]*-->\n)[\\s\\S]*?(<!-- end of ${name} -->)`)
  if (!marks.test(page)) throw new Error(`the page has no place for "${name}"`)
  return page.replace(marks, (_all, begin, end) => `${begin}${text.trim()}\n${end}`)
}

/** Benches whose figure is one ratio for each arm. @param {Outcome} outcome */
export function plainResults({ results }) {
  return results.filter(({ bench, connections }) => bench !== 'latency' && connections === undefined)
}

/** @param {Outcome} outcome */
export function amongResults({ results }) {
  return results.filter(({ connections }) => connections !== undefined)
}

/** The ratio that a bench is about. @param {Row} row */
export function ratioOf({ ratios }) {
  return ratios.cpu ?? ratios.memory
}

/** The section of one Node: what it ran on, tables, plots. @param {Outcome} outcome */
export function section(outcome) {
  const { node, missing, failed, work } = outcome
  const major = majorOf(node)
  const latency = outcome.results.find(({ bench }) => bench === 'latency')
  const among = amongResults(outcome)
  const parts = [
    `### Node ${major}`,
    `${setting(outcome)} Idle memory up to ${thousands(work['idle'])} connections.`,
    ratioTable(outcome),
    image(
      `costs-node-${major}.svg`,
      `Ratios to node:net of Node ${major}, each bench a line, each contender a mark`,
    ),
  ]
  if (latency !== undefined) {
    parts.push(
      `Latency at ${thousands(work['rate'])} requests a second over ${work['clients']} connections, from the planned time of sending:`,
      latencyTable(outcome, latency),
      image(`latency-node-${major}.svg`, `Latency by percentile on Node ${major}, a line for each contender`),
    )
  }
  if (among.length > 0) {
    parts.push(
      `CPU for a request at ${thousands(work['rate'])} a second over all, by the number of open connections:`,
      amongTable(outcome, among),
      image(`among-node-${major}.svg`, `CPU for a request by the number of connections on Node ${major}`),
    )
  }
  if (missing.length > 0)
    parts.push(`Not measured: ${missing.map(({ name, reason }) => `${name} (${reason})`).join('; ')}.`)
  if (failed.length > 0)
    parts.push(`Failed: ${failed.map(({ arm, bench }) => `${arm} in ${bench}`).join(', ')}.`)
  return parts.join('\n\n')
}

/** @param {Outcome} outcome */
function setting({ node, machine, isPinned, work, date }) {
  const apart = isPinned ? ', server and load on one each' : ''
  return `Node ${node}, ${machine}${apart}, ${date}; ${work['runs']} runs in turns, ${work['clients']} clients.`
}

/** The block of the README. @param {readonly Outcome[]} outcomes */
export function readmeBlock(outcomes) {
  const [first] = outcomes
  if (first === undefined) return ''
  const arms = first.arms.filter(({ name }) => name !== 'net')
  const head = ['work', 'Node', 'node:net', ...arms.map(({ name }) => shortTitle(name))]
  const lines = README_BENCHES.flatMap(bench =>
    outcomes.flatMap((outcome, at) => {
      const result = outcome.results.find(one => one.bench === bench)
      if (result === undefined) return []
      const cells = arms.map(({ name }) =>
        ratioCell(
          result.rows.find(row => row.arm === name),
          name === 'native',
        ),
      )
      return [[at === 0 ? titleOf(result) : '', outcome.node, '1.00', ...cells]]
    }),
  )
  const { machine, isPinned, work } = first
  const apart = isPinned ? ' (server and load on one each)' : ''
  const text =
    `CPU of the server for each unit of work, relative to \`node:net\` of the same Node; lower is better. ${work['clients']} ` +
    `connections on loopback, ${work['runs']} runs in turns, median (least to most), on ${machine}${apart}.`
  return `${text}\n\n${table(head, lines)}\n\n${throughputs(outcomes)}`
}

/** What the ratio of CPU does not tell of the cluster. @param {readonly Outcome[]} outcomes */
function throughputs(outcomes) {
  const sentences = outcomes.flatMap(({ node, results }) => {
    const row = results.find(({ bench }) => bench === 'cluster')?.rows.find(({ arm }) => arm === 'native')
    const many = row?.ratios.throughput
    return many === undefined ? [] : [`${many.median.toFixed(2)} on Node ${node} (${range(many)})`]
  })
  return sentences.length === 0
    ? ''
    : `Connections a second through such a primary, relative to \`node:cluster\`: ${sentences.join(', ')}.`
}

/** @param {Outcome} outcome */
function ratioTable(outcome) {
  const arms = outcome.arms.filter(({ name }) => name !== 'net')
  const head = ['', 'node:net', ...arms.map(({ title }) => title)]
  const lines = plainResults(outcome).map(result => [
    titleOf(result),
    absolute(result),
    ...arms.map(({ name }) =>
      ratioCell(
        result.rows.find(row => row.arm === name),
        true,
      ),
    ),
  ])
  return table(head, lines)
}

/** @param {Outcome} outcome @param {Result} result */
function latencyTable({ arms }, { rows }) {
  const cell = (/** @type {import('../statistics.mjs').Spread | undefined} */ us) =>
    us === undefined ? '' : `${time(us.median)} (${time(us.least)}-${time(us.most)})`
  const lines = rows.map(({ arm, cpuUs, latencyUs }) => [
    arms.find(({ name }) => name === arm)?.title ?? arm,
    cell(cpuUs),
    cell(latencyUs?.p50),
    cell(latencyUs?.p99),
    cell(latencyUs?.p999),
    cell(latencyUs?.max),
    latencyUs === undefined ? '' : time(latencyUs.sentLateP99.median),
  ])
  return table(['', 'CPU', 'median', '99 %', '99.9 %', 'longest', 'load sent late, 99 %'], lines)
}

/** @param {Outcome} outcome @param {readonly Result[]} results */
function amongTable({ arms }, results) {
  const lines = results.map(({ connections = 0, rows }) => [
    thousands(connections),
    ...arms.map(({ name }) => {
      const cpu = rows.find(({ arm }) => arm === name)?.cpuUs
      return cpu === undefined ? '' : time(cpu.median)
    }),
  ])
  return table(['connections', ...arms.map(({ title }) => title)], lines)
}

/**
 * Where the time of each bench goes: perf's shares of the CPU that the run beside it has measured.
 *
 * @param {readonly import('../profile/main.mjs').Profile[]} profiles
 * @param {Outcome} outcome of the same Node
 */
export function profileBlock(profiles, outcome) {
  const places = ['kernel', 'libc', 'engine', 'Node and V8', 'compiled JavaScript']
  const lines = profiles.map((profile, at) => {
    const rows = outcome.results.find(({ bench }) => bench === profile.bench)?.rows
    const us = rows?.find(({ arm }) => arm === profile.arm)?.cpuUs?.median
    const cells = PLACES.map(place => {
      const share = profile.shares.places[place]
      return us === undefined ? share.toFixed(2) : time(share * us)
    })
    const isFirst = profiles[at - 1]?.bench !== profile.bench
    return [isFirst ? titleOf(profile) : '', profile.arm, ...cells, formatCalls(profile)]
  })
  const head = `Node ${outcome.node}, ${outcome.machine}; CPU for each unit of work, and the system calls that a unit makes.`
  return `${head}\n\n${table(['', '', ...places, 'system calls'], lines)}`
}

/** @param {Row | undefined} row @param {boolean} withRange */
function ratioCell(row, withRange) {
  const ratio = row && ratioOf(row)
  if (ratio === undefined) return ''
  return withRange ? `${ratio.median.toFixed(2)} (${range(ratio)})` : ratio.median.toFixed(2)
}

/** What node:net takes. @param {Result} result */
function absolute({ rows, unit }) {
  const [{ cpuUs, bytes } = /** @type {Partial<Row>} */ ({})] = rows
  if (bytes !== undefined) return `${thousands(Math.round(bytes.median))} bytes`
  return cpuUs === undefined ? '' : `${time(cpuUs.median)}/${unit}`
}

/** @param {{ title: string }} bench */
export function titleOf({ title }) {
  return title.replace(', one connection', '')
}

/** @param {string} arm */
function shortTitle(arm) {
  return { bun: 'Bun', deno: 'Deno', c: 'C' }[arm] ?? arm
}

/** @param {import('../statistics.mjs').Spread} spread */
function range({ least, most }) {
  return `${least.toFixed(2)}-${most.toFixed(2)}`
}

/** @param {number} us */
function time(us) {
  if (us >= 10_000) return `${(us / 1000).toFixed(0)} ms`
  if (us >= 1000) return `${(us / 1000).toFixed(1)} ms`
  return `${us.toFixed(us < 100 ? 1 : 0)} us`
}

/** @param {number | undefined} count */
function thousands(count) {
  return (count ?? 0).toLocaleString('en')
}

/** @param {string} version */
export function majorOf(version) {
  return version.split('.')[0] ?? version
}

/** @param {string} file @param {string} description */
function image(file, description) {
  return `![${description}](benchmarks/${file})`
}

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} lines */
function table(head, lines) {
  const row = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [row(head), row(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...lines.map(row)].join('\n')
}
