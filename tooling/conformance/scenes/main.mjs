#!/usr/bin/env node
// Plays the programs of this folder on node:net and registered on each transport, and prints where their logs differ.
//   node scenes/main.mjs [program ...] [--scene TEXT] [--limit 5000] [--arms native,portable] [--show]
import { parseArgs } from 'node:util'
import { compareProgram, programs } from './compare.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scene: { type: 'string', default: '' },
    limit: { type: 'string', default: '0' },
    arms: { type: 'string', default: 'native,portable' },
    show: { type: 'boolean', default: false },
  },
})
const wanted = positionals.length > 0 ? positionals : programs
for (const program of wanted) {
  const { scenes, differences } = await compareProgram(program, {
    arms: values.arms.split(','),
    env: { X_SCENE: values.scene, X_SCENE_MS: values.limit },
  })
  if (values.show) console.log(JSON.stringify(scenes, null, 1))
  const count = Object.keys(scenes).length
  console.log(
    `${program}: ${count} scenes, ${differences.length === 0 ? 'equal' : `${differences.length} differ`}`,
  )
  for (const { arm, scene, actor, expected, got } of differences) {
    console.log(`  ${arm}: ${scene}, ${actor}`)
    for (let i = 0; i < Math.max(expected.length, got.length); i++)
      console.log(
        expected[i] === got[i]
          ? `      ${got[i]}`
          : `    - ${expected[i] ?? 'nothing'}\n    + ${got[i] ?? 'nothing'}`,
      )
    process.exitCode = 1
  }
}
