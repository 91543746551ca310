// Arguments that make no sense: each public function refuses them at once, with a code, and nothing is left open by it.
import { describe, expect, it } from 'vitest'
import {
  expectNoLeaks,
  explore,
  failOnLeaks,
  faultProxy,
  faults,
  faulty,
  getPort,
  leasePort,
  leasePorts,
  memoryNetwork,
  offerLease,
  Random,
  receiveLease,
  record,
  replay,
  type Simulation,
  scriptedServer,
  simulate,
  socketPair,
  tempEndpoint,
} from '../src'

/** Values that no parameter takes. */
const nonsense: readonly unknown[] = [null, Number.NaN, Symbol('s'), true]
const nothing = undefined

/** A call in a simulation. */
function within(call: (given: never, simulation: Simulation) => unknown): (given: never) => Promise<unknown> {
  return given =>
    simulate({}, simulation => void call(given, simulation)).catch(error =>
      Promise.reject(error.cause ?? error),
    )
}

const upstream = { port: 1 }
const rule = faults.stall()

/** Calls with one argument that makes no sense; `undefined` is among them where it may not be left out. */
const calls: Readonly<Record<string, readonly [(given: never) => unknown, ...unknown[]]>> = {
  'faults.latency': [faults.latency, nothing, {}, { ms: 1, on: 'sideways' }, { ms: -1 }],
  'faults.jitter': [faults.jitter, nothing, {}, { ms: 1, on: 'sideways' }],
  'faults.loss': [faults.loss, nothing, 2],
  'faults.bandwidth': [faults.bandwidth, nothing, {}, { bytesPerSecond: 1, on: null }],
  'faults.slowClose': [faults.slowClose, nothing, {}],
  'faults.timeout': [faults.timeout, nothing, {}],
  'faults.reset': [faults.reset, { afterMs: -1 }],
  'faults.slicer': [faults.slicer, nothing, {}, { bytes: 1, on: 5 }],
  'faults.limit': [faults.limit, nothing, {}, { bytes: 1, on: 5 }],
  'faults.refuse': [faults.refuse, 'ENOSUCH', {}],
  'faults.fail': [faults.fail, nothing, 'ENOSUCH'],
  'faults.partialWrites': [faults.partialWrites, nothing, { bytes: 0 }],
  'faults.shortReads': [faults.shortReads, nothing, { bytes: 0.5 }],
  'faults.on': [type => faults.on(type, 'reset'), nothing, 'writes'],
  'faults.on, action': [action => faults.on('read', action), nothing, 'lose', { ms: 5 }],
  'faults.on, action of packets': [action => faults.on('packet', action), 'end', { bytes: 5 }],
  'faults.only': [test => faults.only(test, rule), nothing],
  'faults.only, rule': [each => faults.only(() => true, each), nothing],
  'faults.sometimes, rule': [each => faults.sometimes(0.5, each), nothing],
  'faults.times, rule': [each => faults.times(1, each), nothing],
  faulty: [faulty, nothing, {}],
  'faulty, rules': [rules => faulty(memoryNetwork(), rules), 'x', rule],
  'faulty, options': [options => faulty(memoryNetwork(), [], options), { seed: {} }],
  'add of faulty': [each => faulty(memoryNetwork()).add(each), nothing],
  memoryNetwork: [memoryNetwork, { capacityBytes: 0 }, { addresses: ['x'] }, { names: { a: '127.0.0.1' } }],
  simulate: [options => simulate(options, () => 1), nothing, { seed: {} }, { omit: [1.5] }, { link: [5] }],
  'simulate, more options': [
    options => simulate(options, () => 1),
    ...[{ maxVirtualMs: -1 }, { startAt: 5 }, { startAt: new Date(Number.NaN) }, { capacityBytes: 0 }],
  ],
  'simulate, main': [main => simulate({}, main), nothing],
  host: [within((name, { host }) => host(name)), nothing, ''],
  'host, software': [within((main, { host }) => host('a', main)), 'x', { main: 5 }, { addresses: ['x'] }],
  'host of a name that is taken': [within((name, { host }) => [host(name), host(name)]), 'a'],
  'host of an address that is taken': [
    within((addresses, { host }) => [host('a', { addresses }), host('b', { addresses })]),
    ['10.1.1.1'],
  ],
  'run of a host': [within((code, { host }) => host('a').run(code)), nothing],
  link: [within((a, { host, network }) => network.link(a, host('b'), [])), nothing, {}, 'b'],
  'link, rules': [
    within((rules, { host, network }) => network.link(host('a'), host('b'), rules)),
    nothing,
    [{}],
  ],
  partition: [within((a, { host, network }) => network.partition(a, host('b'))), nothing, 'b'],
  partitionOneWay: [within((to, { host, network }) => network.partitionOneWay(host('b'), to)), nothing, 'b'],
  isolate: [within((host, { network }) => network.isolate(host)), nothing, 'b'],
  repair: [within((a, { network }) => network.repair(a)), 'b'],
  'add of a network': [within((each, { network }) => network.add(each)), nothing, {}],
  Random: [seed => new Random(seed), nothing, {}],
  'integer of Random': [most => new Random(1).integer(5, most), nothing, 4, 5.5],
  'chance of Random': [probability => new Random(1).chance(probability), nothing, 2],
  'shuffle of Random': [items => new Random(1).shuffle(items), nothing, 'abc'],
  'bytes of Random': [length => new Random(1).bytes(length), nothing, -1],
  leasePort: [leasePort, 'x', { port: -1 }, { port: 70_000 }, { host: 5 }, { transport: {} }],
  leasePorts: [leasePorts, nothing, -1, 65_536],
  'leasePorts of a block': [count => leasePorts(count, { contiguous: true }), nothing, 0, 30_000],
  getPort: [getPort, { host: 5 }],
  tempEndpoint: [tempEndpoint, '', '../x', 'a/b', '..'],
  socketPair: [socketPair, { kind: 'udp' }, { allowHalfOpen: 1 }, { capacityBytes: 0 }],
  scriptedServer: [scriptedServer, { patienceMs: -1 }, { transport: {} }, { listen: {} }],
  record: [record, nothing, {}, { upstream: {} }, { upstream, listen: {} }],
  replay: [replay, nothing, {}, { connections: [5] }, { connections: [[{ from: 'nobody', text: '' }]] }],
  faultProxy: [
    faultProxy,
    nothing,
    {},
    { upstream: {} },
    { upstream, rules: ['x'] },
    { upstream, listen: {} },
  ],
  expectNoLeaks: [expectNoLeaks, nothing, {}],
  failOnLeaks: [failOnLeaks, nothing, {}, { beforeEach: () => {} }],
  offerLease: [lease => offerLease(lease, '/x'), nothing, {}],
  receiveLease: [receiveLease, nothing, {}],
  explore: [
    explore,
    nothing,
    {},
    { scenario: 'x', seeds: 0 },
    { scenario: 'x', keep: 5 },
    { scenario: 'x', onProgress: 5 },
  ],
}

describe('arguments that make no sense', () => {
  for (const [name, [call, ...own]] of Object.entries(calls)) {
    it(`[T1] ${name} refuses them with a code`, async () => {
      const begin = async (given: unknown) => call(given as never)
      await expectNoLeaks(async () => {
        for (const given of [...nonsense, ...own]) {
          const outcome = await begin(given).then(
            () => 'accepted',
            error => error.code ?? `${error}`,
          )
          expect([given, outcome]).toEqual([given, expect.stringMatching(/^ERR_/)])
        }
      })
    })
  }
})
