// BlockList beside node:net's class of that name, by hand and by seeded random use.
import net from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { BlockList } from '../../src/address/block-list'
import { SocketAddress } from '../../src/address/socket-address'
import { nearIPv4, nearIPv6, pick, random } from './fuzz'
import { outcome } from './outcome'

/** The part of Node's class that its types know, and what Node 26 added. */
type AnyBlockList = BlockList & Record<string, (...args: unknown[]) => unknown>

const hasNodesWholeSurface = 'addCIDR' in net.BlockList.prototype
const newNodes = (): AnyBlockList => new net.BlockList() as unknown as AnyBlockList
const newOurs = (): AnyBlockList => new BlockList() as AnyBlockList

/** A random call of a list's method, with arguments that fit it. */
function randomCall(next: () => number, methods: readonly string[]): [method: string, args: unknown[]] {
  const method = pick(next, methods)
  const family = pick(next, ['ipv4', 'ipv6', 'IPv6'])
  const near = (): string => (family === 'ipv4' ? nearIPv4(next) : nearIPv6(next))
  const prefix = pick(next, family === 'ipv4' ? [0, 8, 17, 24, 30, 32, 33] : [0, 10, 64, 96, 120, 127, 128])
  if (method.endsWith('Range')) return [method, [near(), near(), family]]
  if (method.endsWith('Subnet')) return [method, [near(), prefix, family]]
  if (method.endsWith('CIDR')) return [method, [`${near()}/${prefix}`]]
  if (method === 'addAddresses') return [method, [[near(), near()], family]]
  if (method === 'clear') return [method, []]
  return [method, [near(), family]]
}

function compareRandomUse(seed: number, methods: readonly string[]): void {
  const next = random(seed)
  const [ours, nodes] = [newOurs(), newNodes()]
  for (let step = 0; step < 30; step++) {
    const [method, args] = randomCall(next, methods)
    const label = `seed ${seed}, step ${step}: ${method} ${inspect(args)}`
    expect(
      outcome(() => ours[method]!(...args)),
      label,
    ).toEqual(outcome(() => nodes[method]!(...args)))
    // Node keeps its address rules in no order.
    if (hasNodesWholeSurface) expect(ours.rules.sort(), label).toEqual(nodes.rules.sort())
    expect(ours.size).toBe(ours.rules.length)
    for (let question = 0; question < 5; question++) {
      const [address, family] =
        next() < 0.5 ? [nearIPv4(next), 'ipv4' as const] : [nearIPv6(next), 'ipv6' as const]
      expect(ours.check(address, family), `${label}: ${address}`).toBe(nodes.check(address, family))
    }
  }
}

describe('BlockList', () => {
  it('[N1] blocks what node:net blocks, whatever the rules', () => {
    for (let seed = 1; seed <= 100; seed++)
      compareRandomUse(seed, ['addAddress', 'addRange', 'addSubnet', 'check'])
  })

  it.skipIf(!hasNodesWholeSurface)('[N1] has what Node 26 has, where this Node has it', () => {
    const methods = Object.getOwnPropertyNames(net.BlockList.prototype)
    expect(Object.getOwnPropertyNames(BlockList.prototype).sort()).toEqual(methods.sort())
    const calls = methods.filter(name => /^(add|remove|check|clear)/.test(name) && name !== 'addCIDRs')
    for (let seed = 1; seed <= 100; seed++)
      compareRandomUse(
        seed,
        calls.filter(name => name !== 'clear' || seed % 5 === 0),
      )
    expect(BlockList.PRIVATE_RANGES).toEqual((net.BlockList as unknown as typeof BlockList).PRIVATE_RANGES)
  })

  it('[N1] refuses wrong arguments as node:net does', () => {
    const calls: [string, ...unknown[]][] = [
      ['addAddress'],
      ['addAddress', 5],
      ['addAddress', 'foo'],
      ['addAddress', '::1'],
      ['addAddress', '10.0.0.1', 5],
      ['addAddress', '10.0.0.1', 'ipv7'],
      ['addRange', 5, 'foo'],
      ['addRange', 'foo', 5],
      ['addRange', '10.0.0.1', 5],
      ['addRange', '10.0.0.2', '10.0.0.1'],
      ['addSubnet', 5, 8],
      ['addSubnet', '10.0.0.1'],
      ['addSubnet', '10.0.0.1', 33],
      ['addSubnet', '10.0.0.1', -1],
      ['addSubnet', '10.0.0.1', 1.5],
      ['addSubnet', '10.0.0.1', '8'],
      ['addSubnet', '::1', 129, 'ipv6'],
      ['check'],
      ['check', 5],
      ['check', 'foo'],
      ['check', '10.0.0.1', 5],
      ['check', { address: '10.0.0.1', family: 'ipv4' }],
    ]
    for (const [method, ...args] of calls) {
      const ours = outcome(() => newOurs()[method]!(...args))
      expect(ours, `${method} ${inspect(args)}`).toEqual(outcome(() => newNodes()[method]!(...args)))
    }
  })

  it('[N1] takes SocketAddress objects, of this package and of node:net', () => {
    const list = new BlockList()
    list.addAddress(new SocketAddress({ address: '10.0.0.1', port: 80 }))
    list.addSubnet(new net.SocketAddress({ address: 'fe80::1', family: 'ipv6' }), 64, 'ipv4')
    list.addRange(new SocketAddress({ address: '10.1.0.0' }), new net.SocketAddress({ address: '10.1.0.9' }))
    expect(list.rules).toEqual([
      'Range: IPv4 10.1.0.0-10.1.0.9',
      'Subnet: IPv6 fe80::1/64',
      'Address: IPv4 10.0.0.1',
    ])
    expect(list.check(new net.SocketAddress({ address: '10.0.0.1', port: 99 }))).toBe(true)
    expect(list.check(new SocketAddress({ address: 'fe80::2', family: 'ipv6' }))).toBe(true)
    expect(list.check(new SocketAddress({ address: '10.1.0.10' }))).toBe(false)
  })

  it('[N1] compares over both families where a range is given by SocketAddress objects of both', () => {
    const v4 = (address: string) => new SocketAddress({ address })
    const v6 = (address: string) => new SocketAddress({ address, family: 'ipv6' })
    const list = new BlockList()
    list.addRange(v4('10.0.0.1'), v6('::ffff:10.0.0.5'))
    expect([list.check('10.0.0.3'), list.check('::ffff:10.0.0.3', 'ipv6')]).toEqual([true, true])
    expect(() => list.addRange(v6('::ffff:10.0.0.9'), v4('10.0.0.5'))).toThrow("'start' must come before end")
    // What has no order matches nothing.
    list.clear()
    list.addRange(v4('10.0.0.1'), v6('::9'))
    expect([list.check('10.0.0.3'), list.check('::5', 'ipv6'), list.size]).toEqual([false, false, 1])
  })

  it('[N1] lists its rules with the newest first, whatever their kind', () => {
    const list = new BlockList()
    list.addAddress('10.0.0.1')
    list.addRange('10.1.0.0', '10.1.0.9')
    list.addSubnet('10.2.0.0', 16)
    list.addAddress('10.0.0.2')
    list.removeRange('10.1.0.0', '10.1.0.9')
    list.addRange('10.3.0.0', '10.3.0.9')
    list.addAddress('::ffff:10.0.0.1', 'ipv6')
    expect(list.rules).toEqual([
      'Address: IPv6 ::ffff:10.0.0.1',
      'Range: IPv4 10.3.0.0-10.3.0.9',
      'Address: IPv4 10.0.0.2',
      'Subnet: IPv4 10.2.0.0/16',
    ])
  })

  it('[N1] adds addresses all or none, and CIDR subnets', () => {
    const list = new BlockList()
    expect(() => list.addAddresses(['10.0.0.1', 'foo'])).toThrow('Invalid socket address')
    expect(list.size).toBe(0)
    list.addAddresses(['10.0.0.1', '10.0.0.2', '10.0.0.1'])
    list.addCIDRs(['192.168.0.0/16', 'fc00::/7'])
    expect(list.rules).toEqual([
      'Subnet: IPv6 fc00::/7',
      'Subnet: IPv4 192.168.0.0/16',
      'Address: IPv4 10.0.0.1',
      'Address: IPv4 10.0.0.2',
    ])
    list.removeCIDR('fc00::/7')
    list.removeCIDR('fc00::/7')
    list.removeAddress('10.0.0.1')
    expect(list.size).toBe(2)
    expect(list.check('fc00::1', 'ipv6')).toBe(false)
    list.clear()
    list.addCIDRs(BlockList.PRIVATE_RANGES)
    expect([list.check('10.0.0.1'), list.check('127.0.0.1'), list.check('8.8.8.8')]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('[N1] refuses what is no CIDR subnet, with the words of Node 26', () => {
    const said = (...cidrs: unknown[]) =>
      cidrs.map(cidr => outcome(() => new BlockList().addCIDR(cidr as string)))
    const invalid = (cidr: string, reason: string) =>
      `TypeError: The argument 'cidr' ${reason}. Received '${cidr}' ERR_INVALID_ARG_VALUE`
    const noPrefix = 'must contain a prefix length (e.g. "10.0.0.0/8")'
    const badPrefix = 'prefix length must be a valid integer'
    expect(said('10.0.0.0', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/8 ', '10.0.0.0/1e1')).toEqual([
      invalid('10.0.0.0', noPrefix),
      invalid('10.0.0.0/', badPrefix),
      invalid('10.0.0.0/08', badPrefix),
      invalid('10.0.0.0/8 ', badPrefix),
      invalid('10.0.0.0/1e1', badPrefix),
    ])
    expect(said('10.0.0.0/33', '/8', 5)).toEqual([
      'RangeError: The value of "prefix" is out of range. It must be >= 0 && <= 32. Received 33 ERR_OUT_OF_RANGE',
      'Error: Invalid socket address ERR_INVALID_ADDRESS',
      'TypeError: The "cidr" argument must be of type string. Received type number (5) ERR_INVALID_ARG_TYPE',
    ])
    expect(() => new BlockList().addCIDRs(['10.0.0.0/8', 5 as never])).toThrow(
      'The "cidrs[1]" argument must be of',
    )
    expect(() => new BlockList().addCIDRs('10.0.0.0/8' as never)).toThrow('must be an instance of Array')
    expect(() => new BlockList().addAddresses([5 as never])).toThrow('The "addresses[0]" argument must be of')
  })

  it('[N1] gives its rules as JSON and takes them back', () => {
    const list = new BlockList()
    list.addAddress('10.0.0.1')
    list.addAddress('::1', 'ipv6')
    list.addRange('10.1.0.0', '10.1.0.9')
    list.addRange('2001:DB8::1', '2001:db8::5', 'ipv6')
    list.addSubnet('10.2.0.0', 16)
    list.addSubnet('fe80::', 10, 'ipv6')
    for (const data of [list.toJSON(), JSON.stringify(list)]) {
      const copy = new BlockList()
      copy.fromJSON(data)
      expect(copy.rules.sort()).toEqual(list.rules.sort())
      expect(copy.check('10.2.3.4')).toBe(true)
    }
    const lenient = new BlockList()
    lenient.fromJSON([
      '',
      'Address: IPv5 1.2.3.4',
      'Range: IPv4 1.2.3.4',
      'Subnet: IPv4 1.2.3.4',
      'Address: IPv4 x',
    ])
    expect(lenient.size).toBe(0)
    expect(() => lenient.fromJSON(['Subnet: IPv4 1.2.3.4/33'])).toThrow(RangeError)
    expect(() => lenient.fromJSON('{')).toThrow(SyntaxError)
    for (const data of ['5', '{}', '[5]', 5, null, [5]]) {
      const message = 'The "data" argument must be of type string or string[].'
      expect(() => lenient.fromJSON(data as string)).toThrow(message)
    }
  })

  it('[N1] shows itself as node:net does', () => {
    const [ours, nodes] = [newOurs(), newNodes()]
    for (const list of [ours, nodes]) list.addAddress('10.0.0.1')
    const show = (list: unknown) => [
      inspect(list),
      inspect(list, { depth: -1 }),
      inspect({ a: { b: list } }, { depth: 1 }),
      inspect([[list]]),
      Object.keys(list as object),
    ]
    expect(show(ours)).toEqual(show(nodes))
    expect(BlockList.isBlockList(ours)).toBe(true)
    expect([nodes, {}, null, Object.create(BlockList.prototype)].map(BlockList.isBlockList)).not.toContain(
      true,
    )
  })
})
