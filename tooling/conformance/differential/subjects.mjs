// The implementations of net that programs are played on, by name. It plays nothing.
import nodeNet from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** @typedef {'native' | 'portable' | 'memory' | 'node'} SubjectName */

export const subjectNames = /** @type {const} */ (['native', 'portable', 'memory', 'node'])

/** The pair that every program is compared with. */
export const reference = { net: nodeNet, peerNet: nodeNet }

/**
 * The subject, with peers on node:net; in memory there is no node:net, and the peers are the subject's. `node` compares
 * node:net with itself. A path of a module names the pair that it exports as `nets`.
 * @param {string} name
 * @returns {Promise<import('./stage.mjs').Nets>}
 */
export async function subjectOf(name) {
  if (name === 'node') return reference
  if (name.endsWith('.mjs')) return (await import(pathToFileURL(path.resolve(name)).href)).nets
  const { default: net } = await import('@x/core')
  const { loadNative, portable, setDefaultTransport } = await import('@x/core/transport')
  if (name === 'memory') {
    const { memoryNetwork } = await import('@x/testkit')
    setDefaultTransport(memoryNetwork())
    return { net, peerNet: net }
  }
  if (name === 'portable') setDefaultTransport(portable)
  else if (name === 'native') {
    const loaded = loadNative()
    if (loaded.transport === null) throw new Error(`the native transport does not load: ${loaded.reason}`)
    setDefaultTransport(loaded.transport)
  } else throw new Error(`no such subject: ${name} (there are ${subjectNames.join(', ')})`)
  return { net, peerNet: nodeNet }
}
