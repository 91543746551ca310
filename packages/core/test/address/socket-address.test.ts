// SocketAddress beside node:net's class of that name.
import net from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  ipValueOf,
  isAnySocketAddress,
  SocketAddress,
  type SocketAddressInit,
} from '../../src/address/socket-address'
import { outcome } from './outcome'

const OPTIONS: unknown[] = [
  undefined,
  {},
  null,
  5,
  [],
  { family: 'ipv6' },
  { family: 'IPv6' },
  { family: 'ipv7' },
  { family: 5 },
  { family: null },
  { address: '10.0.0.1', port: 80 },
  { address: '10.0.0.1', flowlabel: 7 },
  { address: '10.0.0.1', family: 'ipv6' },
  { address: '::1' },
  { address: 'FE80:0::1', family: 'ipv6', port: 65535, flowlabel: 0xfffff },
  { address: 'fe80::1%lo', family: 'ipv6' },
  { address: '::ffff:10.0.0.1', family: 'ipv6' },
  { address: '' },
  { address: 5 },
  { address: null },
  { address: 'localhost' },
  { port: -1 },
  { port: 65536 },
  { port: 1.5 },
  { flowlabel: -1 },
  { flowlabel: 1.5 },
  { flowlabel: 2 ** 32 },
  { flowlabel: 'x' },
  { family: 5, address: 5, port: -1, flowlabel: -1 },
  { address: 5, port: -1, flowlabel: -1 },
  { address: 'x', port: -1, flowlabel: -1 },
]

describe('SocketAddress', () => {
  it('[N1] takes and refuses options as node:net does', () => {
    for (const options of OPTIONS) {
      const ours = outcome(() => new SocketAddress(options as SocketAddressInit).toJSON())
      expect(ours, inspect(options)).toEqual(
        outcome(() => ({ ...json(new net.SocketAddress(options as object)) })),
      )
    }
  })

  it('[N1] takes a port as text, and refuses a null one, as Node 26 does', () => {
    const port = (value: unknown) => () => new SocketAddress({ port: value as number }).port
    expect(port('80')()).toBe(80)
    expect(port('0x1f')()).toBe(31)
    expect(new SocketAddress({ family: 'IPV4' as 'IPv4' }).family).toBe('ipv4')
    expect(port(null)).toThrow('options.port should be >= 0 and < 65536. Received null.')
  })

  it('[N1] refuses a flow label of more than 20 bits', () => {
    const label = () => new SocketAddress({ family: 'ipv6', flowlabel: 2 ** 20 })
    expect(label).toThrow('The value of "options.flowlabel" is out of range. It must be >= 0 && <= 1048575.')
  })

  it('[N1] shows itself as node:net does', () => {
    const options = { address: '::1', family: 'ipv6', port: 80, flowlabel: 5 } as const
    const [ours, nodes] = [new SocketAddress(options), new net.SocketAddress(options)]
    const wrap = (value: unknown) => [
      inspect(value),
      inspect(value, { depth: -1 }),
      inspect([[[[value]]]]),
      inspect({ a: { b: value } }, { depth: 1 }),
      inspect(value, { compact: false }),
      JSON.stringify(value),
      Object.keys(value as object),
      String(value),
    ]
    expect(wrap(ours)).toEqual(wrap(nodes))
  })

  it('[N1] reads addresses with and without a port', () => {
    const parse = (text: string) => SocketAddress.parse(text)?.toJSON()
    expect(parse('123.1.2.3:1234')).toMatchObject({ address: '123.1.2.3', port: 1234, family: 'ipv4' })
    expect(parse('[1::1]:1234')).toMatchObject({ address: '1::1', port: 1234, family: 'ipv6' })
    expect(parse('[::1]')).toMatchObject({ address: '::1', port: 0 })
    expect(parse('1.2.3.4:80')).toMatchObject({ address: '1.2.3.4', port: 80 })
    expect(parse('1.2.3.4:443')).toMatchObject({ address: '1.2.3.4', port: 443 })
    for (const text of ['', 'foo', 'foo:80', '::1', '1.2.3.4:65536', '1.2.3.4:x', '[1.2.3.4]:80', '[::1']) {
      expect(parse(text), text).toBeUndefined()
    }
    expect(() => SocketAddress.parse(5 as never)).toThrow('The "input" argument must be of type string.')
  })

  it.skipIf(!('parse' in net.SocketAddress))('[N1] reads what Node reads, where this Node has parse', () => {
    const texts = [
      '127.1:8',
      '0x7f.1',
      'u@1.2.3.4:5',
      '1.2.3.4:5/p',
      ' 1.2.3.4',
      '[FE80::AB]:5',
      '1.2.3.4:a',
      '::1:5',
    ]
    for (const text of texts) {
      const nodes = net.SocketAddress.parse(text)
      expect(SocketAddress.parse(text)?.toJSON(), text).toEqual(nodes && json(nodes))
    }
  })

  it('[N1] is told from what only looks like it', () => {
    const nodes = new net.SocketAddress({})
    expect(SocketAddress.isSocketAddress(new SocketAddress())).toBe(true)
    const others = [nodes, {}, null, undefined, 5, Object.create(SocketAddress.prototype)]
    for (const other of others) expect(SocketAddress.isSocketAddress(other)).toBe(false)
    expect(isAnySocketAddress(nodes)).toBe(true)
    expect(isAnySocketAddress({ address: '1.2.3.4', family: 'ipv4' })).toBe(false)
    expect(ipValueOf(nodes)).toEqual(ipValueOf(new SocketAddress()))
  })
})

function json({ address, port, family, flowlabel }: net.SocketAddress): object {
  return { address, port, family, flowlabel }
}
