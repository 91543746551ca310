// pg against PostgreSQL: queries, large results, notifications, cancelled and killed connections; TCP and a path.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { freePort } from '@x/presets/free-port'
import { listens, packaged, program, scratch } from './bed.mjs'

const { Client, Pool } = packaged('pg')
const bin = newest('/usr/lib/postgresql')
const folder = scratch()
const port = await freePort()
// The server refuses to run as root.
const isRoot = process.getuid?.() === 0
const owner = isRoot ? ids('postgres') : {}
if ('uid' in owner) chownSync(folder, owner.uid, owner.gid)
chmodSync(folder, 0o755)
const data = path.join(folder, 'data')
execFileSync(path.join(bin, 'initdb'), ['-D', data, '-U', 'x', '-A', 'trust', '--no-sync'], {
  stdio: 'ignore',
  cwd: folder,
  ...owner,
})
program(
  path.join(bin, 'postgres'),
  ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
  { cwd: folder, ...owner },
)
await takesClients()

/** Waits until the server, which listens before it is ready, lets a client in. */
async function takesClients() {
  for (;;) {
    await listens(port)
    const client = new Client({ host: '127.0.0.1', port, user: 'x', database: 'postgres' })
    client.on('error', () => {})
    const isThere = await client.connect().then(
      () => true,
      () => false,
    )
    await client.end().catch(() => {})
    if (isThere) return
  }
}

/** @param {string} place */
function newest(place) {
  const version =
    readdirSync(place)
      .sort((one, other) => Number(one) - Number(other))
      .at(-1) ?? ''
  return path.join(place, version, 'bin')
}

/** @param {string} user */
function ids(user) {
  const id = (/** @type {string} */ flag) => Number(execFileSync('id', [flag, user]))
  return { uid: id('-u'), gid: id('-g') }
}

for (const [name, host] of Object.entries({ TCP: '127.0.0.1', 'a path': folder })) {
  const at = { host, port, user: 'x', database: 'postgres' }
  /** @param {import('node:test').TestContext} t */
  const connected = async t => {
    const client = new Client(at)
    client.on('error', () => {})
    await client.connect()
    t.after(() => client.end())
    return client
  }

  test(`${name}: queries of one turn are answered in order`, async t => {
    const client = await connected(t)
    const got = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => (await client.query('select $1::int as n', [i])).rows[0].n),
    )
    assert.deepEqual(
      got,
      Array.from({ length: 200 }, (_, i) => i),
    )
  })

  test(`${name}: large results and parameters`, async t => {
    const client = await connected(t)
    const { rows } = await client.query(
      'select n, repeat($1, 100) as text from generate_series(1, 20000) as n',
      ['x'],
    )
    assert.equal(rows.length, 20_000)
    assert.equal(rows[19_999].text, 'x'.repeat(100))
    const long = 'y'.repeat(2_000_000)
    assert.equal((await client.query('select length($1::text) as n', [long])).rows[0].n, 2_000_000)
  })

  test(`${name}: errors leave the connection in order`, async t => {
    const client = await connected(t)
    const wrong = client.query('select no_such_column')
    const right = client.query('select 1 as n')
    await assert.rejects(wrong, { code: '42703' })
    assert.equal((await right).rows[0].n, 1)
  })

  test(`${name}: notifications`, async t => {
    const [reader, writer] = [await connected(t), await connected(t)]
    await reader.query('listen channel')
    /** @type {string[]} */
    const got = []
    const all = new Promise(resolve => {
      reader.on('notification', (/** @type {any} */ { payload }) => {
        if (got.push(payload) === 50) resolve(undefined)
      })
    })
    for (let i = 0; i < 50; i++) writer.query(`notify channel, '${i}'`)
    await all
    assert.deepEqual(
      got,
      Array.from({ length: 50 }, (_, i) => String(i)),
    )
  })

  test(`${name}: a connection that the server ends`, async t => {
    const [client, other] = [await connected(t), await connected(t)]
    const { rows } = await client.query('select pg_backend_pid() as pid')
    const ended = new Promise(resolve => client.once('end', resolve))
    await other.query('select pg_terminate_backend($1)', [rows[0].pid])
    await ended
    await assert.rejects(client.query('select 1'))
  })

  test(`${name}: a pool`, async () => {
    const pool = new Pool({ ...at, max: 5 })
    const got = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => (await pool.query('select $1::int as n', [i])).rows[0].n),
    )
    assert.equal(new Set(got).size, 50)
    await pool.end()
  })
}
