// A primary that hands connections to two workers, round-robin; each accepts, echoes and closes. The CPU that it tells of is
// the primary's alone.
import { fileURLToPath } from 'node:url'
import { answerQuestions, tell } from './control.mjs'

const { default: cluster } = await import(
  process.env.X_BENCH_NET === 'node:net' ? 'node:cluster' : (process.env.X_BENCH_CLUSTER ?? '@x/cluster')
)

cluster.schedulingPolicy = cluster.SCHED_RR
cluster.setupPrimary({ exec: fileURLToPath(new URL('handover-worker.mjs', import.meta.url)) })
const workers = [cluster.fork(), cluster.fork()]
let listening = 0
cluster.on('listening', (_worker, { port }) => {
  if (++listening < workers.length) return
  tell({ port })
  answerQuestions()
})
process.on('exit', () => {
  for (const worker of workers) worker.process.kill('SIGKILL')
})
