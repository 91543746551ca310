// Keeps node:net from asking the resolver for a host that is an address already. It knows dns.lookup's forms.
import dns from 'node:dns'

type Answer = (error: null, address: unknown, family?: number) => void

/**
 * Calls `listen` of node:net, which looks every host up, within the call and on the module: so a program that replaced
 * `dns.lookup` would be asked for addresses, and no listener would be open at the end of the turn. For the length of the
 * call the addresses answer for themselves. Where that cannot be, node:net asks as it does.
 */
export function listenWithoutLookup(listen: () => void): void {
  const before = Object.getOwnPropertyDescriptor(dns, 'lookup')
  if (before === undefined || !before.configurable) return listen()
  Object.defineProperty(dns, 'lookup', {
    ...dataProperty,
    enumerable: before.enumerable === true,
    value: answer,
  })
  try {
    listen()
  } finally {
    Object.defineProperty(dns, 'lookup', before)
  }
}

const dataProperty = { configurable: true, writable: true }

/** `dns.lookup(host[, options], callback)` of an address. */
function answer(address: string, ...rest: [unknown, Answer] | [Answer]): void {
  const callback = rest[rest.length - 1] as Answer
  const { all } = (rest.length > 1 ? (rest[0] ?? {}) : {}) as { all?: boolean }
  const family = address.includes(':') ? 6 : 4
  if (all) callback(null, [{ address, family }])
  else callback(null, address, family)
}
