// isIP and its kin, and the arithmetic of addresses, beside node:net.
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { compareIp, formatIp, isIP, isIPv4, isIPv6, maskIp, parseIPv4, parseIPv6 } from '../../src/address/ip'
import { addressTexts, random } from './fuzz'

describe('isIP', () => {
  it('[N1] answers as node:net for addresses and what looks like them', () => {
    const texts = [...EDGE_CASES, ...addressTexts(random(1), 20_000)]
    const differences = texts.filter(
      text =>
        isIP(text) !== net.isIP(text) ||
        isIPv4(text) !== net.isIPv4(text) ||
        isIPv6(text) !== net.isIPv6(text),
    )
    expect(differences).toEqual([])
    expect(new Set(texts.map(isIP))).toEqual(new Set([0, 4, 6]))
  })

  it('[N1] answers as node:net for what is no string', () => {
    const values: unknown[] = [
      undefined,
      null,
      5,
      {},
      [],
      ['1.2.3.4'],
      { toString: () => '::1' },
      Buffer.from('::'),
    ]
    for (const value of values) {
      expect(isIP(value)).toBe(net.isIP(value as string))
      expect(isIPv4(value)).toBe(net.isIPv4(value as string))
      expect(isIPv6(value)).toBe(net.isIPv6(value as string))
    }
    for (const value of [Symbol('x'), Object.create(null)]) {
      for (const ours of [isIP, isIPv4, isIPv6]) {
        expect(() => ours(value)).toThrow(TypeError)
        expect(() => net[ours.name as 'isIP'](value)).toThrow(TypeError)
      }
    }
  })
})

describe('the value of an address', () => {
  it('is written as the system writes it', () => {
    const differences = addressTexts(random(2), 20_000)
      .filter(text => net.isIPv6(text) && !text.includes('%'))
      .filter(text => {
        const canonical = new net.SocketAddress({ address: text, family: 'ipv6' }).address
        return formatIp(parseIPv6(text)!) !== canonical
      })
    expect(differences).toEqual([])
    expect(formatIp(parseIPv4('10.0.0.255')!)).toBe('10.0.0.255')
  })

  it('has an order within a family, and over both where the IPv6 address maps an IPv4 one', () => {
    const [low, high] = [parseIPv4('1.2.3.4')!, parseIPv4('200.0.0.1')!]
    expect(compareIp(low, high)).toBeLessThan(0)
    expect(compareIp(high, low)).toBeGreaterThan(0)
    expect(compareIp(low, parseIPv6('::ffff:1.2.3.4')!)).toBe(0)
    expect(compareIp(low, parseIPv6('::1')!)).toBeNaN()
    expect(compareIp(parseIPv6('::1')!, low)).toBeNaN()
    expect(compareIp(parseIPv6('fe80::')!, parseIPv6('::1')!)).toBeGreaterThan(0)
  })

  it('keeps its first bits under a mask', () => {
    const mask = (text: string, length: number) => formatIp(maskIp(parseIPv6(text)!, length))
    const all = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
    expect(mask(all, 0)).toBe('::')
    expect(mask(all, 1)).toBe('8000::')
    expect(mask(all, 32)).toBe('ffff:ffff::')
    expect(mask(all, 33)).toBe('ffff:ffff:8000::')
    expect(mask(all, 127)).toBe('ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe')
    expect(mask(all, 128)).toBe(all)
    expect(formatIp(maskIp(parseIPv4('10.1.2.3')!, 96 + 8))).toBe('10.0.0.0')
  })
})

const EDGE_CASES = [
  '',
  ' ',
  '.',
  ':',
  '::',
  ':::',
  '::1%',
  '::1%1',
  '::%lo',
  'fe80::1%eth0',
  'fe80::1%eth-0',
  'fe80::1%eth0%1',
  'fe80::1%\u00e9',
  `::1%${'a'.repeat(300)}`,
  '1.2.3.4%eth0',
  '01.2.3.4',
  '1.2.3.4.',
  '1.2.3',
  '256.1.1.1',
  '1.2.3.4\n',
  '\n::1',
  '::1\n',
  '::ffff:1.2.3.4',
  '::ffff:1.2.3.04',
  '1.2.3.4::',
  '::1.2.3.4:5',
  '1:2:3:4:5:6:1.2.3.4',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7:8:9',
  '::1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7::',
  '::1:2:3:4:5:6:7:8',
  '1::2::3',
  '12345::',
  'g::',
  '-1::',
  '+1::',
  '0x1::',
  '1e1::',
  '\u0661.2.3.4',
]
