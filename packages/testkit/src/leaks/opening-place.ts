// Where in a user's code something was opened: the stack without Node's and this project's own frames. It knows stacks
// as text.
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const OWN = /[\\/]packages[\\/](?:core|testkit)[\\/](?:src|dist)[\\/]|[\\/]@x[\\/](?:core|testkit)[\\/]/
const DEPTH = 30

/** The frames of the caller that are a user's, innermost first; empty where there is none. */
export function callerFrames(): readonly string[] {
  const depth = Error.stackTraceLimit
  Error.stackTraceLimit = DEPTH
  const { stack = '' } = new Error()
  Error.stackTraceLimit = depth
  return stack
    .split('\n')
    .slice(2)
    .map(line => line.trim().replace(/^at (?:async )?/, ''))
    .filter(isUsers)
    .map(shorten)
}

function isUsers(frame: string): boolean {
  if (frame.includes('node:') || frame.includes('node_modules') || frame.includes('<anonymous>')) return false
  return !OWN.test(frame)
}

function shorten(frame: string): string {
  return frame.replace(/(?:file:\/\/)?\/[^\s()]+/, place => {
    const file = place.startsWith('file:') ? fileURLToPath(place) : place
    const relative = path.relative(process.cwd(), file)
    return relative.startsWith('..') ? file : relative
  })
}
