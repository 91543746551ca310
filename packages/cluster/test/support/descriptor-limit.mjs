// How many descriptors a process may have: read and set from outside (prlimit(1)), so that it works where none is left.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync } from 'node:fs'

/** Descriptors of a process; this one unless told. @param {number | 'self'} [pid] @returns {number} */
export function descriptorsOf(pid = 'self') {
  return process.platform === 'linux' ? readdirSync(`/proc/${pid}/fd`).length : 0
}

/** Sets the soft limit of a process. @param {number} pid @param {number} soft @returns {number} the one before */
export function limitDescriptors(pid, soft) {
  const before = execFileSync('prlimit', ['--pid', String(pid), '--nofile', '-o', 'SOFT', '--noheadings'])
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`])
  return Number(String(before).trim())
}

/** Lets this process open nothing more; what gives that back. A shell that was there before changes the limit. */
export async function takeDescriptors() {
  const shell = spawn('sh', { stdio: ['pipe', 'pipe', 'inherit'] })
  /** @param {string} command */
  const run = async command => {
    shell.stdin.write(`${command} && echo done\n`)
    let answer = ''
    while (!answer.includes('done')) answer += String((await once(shell.stdout, 'data'))[0])
    return answer
  }
  const [soft = ''] = (await run(`prlimit --pid ${process.pid} --nofile -o SOFT --noheadings`)).split('\n')
  const lowest = openSync('/dev/null', 'r')
  closeSync(lowest)
  await run(`prlimit --pid ${process.pid} --nofile=${lowest}:`)
  return async () => {
    await run(`prlimit --pid ${process.pid} --nofile=${soft.trim()}:`)
    shell.kill()
    await once(shell, 'close')
  }
}
