// What a tarball may hold, and what its tools say of it. It knows what files are for, and not what is in them.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { released } from './prebuild.mjs'

const exec = promisify(execFile)
const tools = path.resolve(import.meta.dirname, 'node_modules/.bin')

const everywhere = ['LICENSE', 'README.md', 'package.json', 'docs/*.md']
/** Of every package: one-copy's two files, and what entries share. */
const built = [
  'dist/copy.js',
  'dist/one-copy.js',
  'dist/*-########.js',
  'dist/*-########.js.map',
  'dist/*-########.d.ts',
]
/** Further files of a package, by its name. @type {Readonly<Record<string, readonly string[]>>} */
const own = {
  '@x/core': [
    ...['cli', 'register-thread'].flatMap(program),
    'dist/public.d.ts',
    'native/*.mjs',
    'native/src/*.c',
    'native/src/*.h',
    ...released.map((/** @type {string} */ target) => `prebuilds/${target}/x_net.node`),
  ],
  '@x/testkit': [
    ...['conformance-child', 'explore-child'].flatMap(program),
    'examples/*.mjs',
    'examples/*/*.mjs',
  ],
}

/** A built file that is run, and not imported. @param {string} name */
function program(name) {
  return ['js', 'js.map', 'd.ts'].map(ending => `dist/${name}.${ending}`)
}

/** The files of a tarball, without the folder that all are in. @param {string} tarball */
export async function filesIn(tarball) {
  const { stdout } = await exec('tar', ['-tzf', tarball])
  return stdout
    .trim()
    .split('\n')
    .map(name => name.replace(/^package\//, ''))
}

/**
 * Files that nothing asks for, and files that have to be there and are not: each with what is wrong.
 * @param {{ name: string, exports: Record<string, unknown> }} manifest
 * @param {readonly string[]} files
 */
export function strayFiles(manifest, files) {
  const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target === 'object')
  const faces = entries.flatMap(([entry]) => {
    const file = `dist/${entry === '.' ? 'index' : entry.slice(2)}`
    return [`${file}.js`, `${file}.js.map`, `${file}.own.js`, `${file}.mjs`, `${file}.d.ts`, `${file}.d.mts`]
  })
  const more = own[manifest.name] ?? []
  const wanted = [...faces, ...everywhere, ...built, ...more].map(one => ({ one, pattern: patternOf(one) }))
  const stray = files.filter(file => !wanted.some(({ pattern }) => pattern.test(file)))
  const missing = wanted.filter(
    ({ one, pattern }) => !one.includes('#') && !files.some(file => pattern.test(file)),
  )
  return [...stray.map(file => `${file}: unexpected`), ...missing.map(({ one }) => `${one}: missing`)]
}

/** `*` is any name without a slash, `#` a letter or digit of a hash. @param {string} text */
function patternOf(text) {
  const escaped = text.replaceAll('.', '\\.').replaceAll('*', '[^/]+').replaceAll('#', '[\\w-]')
  return new RegExp(`^${escaped}$`)
}

/** What publint and attw say against a tarball; '' where they are content. @param {string} tarball */
export async function complaints(tarball) {
  const publint = await said('publint', ['run', tarball, '--strict'])
  const attw = await said('attw', [tarball, '--format', 'ascii', '--no-color', '--no-emoji'])
  return [publint.includes('All good') ? '' : publint, attw.includes('No problems found') ? '' : attw].join(
    '',
  )
}

/** @param {string} tool @param {readonly string[]} words */
async function said(tool, words) {
  try {
    return (await exec(path.join(tools, tool), words)).stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (error)
    return `${tool}: ${stdout}${stderr}`
  }
}
