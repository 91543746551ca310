// The counted cases of @x/core: random programs that are played on node:net and on each transport, and compared. They
// stand here and not in the package, whose tests may not import the testkit.
import { runExits } from '../differential/exits/run.mjs'
import { run } from '../differential/pool.mjs'
import { reportOf } from '../differential/report.mjs'

const PROGRAMS = 100_000

const EXITS = 1_000

const plays = ['native', 'portable', 'memory'].map(subject => ({
  name: subject,
  title: `random programs see the same of node:net and of ${subject}`,
  rounds: PROGRAMS,
  async run(/** @type {number} */ rounds, /** @type {(done: number) => void} */ tell) {
    const { counts, failures } = await run({
      subject,
      programs: rounds,
      seed: 1,
      workers: 2,
      progress: line => console.log(`  ${line}`),
      played: tell,
    })
    for (const failure of failures.slice(0, 20)) console.log(`\n${reportOf({ ...failure, subject })}`)
    return counts
  },
  check(
    /** @type {Record<string, number>} */ { different = 0, died = 0, undecided = 0 },
    /** @type {number} */ rounds,
  ) {
    const wrong = []
    if (different > 0) wrong.push(`${different} programs differ`)
    if (died > 0) wrong.push(`${died} programs ended or hung their process`)
    if (undecided * 100 > rounds) wrong.push(`${undecided} programs differ between runs of node:net itself`)
    return wrong
  },
}))

const exits = ['native', 'portable'].map(subject => ({
  name: `${subject}-exits`,
  title: `processes that end with data in flight send the same on node:net and on ${subject}`,
  rounds: EXITS,
  async run(/** @type {number} */ rounds, /** @type {(done: number) => void} */ tell) {
    const { counts, failures } = await runExits({ subject, programs: rounds, seed: 1, played: tell })
    for (const failure of failures.slice(0, 20)) console.log(JSON.stringify(failure))
    return counts
  },
  check: (/** @type {Record<string, number>} */ { different = 0 }) =>
    different > 0 ? [`${different} programs differ`] : [],
}))

/** @type {import('../../soak/soak.mjs').SoakCase[]} */
export const cases = [...plays, ...exits]
