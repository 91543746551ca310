// A user who installs a package from a registry into an empty folder, with npm, pnpm or yarn, by the line of its README,
// and runs and compiles what the README shows. It publishes nothing.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { HANG_MS } from '@x/presets/hang-limit'
import { bring } from '@x/run/npm-cache'
import { workspaceEnvironment } from '@x/run/pnpm'
import { root } from '@x/run/workspace'
import { asCommonJs, readmeExample } from '../examples.mjs'
import { runProgram } from '../tarballs.mjs'

const exec = promisify(execFile)

export const managers = /** @type {const} */ (['npm', 'pnpm', 'yarn'])

/** The packages that a README says to install. @param {string} folder */
export function toInstall(folder) {
  const readme = readFileSync(path.join(folder, 'README.md'), 'utf8')
  const line = /^npm install (.*)$/m.exec(readme)?.[1]
  if (line === undefined) throw new Error(`${folder}/README.md does not say how to install the package`)
  return line.split(' ').filter(word => !word.startsWith('--'))
}

/**
 * Installs packages into a new folder.
 * @param {string} project @param {typeof managers[number]} manager @param {readonly string[]} packages
 * @param {NodeJS.ProcessEnv} registry
 */
export async function install(project, manager, packages, registry) {
  mkdirSync(project, { recursive: true })
  writeFileSync(path.join(project, 'package.json'), '{ "name": "user", "private": true }\n')
  const env = { ...(await workspaceEnvironment()), ...registry }
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier']
  const [program, ...words] = await {
    npm: () => ['npm', 'install', ...quiet, ...packages],
    // A user's pnpm finds no workspace above the folder.
    pnpm: () => ['pnpm', 'add', '--ignore-workspace', ...packages],
    yarn: async () => [
      process.execPath,
      path.join(await bring('yarn-1.22.22', 'yarn@1.22.22'), 'bin/yarn.js'),
      'add',
      '--no-progress',
      ...packages,
    ],
  }[manager]()
  try {
    await exec(program ?? '', words, { cwd: project, env, maxBuffer: 16 << 20, timeout: HANG_MS })
  } catch (error) {
    const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (error)
    throw new Error(`${manager} cannot install ${packages.join(' ')}:\n${(stdout + stderr).slice(-3000)}`)
  }
}

/** Runs the README's example as it stands, and as CommonJS. @param {string} project @param {string} folder */
export async function runReadme(project, folder) {
  const example = readmeExample(folder)
  if (example === null) throw new Error(`${folder}/README.md has no example`)
  for (const [file, program] of [
    ['example.mjs', example.program],
    ['example.cjs', asCommonJs(example.program)],
  ]) {
    const printed = await runProgram(project, process.execPath, file ?? '', program ?? '')
    if (printed !== example.prints) throw new Error(`${project}/${file} printed:\n${printed}`)
  }
}

/** Where copies of a package are installed, each once. @param {string} project @param {string} name */
export function copiesOf(project, name) {
  /** @type {Set<string>} */
  const found = new Set()
  /** @param {string} folder */
  const search = folder => {
    if (!existsSync(folder)) return
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const at = path.join(folder, entry.name)
      if (at.endsWith(`node_modules/${name}`)) found.add(realpathSync(at))
      if (entry.isDirectory()) search(at)
    }
  }
  search(path.join(project, 'node_modules'))
  return [...found]
}

/** How a program may look its imports up: `module` and `moduleResolution`. */
const resolutions = /** @type {const} */ ([
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['preserve', 'bundler'],
  ['commonjs', 'node10'],
])

/** The oldest TypeScript whose users the packages have in mind; docs/support.md names it. */
const OLDEST_TYPESCRIPT = '5.2.2'

/** The workspace's compiler, and the oldest, each with the types of Node that a user of it has. */
async function compilers() {
  const current = path.join(root, 'node_modules')
  const oldest = await bring(`typescript-${OLDEST_TYPESCRIPT}`, [
    `typescript@${OLDEST_TYPESCRIPT}`,
    '@types/node@20',
  ])
  return [
    { modules: current, ways: resolutions, more: { ignoreDeprecations: '6.0' } },
    { modules: path.dirname(oldest), ways: resolutions.slice(0, 2), more: {} },
  ]
}

/** The tarball of a package as the registry gives it. @param {string} project @param {string} name @param {NodeJS.ProcessEnv} registry */
export async function packed(project, name, registry) {
  const env = { ...process.env, ...registry }
  const { stdout } = await exec('npm', ['pack', name, '--json'], { cwd: project, env })
  return path.join(project, JSON.parse(stdout)[0].filename)
}

/**
 * Compiles, strictly and with the packages' declarations checked too, a program that imports every entry, and the README's
 * example.
 * @param {string} project @param {string} name @param {string} folder  the package's in the repository
 */
export async function compileUse(project, name, folder) {
  const { exports } = JSON.parse(
    readFileSync(path.join(project, 'node_modules', name, 'package.json'), 'utf8'),
  )
  const entries = Object.keys(exports).filter(entry => typeof exports[entry] === 'object')
  const lines = entries.map(
    (entry, at) => `import * as entry${at} from '${name}${entry.slice(1)}'\nvoid entry${at}`,
  )
  for (const extension of ['mts', 'cts', 'ts'])
    writeFileSync(path.join(project, `user.${extension}`), lines.join('\n'))
  writeFileSync(path.join(project, 'example.mts'), asTypeScript(readmeExample(folder)?.program ?? ''))
  for (const { modules, ways, more } of await compilers()) {
    for (const [module, moduleResolution] of ways) {
      const compilerOptions = {
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
        typeRoots: [path.join(modules, '@types')],
        module,
        moduleResolution,
        ...more,
      }
      const files = moduleResolution === 'node10' ? ['user.ts'] : ['user.mts', 'user.cts', 'example.mts']
      writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
      try {
        await exec(process.execPath, [path.join(modules, 'typescript/bin/tsc'), '-p', '.'], { cwd: project })
      } catch (error) {
        const { stdout } = /** @type {{ stdout: string }} */ (error)
        throw new Error(`${name} does not compile with ${moduleResolution}:\n${stdout.slice(0, 3000)}`)
      }
    }
  }
}

/**
 * An example with what only its author knows: that the address is one of TCP, what a message holds, and that an 'error' has
 * the fields of the system's errors (`@types/node` says `Error`).
 * @param {string} program
 */
function asTypeScript(program) {
  return program
    .replaceAll(/(\w+)\.address\(\)\.port/g, '($1.address() as { port: number }).port')
    .replaceAll(/\berror\.code\b/g, '(error as NodeJS.ErrnoException).code')
    .replaceAll(/(\w+)\.value\.(\w+)/g, '($1.value as Record<string, unknown>).$2')
}
