// mysql2 against its own server: queries in order, results of all sizes, pools, and servers that go away.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { packaged } from './bed.mjs'

const mysql = packaged('mysql2')

/** @param {import('node:test').TestContext} t @param {(connection: any, sql: string) => void} answer */
async function served(t, answer) {
  const server = mysql.createServer()
  /** @type {Set<any>} */
  const open = new Set()
  server.on('connection', (/** @type {any} */ connection) => {
    open.add(connection)
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: 'test',
      connectionId: open.size,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xffffff ^ 0x800 ^ 0x20,
    })
    connection.on('error', () => {})
    connection.on('query', (/** @type {string} */ sql) => answer(connection, sql))
  })
  server.listen(0, '127.0.0.1')
  await once(server._server, 'listening')
  const { port } = server._server.address()
  t.after(() => {
    server._server.close()
    for (const { stream } of open) stream.destroy()
  })
  return { host: '127.0.0.1', user: 'x', password: '', port }
}

const column = {
  catalog: 'def',
  schema: 'test',
  table: 't',
  orgTable: 't',
  name: 'one',
  orgName: 'one',
  characterSet: 33,
  columnLength: 384,
  columnType: 253,
  flags: 0,
  decimals: 0,
}

/** @param {any} connection @param {string} sql */
const echo = (connection, sql) => {
  const [, count, text] = /** @type {string[]} */ (/^(\d+) (.*)$/.exec(sql) ?? ['', '1', sql])
  connection.writeTextResult(
    Array.from({ length: Number(count) }, (_, i) => ({ one: `${text} ${i}` })),
    [column],
  )
}

test('queries of one turn are answered in their order', async t => {
  const connection = mysql.createConnection(await served(t, echo)).promise()
  const got = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => (await connection.query(`1 q${i}`))[0][0].one),
  )
  assert.deepEqual(
    got,
    Array.from({ length: 100 }, (_, i) => `q${i} 0`),
  )
  await connection.end()
})

test('large results and long statements', async t => {
  const connection = mysql.createConnection(await served(t, echo)).promise()
  const [rows] = await connection.query('5000 row')
  assert.equal(rows.length, 5000)
  assert.equal(rows[4999].one, 'row 4999')
  const text = 'x'.repeat(300_000)
  assert.equal((await connection.query(`1 ${text}`))[0][0].one, `${text} 0`)
  await connection.end()
})

test('a pool', async t => {
  const pool = mysql.createPool({ ...(await served(t, echo)), connectionLimit: 5 }).promise()
  const got = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => (await pool.query(`1 p${i}`))[0][0].one),
  )
  assert.equal(new Set(got).size, 60)
  await pool.end()
})

test('a query stream that is read slowly', async t => {
  const connection = mysql.createConnection(await served(t, echo))
  let count = 0
  for await (const row of connection.query('3000 slow').stream({ highWaterMark: 5 })) {
    assert.equal(row.one, `slow ${count++}`)
    if (count % 500 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  assert.equal(count, 3000)
  connection.end()
})

test('a server that goes away fails what waits', async t => {
  const connection = mysql.createConnection(
    await served(t, one => {
      one.stream.destroy()
    }),
  )
  connection.on('error', () => {})
  const errors = await Promise.allSettled(Array.from({ length: 3 }, () => connection.promise().query('1 x')))
  assert.deepEqual(
    errors.map(one => one.status === 'rejected' && one.reason.code),
    Array.from({ length: 3 }, () => 'PROTOCOL_CONNECTION_LOST'),
  )
})

test('nobody listens', async () => {
  const connection = mysql.createConnection({ host: '127.0.0.1', port: 1 })
  const [error] = await once(connection, 'error')
  assert.equal(error.code, 'ECONNREFUSED')
})
