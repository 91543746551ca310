// That modules behind links still load after this package has looked at sockets and pipes (Node 20 and 22 forget it after
// fs.fstatSync on one).
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'

const built = path.resolve(import.meta.dirname, '../dist/index.mjs')

it.each(['native', 'portable'])(
  'a package behind a link loads after listen and adopt (%s)',
  async transport => {
    const folder = mkdtempSync(path.join(tmpdir(), 'x-links-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    // As pnpm does it: `user` finds `used` only at its real place.
    for (const name of ['store/node_modules/user', 'store/node_modules/used', 'app/node_modules'])
      mkdirSync(path.join(folder, name), { recursive: true })
    writeFileSync(path.join(folder, 'store/node_modules/user/index.js'), "module.exports = require('used')")
    writeFileSync(path.join(folder, 'store/node_modules/used/index.js'), "module.exports = 'loaded'")
    symlinkSync(path.join(folder, 'store/node_modules/user'), path.join(folder, 'app/node_modules/user'))
    const program = `
    import { listen } from ${JSON.stringify(built)}
    import { Socket } from ${JSON.stringify(path.resolve(import.meta.dirname, '../node_modules/@x/core/dist/index.mjs'))}
    const server = await listen(${JSON.stringify(path.join(folder, 'socket'))})
    new Socket({ fd: 1 }).unref()
    console.error((await import('user')).default)
    server.close()`
    writeFileSync(path.join(folder, 'app/app.mjs'), program)
    const env = { ...process.env, X_NET_TRANSPORT: transport }
    const run = promisify(execFile)(process.execPath, [path.join(folder, 'app/app.mjs')], { env })
    expect((await run).stderr).toBe('loaded\n')
  },
)
