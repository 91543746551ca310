// How a program under test tells its parent what it found: each name with its value, and that it ran on @x/core.
import { createHash, randomBytes } from 'node:crypto'
import net from 'node:net'

/** One line for each finding, then the mark without which the parent takes the program for failed. */
export function report(findings) {
  // Only the module of @x/core has this member.
  const isOurs = 'isRegistered' in net && net.isRegistered()
  for (const [name, value] of Object.entries(findings)) console.log(`${name}: ${JSON.stringify(value)}`)
  console.log(isOurs ? 'on @x/core' : 'on node:net')
}

/** Bytes that differ in each run, and how to know them again. */
export function payload(bytes) {
  const data = randomBytes(bytes)
  return { data, sum: sum(data) }
}

export function sum(data) {
  return createHash('sha256').update(data).digest('hex')
}
