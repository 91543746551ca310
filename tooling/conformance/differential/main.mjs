#!/usr/bin/env node
// Random programs, played on node:net and on a build of ours, and compared. It starts the workers that play, adds up, and
// prints the failures.
//   node differential/main.mjs --subject native --programs 1000 --seed 1
import { appendFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { run } from './pool.mjs'
import { entryOf, reportOf } from './report.mjs'
import { subjectNames } from './subjects.mjs'

const { values } = parseArgs({
  options: {
    subject: { type: 'string', default: 'native' },
    reference: { type: 'string' },
    programs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    examples: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    out: { type: 'string' },
    entries: { type: 'string' },
    known: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(`usage: main.mjs [--subject ${subjectNames.join('|')}] [--programs 1000] [--seed 1] [--workers 1]
  --reference R  compare with that subject in place of node:net; x/native is @x/core on both sides
  --examples N   so many shortest programs of each kind of difference are printed (2)
  --only TEXT    print those alone whose kind has TEXT in it
  --out FILE     append the failures to a file as well
  --entries FILE append them as entries for known/found.mjs
  --known        play the known programs instead of random ones`)
  process.exit(0)
}

const subject = values.subject
const { counts, failures, doubts } = await run({
  subject,
  ...(values.reference && { reference: values.reference }),
  source: values.known ? 'known' : 'random',
  programs: Number(values.programs),
  seed: Number(values.seed),
  workers: Number(values.workers),
  progress: line => (process.stderr.isTTY ? process.stderr.write(`\r${line}`) : console.error(line)),
})

/** @type {Map<string, import('./pool.mjs').Failure[]>} */
const groups = new Map()
for (const failure of failures) {
  const { signature } = failure.difference
  groups.set(signature, [...(groups.get(signature) ?? []), failure])
}
const text = [...groups]
  .filter(([signature]) => signature.includes(values.only))
  .sort(([, one], [, other]) => other.length - one.length)
  .map(([signature, group]) => {
    const examples = group.slice(0, Number(values.examples)).map(failure => reportOf({ ...failure, subject }))
    return `\n## ${signature}: ${group.length} (seeds ${group
      .slice(0, 12)
      .map(({ seed }) => seed)
      .join(' ')})\n${examples.map(one => `\`\`\`js\n${one}\n\`\`\``).join('\n')}`
  })
const summary = `${subject}, Node ${process.versions.node}, ${values.programs} programs from seed ${values.seed}: ${JSON.stringify(counts)}`
console.log([...text, '', summary].join('\n'))
for (const [signature, group] of groups) console.log(`  ${String(group.length).padStart(6)}  ${signature}`)
for (const { outcome, seed, difference } of doubts)
  console.log(`  ${outcome} ${seed}  ${difference.signature}`)
if (values.out) appendFileSync(values.out, `\n# ${new Date().toISOString()} ${summary}\n${text.join('\n')}\n`)
if (values.entries) {
  const each = [...groups.values()].flatMap(group => group.slice(0, Number(values.examples)))
  appendFileSync(values.entries, `${each.map(entryOf).join('\n')}\n`)
}
process.exitCode = failures.length === 0 ? 0 : 1
