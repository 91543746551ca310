import { describe, expect, it } from 'vitest'
import { RequestBytes } from '../src/resp/request-bytes'
import { ProtocolError, RequestParser } from '../src/resp/request-parser'

const MEGABYTE = 1024 ** 2

function parseAll(chunks: readonly Buffer[], maxRequestBytes = MEGABYTE): string[][] {
  const parser = new RequestParser(maxRequestBytes)
  const requests: string[][] = []
  for (const chunk of chunks) {
    parser.push(chunk)
    for (let args = parser.next(); args !== null; args = parser.next()) {
      requests.push(args.map(arg => arg.toString('latin1')))
    }
  }
  return requests
}

function parse(text: string, maxRequestBytes?: number): string[][] {
  return parseAll([Buffer.from(text, 'latin1')], maxRequestBytes)
}

const MIXED =
  '*2\r\n$4\r\nECHO\r\n$5\r\na\r\n\x00b\r\nPING "two words" \'x\'\r\n\r\n*0\r\n*1\r\n$0\r\n\r\nping\n*-1\r\n*1\r\n$4\r\nQUIT\r\n'
const MIXED_REQUESTS = [['ECHO', 'a\r\n\x00b'], ['PING', 'two words', 'x'], [''], ['ping'], ['QUIT']]

describe('requests', () => {
  it('are arrays of bulk strings and inline lines, one after the other', () => {
    expect(parse(MIXED)).toEqual(MIXED_REQUESTS)
  })

  it('may be cut at any byte', () => {
    const bytes = Buffer.from(MIXED, 'latin1')
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(parseAll([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(MIXED_REQUESTS)
    }
  })

  it('may come a byte at a time', () => {
    const bytes = Buffer.from(MIXED, 'latin1')
    expect(parseAll(Array.from(bytes, byte => Buffer.of(byte)))).toEqual(MIXED_REQUESTS)
  })

  it('may be cut at any two bytes', () => {
    const bytes = Buffer.from('*2\r\n$3\r\nfoo\r\n$2\r\nab\r\nPING\r\n', 'latin1')
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const chunks = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
        expect(parseAll(chunks)).toEqual([['foo', 'ab'], ['PING']])
      }
    }
  })

  it('carry an argument as long as the limit, in thousands of pieces', () => {
    const body = 'x'.repeat(MEGABYTE)
    const bytes = Buffer.from(`*1\r\n$${body.length}\r\n${body}\r\nPING\r\n`)
    const chunks = Array.from({ length: Math.ceil(bytes.length / 100) }, (_, index) =>
      bytes.subarray(index * 100, index * 100 + 100),
    )
    expect(parseAll(chunks)).toEqual([[body], ['PING']])
  })
})

describe('what was sent and makes no request yet', () => {
  it('costs at most twice its size, however small the pieces', () => {
    const bytes = new RequestBytes()
    let most = 0
    for (let length = 1; length <= 100_000; length++) {
      bytes.push(Buffer.of(length % 256))
      most = Math.max(most, bytes.memory.length / length)
    }
    expect(most).toBeLessThanOrEqual(2)
    expect(bytes.view()).toEqual(
      Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index + 1) % 256)),
    )
  })

  it('takes no more room than it will need, where that is known', () => {
    const bytes = new RequestBytes()
    for (let piece = 0; piece < 1000; piece++) bytes.push(Buffer.alloc(100), 100_000)
    expect(bytes.memory.length).toBe(100_000)
  })

  it('holds no large memory for a few bytes of it', () => {
    const bytes = new RequestBytes()
    bytes.push(Buffer.concat([Buffer.alloc(64 * 1024), Buffer.from('PI')]))
    bytes.start = 64 * 1024
    bytes.compact()
    expect(bytes.memory.buffer.byteLength).toBe(2)
    expect(bytes.view().toString()).toBe('PI')
  })

  it('is the same request wherever it is cut, and nothing that was handed out changes', () => {
    const random = seeded(7)
    for (let round = 0; round < 300; round++) {
      const wanted = Array.from({ length: 1 + (random() % 6) }, () =>
        Array.from({ length: 1 + (random() % 5) }, () => text(random)),
      )
      const wire = wanted
        .map(args => `*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`)
        .join('')
      const parser = new RequestParser(MEGABYTE)
      const requests: Buffer[][] = []
      const bytes = Buffer.from(wire, 'latin1')
      for (let at = 0; at < bytes.length; ) {
        const length = random() % 3 === 0 ? 1 : 1 + (random() % 400)
        parser.push(Buffer.from(bytes.subarray(at, at + length)))
        at += length
        for (let args = parser.next(); args !== null; args = parser.next()) requests.push(args)
      }
      expect(requests.map(args => args.map(arg => arg.toString('latin1')))).toEqual(wanted)
    }
  })
})

/** Numbers that look random and are the same each time. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state
  }
}

function text(random: () => number): string {
  const length = random() % 4 === 0 ? random() % 2000 : random() % 8
  return Array.from({ length }, () => '\r\n*$0129ab\xff'.charAt(random() % 11)).join('')
}

describe('inline requests', () => {
  it.each([
    ['PING', ['PING']],
    ['  a \t b  ', ['a', 'b']],
    ['"a\\x41\\n\\t\\"b"', ['aA\n\t"b']],
    ['"\\q\\a\\b"', ['q\x07\b']],
    ["'a\\'b\\n'", ["a'b\\n"]],
    ['PI"NG"', ['PING']],
    ['x ""', ['x', '']],
    ['"\\x4"', ['x4']],
  ])('%j fall into %j', (line, words) => {
    expect(parse(`${line}\r\n`)).toEqual([words])
  })

  it.each(['"open', "'open", '"a"b', '"a\\"', "'a\\'"])('%j is refused', line => {
    expect(() => parse(`${line}\r\n`)).toThrow('unbalanced quotes in request')
  })
})

describe('what is no request', () => {
  it.each([
    ['*01\r\n', 'invalid multibulk length'],
    ['*+1\r\n', 'invalid multibulk length'],
    ['*x\r\n', 'invalid multibulk length'],
    ['*\r\n', 'invalid multibulk length'],
    ['*-0\r\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*1\r\n+PING\r\n', "expected '$', got '+'"],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$\r\n', 'invalid bulk length'],
    ['*1\r\n$04\r\n', 'invalid bulk length'],
    ['*1\r\n$99999999999\r\n', 'invalid bulk length'],
    ['x'.repeat(65_537), 'too big inline request'],
    [`*${'1'.repeat(65_537)}`, 'too big mbulk count string'],
    [`*1\r\n$${'1'.repeat(65_537)}`, 'too big bulk count string'],
  ])('%.20j is refused: %s', (text, message) => {
    expect(() => parse(text)).toThrow(new ProtocolError(message))
  })

  it('is found behind requests that are carried out', () => {
    const parser = new RequestParser(MEGABYTE)
    parser.push(Buffer.from('PING\r\n*x\r\n'))
    expect(parser.next()).toEqual([Buffer.from('PING')])
    expect(() => parser.next()).toThrow(ProtocolError)
  })
})

describe('the limit', () => {
  it('holds for one argument before its bytes come', () => {
    expect(() => parse('*1\r\n$1025\r\n', 1024)).toThrow('invalid bulk length')
    expect(parse(`*1\r\n$1024\r\n${'x'.repeat(1024)}\r\n`, 1024)).toEqual([['x'.repeat(1024)]])
  })

  it('holds for the sum of the arguments', () => {
    const argument = `$600\r\n${'x'.repeat(600)}\r\n`
    expect(() => parse(`*3\r\n${argument.repeat(3)}`, 1024)).toThrow('too big request')
  })

  it('holds for the number of arguments before they come', () => {
    expect(() => parse('*1000000\r\n')).toThrow('invalid multibulk length')
    expect(parse('*1000\r\n')).toEqual([])
  })

  it('starts anew with each request', () => {
    const request = `*2\r\n$1\r\na\r\n$900\r\n${'x'.repeat(900)}\r\n`
    expect(parse(request.repeat(50), 1024)).toHaveLength(50)
  })
})
