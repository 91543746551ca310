// The look of coded errors, beside the same error as Node's own public functions throw it.
import dgram from 'node:dgram'
import type dns from 'node:dns'
import net from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { abortError, aggregateError, codedError, type codes, defineCodes } from '../../src/errors/codes'

/** Everything of an error that a program can tell it by, but the frames of its stack. */
function look(error: unknown): Record<string, unknown> {
  const it = error as NodeJS.ErrnoException
  return {
    name: it.name,
    code: it.code,
    message: it.message,
    string: String(it),
    head: it.stack?.split('\n    at ')[0],
    keys: Object.keys(it),
    constructor: it.constructor.name,
    isTypeError: it instanceof TypeError,
    isRangeError: it instanceof RangeError,
    ownName: Object.hasOwn(it, 'name'),
    inspected: inspect(it).split('\n    at ')[0],
  }
}

function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

class Plain {}
function named(): void {}
const anonymous = [(): void => {}][0]

const received: unknown[] = [
  undefined,
  null,
  true,
  Symbol('x'),
  10n,
  12345678901234567890n,
  '',
  's',
  'z'.repeat(28),
  'z'.repeat(29),
  "it's",
  'line\nbreak',
  'a\'"b',
  named,
  anonymous,
  class Bar {},
  {},
  [],
  new Plain(),
  new Map(),
  Object.create(null),
  { constructor: undefined },
]

describe('codedError', () => {
  it('[K8] words every sort of wrong argument as node:net does', () => {
    for (const value of received) {
      const node = thrownBy(() => new net.Socket().setTimeout(value as number))
      expect(look(codedError('ERR_INVALID_ARG_TYPE', 'msecs', 'number', value))).toEqual(look(node))
    }
    // Node 20 words this one differently from Node 26.
    const nameless = codedError('ERR_INVALID_ARG_TYPE', 'msecs', 'number', { constructor: { name: '' } })
    expect(nameless.message).toBe('The "msecs" argument must be of type number. Received [Object]')
  })

  it('[K8] words the types that were expected as Node does', () => {
    const expectations: [unknown, ...Parameters<(typeof codes)['ERR_INVALID_ARG_TYPE']['message']>][] = [
      [thrownBy(() => new net.SocketAddress({ address: 1 as never })), 'options.address', 'string', 1],
      [thrownBy(() => net.connect({ port: null as never })), 'options.port', ['number', 'string'], null],
      [
        thrownBy(() => new net.Socket().write(5 as never)),
        'chunk',
        ['string', 'Buffer', 'TypedArray', 'DataView'],
        5,
      ],
      [thrownBy(() => new net.Socket({ signal: 'x' as never })), 'signal', 'AbortSignal', 'x'],
      [thrownBy(() => Buffer.byteLength({} as never)), 'string', ['string', 'Buffer', 'ArrayBuffer'], {}],
    ]
    for (const [node, ...args] of expectations) {
      expect(look(codedError('ERR_INVALID_ARG_TYPE', ...args))).toEqual(look(node))
    }
    const { message } = codedError('ERR_INVALID_ARG_TYPE', 'options.blockList', 'net.BlockList', 5)
    expect(message).toBe(
      'The "options.blockList" property must be an net.BlockList. Received type number (5)',
    )
    const words = codedError('ERR_INVALID_ARG_TYPE', 'first argument', 'a safe integer', 1.5)
    expect(words.message).toBe('The first argument must be a safe integer. Received type number (1.5)')
    const article = codedError('ERR_INVALID_ARG_TYPE', 'value', 'a JSON value', undefined)
    expect(article.message).toBe('The "value" argument must be a JSON value. Received undefined')
  })

  it('[K8] groups the digits of numbers that are out of range', () => {
    for (const value of [2 ** 32, 2 ** 32 + 1, 1e21, 2 ** 53, -(2 ** 33), -1, 5e9, 1e300]) {
      const node = thrownBy(() => new net.SocketAddress({ flowlabel: value }))
      const ours = codedError('ERR_OUT_OF_RANGE', 'options.flowlabel', '>= 0 && <= 4294967295', value)
      expect(look(ours)).toEqual(look(node))
    }
    const big = thrownBy(() => Buffer.alloc(8).writeBigUInt64LE(2n ** 70n))
    expect(look(codedError('ERR_OUT_OF_RANGE', 'value', '>= 0n and < 2n ** 64n', 2n ** 70n))).toEqual(
      look(big),
    )
  })

  it('[K8] shows wrong values as node:net does', () => {
    const values = [
      5,
      'ipv7',
      { a: { b: { c: 1 } }, long: 'x'.repeat(300) },
      [1, 2],
      'y'.repeat(200),
      named,
      1n,
    ]
    for (const value of values) {
      const node = thrownBy(() => new net.SocketAddress({ family: value as never }))
      expect(look(codedError('ERR_INVALID_ARG_VALUE', 'options.family', value))).toEqual(look(node))
    }
    const node = thrownBy(() => new net.Server().listen({} as never))
    const reason = 'must have the property "port" or "path"'
    expect(look(codedError('ERR_INVALID_ARG_VALUE', 'options', {}, reason))).toEqual(look(node))
  })

  it('[K8] has the further codes that node:net throws', () => {
    const pairs: [unknown, unknown][] = [
      [thrownBy(() => net.connect({ port: -1 })), codedError('ERR_SOCKET_BAD_PORT', 'Port', -1)],
      [thrownBy(() => net.connect({} as never)), codedError('ERR_MISSING_ARGS', ['options', 'port', 'path'])],
      [thrownBy(() => Reflect.construct(URL, [])), codedError('ERR_MISSING_ARGS', 'url')],
      [
        thrownBy(() => new net.Socket().connect({ port: 1, localAddress: 'foo' })),
        codedError('ERR_INVALID_IP_ADDRESS', 'foo'),
      ],
      [thrownBy(() => new net.Socket({ fd: 9999 })), codedError('ERR_INVALID_FD_TYPE', 'UNKNOWN')],
    ].map(([node, ours]) => [look(node), look(ours)])
    for (const [node, ours] of pairs) expect(ours).toEqual(node)

    const invalid = codedError('ERR_INVALID_ADDRESS')
    expect(invalid.message).toBe((thrownBy(() => new net.SocketAddress({ address: 'x' })) as Error).message)
    expect(thrownBy(() => dgram.createSocket('udp4').connect(0))).toMatchObject({
      message: codedError('ERR_SOCKET_BAD_PORT', 'Port', 0, false).message,
    })
    expect(codedError('ERR_MISSING_ARGS', 'a', 'b', 'c').message).toBe(
      'The "a", "b", and "c" arguments must be specified',
    )
    expect(codedError('ERR_MISSING_ARGS', 'a', 'b').message).toBe(
      'The "a" and "b" arguments must be specified',
    )
  })

  it('[K8] carries the further fields of a code', async () => {
    const node = await new Promise(resolve => {
      const lookup = ((_host: string, _options: object, done: (...args: unknown[]) => void) =>
        done(null, [{ address: '127.0.0.1', family: 9 }])) as typeof dns.lookup
      net.connect({ port: 1, host: 'h', lookup }).on('error', resolve)
    })
    const ours = codedError('ERR_INVALID_ADDRESS_FAMILY', 9, 'h', 1)
    expect(look(ours)).toEqual(look(node))
    expect(ours).toMatchObject({ host: 'h', port: 1 })
  })

  it('leaves itself out of the stack', () => {
    const { stack } = codedError('ERR_SOCKET_CLOSED')
    expect(stack?.split('\n')[1]).toContain('codes.test.ts')
  })

  it('refuses arguments that do not fit the code, when compiled', () => {
    // @ts-expect-error the value that was received is missing
    expect(codedError('ERR_INVALID_ARG_TYPE', 'a', 'string')).toBeInstanceOf(TypeError)
    // @ts-expect-error this code takes nothing
    expect(codedError('ERR_SERVER_NOT_RUNNING', 1)).toBeInstanceOf(Error)
    // @ts-expect-error no such code
    expect(() => codedError('ERR_NO_SUCH_CODE')).toThrow(RangeError)
  })
})

describe('defineCodes', () => {
  it('gives another package codes of its own with the same look', () => {
    const ours = defineCodes({
      ERR_X_FRAME_TOO_LONG: {
        base: RangeError,
        message: (size: number, limit: number) => `${size} > ${limit}`,
      },
    })
    const error = ours('ERR_X_FRAME_TOO_LONG', 5, 4)
    expect(look(error)).toMatchObject({
      name: 'RangeError',
      code: 'ERR_X_FRAME_TOO_LONG',
      string: 'RangeError [ERR_X_FRAME_TOO_LONG]: 5 > 4',
      isRangeError: true,
    })
    // @ts-expect-error one argument is missing
    ours('ERR_X_FRAME_TOO_LONG', 5)
  })
})

describe('abortError', () => {
  it('[N4] is the error that an aborted node:net socket emits', async () => {
    const reason = new Error('why')
    const node = await new Promise<Error>(resolve => {
      new net.Socket({ signal: AbortSignal.abort(reason) }).on('error', resolve)
    })
    const ours = abortError(reason)
    expect(look(ours)).toEqual(look(node))
    expect(ours.cause).toBe(reason)
    expect(Object.keys(ours)).toEqual(Object.keys(node))
    expect('cause' in abortError()).toBe(false)
  })
})

describe('aggregateError', () => {
  it('[K7] is the error of a node:net connection whose every address failed', async () => {
    const node = await new Promise<AggregateError>(resolve => {
      const addresses = ['127.0.0.1', '127.0.0.2'].map(address => ({ address, family: 4 }))
      addresses.push({ address: '::1', family: 6 })
      const lookup = ((_host: string, _options: object, done: (...args: unknown[]) => void) =>
        done(null, addresses)) as typeof dns.lookup
      net.connect({ port: 1, host: 'h', lookup, autoSelectFamily: true }).on('error', resolve as () => void)
    })
    const ours = aggregateError(node.errors)
    expect(look(ours)).toEqual(look(node))
    expect(Object.getOwnPropertyNames(ours)).toEqual(Object.getOwnPropertyNames(node))
    expect(ours.errors).toEqual(node.errors)
  })
})
