// The implementations of net that programs are played on, by name. It plays nothing.
import nodeNet from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** @typedef {'native' | 'portable' | 'memory' | 'simulated' | 'node'} SubjectName */

export const subjectNames = /** @type {const} */ (['native', 'portable', 'memory', 'simulated', 'node'])

/** The pair that every program is compared with. */
export const reference = { net: nodeNet, peerNet: nodeNet }

/**
 * The subject, with peers on node:net; networks of the testkit have no node:net, and the peers are the subject's. `node`
 * compares node:net with itself; `x/native` is @x/core on both sides, to compare a network of the testkit with. A path of a
 * module names the pair that it exports as `nets`.
 * @param {string} name
 * @returns {Promise<import('./stage.mjs').Nets>}
 */
export async function subjectOf(name) {
  if (name === 'node') return reference
  if (name.endsWith('.mjs')) return (await import(pathToFileURL(path.resolve(name)).href)).nets
  const { default: net } = await import('@x/core')
  const nativeTransport = () => {
    const { transport, reason } = loadNative()
    if (transport === null) throw new Error(`the native transport does not load: ${reason}`)
    return transport
  }
  const { loadNative, portable, setDefaultTransport } = await import('@x/core/transport')
  if (name === 'memory') return (await import('./virtual-subjects.mjs')).memoryNets()
  if (name === 'simulated') return (await import('./virtual-subjects.mjs')).simulatedNets()
  if (name === 'x/native') return (await import('./virtual-subjects.mjs')).netsOn(nativeTransport())
  if (name === 'portable') setDefaultTransport(portable)
  else if (name === 'native') setDefaultTransport(nativeTransport())
  else throw new Error(`no such subject: ${name} (there are ${subjectNames.join(', ')})`)
  return { net, peerNet: nodeNet }
}
