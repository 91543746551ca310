// pg against a PostgreSQL that runs inside this process, behind a server of net: queries, a large value, a cursor's worth
// of rows, an error, a pool that is refused.
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'
import { payload, report, sum } from './report.mjs'

const db = await PGlite.create()
const server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1' })
await server.start()
const port = Number(server.getServerConn().split(':').at(-1))

const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', ssl: false })
await client.connect()
await client.query('create table items (id int, body bytea)')
const large = payload(4 << 20)
await client.query('insert into items values ($1, $2)', [1, large.data])
const { rows } = await client.query('select body from items where id = $1', [1])
const many = await client.query('select i, md5(i::text) as sum from generate_series(1, 20000) as i')
const error = await client.query('select * from nowhere').catch(error => error)
await client.end()
await server.stop()
await db.close()

const refused = await new pg.Client({ host: '127.0.0.1', port }).connect().catch(error => error)
report({
  large: sum(rows[0].body) === large.sum,
  rows: many.rows.length,
  last: many.rows.at(-1).i,
  error: error.code,
  refused: refused.code,
})
