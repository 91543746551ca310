// mysql2 as client and as server: its own handshake and packets, a large result, an error packet.
import mysql from 'mysql2'
import { payload, report, sum } from './report.mjs'

const large = payload(4 << 20)
const server = mysql.createServer()
server.on('connection', connection => {
  connection.on('error', () => {})
  connection.serverHandshake({
    protocolVersion: 10,
    serverVersion: '8.0.0',
    connectionId: 1,
    statusFlags: 2,
    characterSet: 8,
    capabilityFlags: 0xffffff ^ 0x000800,
  })
  connection.on('query', text => {
    if (text === 'select broken') return connection.writeError({ code: 1064, message: 'no such thing' })
    const columns = [
      {
        catalog: 'def',
        schema: 's',
        table: 't',
        orgTable: 't',
        name: 'v',
        orgName: 'v',
        characterSet: 33,
        columnLength: 255,
        columnType: 253,
        flags: 0,
        decimals: 0,
      },
    ]
    connection.writeColumns(columns)
    connection.writeTextRow([large.data.toString('hex')])
    connection.writeEof()
  })
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const { port } = server._server.address()

const client = await mysql.createConnection({ host: '127.0.0.1', port, user: 'u' }).promise()
const [rows] = await client.query('select v')
const error = await client.query('select broken').catch(error => error)
client.destroy()
await new Promise(resolve => server.close(resolve))
const refused = await mysql
  .createConnection({ host: '127.0.0.1', port })
  .promise()
  .connect()
  .catch(error => error.code)
report({ large: sum(Buffer.from(rows[0].v, 'hex')) === large.sum, error: error.errno, refused })
