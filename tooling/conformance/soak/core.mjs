// The counted cases of @x/core: random programs that are played on node:net and on each transport, and compared. They
// stand here and not in the package, whose tests may not import the testkit.
import { run } from '../differential/pool.mjs'
import { reportOf } from '../differential/report.mjs'

const PROGRAMS = 100_000

/** @type {import('../../soak/soak.mjs').SoakCase[]} */
export const cases = ['native', 'portable', 'memory'].map(subject => ({
  name: subject,
  title: `random programs see the same of node:net and of ${subject}`,
  rounds: PROGRAMS,
  async run(rounds, tell) {
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
  check({ different = 0, died = 0, undecided = 0 }, rounds) {
    const wrong = []
    if (different > 0) wrong.push(`${different} programs differ`)
    if (died > 0) wrong.push(`${died} programs ended or hung their process`)
    if (undecided * 100 > rounds) wrong.push(`${undecided} programs differ between runs of node:net itself`)
    return wrong
  },
}))
