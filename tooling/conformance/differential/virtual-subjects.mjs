// The subjects on networks of the testkit: memory, and a simulation with the peers on another host. It plays nothing.
import net from '@x/core'
import { defaultTransport, setDefaultTransport } from '@x/core/transport'
import { memoryNetwork, simulate } from '@x/testkit'

/** @typedef {import('./stage.mjs').Nets} Nets */

/** Where the peers are in a simulation. */
const PEER = '10.0.0.1'

/** What a direction holds on loopback (`MemoryNetworkOptions`). */
const loopbackBytes = { tcp: 4_194_304, unix: 219_264 }

/** In memory there is no node:net, and the peers are the subject's. @returns {Nets} */
export function memoryNets() {
  return netsOn(memoryNetwork())
}

/** Both sides on one transport of @x/core. @param {import('@x/core/transport').Transport} transport @returns {Nets} */
export function netsOn(transport) {
  return {
    net,
    peerNet: net,
    async run(play) {
      const before = defaultTransport()
      setDefaultTransport(transport)
      try {
        return await play(this)
      } finally {
        setDefaultTransport(before)
      }
    },
  }
}

/**
 * Each program in a simulation of its own. The links take no time: programs count turns of the loop, and time would not
 * move while they do. @returns {Nets}
 */
export function simulatedNets() {
  return {
    net,
    peerNet: net,
    async run(play, { family }) {
      const capacityBytes = loopbackBytes[family]
      const { value } = await simulate({ seed: 1, link: [], capacityBytes }, ({ host, clock }) => {
        const peer = host('peer', { addresses: [PEER] })
        // A path leads nowhere but to its own host.
        const sleep = (/** @type {number} */ ms) => clock.sleep(ms)
        if (family === 'unix') return play({ net, peerNet: net, sleep })
        const { transport } = peer
        const peerNet = {
          createServer: (/** @type {object} */ options, /** @type {any} */ listener) =>
            net.createServer({ ...options, transport }, listener),
          connect: (/** @type {any} */ options) => net.connect({ ...options, transport }),
        }
        return play({ net, peerNet, sleep, hosts: { own: '10.255.255.254', peer: PEER } })
      })
      return value
    },
  }
}
