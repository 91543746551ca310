// Loading the addon and its setup, with each of their calls failed once: they throw or answer a status, and the next try
// succeeds.
const { load, events } = require('./base-addon.cjs')

const failed = []
for (let number = 1; ; number++) {
  process.env.X_INJECT = `${number} ${number}`
  delete process.env.X_INJECTED
  let outcome = 'worked'
  try {
    const addon = load()
    if (typeof addon.setup(events()) === 'number') outcome = 'refused'
    else if (addon.stream(0) < 0) outcome = 'used'
  } catch {
    outcome = 'thrown'
  }
  delete process.env.X_INJECT
  const name = process.env.X_INJECTED
  if (name === undefined) break
  failed.push(`${name} ${outcome}`)
}
const addon = load()
const memory = addon.setup(events())
if (!Buffer.isBuffer(memory)) throw new Error('setup')
console.log(JSON.stringify([...new Set(failed)].sort()))
