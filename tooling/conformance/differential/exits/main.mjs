#!/usr/bin/env node
// Random programs that end their process with data in flight, each in a fresh one, on node:net and on a build of ours:
// what arrives, what was called back, and how the process ended must be the same.
//   node differential/exits/main.mjs --subject native --programs 200 --seed 1
import { parseArgs } from 'node:util'
import { runExits } from './run.mjs'

const { values } = parseArgs({
  options: {
    subject: { type: 'string', default: 'native' },
    programs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    examples: { type: 'string', default: '5' },
  },
})
const subject = values.subject
const { counts, failures } = await runExits({
  subject,
  programs: Number(values.programs),
  seed: Number(values.seed),
})
for (const { seed, program, expected, got } of failures.slice(0, Number(values.examples))) {
  console.log(
    `\nseed ${seed}: ${JSON.stringify(program).replaceAll('{"at"', '\n  {"at"')}\n  on node:net ${expected}\n  on ${subject}   ${got}`,
  )
}
console.log(`${subject}, Node ${process.versions.node}: ${JSON.stringify(counts)}`)
process.exitCode = failures.length === 0 ? 0 : 1
