// Runs many seeds of the scenario and says which failed: node examples/replicated/run.mjs --seeds 1000 --bug early-ack
import { parseArgs } from 'node:util'
import { runSeed } from './scenario.mjs'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    bug: { type: 'string', default: 'none' },
    'chaos-ms': { type: 'string', default: '4000' },
    json: { type: 'boolean', default: false },
    hashes: { type: 'boolean', default: false },
  },
})

const began = process.hrtime.bigint()
const totals = { seeds: 0, failed: [], virtualMs: 0, events: 0, acknowledged: 0, hashes: [] }
const last = Number(values.from) + Number(values.seeds)
for (let seed = Number(values.from); seed < last; seed++) {
  totals.seeds++
  try {
    const report = await runSeed(seed, { bug: values.bug, chaosMs: Number(values['chaos-ms']) })
    totals.virtualMs += report.virtualMs
    totals.events += report.events
    totals.acknowledged += report.value.acknowledged
    if (values.hashes) totals.hashes.push(report.hash)
  } catch (error) {
    totals.failed.push(seed)
    if (totals.failed.length === 1 && !values.json) console.log(error.message)
  }
}
const seconds = Number(process.hrtime.bigint() - began) / 1e9
if (values.json) console.log(JSON.stringify({ ...totals, seconds }))
else {
  console.log(
    `${totals.seeds} seeds, bug ${values.bug}: ${totals.failed.length} failed` +
      `${totals.failed.length ? ` (first ${totals.failed[0]})` : ''}; ` +
      `${(totals.virtualMs / 1000).toFixed(0)} virtual seconds, ${totals.events} events, ` +
      `${totals.acknowledged} values in ${seconds.toFixed(1)} s`,
  )
}
