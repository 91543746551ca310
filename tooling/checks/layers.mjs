// Checks who may import whom: the directions between the packages, and the layers inside core and ipc (layer-lists.mjs).
import { builtinModules } from 'node:module'
import path from 'node:path'
import ts from 'typescript'
import { workspacePackages } from '../run/workspace.mjs'
import { resolveRelative, specifiersOf } from './imports.mjs'
import { coreLayers, ipcLayers, isOf, nodeNetParts } from './layer-lists.mjs'
import { textOf, trackedFiles } from './tracked.mjs'

/** Which siblings a published package may use. The rest of the workspace is private, and may use all. */
/** @type {Readonly<Record<string, readonly string[]>>} */
const siblings = {
  '@x/core': [],
  '@x/ipc': ['@x/core'],
  '@x/cluster': ['@x/core', '@x/ipc'],
  '@x/testkit': ['@x/core'],
}

/** @type {Readonly<Record<string, readonly import('./layer-lists.mjs').Layer[]>>} */
const layersOf = { '@x/core': coreLayers, '@x/ipc': ipcLayers }

/** @typedef {{ name: string, folder: string, scripts?: Record<string, string>, uses: string[], development: string[] }} Member */

/** @type {import('./all.mjs').Check} */
export const layers = {
  name: 'layers',
  holds: 'imports follow the directions between the packages and the layers inside core and ipc',
  violations(top) {
    const files = trackedFiles(top).filter(name => /\.(ts|mts|mjs|js|cjs)$/.test(name))
    const packages = workspacePackages(top).map(({ folder, manifest }) => {
      const name = path.relative(top, folder).split(path.sep).join('/')
      return { folder: name, manifest: /** @type {Manifest} */ (manifest) }
    })
    return [
      ...cycles(packages.map(({ manifest }) => manifest)),
      ...packages.flatMap(({ manifest }) => manifestViolations(manifest)),
      ...packages.flatMap(({ folder, manifest }) =>
        files
          .filter(name => name.startsWith(`${folder}/`))
          .flatMap(name => fileViolations(top, folder, manifest, name)),
      ),
    ]
  },
}

/** @typedef {{ name: string, dependencies?: Record<string, string>, devDependencies?: Record<string, string>, peerDependencies?: Record<string, string> }} Manifest */

/** @param {Manifest} manifest */
function manifestViolations(manifest) {
  const allowed = siblings[manifest.name]
  if (allowed === undefined) return []
  const runtime = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  const development = Object.keys(manifest.devDependencies ?? {})
  return [
    ...runtime.filter(name => name.startsWith('@x/') && !allowed.includes(name)),
    ...development.filter(name => name.startsWith('@x/') && name !== '@x/presets' && !allowed.includes(name)),
  ].map(name => `${manifest.name}: package.json may not name ${name}`)
}

/** @param {readonly Manifest[]} manifests */
function cycles(manifests) {
  const uses = new Map(
    manifests.map(({ name, dependencies, devDependencies, peerDependencies }) => [
      name,
      Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies }),
    ]),
  )
  /** @type {string[]} */
  const found = []
  const done = new Set()
  /** @param {string} name @param {string[]} path */
  const visit = (name, path) => {
    if (path.includes(name)) found.push(`cycle: ${[...path.slice(path.indexOf(name)), name].join(' > ')}`)
    if (done.has(name) || path.includes(name)) return
    for (const used of uses.get(name) ?? []) if (uses.has(used)) visit(used, [...path, name])
    done.add(name)
  }
  for (const name of uses.keys()) visit(name, [])
  return found
}

/** @param {string} top @param {string} folder @param {Manifest} manifest @param {string} name */
function fileViolations(top, folder, manifest, name) {
  const text = textOf(top, name) ?? ''
  const inside = name.slice(folder.length + 1)
  const isSource = inside.startsWith('src/')
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
  if (!isSource) for (const used of Object.keys(manifest.devDependencies ?? {})) declared.add(used)
  /** @type {string[]} */
  const violations = []
  for (const specifier of specifiersOf(text)) {
    const problem = specifier.startsWith('.')
      ? relativeProblem(top, folder, manifest, name, specifier)
      : packageProblem(manifest, inside, specifier, declared)
    if (problem !== '') violations.push(`${name}: ${problem}`)
  }
  if (manifest.name === '@x/core' && isSource) violations.push(...moduleState(name, inside, text))
  return violations
}

/** @param {string} top @param {string} folder @param {Manifest} manifest @param {string} name @param {string} specifier */
function relativeProblem(top, folder, manifest, name, specifier) {
  const target = path
    .relative(path.join(top, folder), resolveRelative(path.join(top, name), specifier))
    .split(path.sep)
    .join('/')
  if (target.startsWith('../')) {
    // The checks and the two commands run before anything is installed, so they reach each other by path.
    const isTooling =
      folder.startsWith('tooling/') && target.startsWith('../') && !target.startsWith('../../')
    return isTooling ? '' : `${specifier} leaves the package: use its name`
  }
  const inside = name.slice(folder.length + 1).replace(/\.ts$/, '')
  if (!inside.startsWith('src/')) return ''
  if (!target.startsWith('src/')) return target === 'package.json' ? '' : `${specifier} leaves src/`
  const its = layersOf[manifest.name]
  return its === undefined ? '' : layerProblem(its, inside.slice(4), target.slice(4))
}

/** @param {readonly import('./layer-lists.mjs').Layer[]} its @param {string} from @param {string} to */
function layerProblem(its, from, to) {
  const own = layerOf(its, from)
  const other = layerOf(its, to)
  if (own < 0) return `${from} is in no layer`
  if (other < 0) return `${to} is in no layer`
  if (own > other || partOf(from) === partOf(to)) return ''
  return `may not import ${to}: it stands ${own === other ? 'beside' : 'below'} it in the layers`
}

/** @param {readonly import('./layer-lists.mjs').Layer[]} its @param {string} file */
function layerOf(its, file) {
  return its.findIndex(({ names }) => names.some(name => isOf(name, file)))
}

/** The folder that a file belongs to for the layers: `transport/native/read` is of `transport/native`. @param {string} file */
function partOf(file) {
  const parts = file.split('/')
  if (parts[0] !== 'transport') return parts[0]
  const isFolder = parts[1] === 'native' || parts[1] === 'portable'
  return isFolder ? `transport/${parts[1]}` : file
}

/** @param {Manifest} manifest @param {string} inside @param {string} specifier @param {Set<string>} declared */
function packageProblem(manifest, inside, specifier, declared) {
  if (specifier === 'node:net' || specifier === 'net') {
    const isBound = manifest.name === '@x/core' && inside.startsWith('src/')
    return !isBound || nodeNetParts.some(({ name }) => isOf(name, inside.slice(4).replace(/\.ts$/, '')))
      ? ''
      : 'may not import node:net'
  }
  const isSource = inside.startsWith('src/')
  if (!isSource || specifier.startsWith('node:') || builtinModules.includes(specifier))
    return siblingProblem(manifest, specifier)
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (name === manifest.name || declared.has(name)) return siblingProblem(manifest, specifier)
  return `${name} is not among the package's dependencies`
}

/** @param {Manifest} manifest @param {string} specifier */
function siblingProblem(manifest, specifier) {
  const allowed = siblings[manifest.name]
  const name = specifier.split('/', 2).join('/')
  if (allowed === undefined || !name.startsWith('@x/')) return ''
  return [manifest.name, '@x/presets', ...allowed].includes(name)
    ? ''
    : `${manifest.name} may not use ${name}`
}

/** Files of core beside process-state that keep module-level state, each with the reason. @type {Readonly<Record<string, string>>} */
const stateful = {
  'src/socket/turn.ts': 'who holds writes until the end of the turn, emptied by the tick that it schedules',
  'src/socket/ticket.ts': 'whether callbacks are put off, for the length of one call',
  'src/socket/outbox.ts': 'memory and objects that outboxes use again',
  'src/errors/fallback.ts': 'is told once by select why the portable transport runs',
  'src/transport/select.ts': 'remembers the choice of the transport',
  'src/register/thread.ts': 'hears once from the program what it answers',
  'src/transport/native/index.ts': 'remembers whether the addon loads',
}

/** Module-level mutable state belongs to process-state alone. @param {string} name @param {string} inside @param {string} text */
function moduleState(name, inside, text) {
  if (/^src\/process-state(\/|\.)/.test(inside) || inside in stateful) return []
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022)
  return file.statements
    .filter(
      statement =>
        ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.Let) !== 0,
    )
    .map(statement => {
      const { line } = file.getLineAndCharacterOfPosition(statement.getStart(file))
      return `${name}:${line + 1}: module-level mutable state outside of process-state`
    })
}
