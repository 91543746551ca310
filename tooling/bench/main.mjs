// `pnpm bench`: runs the chosen benches on the chosen arms and prints ratios against node:net.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { chooseArms } from './arms.mjs'
import { BENCHES } from './benches.mjs'
import { measure } from './measure.mjs'
import { HELP, parseOptions } from './options.mjs'
import { formatTable, summarize } from './report.mjs'

try {
  const words = process.argv.slice(2).filter(word => word !== '--')
  const [first = '', ...rest] = words
  const options = first === 'ipc' || first === 'spread' ? null : parseOptions(words)
  if (first === 'ipc') await (await import('./ipc/main.mjs')).benchIpc(rest)
  else if (first === 'spread') await (await import('./spread/main.mjs')).benchSpread(rest)
  else if (options === null) throw new RangeError(`no bench "${first}"`)
  else if (options === 'help') process.stdout.write(HELP)
  else await main(options)
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

/** @param {import('./options.mjs').Options} options */
async function main(options) {
  const { arms, missing } = chooseArms(options.arms, options)
  const node = spawnSync(options.node, ['--version'], { encoding: 'utf8' }).stdout?.trim()
  const machine = `Node ${node}, ${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown processor'}`
  console.log(`${machine}; ${options.runs} runs in turns, ${options.clients} clients, medians\n`)
  for (const { name, reason } of missing) console.log(`Left out: ${name} (${reason})\n`)
  const results = []
  for (const bench of BENCHES.filter(({ name }) => options.benches.includes(name))) {
    const taking = arms.filter(({ programs }) => programs === null || programs.includes(bench.server))
    const samples = await measure(bench, taking, options, () => process.stderr.write('.'))
    process.stderr.write('\r')
    const rows = summarize(
      samples,
      taking.map(({ name }) => name),
    )
    console.log(formatTable(bench, rows))
    results.push({ bench: bench.name, rows, samples })
  }
  if (options.json)
    writeFileSync(options.json, `${JSON.stringify({ machine, options, missing, results }, null, 2)}\n`)
}
