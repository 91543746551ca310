// From samples to ratios and a table. It measures nothing.

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * Each run of an arm is held against the same run of `node:net`, which was made next to it in time.
 *
 * @param {readonly import('./measure.mjs').Sample[]} samples
 * @param {readonly string[]} armNames the first is what the others are held against
 */
export function summarize(samples, armNames) {
  const of = (/** @type {string} */ arm) =>
    samples.filter(sample => sample.arm === arm).sort((a, b) => a.run - b.run)
  const base = of(armNames[0] ?? '')
  return armNames.map(arm => {
    const own = of(arm)
    const ratios = (/** @type {'cpuUs' | 'perSecond' | 'bytes'} */ key) =>
      own.map((sample, at) => sample[key] / (base[at]?.[key] ?? Number.NaN))
    return {
      arm,
      cpuUs: median(own.map(sample => sample.cpuUs)),
      userUs: median(own.map(sample => sample.userUs)),
      cpu: spread(ratios('cpuUs')),
      perSecond: median(own.map(sample => sample.perSecond)),
      throughput: spread(ratios('perSecond')),
      bytes: median(own.map(sample => sample.bytes)),
      memory: spread(ratios('bytes')),
    }
  })
}

/** @param {readonly number[]} ratios */
function spread(ratios) {
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
}

/**
 * @param {{ title: string, unit: string, isMemory?: boolean }} bench
 * @param {ReturnType<typeof summarize>} rows
 */
export function formatTable(bench, rows) {
  const { unit } = bench
  const lines = bench.isMemory
    ? [
        ['', `bytes/${unit}`, 'ratio', 'least-most'],
        ...rows.map(({ arm, bytes, memory }) => [arm, bytes.toFixed(0), ratio(memory), range(memory)]),
      ]
    : [
        ['', `CPU/${unit}`, 'user', 'ratio', 'least-most', `${unit}s/s`, 'ratio', 'least-most'],
        ...rows.map(({ arm, cpuUs, userUs, cpu, perSecond, throughput }) => [
          arm,
          microseconds(cpuUs),
          microseconds(userUs),
          ratio(cpu),
          range(cpu),
          perSecond < 100 ? perSecond.toFixed(2) : perSecond.toFixed(0),
          ratio(throughput),
          range(throughput),
        ]),
      ]
  return `${bench.title}\n${align(lines)}\n`
}

/** @param {number} us */
function microseconds(us) {
  return us >= 10_000 ? `${(us / 1000).toFixed(0)} ms` : `${us.toFixed(2)} us`
}

/** @param {{ median: number }} spread */
function ratio(spread) {
  return spread.median.toFixed(2)
}

/** @param {{ least: number, most: number }} spread */
function range({ least, most }) {
  return `${least.toFixed(2)}-${most.toFixed(2)}`
}

/** The first column to the left, the others to the right. @param {string[][]} lines */
function align(lines) {
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
