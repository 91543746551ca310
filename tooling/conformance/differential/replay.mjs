#!/usr/bin/env node
// Plays one printed program, on node:net and on a subject, and prints both traces.
//   node differential/replay.mjs FILE.mjs [native|portable|memory|node]
// In place of the file: a seed, or a part of the name of a known program.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { adapted } from './adapted.mjs'
import { compare, lineOf } from './compare.mjs'
import { generate } from './generate.mjs'
import { known } from './known/index.mjs'
import { bodyOf, isBulk, textOf } from './program.mjs'
import { play } from './stage.mjs'
import { reference, subjectOf } from './subjects.mjs'

const [what = '1', subject = 'native'] = process.argv.slice(2)
const { setup, body, isBulk: isOfBulk = false } = await programOf(what)
const nets = await subjectOf(subject)
const expected = await play(reference, setup, body)
const got = await play(nets, setup, body)
for (const [name, trace] of Object.entries({ 'node:net': expected, [subject]: got })) {
  console.log(`\n${name}`)
  for (const [actor, records] of [...trace.actors].sort()) {
    console.log(`  ${actor}`)
    for (const record of records) console.log(`    ${lineOf(record)}`)
  }
}
const difference = compare(expected, got, subject, isOfBulk)
console.log(`\n${difference === null ? 'equal' : `different: ${difference.signature}`}`)
process.exit(difference === null ? 0 : 1)

/** @param {string} text */
async function programOf(text) {
  const one = known.find(({ name }) => name.includes(text))
  if (one !== undefined && !/^\d+$/.test(text)) return one
  if (!/^\d+$/.test(text)) return import(pathToFileURL(path.resolve(text)).href)
  const program = adapted(generate(Number(text)), subject)
  console.log(JSON.stringify(program.setup), textOf(program))
  return { setup: program.setup, body: bodyOf(program), isBulk: isBulk(program) }
}
