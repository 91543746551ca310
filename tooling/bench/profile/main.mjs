// `pnpm bench profile`: where the time of each bench goes, and which system calls a unit of work makes.
import { parseArgs } from 'node:util'
import { chooseArms } from '../arms.mjs'
import { benchesOf } from '../benches.mjs'
import { Stage } from '../measure.mjs'
import { RUN_OPTIONS, readOptions } from '../options.mjs'
import { ANYWHERE, describeMachine, placeApart } from '../processors.mjs'
import { createProgress } from '../progress.mjs'
import { versionOf } from '../runtimes.mjs'
import { align } from '../summary.mjs'
import { countCalls, PLACES, shareOut, whyNoTracers } from './tracers.mjs'

/** What has work to profile; the rest is the same server under another load. */
export const PROFILED = ['pings', 'accept-echo', 'bulk-receive', 'proxy', 'relay', 'http']
export const PROFILED_ARMS = ['net', 'native', 'c']
/** Calls that a unit makes less often than this are left out. */
const RARE = 0.01
/** The part of a run under strace, which makes each call many times slower. */
const TRACED_SHARE = 0.1

const { json: _json, runs: _runs, idle: _idle, ...OPTIONS } = RUN_OPTIONS

export const HELP = `Where the time of a bench goes, and which system calls a unit of its work makes.

Usage: pnpm bench profile [bench or group ...] [options]

Shares are of perf's samples of the server, warmed up: the kernel, libc, the engine (x_net.node), the runtime's own code
(Node, libuv, and V8 with its collector, its interpreter and its built-in functions), and compiled JavaScript. System calls are counted by strace in another run.

Benches: as of \`pnpm bench --help\`  (${PROFILED.join(', ')})

  --arms LIST      (${PROFILED_ARMS.join(',')})
  --node, --bun, --deno, --quick, --no-pin, --clients, --requests, --connections, --gigabytes, --rate, --seconds, --help
                   as of \`pnpm bench --help\`
`

/**
 * @typedef {object} Profile
 * @property {string} bench
 * @property {string} title
 * @property {string} unit
 * @property {string} arm
 * @property {import('./tracers.mjs').Shares} shares
 * @property {Record<string, number>} calls for each unit of work
 */

/** @param {string[]} words */
export async function profile(words) {
  const { values, positionals } = parseArgs({ args: words, allowPositionals: true, options: OPTIONS })
  if (values.help) return void process.stdout.write(HELP)
  const options = readOptions(
    { ...values, arms: values.arms ?? PROFILED_ARMS.join(',') },
    positionals.length > 0 ? positionals : PROFILED,
  )
  const reason = whyNoTracers()
  if (reason !== null) throw new Error(reason)
  console.log(`Node ${versionOf(options.node)}, ${describeMachine()}\n`)
  await runProfiles(options, (title, profiles) => console.log(`${title}\n${formatProfiles(profiles)}\n`))
}

/**
 * @param {import('../options.mjs').Options} options
 * @param {(title: string, profiles: Profile[]) => void} onBench
 * @param {string} [label]
 * @returns {Promise<Profile[]>}
 */
export async function runProfiles(options, onBench, label = '') {
  const { arms } = await chooseArms(options.arms, options)
  const placement = options.pin ? placeApart() : ANYWHERE
  const all = []
  const progress = createProgress()
  const benches = benchesOf(options.benches)
  progress.expect(benches.length * arms.length)
  for (const bench of benches) {
    if (bench.hold !== undefined) throw new RangeError(`${bench.name} does no work to profile`)
    if (((await bench.whyNot?.(options)) ?? null) !== null) continue
    const profiles = []
    for (const arm of arms.filter(({ name }) => bench.arms?.includes(name) ?? true)) {
      progress.step(`${label}${bench.name}: profile of ${arm.name}`)
      profiles.push({
        bench: bench.name,
        title: bench.title,
        unit: bench.unit,
        arm: arm.name,
        ...(await profileOne(bench, arm, { options, placement })),
      })
    }
    progress.clear()
    onBench(bench.title, profiles)
    all.push(...profiles)
  }
  return all
}

/** @param {import('../benches.mjs').Bench} bench @param {import('../arms.mjs').Arm} arm @param {import('../measure.mjs').How} how */
async function profileOne(bench, arm, how) {
  const stage = new Stage(bench, arm, how)
  try {
    await stage.open()
    await stage.work(1)
    const shares = await shareOut(stage.pid, () => stage.work(1))
    let count = 1
    const counts = await countCalls(stage.pid, async () => {
      count = (await stage.run(TRACED_SHARE)).count
    })
    const calls = Object.fromEntries(
      [...counts].map(([name, made]) => [name, made / count]).filter(([, often]) => Number(often) >= RARE),
    )
    return { shares: { ...shares, functions: shares.functions.slice(0, 5) }, calls }
  } finally {
    await stage.close()
  }
}

/** @param {readonly Profile[]} profiles of one bench */
export function formatProfiles(profiles) {
  const shares = align([
    ['', ...PLACES],
    ...profiles.map(({ arm, shares }) => [arm, ...PLACES.map(place => shares.places[place].toFixed(2))]),
  ])
  const details = profiles.flatMap(profile => [
    `  ${profile.arm}: ${formatCalls(profile)}`,
    `    longest in the kernel: ${profile.shares.functions.map(({ name, share }) => `${name} ${share.toFixed(2)}`).join(', ')}`,
  ])
  return `${shares}\n${details.join('\n')}`
}

/** The system calls of a unit, the most frequent first. @param {Profile} profile */
export function formatCalls({ calls, unit }) {
  const shown = Object.entries(calls)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 9)
  return `${shown.map(([name, often]) => `${name} ${often.toFixed(often < 10 ? 2 : 0)}`).join(', ')} per ${unit}`
}
