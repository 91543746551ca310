// Server CPU for receiving much over one connection, and for passing it on.
import { fileURLToPath } from 'node:url'
import { runLoad } from '../child.mjs'

const BLAST = fileURLToPath(new URL('../loads/blast.mjs', import.meta.url))
const GIGABYTE = 1e9

/** @type {NonNullable<import('../benches.mjs').Bench['load']>} */
async function blast(port, { gigabytes }, share) {
  const bytes = Math.round(gigabytes * share * GIGABYTE)
  const startedMs = performance.now()
  const received = Number(await runLoad(process.execPath, [BLAST, port, bytes]))
  if (received !== bytes) throw new Error(`${received} of ${bytes} bytes have come`)
  const count = bytes / GIGABYTE
  return { count, perSecond: (count / (performance.now() - startedMs)) * 1000 }
}

export const benches = [
  {
    name: 'bulk-receive',
    title: 'Bulk receive, per GB, one connection',
    server: 'sink',
    unit: 'GB',
    load: blast,
  },
  {
    name: 'proxy',
    title: 'A proxy by `a.pipe(b); b.pipe(a)`, per GB, one connection',
    server: 'proxy',
    unit: 'GB',
    load: blast,
  },
]
