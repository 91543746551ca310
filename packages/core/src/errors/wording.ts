// How Node words values, types and numbers in the messages of its errors. It builds no error.
import { inspect } from 'node:util'

const PRIMITIVES: ReadonlySet<string> = new Set([
  'string',
  'function',
  'number',
  'object',
  'boolean',
  'bigint',
  'symbol',
])

/** `of type string or an instance of Buffer or URL`, from names of types, of classes, and words such as `an integer`. */
export function describeTypes(expected: string | readonly string[]): string {
  const names = [expected].flat()
  const types = names.filter(name => PRIMITIVES.has(name))
  const instances = names.filter(name => !PRIMITIVES.has(name) && /^([A-Z][a-z0-9]*)+$/.test(name))
  const others = names.filter(name => !types.includes(name) && !instances.includes(name))

  const parts: string[] = []
  if (types.length > 0) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${choice(types)}`)
  if (instances.length > 0) parts.push(`an instance of ${choice(instances)}`)
  if (others.length === 1) parts.push(withArticle(others[0]!))
  if (others.length > 1) parts.push(`one of ${choice(others)}`)
  return parts.join(' or ')
}

/** As Node does: what has a capital gets an article, unless it has one. */
function withArticle(words: string): string {
  return words === words.toLowerCase() || /^an? /.test(words) ? words : `an ${words}`
}

/** `a`, `a or b`, `a, b, or c`. */
function choice(words: readonly string[]): string {
  if (words.length < 3) return words.join(' or ')
  return `${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`
}

/** What was given: `type number (1)`, `an instance of Map`, `function named`, `null`. */
export function describeReceived(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object') {
    const name = value.constructor?.name
    return name ? `an instance of ${name}` : inspect(value, { depth: -1 })
  }
  if (typeof value !== 'string') return `type ${typeof value} (${inspect(value, { colors: false })})`
  const shown = value.length > 28 ? `${value.slice(0, 25)}...` : value
  return `type string (${shown.includes("'") ? JSON.stringify(shown) : `'${shown}'`})`
}

/** A value as `util.inspect` shows it, no longer than 128 characters. */
export function shorten(value: unknown): string {
  const shown = inspect(value)
  return shown.length > 128 ? `${shown.slice(0, 128)}...` : shown
}

/** A number that is out of range: integers beyond 2 to the 32nd get underscores between their thousands. */
export function groupDigits(value: unknown): string {
  const isLarge =
    (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > 2 ** 32) ||
    (typeof value === 'bigint' && (value > 2n ** 32n || value < -(2n ** 32n)))
  if (!isLarge) return inspect(value)
  const digits = String(value)
  const start = digits.startsWith('-') ? 1 : 0
  let grouped = ''
  let end = digits.length
  for (; end >= start + 4; end -= 3) grouped = `_${digits.slice(end - 3, end)}${grouped}`
  return `${digits.slice(0, end)}${grouped}${typeof value === 'bigint' ? 'n' : ''}`
}
