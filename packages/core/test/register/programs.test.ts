// Programs of other people, both sides where they have two, on @x/core through the register hook. Each prints what it
// found; the same program on node:net has to print the same.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadNative } from '../../src/transport/native'
import { type Run, run } from './run'

const folder = path.join(import.meta.dirname, 'programs')
const programs = readdirSync(folder).filter(name => name !== 'report.mjs')
const native = loadNative()

/** What each program is, for the names of the tests. */
const kinds: Record<string, string> = {
  'files.mjs': 'a file server and its client (ftp-srv, basic-ftp)',
  'mail.mjs': 'a mail server and its client, with STARTTLS (smtp-server, nodemailer)',
  'mqtt.mjs': 'a message broker and a hundred clients (aedes, mqtt)',
  'mysql.mjs': 'a MySQL server and its client (mysql2)',
  'postgres.mjs': 'a PostgreSQL server and its client (pglite-socket, pg)',
  'redis.mjs': 'the client of a real Redis server (ioredis)',
  'rpc.mjs': 'a gRPC server and its client (@grpc/grpc-js)',
  'shell.mjs': 'a remote shell, its client and a forwarded port (ssh2)',
  'half-closed-tls.mjs': 'a TLS client that has ended and listens on (node:tls)',
  'starttls.mjs': 'TLS over sockets that have readers already (node:tls)',
  'websocket.mjs': 'WebSocket and HTTP over sockets of net (ws, undici, node:http)',
}

/** What each program prints on node:net; asked once. */
const answers = new Map<string, Promise<Run>>()

function onNode(file: string): Promise<Run> {
  const answer = answers.get(file) ?? run([file], { flags: [] })
  answers.set(file, answer)
  return answer
}

describe('programs on @x/core', () => {
  it('has a name for each program', () => {
    expect(Object.keys(kinds).sort()).toEqual(programs.sort())
  })

  for (const [program, kind] of Object.entries(kinds)) {
    for (const transport of ['native', 'portable']) {
      const isMissing = transport === 'native' && native.transport === null
      it.skipIf(isMissing)(`[N5] [N6] runs ${kind} on ${transport}, as on node:net`, async () => {
        const file = path.join(folder, program)
        const ours = await run([file], { env: { X_NET_TRANSPORT: transport } })
        expect(ours).toMatchObject({ code: 0 })
        expect(ours.stdout).toContain('on @x/core')
        const nodes = await onNode(file)
        expect(ours.stdout.replace('on @x/core', 'on node:net')).toBe(nodes.stdout)
      })
    }
  }
})
