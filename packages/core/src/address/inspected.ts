// How util.inspect shows the address classes. It knows no address.
import { type InspectOptions, inspect } from 'node:util'

/**
 * What `util.inspect` hands to a custom inspection; `@types/node` names it in other ways for each Node.
 * Source: https://nodejs.org/api/util.html#custom-inspection-functions-on-objects
 */
export interface Inspecting extends InspectOptions {
  stylize(text: string, style: 'special'): string
}

/** `Name { fields }`, or `[Name]` beyond the asked depth. */
export function inspected(name: string, fields: object, depth: number, options: Inspecting): string {
  if (depth < 0) return options.stylize(`[${name}]`, 'special')
  return `${name} ${inspect(fields, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`
}
