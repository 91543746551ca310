import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'

const names = execFileSync(process.execPath, [path.join(import.meta.dirname, '../all.mjs'), '--names'], {
  encoding: 'utf8',
})
  .trim()
  .split('\n')

it.each(names)('%s has a test that plants a violation', name => {
  const file = path.join(import.meta.dirname, `${name}.test.ts`)
  expect(existsSync(file), `no test/${name}.test.ts`).toBe(true)
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(/planted/)
  expect(text).toContain('.violations(')
})
