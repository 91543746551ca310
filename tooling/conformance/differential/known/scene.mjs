// What the known programs begin with: a socket that connects, or is connected. It plays nothing.

/** @typedef {import('../stage.mjs').Stage} Stage */

/** @type {import('../stage.mjs').Setup} */
export const tcpClient = { role: 'client', family: 'tcp' }
/** @type {import('../stage.mjs').Setup} */
export const unixClient = { role: 'client', family: 'unix' }

export const allowHalfOpen = true

/** A body, for those whose type is not seen from where they stand. @param {import('../stage.mjs').Body} body */
export const asBody = body => body

/** A socket that connects at once. @param {Stage} t @param {any} net @param {object} [options] */
export function connecting(t, net, options) {
  t.make(1, 's0', () => net.connect({ ...t.where, noDelay: true, ...options }))
}

/** A socket that is made, and then told to connect: two steps. @param {Stage} t @param {any} net @param {object} [options] @param {[id: number, actor: string, to?: object]} [step] */
export function toldToConnect(t, net, options, [id, actor, to = t.where] = [1, 's0']) {
  t.make(id, actor, () => new net.Socket({ noDelay: true, ...options }))
  t.do(id + 1, actor, s => t.may('connect', s) && s.connect(to))
}

/** A server that listens; its connections come one after the other. @param {Stage} t @param {any} net @param {(s: any) => void} [then] */
export function serving(t, net, then) {
  t.make(1, 'v0', () => net.createServer({ noDelay: true }, (/** @type {any} */ s) => t.accepted(s, then)))
  t.do(2, 'v0', s => t.may('listen', s) && s.listen(t.place))
}

/**
 * A program on a socket that is connected.
 * @param {(t: Stage) => void} act @param {object} [options] @returns {import('../stage.mjs').Body}
 */
export const connected = (act, options) => (t, net) => [
  ['now', () => connecting(t, net, options)],
  ['quiet', () => act(t)],
]
