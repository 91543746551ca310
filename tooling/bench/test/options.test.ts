// What the command line takes, and what it refuses.
import { describe, expect, it } from 'vitest'
import { ARM_NAMES } from '../arms.mjs'
import { BENCH_NAMES, GROUP_NAMES } from '../benches.mjs'
import { COMMANDS, HELP, type Options, parseOptions, RUN_OPTIONS } from '../options.mjs'
import { bench } from './command-line'

function options(...words: string[]) {
  return parseOptions(words) as Options
}

describe('options', () => {
  it('runs all benches on all arms without any', () => {
    expect(options()).toMatchObject({ benches: BENCH_NAMES, arms: ARM_NAMES, runs: 5, pin: true })
  })

  it('takes less of everything with --quick, and what is said beside it', () => {
    const quick = options('--quick', '--runs', '7')
    expect(quick).toMatchObject({ arms: ['net', 'native', 'portable'], runs: 7, connections: 1000 })
    expect(options('--quick', '--arms', 'c').arms).toEqual(['net', 'c'])
  })

  it('always runs node:net first, and no arm twice', () => {
    expect(options('--arms', 'c,net,c,bun').arms).toEqual(['net', 'c', 'bun'])
  })

  it('takes groups beside benches, in the order of the list and each bench once', () => {
    expect(options('relay', 'among', 'among-100', 'ping').benches).toEqual([
      ...['ping', 'relay', 'among-10', 'among-100', 'among-1000', 'among-10000'],
    ])
  })

  it('tells of every bench, group, arm, command and option in its help', () => {
    const names = [...BENCH_NAMES, ...GROUP_NAMES, ...ARM_NAMES, ...COMMANDS]
    for (const name of [...names, ...Object.keys(RUN_OPTIONS).map(option => `--${option}`)])
      expect(HELP).toContain(name)
    expect(bench('--help')).toMatchObject({ status: 0, stdout: HELP })
  })
})

describe('refusals', () => {
  it.each([
    ['nonsense', `no bench "nonsense"; there are ${[...BENCH_NAMES, ...GROUP_NAMES].join(', ')}`],
    ['compar a b', 'no bench "compar"; '],
    ['--arms x', `no arm "x"; there are ${ARM_NAMES.join(', ')}`],
    ['--runs 0', '--runs takes a number above 0, not "0"'],
    ['--runs 1.5', '--runs takes a whole number, not "1.5"'],
    ['--rate fast', '--rate takes a number above 0, not "fast"'],
    ['--what', "Unknown option '--what'"],
    ['--node /nowhere/node', '--node: /nowhere/node does not run'],
  ])('%s', (words, message) => {
    const { status, stdout, stderr } = bench(...words.split(' '))
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr.startsWith(`bench: ${message}`)).toBe(true)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})
