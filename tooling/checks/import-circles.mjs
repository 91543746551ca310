// Checks that no files of a package's sources import each other in a circle, types included: what stands in a circle can
// only be read all at once.
import path from 'node:path'
import { resolveRelative, specifiersOf } from './imports.mjs'
import { textOf, trackedFiles } from './tracked.mjs'

/** Sources without a circle. */
const sources = ['core', 'ipc', 'cluster', 'testkit'].map(name => `packages/${name}/src`)

/** Files that may stand in a circle with each other, by their folder, each with the reason. @type {Readonly<Record<string, string>>} */
const exceptions = {
  'packages/testkit/src/network/': 'a virtual host has its listeners and streams, and each of them its host',
}

/** @type {import('./all.mjs').Check} */
export const importCircles = {
  name: 'import-circles',
  holds: 'no files of a package import each other in a circle, types included',
  violations(top) {
    const files = trackedFiles(top).filter(name => name.endsWith('.ts'))
    return sources.flatMap(folder =>
      circlesIn(
        top,
        files.filter(name => name.startsWith(`${folder}/`)),
      ),
    )
  },
}

/** @param {string} top @param {readonly string[]} names */
function circlesIn(top, names) {
  const known = new Set(names)
  const imports = new Map(names.map(name => [name, importsOf(top, name).filter(other => known.has(other))]))
  return knots(imports)
    .filter(knot => !Object.keys(exceptions).some(folder => knot.every(name => name.startsWith(folder))))
    .map(knot => shortestCircle(imports, knot))
    .map(circle => `circle: ${[...circle, circle[0]].join(' > ')}`)
}

/** The files that a file imports by a relative path. @param {string} top @param {string} name */
function importsOf(top, name) {
  return specifiersOf(textOf(top, name) ?? '')
    .filter(specifier => specifier.startsWith('.'))
    .map(specifier => `${path.relative(top, resolveRelative(path.join(top, name), specifier))}.ts`)
    .map(other => other.split(path.sep).join('/'))
}

/**
 * The groups of files of which each reaches each other (Tarjan 1972), a file that imports itself among them.
 * @param {ReadonlyMap<string, readonly string[]>} imports
 * @returns {string[][]}
 */
function knots(imports) {
  /** @type {Map<string, number>} */
  const index = new Map()
  /** @type {Map<string, number>} */
  const low = new Map()
  /** @type {string[]} */
  const stack = []
  /** @type {string[][]} */
  const found = []
  /** @param {string} name */
  const visit = name => {
    index.set(name, index.size)
    low.set(name, index.get(name) ?? 0)
    stack.push(name)
    for (const other of imports.get(name) ?? []) {
      if (!index.has(other)) visit(other)
      if (stack.includes(other)) low.set(name, Math.min(low.get(name) ?? 0, low.get(other) ?? 0))
    }
    if (low.get(name) !== index.get(name)) return
    const knot = stack.splice(stack.indexOf(name))
    if (knot.length > 1 || imports.get(name)?.includes(name)) found.push(knot)
  }
  for (const name of imports.keys()) if (!index.has(name)) visit(name)
  return found
}

/** One of the shortest ways around a group. @param {ReadonlyMap<string, readonly string[]>} imports @param {string[]} knot */
function shortestCircle(imports, knot) {
  /** @type {string[]} */
  let shortest = []
  for (const start of knot) {
    /** @type {string[][]} */
    const ways = [[start]]
    const seen = new Set()
    for (const way of ways) {
      const next = imports.get(way.at(-1) ?? '') ?? []
      if (next.includes(start)) {
        if (shortest.length === 0 || way.length < shortest.length) shortest = way
        break
      }
      for (const other of next) {
        if (seen.has(other) || !knot.includes(other)) continue
        seen.add(other)
        ways.push([...way, other])
      }
    }
  }
  return shortest
}
