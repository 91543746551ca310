// What is read out of the reports of perf and strace.
import { describe, expect, it } from 'vitest'
import { callsOf, functionsOf, placesOf, whyNoTracers } from '../profile/tracers.mjs'
import { bench } from './command-line'

describe('profiles', () => {
  it('puts each object of perf in its place', () => {
    const report = [
      ' 40.00% |[kernel.kallsyms]',
      ' 20.00% |node             |-      -  ',
      ' 15.00% |[JIT] tid 100',
      ' 10.00% |x_net.node',
      '  5.00% |libc.so.6',
      '  5.00% |//anon',
      '  5.00% |libstdc++.so.6.0.30',
      '',
    ].join('\n')
    const places = placesOf(report)
    const wanted = { kernel: 0.4, runtime: 0.2, javascript: 0.2, engine: 0.1, libc: 0.1 }
    for (const [place, share] of Object.entries(wanted))
      expect(places[place as keyof typeof places]).toBeCloseTo(share, 12)
  })

  it('names the functions of the kernel', () => {
    const report = ' 23.19% |[kernel.kallsyms]|[k] tcp_ack |-\n 3.00% |libc.so.6|[.] epoll_wait |-\n'
    expect(functionsOf(report)).toEqual([{ name: 'tcp_ack', share: expect.closeTo(0.2319, 12) }])
  })

  it('counts system calls, with errors and without', () => {
    const report = [
      '% time     seconds  usecs/call     calls    errors syscall',
      '------ ----------- ----------- --------- --------- ----------------',
      ' 60.00    0.000300           1       300           write',
      ' 40.00    0.000200           1       200        20 accept4',
      '------ ----------- ----------- --------- --------- ----------------',
      '100.00    0.000500                   500        20 total',
    ].join('\n')
    expect([...callsOf(report)]).toEqual([
      ['write', 300],
      ['accept4', 200],
    ])
  })

  const reason = whyNoTracers()
  it.skipIf(reason !== null)(
    `shows that an echo in C ends each connection by one call of each kind ${reason ?? ''}`,
    () => {
      const { status, stdout, stderr } = bench(
        ...[
          'profile',
          'accept-echo-client-ends',
          '--arms',
          'net,c',
          '--clients',
          '5',
          '--connections',
          '500',
        ],
      )
      expect(stderr).toBe('')
      expect(status).toBe(0)
      for (const call of ['shutdown', 'close', 'epoll_ctl'])
        expect(stdout).toMatch(new RegExp(`\n  c: .*${call} 1\\.00.* per connection\n`))
    },
  )

  it('refuses what does no work', () => {
    expect(bench('profile', 'idle-connections', '--arms', 'net').stderr).toMatch(
      /^bench: (idle-connections does no work to profile|.* not installed|.* for Linux)/,
    )
  })
})
