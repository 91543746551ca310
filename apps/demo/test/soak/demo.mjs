// The built demo as the counted cases start it. It knows no case.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The built demo; `order` runs `demo ctl` on it. */
export async function startDemo(workers, ...options) {
  const folder = mkdtempSync(join(tmpdir(), 'x-demo-'))
  const words = [
    '--port',
    '0',
    '--path',
    join(folder, 'demo.sock'),
    '--workers',
    String(workers),
    '--no-page',
    ...options,
  ]
  const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const log = { text: '' }
  child.stderr.setEncoding('utf8').on('data', text => {
    log.text += text
  })
  let port = 0
  for await (const line of createInterface({ input: child.stdout })) {
    port = Number(/Listening: 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? port)
    if (line.startsWith('Ctrl-C')) break
  }
  child.stdout.resume()
  return {
    port,
    log,
    child,
    async order(...order) {
      const ctl = spawn(process.execPath, [program, 'ctl', ...order, '--port', String(port)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let answer = ''
      ctl.stdout.setEncoding('utf8').on('data', text => {
        answer += text
      })
      await once(ctl, 'close')
      return answer
    },
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
      this.clear()
    },
    /** Removes what a killed one leaves. */
    clear() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
