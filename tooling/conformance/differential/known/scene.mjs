// What the known programs begin with: a socket that connects, or is connected. It plays nothing.

/** @typedef {import('../stage.mjs').Stage} Stage */

export const allowHalfOpen = true

/** A body, for those whose type is not seen from where they stand. @param {import('../stage.mjs').Body} body */
export const asBody = body => body

/** A socket that connects at once. @param {Stage} t @param {any} net @param {object} [options] */
export function connecting(t, net, options) {
  t.make(1, 's0', () => net.connect({ ...t.where, noDelay: true, ...options }))
}

/**
 * A program on a socket that is connected.
 * @param {(t: Stage) => void} act @param {object} [options] @returns {import('../stage.mjs').Body}
 */
export const connected = (act, options) => (t, net) => [
  ['now', () => connecting(t, net, options)],
  ['quiet', () => act(t)],
]
