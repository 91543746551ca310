// Headers as bytes: what is read from them, what is refused, what is written.

import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { encodeProxyHeader, type ProxyHeader, type ProxyHeaderInit } from '../../src'
import { crc32c } from '../../src/proxy-protocol/crc32c'
import { readPreamble } from '../../src/proxy-protocol/encode'
import { type Parsed, parseProxyHeader } from '../../src/proxy-protocol/parse'

const MOST = 4096

/** Reads bytes as they come one by one: nothing may be said before the last that it takes, and what follows is left alone. */
function read(bytes: Buffer, maxBytes = MOST): Parsed {
  for (let length = 0; length <= bytes.length; length++) {
    const parsed = parseProxyHeader(bytes.subarray(0, length), maxBytes)
    if (parsed === null) continue
    // The same, however much more has come.
    expect(parseProxyHeader(Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1\r\n')]), maxBytes)).toEqual(
      parsed,
    )
    return parsed
  }
  return null
}

const text = (line: string): Parsed => read(Buffer.from(`${line}\r\n`, 'latin1'))
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

function binary(versionAndCommand: number, family: number, body: string | Buffer, length?: number): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body.replaceAll(' ', ''), 'hex') : body
  const head = Buffer.from([versionAndCommand, family, 0, 0])
  head.writeUInt16BE(length ?? bytes.length, 2)
  return Buffer.concat([signature, head, bytes])
}

const inet4 = '01020304 05060708 1f90 01bb'

describe('a PROXY header of version 1', () => {
  it('[E3] tells the ends', () => {
    expect(text('PROXY TCP4 192.0.2.1 198.51.100.7 56324 443')).toEqual({
      version: 1,
      command: 'proxy',
      protocol: 'tcp4',
      source: { address: '192.0.2.1', port: 56324 },
      destination: { address: '198.51.100.7', port: 443 },
      tlvs: [],
      hasChecksum: false,
      byteLength: 45,
    })
    const longest =
      'PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535'
    expect(text(longest)).toMatchObject({ protocol: 'tcp6', destination: { port: 65535 } })
  })

  it('[E3] may say that it knows nothing', () => {
    const unknown = { protocol: 'unknown', source: null, destination: null }
    expect(text('PROXY UNKNOWN')).toMatchObject(unknown)
    expect(text('PROXY UNKNOWN ffff::1 ffff::2 65535 65535')).toMatchObject(unknown)
  })

  it.each([
    'proxy TCP4 1.2.3.4 1.2.3.4 1 1',
    'PROXY',
    'PROXY TCP4',
    'PROXY TCP5 1.2.3.4 1.2.3.4 1 1',
    'PROXY  TCP4 1.2.3.4 1.2.3.4 1 1',
    'PROXY TCP4  1.2.3.4 1.2.3.4 1 1',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 1 ',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1',
    'PROXY TCP4 1.2.3.256 1.2.3.4 1 1',
    'PROXY TCP4 01.2.3.4 1.2.3.4 1 1',
    'PROXY TCP4 1.2.3 1.2.3.4 1 1',
    'PROXY TCP4 1.2.3.4 1.2.3.4 65536 1',
    'PROXY TCP4 1.2.3.4 1.2.3.4 -1 1',
    'PROXY TCP4 1.2.3.4 1.2.3.4 01 1',
    'PROXY TCP4 1.2.3.4 1.2.3.4 0x1 1',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1e1 1',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 1\t',
    'PROXY TCP4 ::1 ::1 1 1',
    'PROXY TCP6 1.2.3.4 1.2.3.4 1 1',
    'PROXY TCP6 ::1%lo ::1 1 1',
    'PROXY TCP6 :::1 ::1 1 1',
    `PROXY UNKNOWN ${'x'.repeat(92)}`,
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 1\rGET',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n',
    'GET / HTTP/1.1',
    '\x16\x03\x01',
    'P\0OXY',
  ])('[E3] %j is refused', line => {
    expect(text(line)).toMatchObject({ problem: expect.any(String) })
  })

  it('[E3] is refused once no header can come of it, and never waited for beyond 107 bytes', () => {
    expect(parseProxyHeader(Buffer.from('G'), MOST)).toMatchObject({ problem: 'is missing' })
    expect(parseProxyHeader(Buffer.from('PROXZ'), MOST)).toMatchObject({ problem: 'is missing' })
    const endless = Buffer.from(`PROXY UNKNOWN${' '.repeat(200)}`)
    expect(parseProxyHeader(endless.subarray(0, 106), MOST)).toBeNull()
    expect(parseProxyHeader(endless.subarray(0, 107), MOST)).toMatchObject({ problem: expect.any(String) })
  })
})

describe('a PROXY header of version 2', () => {
  it('[E3] tells the ends of each family', () => {
    expect(read(binary(0x21, 0x11, inet4))).toMatchObject({
      version: 2,
      command: 'proxy',
      protocol: 'tcp4',
      source: { address: '1.2.3.4', port: 8080 },
      destination: { address: '5.6.7.8', port: 443 },
      byteLength: 28,
    })
    expect(read(binary(0x21, 0x12, inet4))).toMatchObject({ protocol: 'udp4' })
    const six = `20010db8${'00'.repeat(11)}01 ${'00'.repeat(10)}ffff01020304 0001 ffff`
    expect(read(binary(0x21, 0x21, six))).toMatchObject({
      protocol: 'tcp6',
      source: { address: '2001:db8::1', port: 1 },
      destination: { address: '::ffff:1.2.3.4', port: 65535 },
    })
    const paths = Buffer.alloc(216)
    paths.write('/run/a.sock')
    paths.write('\0abstract', 108)
    expect(read(binary(0x21, 0x31, paths))).toMatchObject({
      protocol: 'unix',
      source: { path: '/run/a.sock' },
      destination: { path: '\0abstract' },
    })
  })

  it('[E3] of a proxy that speaks for itself says nothing, whatever else is in it', () => {
    for (const header of [binary(0x20, 0, ''), binary(0x20, 0x11, inet4), binary(0x20, 0xff, 'ffffff')]) {
      expect(read(header)).toMatchObject({ command: 'local', protocol: 'unknown', source: null, tlvs: [] })
    }
  })

  it('[E3] of an unknown family is taken, with its vectors where there are some', () => {
    expect(read(binary(0x21, 0, '04 0001 ff'))).toMatchObject({
      protocol: 'unknown',
      tlvs: [{ type: 4, value: Buffer.from([255]) }],
    })
    expect(read(binary(0x21, 0, 'ffffff'))).toMatchObject({ protocol: 'unknown', tlvs: [] })
  })

  it.each([
    ['version 1', binary(0x11, 0x11, inet4)],
    ['version 3', binary(0x31, 0x11, inet4)],
    ['an unassigned command', binary(0x22, 0x11, inet4)],
    ['an unassigned family', binary(0x21, 0x41, inet4)],
    ['an unassigned protocol', binary(0x21, 0x13, inet4)],
    ['a family without a protocol', binary(0x21, 0x10, inet4)],
    ['a protocol without a family', binary(0x21, 0x01, inet4)],
    ['no room for its addresses', binary(0x21, 0x11, inet4.slice(0, -3))],
    ['no room for IPv6', binary(0x21, 0x21, inet4)],
    ['no room for paths', binary(0x21, 0x31, Buffer.alloc(215))],
    ['a vector cut off in its head', binary(0x21, 0x11, `${inet4} 04 00`)],
    ['a vector longer than the header', binary(0x21, 0x11, `${inet4} 04 0002 ff`)],
    ['a vector far longer', binary(0x21, 0x11, `${inet4} 04 ffff ff`)],
    ['a wrong checksum', binary(0x21, 0x11, `${inet4} 03 0004 00000001`)],
    ['a short checksum', binary(0x21, 0x11, `${inet4} 03 0003 000000`)],
    ['a long unique id', binary(0x21, 0x11, `${inet4} 05 0081 ${'ff'.repeat(129)}`)],
    ['TLS without its head', binary(0x21, 0x11, `${inet4} 20 0004 01000000`)],
    ['TLS with a vector cut off', binary(0x21, 0x11, `${inet4} 20 0008 0100000000 21 0001`)],
    ['more bytes than are taken', binary(0x21, 0x11, Buffer.alloc(4096))],
  ])('[E3] with %s is refused', (_, header) => {
    expect(read(header)).toMatchObject({ problem: expect.any(String) })
  })

  it('[E3] too long is refused before it has come', () => {
    expect(parseProxyHeader(binary(0x21, 0x11, '', 0xffff), MOST)).toMatchObject({ problem: /65551 bytes/ })
  })

  it('[E3] gives its vectors a meaning', () => {
    const init: ProxyHeaderInit = {
      source: { address: '10.0.0.1', port: 1000 },
      destination: { address: '10.0.0.2', port: 443 },
      alpn: 'h2',
      authority: 'exämple.org',
      uniqueId: Buffer.from('id'),
      tls: {
        hasCertificate: true,
        isVerified: true,
        version: 'TLSv1.3',
        commonName: 'Jörg',
        cipher: 'C',
        signatureAlgorithm: 'SHA256',
        keyAlgorithm: 'RSA2048',
      },
      namespace: 'blue',
      tlvs: [{ type: 0xe0, value: Buffer.from('mine') }],
      checksum: true,
    }
    const header = read(encodeProxyHeader(init)) as ProxyHeader
    expect(header).toMatchObject({
      alpn: 'h2',
      authority: 'exämple.org',
      uniqueId: Buffer.from('id'),
      tls: { isTls: true, isVerified: true, commonName: 'Jörg', version: 'TLSv1.3', keyAlgorithm: 'RSA2048' },
      namespace: 'blue',
      hasChecksum: true,
    })
    expect(header.tlvs.find(({ type }) => type === 0xe0)!.value.toString()).toBe('mine')
    const unverified = read(encodeProxyHeader({ ...init, tls: { hasCertificate: true } })) as ProxyHeader
    expect(unverified.tls).toMatchObject({ hasCertificate: true, isVerified: false })
    const without = read(encodeProxyHeader({ ...init, tls: {} })) as ProxyHeader
    expect(without.tls).toMatchObject({ hasCertificate: false, isVerified: false })
  })

  it('[E3] is checked by CRC32c as RFC 3720 B.4 has it', () => {
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  })

  it('[E3] with a checksum is refused for each changed bit', () => {
    const header = encodeProxyHeader({
      source: { address: '10.0.0.1', port: 1000 },
      destination: { address: '10.0.0.2', port: 443 },
      authority: 'example.org',
      checksum: true,
    })
    for (let bit = 16 * 8; bit < header.length * 8; bit++) {
      const changed = Buffer.from(header)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const parsed = parseProxyHeader(changed, MOST)
      const isUnchecked = parsed !== null && 'hasChecksum' in parsed && !parsed.hasChecksum
      // The type of the checksum itself may be what has changed: then there is none.
      if (!isUnchecked) expect(parsed).toMatchObject({ problem: expect.any(String) })
    }
  })
})

describe('a PROXY header that is made', () => {
  it('[E3] is read as it was meant, in random cases', () => {
    let seed = 11
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      return (seed >> 8) % below
    }
    const four = (): string => Array.from({ length: 4 }, () => random(256)).join('.')
    const six = (): string => Array.from({ length: 8 }, () => (random(65535) + 1).toString(16)).join(':')
    for (let round = 0; round < 500; round++) {
      const address = random(2) === 0 ? four : six
      const version = random(2) === 0 ? 1 : 2
      const init: ProxyHeaderInit = {
        version,
        source: { address: address(), port: random(65536) },
        destination: { address: address(), port: random(65536) },
        ...(version === 2 &&
          random(2) === 0 && { authority: 'a'.repeat(random(300)), checksum: random(2) === 0 }),
      }
      const { source, destination, authority } = init
      expect(parseProxyHeader(encodeProxyHeader(init), MOST)).toMatchObject({
        version,
        source,
        destination,
        ...(authority !== undefined && { authority }),
      })
    }
  })

  it('[E3] has one family for both ends', () => {
    const mixed = encodeProxyHeader({
      source: { address: '2001:db8::1', port: 1 },
      destination: { address: '1.2.3.4', port: 2 },
    })
    expect(read(mixed)).toMatchObject({ protocol: 'tcp6', destination: { address: '::ffff:1.2.3.4' } })
    const mapped = encodeProxyHeader({
      source: { address: '::ffff:1.2.3.4', port: 1 },
      destination: { address: '5.6.7.8', port: 2 },
    })
    expect(read(mapped)).toMatchObject({ protocol: 'tcp4', source: { address: '1.2.3.4' } })
  })

  it('[E3] of version 1 has room for every address', () => {
    const long = (first: string): string => `${first}:0000:0000:0000:0000:0000:255.255.255.255`
    const [source, destination] = [long('2001'), long('2002')].map(address => ({ address, port: 65_535 }))
    const header = encodeProxyHeader({ version: 1, source: source!, destination: destination! })
    expect(String(header)).toBe('PROXY TCP6 2001::ffff:ffff 2002::ffff:ffff 65535 65535\r\n')
  })

  it('[E3] may be given as bytes, of another realm, too, and as no other kind of memory', () => {
    expect(readPreamble(runInNewContext('Uint8Array.of(1, 2)'))).toEqual(Buffer.from([1, 2]))
    for (const value of [new ArrayBuffer(2), new DataView(new ArrayBuffer(2)), Uint16Array.of(1)]) {
      expect(() => readPreamble(value)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    }
  })

  it('[E3] without ends is of an unknown connection', () => {
    expect(String(encodeProxyHeader({ version: 1 }))).toBe('PROXY UNKNOWN\r\n')
    expect(
      String(encodeProxyHeader({ version: 1, source: { path: '/a' }, destination: { path: '/b' } })),
    ).toBe('PROXY UNKNOWN\r\n')
    expect(read(encodeProxyHeader({}))).toMatchObject({ command: 'proxy', protocol: 'unknown' })
    expect(read(encodeProxyHeader({ command: 'local' }))).toMatchObject({ command: 'local' })
  })

  const end = { address: '1.2.3.4', port: 1 }
  const wrong: [object, string][] = [
    [{ version: 3 }, 'ERR_INVALID_ARG_VALUE'],
    [{ command: 'relay' }, 'ERR_INVALID_ARG_VALUE'],
    [{ sourse: end, destination: end }, 'ERR_INVALID_ARG_VALUE'],
    [{ tls: { isTLS: true } }, 'ERR_INVALID_ARG_VALUE'],
    [{ source: end }, 'ERR_INVALID_ARG_TYPE'],
    [{ source: end, destination: { path: '/x' } }, 'ERR_INVALID_ARG_VALUE'],
    [{ source: end, destination: { address: 'localhost', port: 1 } }, 'ERR_INVALID_IP_ADDRESS'],
    [{ source: end, destination: { address: '1.2.3.4', port: 70_000 } }, 'ERR_SOCKET_BAD_PORT'],
    [{ source: { path: 'x'.repeat(109) }, destination: { path: '' } }, 'ERR_INVALID_ARG_VALUE'],
    [{ version: 1, authority: 'x' }, 'ERR_INVALID_ARG_VALUE'],
    [{ uniqueId: Buffer.alloc(129) }, 'ERR_OUT_OF_RANGE'],
    [{ uniqueId: 'x' }, 'ERR_INVALID_ARG_TYPE'],
    [{ authority: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ tls: null }, 'ERR_INVALID_ARG_TYPE'],
    [{ tls: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
    [{ tls: { isVerified: 1 } }, 'ERR_INVALID_ARG_TYPE'],
    [{ tls: { cipher: 1 } }, 'ERR_INVALID_ARG_TYPE'],
    [{ tlvs: null }, 'ERR_INVALID_ARG_TYPE'],
    [{ tlvs: 'some' }, 'ERR_INVALID_ARG_TYPE'],
    [{ tlvs: [null] }, 'ERR_INVALID_ARG_TYPE'],
    [{ tlvs: [{ type: 1, value: new ArrayBuffer(1) }] }, 'ERR_INVALID_ARG_TYPE'],
    [{ tlvs: [{ type: 256, value: Buffer.alloc(0) }] }, 'ERR_OUT_OF_RANGE'],
    [{ tlvs: [{ type: 1, value: Buffer.alloc(65_536) }] }, 'ERR_OUT_OF_RANGE'],
    [{ tlvs: [1, 2].map(type => ({ type, value: Buffer.alloc(40_000) })) }, 'ERR_OUT_OF_RANGE'],
  ]
  it.each(wrong)('[E3] of %o is refused with %s', (init, code) => {
    expect(() => encodeProxyHeader(init)).toThrow(expect.objectContaining({ code }))
  })
})

describe('the parser of PROXY headers', () => {
  it('[E3] neither throws nor reads past the header, whatever the bytes', () => {
    let seed = 5
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      return (seed >> 8) % below
    }
    const starts = [
      Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n'),
      binary(0x21, 0x11, `${inet4} 01 0002 6832 20 0009 0100000000 21 0001 31`),
      encodeProxyHeader({ checksum: true, authority: 'x' }),
      binary(0x21, 0x31, Buffer.alloc(216, 1)),
    ]
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.concat([starts[random(starts.length)]!, Buffer.alloc(random(8), random(256))])
      for (let change = random(4); change >= 0; change--) bytes[random(bytes.length)] = random(256)
      const cut = bytes.subarray(0, random(bytes.length + 1))
      const parsed = parseProxyHeader(cut, MOST)
      if (parsed === null || 'problem' in parsed) continue
      expect(parsed.byteLength).toBeLessThanOrEqual(cut.length)
      expect(parseProxyHeader(Buffer.concat([cut, Buffer.from('more')]), MOST)).toEqual(parsed)
    }
  })
})
