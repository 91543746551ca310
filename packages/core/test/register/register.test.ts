// `@x/core/register`: who gets @x/core for node:net, and who keeps Node's own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { packageFolder, run } from './run'

// Inside the package, so that `@x/core` is found from there.
const folder = mkdtempSync(path.join(packageFolder, 'test', 'register', 'made-'))
afterAll(() => rmSync(folder, { recursive: true }))

function program(name: string, text: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

/** The findings that a program prints as JSON on its last line. */
async function findings(words: string[], options?: Parameters<typeof run>[1]): Promise<unknown> {
  const { code, stdout, stderr } = await run(words, options)
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

const PRELOADS = [
  ['--import', '@x/core/register'],
  ['--require', '@x/core/register'],
]

const asModule = program(
  'module.mjs',
  `import core from '@x/core'
  import net, { Socket } from 'net'
  import * as names from 'node:net'
  import { createRequire } from 'node:module'
  const later = await import('net')
  const required = createRequire(import.meta.url)('node:net')
  console.log(JSON.stringify({
    default: net.Socket === core.Socket,
    named: Socket === core.Socket && names.createServer === core.createServer,
    dynamic: later.default === net,
    required: required === net,
    builtin: process.getBuiltinModule?.('net') ?? net === net,
    registered: core.isRegistered(),
  }, (_key, value) => (value === net ? true : value)))`,
)

const asCommonJs = program(
  'script.cjs',
  `const net = require('net')
  const core = require('@x/core')
  import('node:net').then(({ default: imported }) => console.log(JSON.stringify({
    required: net.Socket === core.Socket && require('node:net') === net,
    dynamic: imported === net,
    registered: core.isRegistered(),
  })))`,
)

describe('register where it cannot work', () => {
  it.each(['bun', 'deno'])('throws at once on %s', async name => {
    const before = program(
      `as-${name}.cjs`,
      `Object.defineProperty(process.versions, '${name}', { value: '1.0.0' })
      try { require('@x/core/register') } catch (error) { console.log(JSON.stringify([error.code, error.reason])) }
      if (require('@x/core').isRegistered()) throw new Error('claims to be registered')`,
    )
    expect(await findings([before], { flags: [] })).toEqual([
      'ERR_X_REGISTER_UNAVAILABLE',
      expect.stringContaining('1.0.0 has no hooks for its own modules'),
    ])
  })
})

describe('register', () => {
  for (const flags of PRELOADS) {
    it(`[N5] answers import and require alike with ${flags[0]}`, async () => {
      expect(await findings([asModule], { flags })).toEqual({
        default: true,
        named: true,
        dynamic: true,
        required: true,
        builtin: true,
        registered: true,
      })
      expect(await findings([asCommonJs], { flags })).toEqual({
        required: true,
        dynamic: true,
        registered: true,
      })
    })
  }

  it('[N5] changes nothing in a program that is not registered', async () => {
    const answers = await findings([asCommonJs], { flags: [] })
    expect(answers).toEqual({ required: false, dynamic: true, registered: false })
  })

  it('[N5] holds in worker threads, also in those that are started without flags', async () => {
    const file = program(
      'threads.mjs',
      `import core from '@x/core'
      import net from 'net'
      import { Worker, isMainThread, parentPort } from 'node:worker_threads'
      if (isMainThread) {
        const asked = [{}, { execArgv: [] }].map(options => new Promise(resolve => {
          new Worker(new URL(import.meta.url), options).once('message', resolve)
        }))
        console.log(JSON.stringify(await Promise.all(asked)))
      } else {
        const server = net.createServer(socket => socket.end('hello')).listen(0, () => {
          const client = net.connect(server.address().port)
          client.on('data', data => parentPort.postMessage([net.Socket === core.Socket, String(data)]))
          client.on('close', () => server.close())
        })
      }`,
    )
    expect(await findings([file])).toEqual([
      [true, 'hello'],
      [true, 'hello'],
    ])
  })

  it('[N5] holds in child processes: forked, spawned, and their children', async () => {
    const file = program(
      'children.cjs',
      `const { fork, execFile } = require('node:child_process')
      const ask = process.argv[2]
      const isOurs = require('net').Socket === require('@x/core').Socket
      if (ask === 'leaf') process.send ? process.send(isOurs) : console.log(isOurs)
      else if (ask === 'branch') execFile(process.execPath, [__filename, 'leaf'], (_e, out) => console.log(isOurs, out.trim()))
      else {
        const forked = new Promise(resolve => fork(__filename, ['leaf']).once('message', resolve))
        const spawned = new Promise(resolve => execFile(process.execPath, [__filename, 'branch'], (_e, out) => resolve(out.trim())))
        Promise.all([forked, spawned]).then(all => console.log(JSON.stringify(all)))
      }`,
    )
    expect(await findings([file])).toEqual([true, 'true true'])
  })

  it('[N5] keeps what NODE_OPTIONS said, and adds itself once', async () => {
    const file = program(
      'options.cjs',
      `const words = process.env.NODE_OPTIONS
      const { execFileSync } = require('node:child_process')
      const child = execFileSync(process.execPath, ['-p', 'process.env.NODE_OPTIONS']).toString().trim()
      console.log(JSON.stringify({ kept: words.startsWith('--no-warnings '), same: child === words }))`,
    )
    const env = { NODE_OPTIONS: '--no-warnings' }
    expect(await findings([file], { env })).toEqual({ kept: true, same: true })
  })

  it('[N5] leaves node:http and node:tls on node:net, whose sockets still count as sockets', async () => {
    const file = program(
      'http.cjs',
      `const http = require('node:http')
      const net = require('node:net')
      const server = http.createServer((request, response) => {
        const { socket } = request
        const seen = [socket instanceof net.Socket, socket.constructor === net.Socket, server instanceof net.Server]
        response.end(JSON.stringify(seen))
      })
      server.listen(0, () => http.get({ port: server.address().port, agent: false }, response => {
        response.on('data', data => console.log(String(data))).on('end', () => server.close())
      }))`,
    )
    expect(await findings([file])).toEqual([true, false, true])
  })

  it('[N5] gives an object whose members a program can replace', async () => {
    const file = program(
      'replace.cjs',
      `'use strict'
      const net = require('net')
      const { connect } = net
      net.connect = (...args) => 'replaced'
      const before = require('net').connect()
      net.connect = connect
      class Own extends net.Socket {}
      console.log(JSON.stringify([before, new net.Socket() instanceof Own, new Own() instanceof net.Socket]))`,
    )
    expect(await findings([file])).toEqual(['replaced', false, true])
  })

  it('[N5] does not reach modules that loaded before it, nor a child without NODE_OPTIONS', async () => {
    const file = program(
      'limits.cjs',
      `const before = require('net')
      require('@x/core/register')
      const { execFileSync } = require('node:child_process')
      const isOurs = 'require("net").Socket === require("@x/core").Socket'
      const child = env => execFileSync(process.execPath, ['-p', isOurs], { env }).toString().trim()
      const { PATH } = process.env
      console.log(JSON.stringify({
        before: before.Socket === require('@x/core').Socket,
        after: require('net').Socket === require('@x/core').Socket,
        children: [child(process.env), child({ PATH })],
      }))`,
    )
    const answers = await findings([file], { flags: [] })
    expect(answers).toEqual({ before: false, after: true, children: ['true', 'false'] })
  })

  it.each([
    ['selected', ''],
    ['portable', 'portable'],
  ])('[N5] serves beside modules that watch what is required, on the %s transport', async (_, on) => {
    const file = program(
      'watched.cjs',
      `const Module = require('node:module')
      const required = Module.prototype.require
      const first = new Map()
      // As tracers do it: one answer for a name, whoever asks.
      Module.prototype.require = function (id) {
        const name = id.replace(/^node:/, '')
        if (name !== 'net') return required.call(this, id)
        if (!first.has(name)) first.set(name, required.call(this, id))
        return first.get(name)
      }
      const net = require('net')
      const server = net.createServer(socket => socket.end('hello')).listen(0, '127.0.0.1', () => {
        const client = net.connect(server.address().port, '127.0.0.1')
        client.on('data', data => console.log(JSON.stringify([String(data), 'isRegistered' in net])))
        client.on('close', () => server.close())
      })`,
    )
    expect(await findings([file], { env: { X_NET_TRANSPORT: on } })).toEqual(['hello', true])
  })
})
