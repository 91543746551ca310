// basic-ftp to ftp-srv: data connections of their own in both directions.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Client } from 'basic-ftp'
import { FtpSrv } from 'ftp-srv'
import { payload, report, sum } from './report.mjs'

const folder = mkdtempSync(path.join(os.tmpdir(), 'x-ftp-'))
const quiet = Object.fromEntries(
  ['trace', 'debug', 'info', 'warn', 'error', 'child'].map(name => [name, () => quiet]),
)
const server = new FtpSrv({ url: 'ftp://127.0.0.1:0', anonymous: true, pasv_url: '127.0.0.1', log: quiet })
server.on('login', (_data, resolve) => resolve({ root: folder }))
await server.listen()
const { port } = server.server.address()

const file = payload(16 << 20)
const local = path.join(folder, 'local.bin')
writeFileSync(local, file.data)
const client = new Client()
await client.access({ host: '127.0.0.1', port })
await client.uploadFrom(local, 'up.bin')
await client.downloadTo(path.join(folder, 'down.bin'), 'up.bin')
const names = (await client.list()).map(entry => entry.name).sort()
client.close()
await server.close()
const refused = await new Client().access({ host: '127.0.0.1', port }).catch(error => error.code)
const same = ['up.bin', 'down.bin'].map(name => sum(readFileSync(path.join(folder, name))) === file.sum)
rmSync(folder, { recursive: true })
report({ same, names, refused })
