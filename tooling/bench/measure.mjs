// Runs one bench: a server process for each arm, warmed up, then the arms in turns. It prints nothing.
import { fileURLToPath } from 'node:url'
import { ServerProcess } from './child.mjs'
import { ANYWHERE, placed } from './processors.mjs'

/** The part of a run that warms a server up before it is measured. */
const WARM_UP_SHARE = 0.5
const SINK = fileURLToPath(new URL('servers/sink.mjs', import.meta.url))

/**
 * What one run of an arm has shown. A bench of work has no bytes; one of memory has nothing else.
 *
 * @typedef {object} Sample
 * @property {string} arm
 * @property {number} run
 * @property {number} [cpuUs] server CPU, user and system, for each unit of work
 * @property {number} [userUs] the part of it that is spent outside the kernel
 * @property {number} [perSecond] units of work
 * @property {import('./benches.mjs').Latency} [latencyUs]
 * @property {number} [bytes] resident, for each connection
 */

/**
 * @typedef {object} How
 * @property {import('./options.mjs').Options} options
 * @property {import('./processors.mjs').Placement} placement
 * @property {boolean} [isFresh] a new server process for each run, so that no run inherits another's luck with compiled code
 * @property {(arm: string, run: number) => void} [onRun] before each; run -1 warms up
 */

/**
 * @param {import('./benches.mjs').Bench} bench
 * @param {readonly import('./arms.mjs').Arm[]} arms
 * @param {How} how
 * @returns {Promise<Sample[]>}
 */
export async function measure(bench, arms, how) {
  const { isSpread = false, hold } = bench
  const placing = isSpread ? { ...how, placement: ANYWHERE } : how
  if (hold !== undefined) return measureMemory(bench, arms, placing)
  return how.isFresh ? measureFresh(bench, arms, placing) : measureWork(bench, arms, placing)
}

/** @type {typeof measure} */
async function measureWork(bench, arms, how) {
  /** @type {Map<string, Stage>} */
  const stages = new Map()
  const samples = []
  try {
    for (const arm of arms) {
      const stage = new Stage(bench, arm, how)
      stages.set(arm.name, stage)
      how.onRun?.(arm.name, -1)
      await stage.open()
      await stage.work(WARM_UP_SHARE)
    }
    for (let run = 0; run < how.options.runs; run++) {
      for (const arm of inTurns(arms, run)) {
        how.onRun?.(arm.name, run)
        const stage = /** @type {Stage} */ (stages.get(arm.name))
        samples.push({ arm: arm.name, run, ...(await stage.work(1)) })
      }
    }
  } finally {
    await Promise.all([...stages.values()].map(stage => stage.close()))
  }
  return samples
}

/** @type {typeof measure} */
async function measureFresh(bench, arms, how) {
  return eachFresh(bench, arms, how, async stage => {
    await stage.work(WARM_UP_SHARE)
    return stage.work(1)
  })
}

/** A fresh server for each run: memory that was once taken is seldom given back. @type {typeof measure} */
async function measureMemory(bench, arms, how) {
  return eachFresh(bench, arms, how, stage => stage.hold())
}

/**
 * @param {import('./benches.mjs').Bench} bench
 * @param {readonly import('./arms.mjs').Arm[]} arms
 * @param {How} how
 * @param {(stage: Stage) => Promise<Partial<Sample>>} act
 */
async function eachFresh(bench, arms, how, act) {
  const samples = []
  for (let run = 0; run < how.options.runs; run++) {
    for (const arm of inTurns(arms, run)) {
      how.onRun?.(arm.name, run)
      const stage = new Stage(bench, arm, how)
      try {
        await stage.open()
        samples.push({ arm: arm.name, run, ...(await act(stage)) })
      } finally {
        await stage.close()
      }
    }
  }
  return samples
}

/** A server of an arm, with the sink that it passes on to where it needs one, and what is done to it. */
export class Stage {
  #bench
  #arm
  #how
  /** @type {ServerProcess | undefined} */
  #server
  /** @type {ServerProcess | undefined} */
  #sink

  /** @param {import('./benches.mjs').Bench} bench @param {import('./arms.mjs').Arm} arm @param {How} how */
  constructor(bench, arm, how) {
    this.#bench = bench
    this.#arm = arm
    this.#how = how
  }

  /** The server's process. */
  get pid() {
    return this.#opened.pid
  }

  async open() {
    const { placement } = this.#how
    const env = { ...this.#arm.env }
    if (this.#bench.needsSink) {
      const command = placed(placement.load, [process.execPath, SINK])
      this.#sink = new ServerProcess(command, { X_BENCH_NET: 'node:net' })
      env['X_BENCH_UPSTREAM'] = String((await this.#sink.ready()).port)
    }
    this.#server = new ServerProcess(placed(placement.server, this.#arm.command(this.#bench.server)), env)
    await this.#server.ready()
  }

  /** @param {number} share of a run @returns {Promise<Partial<Sample>>} */
  async work(share) {
    const standing = await this.#stand(share)
    try {
      const before = await this.#opened.usage()
      const { count, perSecond, latencyUs } = await standing.work()
      const after = await this.#opened.usage()
      const userUs = (after.user - before.user) / count
      const cpuUs = userUs + (after.system - before.system) / count
      return { cpuUs, userUs, perSecond, latencyUs }
    } finally {
      await standing.release()
    }
  }

  /** The work alone, unmeasured. @param {number} share of a run */
  async run(share) {
    const standing = await this.#stand(share)
    try {
      return await standing.work()
    } finally {
      await standing.release()
    }
  }

  /** @returns {Promise<Partial<Sample>>} */
  async hold() {
    const before = await this.#opened.memory()
    const load = await this.#bench.hold?.(this.#site())
    const after = await this.#opened.memory()
    await load?.release()
    return { bytes: (after.residentBytes - before.residentBytes) / this.#how.options.idle }
  }

  async close() {
    await this.#server?.stop()
    await this.#sink?.stop()
  }

  get #opened() {
    if (this.#server === undefined) throw new Error('the server is not open')
    return this.#server
  }

  #site() {
    return { port: this.#opened.port, processors: this.#how.placement.load, options: this.#how.options }
  }

  /** @param {number} share @returns {Promise<import('./benches.mjs').Standing>} */
  async #stand(share) {
    const { stand, load, name } = this.#bench
    if (stand !== undefined) return stand(this.#site(), share)
    if (load === undefined) throw new TypeError(`${name} has no load`)
    return { work: () => load(this.#site(), share), release: async () => {} }
  }
}

/** Each run begins with another arm, so that none is always the first. @template T @param {readonly T[]} arms @param {number} run @returns {T[]} */
function inTurns(arms, run) {
  const first = run % arms.length
  return [...arms.slice(first), ...arms.slice(0, first)]
}
