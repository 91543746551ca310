// Server CPU for receiving much over one connection, and for passing it on.
import { runToEnd } from '../child.mjs'
import { inJavaScript } from './loads.mjs'

const GIGABYTE = 1e9

/** @type {NonNullable<import('../benches.mjs').Bench['load']>} */
async function blast({ port, processors, options }, share) {
  const bytes = Math.round(options.gigabytes * share * GIGABYTE)
  const startedMs = performance.now()
  const received = Number(await runToEnd(processors, [...inJavaScript('blast'), port, bytes]))
  if (received !== bytes) throw new Error(`${received} of ${bytes} bytes have come`)
  const count = bytes / GIGABYTE
  return { count, perSecond: (count / (performance.now() - startedMs)) * 1000 }
}

/** @type {readonly import('../benches.mjs').Bench[]} */
export const benches = [
  {
    name: 'bulk-receive',
    title: 'Bulk receive, one connection',
    server: 'sink',
    unit: 'GB',
    load: blast,
  },
  {
    name: 'proxy',
    title: 'A proxy by `a.pipe(b); b.pipe(a)`, one connection',
    server: 'proxy',
    unit: 'GB',
    needsSink: true,
    load: blast,
  },
  {
    name: 'relay',
    title: '`relay(a, b)`; where there is none, `pipe` both ways, one connection',
    server: 'relay',
    unit: 'GB',
    needsSink: true,
    load: blast,
  },
]
