// What the small suites of this folder stand on: packages of the folder in which they run, and servers that listen for
// one test. It knows no package.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

const require = createRequire(path.join(process.cwd(), 'package.json'))

/** A package that stands beside the folder in which this runs. @param {string} name @returns {any} */
export const packaged = name => require(name)

/** The same of one that is an ES module alone. @param {string} name @returns {Promise<any>} */
export const imported = name => import(pathToFileURL(require.resolve(name)).href)

/**
 * Listens on 127.0.0.1 for one test, and closes behind it. Connections are ended with it.
 * @param {import('node:test').TestContext} t @param {import('node:net').Server} server @returns {Promise<number>} the port
 */
export async function listening(t, server) {
  /** @type {Set<import('node:net').Socket>} */
  const open = new Set()
  server.on('connection', socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return portOf(server)
}

/** @param {import('node:net').Server} server */
export const portOf = server => /** @type {import('node:net').AddressInfo} */ (server.address()).port

/** A folder for the length of this process. */
export function scratch() {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-ours-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Another program, until this one ends. @param {string} command @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function program(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'ignore', ...options })
  child.on('error', () => {})
  child.unref()
  process.on('exit', () => child.kill('SIGKILL'))
  return child
}

const AGAIN_MS = 50

/** Waits until something listens on a port. @param {number} port */
export async function listens(port) {
  for (;;) {
    const socket = net.connect(port, '127.0.0.1')
    const isThere = await new Promise(resolve => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isThere) return
    await sleep(AGAIN_MS)
  }
}
