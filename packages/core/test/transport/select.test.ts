// Which transport is chosen, and what the choice says of the other.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const native = '../../src/transport/native'

async function choose(forced: string | undefined) {
  vi.stubEnv('X_NET_TRANSPORT', forced)
  const { selectTransport } = await import('../../src/transport/select')
  return selectTransport
}

function withoutNative(): void {
  vi.doMock(native, () => ({ loadNative: () => ({ transport: null, reason: 'no binary for here' }) }))
}

beforeEach(() => {
  vi.resetModules()
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.doUnmock(native)
})

describe('selectTransport', () => {
  it('takes native where it loads', async () => {
    vi.doMock(native, () => ({ loadNative: () => ({ transport: { name: 'native' } }) }))
    const selectTransport = await choose(undefined)
    expect(selectTransport()).toEqual({ transport: { name: 'native' }, reason: null })
  })

  it('takes portable where native does not load, and remembers why', async () => {
    withoutNative()
    const selectTransport = await choose(undefined)
    const { transport, reason } = selectTransport()
    expect([transport.name, reason]).toEqual(['portable', 'no binary for here'])
    expect(selectTransport()).toBe(selectTransport())
  })

  it('is forced to portable by X_NET_TRANSPORT, whether native loads or not', async () => {
    vi.doMock(native, () => ({ loadNative: () => expect.fail('native was loaded') }))
    const selectTransport = await choose('portable')
    expect(selectTransport()).toMatchObject({
      transport: { name: 'portable' },
      reason: 'X_NET_TRANSPORT=portable',
    })
  })

  it('throws ERR_X_TRANSPORT_UNAVAILABLE where native is forced and does not load', async () => {
    withoutNative()
    const selectTransport = await choose('native')
    expect(selectTransport).toThrow(
      expect.objectContaining({
        code: 'ERR_X_TRANSPORT_UNAVAILABLE',
        message: 'The native transport does not load: no binary for here',
      }),
    )
  })

  it('throws ERR_INVALID_ARG_VALUE for a transport that nobody knows', async () => {
    const selectTransport = await choose('fast')
    expect(selectTransport).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
    expect(selectTransport).toThrow(/X_NET_TRANSPORT.*'native' or 'portable'.*'fast'/)
  })
})

describe('unsupported', () => {
  it('throws ERR_X_UNSUPPORTED with the transport and the feature', async () => {
    const { unsupported } = await import('../../src/transport/select')
    const { portable } = await import('../../src/transport/portable')
    expect(() => unsupported(portable, 'descriptors')).toThrow(
      expect.objectContaining({ code: 'ERR_X_UNSUPPORTED', transport: 'portable', feature: 'descriptors' }),
    )
  })
})
