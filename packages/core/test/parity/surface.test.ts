// What a program sees of the module and its classes without a call: names, what may be replaced, what a loop over an object
// shows. The built package beside node:net; what node:net keeps for itself begins with an underscore.
import type { EventEmitter } from 'node:events'
import net from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'

const core = require('@x/core') as Record<string, unknown>
const classes = ['Socket', 'Server', 'BlockList', 'SocketAddress'] as const
type Class = new (...args: never[]) => object

const isNode26 = Number.parseInt(process.versions.node, 10) >= 26
const isPublic = (name: string) => !name.startsWith('_')

/** The names that `for ... in` gives. */
function shown(object: object): string[] {
  const names: string[] = []
  for (const name in object) names.push(name)
  return names
}

/** As modules assign, strictly. */
function assign(object: object, key: string): void {
  ;(object as Record<string, unknown>)[key] = 1
}

function stackOf(throwing: () => void): string {
  try {
    throwing()
  } catch (error) {
    return (error as Error).stack ?? ''
  }
  return ''
}

const messageOf = (throwing: () => void) => stackOf(throwing).split('\n')[0]

describe('the module', () => {
  it('[N3] is one object, whose members can be replaced, by import and by require', async () => {
    const imported = (await import('@x/core')) as Record<string, unknown>
    expect(imported['default']).toBe(core)
    expect(core['default']).toBe(core)
    for (const name of Object.keys(net).filter(isPublic)) {
      const descriptor = Object.getOwnPropertyDescriptor(core, name)
      expect(descriptor, name).toMatchObject({ writable: true, enumerable: true, configurable: true })
      expect(imported[name], name).toBe(core[name])
    }
    const gained = Object.keys(core).filter(name => !(name in net) && name !== 'BoundSocket')
    const own = [
      'isRegistered',
      'getDefaultCoalesce',
      'setDefaultCoalesce',
      'encodeProxyHeader',
      'proxyHeaderFor',
      'relay',
      'sendFile',
      'socketOptionSupport',
    ]
    expect(gained.sort()).toEqual(own.sort())
  })

  it('[N3] has the names and lengths of the functions of node:net', () => {
    for (const [name, theirs] of Object.entries(net)) {
      if (!isPublic(name) || typeof theirs !== 'function') continue
      const ours = core[name] as typeof theirs
      expect([name, ours.name, ours.length]).toEqual([name, theirs.name, theirs.length])
    }
  })
})

describe('what node:net does not document, and programs use', () => {
  type Normalizing = { _normalizeArgs(args: unknown[]): [Record<string, unknown>, unknown] }
  const normalize = (of: unknown, args: unknown[]) => [...(of as Normalizing)._normalizeArgs(args)]
  const callback = () => {}

  it.each([
    [[]],
    [[80]],
    [[80, 'h', callback]],
    [['/path', callback]],
    [['80', 5]],
    [[{ port: 1 }, null]],
    [[null]],
    [[80, callback, 'h']],
  ])('_normalizeArgs(%j)', args => {
    expect(normalize(core, args)).toEqual(normalize(net, args))
  })

  it('connect() takes the list of _normalizeArgs as its one argument', async () => {
    const { Socket, _normalizeArgs } = core as unknown as typeof net & Normalizing
    const socket = new Socket()
    const failed = new Promise<NodeJS.ErrnoException>(resolve => socket.on('error', resolve))
    let connected = 0
    socket.connect(_normalizeArgs([1, '127.0.0.1', () => connected++]) as never)
    expect(await failed).toMatchObject({ code: 'ECONNREFUSED', port: 1, address: '127.0.0.1' })
    expect([connected, socket.listenerCount('connect')]).toEqual([0, 1])
  })

  it('connect() of the module gives that of the socket one list', () => {
    const seen = [net, core as unknown as typeof net].map(one => {
      const { connect } = one.Socket.prototype
      const given: unknown[][] = []
      one.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
        given.push(args)
        return this
      } as typeof connect
      try {
        one.connect(80, 'h', callback)
        one.createConnection({ path: '/x' }, callback)
      } finally {
        one.Socket.prototype.connect = connect
      }
      return given.map(args => args.map(arg => [...(arg as unknown[])]))
    })
    expect(seen[1]).toEqual(seen[0])
    expect(seen[1]).toHaveLength(2)
  })

  it('server._connections is the number of connections', () => {
    const server = (core as unknown as typeof net).createServer() as unknown as { _connections: number }
    expect(server._connections).toBe(0)
    server._connections++
    expect(server._connections).toBe(1)
  })
})

describe.each(classes)('%s', name => {
  const theirs = net[name] as unknown as Class
  const ours = core[name] as Class
  const make = (what: Class) => Reflect.construct(what, name === 'SocketAddress' ? [{}] : []) as object

  it('[N3] is called so, also by its objects, and descends from the same class', () => {
    expect([ours.name, make(ours).constructor.name]).toEqual([name, name])
    expect(inspect(make(ours)).split(' ')[0]).toBe(name)
    if (name !== 'Socket' && name !== 'Server') return
    expect(Object.getPrototypeOf(ours)).toBe(Object.getPrototypeOf(theirs))
    expect(Object.getPrototypeOf(ours.prototype)).toBe(Object.getPrototypeOf(theirs.prototype))
  })

  it('[N3] is called as that of node:net in the messages and stack traces of the engine', () => {
    for (const [key, { get, set }] of Object.entries(Object.getOwnPropertyDescriptors(theirs.prototype))) {
      if (get === undefined || set !== undefined || !isPublic(key)) continue
      expect(messageOf(() => assign(make(ours), key))).toBe(messageOf(() => assign(make(theirs), key)))
    }
    if (name !== 'Socket' && name !== 'Server') return
    const emitted = make(ours) as EventEmitter
    emitted.on('thrown', () => {
      throw new Error('by a listener')
    })
    expect(stackOf(() => emitted.emit('thrown'))).toMatch(new RegExp(`at ${name}\\.emit`))
  })

  it('[N3] shows in a loop what that of node:net shows', () => {
    const seen = shown(make(ours))
    expect(
      shown(make(theirs))
        .filter(isPublic)
        .filter(key => !seen.includes(key)),
    ).toEqual([])
  })

  it.skipIf(!isNode26)('[N3] has the methods of node:net, which take as many arguments', () => {
    for (const key of Object.getOwnPropertyNames(theirs.prototype).filter(isPublic)) {
      const [mine, nodes] = [ours, theirs].map(what => Object.getOwnPropertyDescriptor(what.prototype, key))
      expect([key, typeof mine?.value, mine?.value?.length]).toEqual([
        key,
        typeof nodes?.value,
        nodes?.value?.length,
      ])
    }
  })
})
