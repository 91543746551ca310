#!/usr/bin/env node
// Runs the published tests of other people's packages on node:net and registered on each transport, and says which are
// equal.
//   node suites/main.mjs [package ...]
import { bring } from './bring.mjs'
import { arms, outcomesOf, unequal } from './outcomes.mjs'
import { suites } from './table.mjs'

const wanted = process.argv.slice(2)
for (const one of suites.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const suite = { ...one, files: [...one.files, ...(one.timed ?? [])] }
  const { folder, reason } = await bring(suite)
  if (folder === null) {
    console.log(`${suite.name}: ${reason}`)
    process.exitCode = 1
    continue
  }
  const [reference, ...ours] = arms
  const expected = await outcomesOf(suite, folder, reference)
  const passed = [...expected.values()].filter(outcome => outcome === 'passed').length
  console.log(`${suite.name}: ${suite.what}; ${passed} of ${expected.size} pass on node:net`)
  for (const arm of ours) {
    const differences = unequal(expected, await outcomesOf(suite, folder, arm))
    console.log(`  ${arm}: ${differences.length === 0 ? 'equal' : `${differences.length} differ`}`)
    for (const difference of differences) console.log(`    ${difference}`)
    if (differences.length > 0) process.exitCode = 1
  }
}
