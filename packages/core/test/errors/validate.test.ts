// The checks of arguments, beside the public functions of Node that make the same check.
import dns from 'node:dns'
import net from 'node:net'
import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import * as validate from '../../src/errors/validate'

const values: unknown[] = [
  undefined,
  null,
  true,
  0,
  1,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  '',
  ' ',
  'x',
  '1',
  '0x1F',
  ' 7 ',
  '70000',
  '1e3',
  1n,
  Symbol('s'),
  {},
  [],
  () => {},
  Buffer.alloc(1),
]

/** What a call answers to one value: the message with its code, or "accepted". */
function verdict(call: () => unknown): string {
  try {
    call()
    return 'accepted'
  } catch (error) {
    return String(error)
  }
}

/** Both sides' verdicts about all values. They have to be the same, and the check has to refuse some. */
function compare(ours: (value: never) => unknown, nodes: (value: never) => unknown, of = values): void {
  const verdicts = of.map(value => verdict(() => ours(value as never)))
  expect(verdicts).toEqual(of.map(value => verdict(() => nodes(value as never))))
  expect(new Set(verdicts).size).toBeGreaterThan(1)
}

/** Tries a connection without leaving one open. */
function connect(options: Record<string, unknown>): void {
  net
    .connect(options as never)
    .on('error', () => {})
    .destroy()
}

describe('validate', () => {
  it('[K8] refuses ports as Node does', () => {
    compare(
      value => validate.validatePort(value),
      value => connect({ port: value, host: '127.0.0.1' }),
      values.filter(value => typeof value === 'number' || typeof value === 'string'),
    )
    expect(validate.validatePort('0x1F')).toBe(31)
    expect(validate.validatePort(' 7 ')).toBe(7)
    expect(() => validate.validatePort(0, 'Port', false)).toThrow('Port should be > 0 and < 65536.')
  })

  it('[K8] refuses strings, booleans and functions as Node does', () => {
    compare(
      value => value === undefined || validate.validateString(value, 'options.address'),
      value => new net.SocketAddress({ address: value }),
      values.filter(value => typeof value !== 'string'),
    )
    compare(
      value => validate.validateBoolean(value, 'value'),
      value => {
        const before = net.getDefaultAutoSelectFamily()
        net.setDefaultAutoSelectFamily(value)
        net.setDefaultAutoSelectFamily(before)
      },
    )
    compare(
      value => validate.validateFunction(value, 'callback'),
      value => new net.Server().getConnections(value),
    )
  })

  it('[K8] refuses whole numbers as Node does', () => {
    compare(
      value => value === undefined || validate.validateUint32(value, 'options.flowlabel'),
      value => new net.SocketAddress({ flowlabel: value }),
      // Node itself ends the process for a flow label of more than 20 bits.
      values.filter(value => !(typeof value === 'number' && value > 0xfffff && value < 2 ** 32)),
    )
    compare(
      value => validate.validateInt32(value, 'value', 1),
      value => {
        const before = net.getDefaultAutoSelectFamilyAttemptTimeout()
        net.setDefaultAutoSelectFamilyAttemptTimeout(value)
        net.setDefaultAutoSelectFamilyAttemptTimeout(before)
      },
    )
    compare(
      value => validate.validateInteger(value, 'prefix', 0, 32),
      value => new net.BlockList().addSubnet('10.0.0.0', value),
    )
    expect(() => validate.validateUint32(0, 'count', true)).toThrow('It must be >= 1 && <= 4294967295.')
  })

  it('[K8] refuses timeouts as Node does', () => {
    const fitting = values.filter(value => !(typeof value === 'number' && value > 2 ** 31 - 1))
    compare(
      value => validate.validateTimeout(value, 'msecs'),
      value => new net.Socket().setTimeout(value).setTimeout(0),
      fitting,
    )
    expect(validate.validateTimeout(2 ** 40, 'msecs')).toBe(2 ** 31 - 1)
  })

  it('[N4] refuses what is no AbortSignal as Node does', () => {
    compare(
      value => validate.validateAbortSignal(value, 'options.signal'),
      value => new net.Server().listen({ path: '', signal: value } as never).close(),
      values.filter(value => value !== undefined),
    )
    expect(() => validate.validateAbortSignal(undefined, 'signal')).not.toThrow()
    expect(() => validate.validateAbortSignal(new AbortController().signal, 'signal')).not.toThrow()
  })

  it('[K8] refuses objects as Node does', () => {
    compare(
      value => value === undefined || validate.validateObject(value, 'options'),
      value => new net.SocketAddress(value),
      values.filter(value => !(Object(value) === value && 'length' in (value as object) === true)),
    )
    expect(() => validate.validateObject([], 'options')).toThrow('Received an instance of Array')
    expect(() => validate.validateObject(Object.create(null), 'options')).not.toThrow()
  })

  it('[K8] names the values to choose from as Node does', () => {
    const node = verdict(() => dns.lookup('localhost', { family: 7 as never }, () => {}))
    expect(verdict(() => validate.validateOneOf(7, 'options.family', [0, 4, 6]))).toBe(node)
    const order = verdict(() => dns.setDefaultResultOrder('z' as never))
    const [, list = ''] = /one of: (.*)\. Received/.exec(order) ?? []
    const allowed = list.split(', ').map(word => word.slice(1, -1))
    expect(verdict(() => validate.validateOneOf('z', 'dnsOrder', allowed))).toBe(order)
    expect(() => validate.validateOneOf(4, 'options.family', [4, 6])).not.toThrow()
  })

  it('[K8] refuses what is no view of bytes', () => {
    const node = verdict(() => zlib.crc32(5 as never))
    expect(node).toContain('ERR_INVALID_ARG_TYPE')
    expect(() => validate.validateBuffer(5)).toThrow(
      'The "buffer" argument must be an instance of Buffer, TypedArray, or DataView. Received type number (5)',
    )
    expect(() => validate.validateBuffer(new DataView(new ArrayBuffer(1)))).not.toThrow()
  })

  it('[K8] refuses numbers outside their bounds', () => {
    const number = (value: unknown, min?: number, max?: number) => () =>
      validate.validateNumber(value, 'n', min, max)
    expect(number('x')).toThrow('The "n" argument must be of type number.')
    expect(number(1, 2)).toThrow('The value of "n" is out of range. It must be >= 2. Received 1')
    expect(number(3, undefined, 2)).toThrow('It must be <= 2. Received 3')
    expect(number(Number.NaN, 0, 2)).toThrow('It must be >= 0 && <= 2. Received NaN')
    expect(number(Number.NaN)).not.toThrow()
  })

  it('[K2] refuses a host that is no string and a lookup that is no function', () => {
    expect(verdict(() => validate.validateFunction(5, 'options.lookup'))).toBe(
      verdict(() => connect({ port: 1, lookup: 5 })),
    )
    expect(verdict(() => validate.validateString(5, 'options.path'))).toBe(
      verdict(() => connect({ path: 5 })),
    )
  })
})
