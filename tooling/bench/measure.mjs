// Runs one bench: a server process for each arm, warmed up, then the arms in turns. It prints nothing.
import { fileURLToPath } from 'node:url'
import { ServerProcess } from './child.mjs'
import { placed, placeSpread } from './processors.mjs'

/** The part of a run that warms a server up before it is measured, where its bench does not say otherwise. */
const WARM_UP_SHARE = 0.5
/** The part of the idle connections that is open before memory is measured. */
const FIRST_SHARE = 0.2
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
 * @property {number} [bytes] resident, for each connection more
 */

/**
 * @typedef {object} How
 * @property {import('./options.mjs').Options} options
 * @property {import('./processors.mjs').Placement} placement
 * @property {boolean} [isFresh] a new server process for each run, so that no run inherits another's luck with compiled code
 * @property {(arm: string, run: number) => void} [onRun] before each; run -1 warms up
 * @property {(arm: string, error: unknown) => void} [onFailure] an arm has failed, and takes no part any more; without it, the
 *   bench fails
 */

/**
 * @param {import('./benches.mjs').Bench} bench
 * @param {readonly import('./arms.mjs').Arm[]} arms
 * @param {How} how
 * @returns {Promise<Sample[]>}
 */
export async function measure(bench, arms, how) {
  const { isSpread = false, hold } = bench
  const placing = isSpread ? { ...how, placement: placeSpread(how.placement) } : how
  if (hold !== undefined) return measureMemory(bench, arms, placing)
  return how.isFresh ? measureFresh(bench, arms, placing) : measureWork(bench, arms, placing)
}

/** @type {typeof measure} */
async function measureWork(bench, arms, how) {
  /** @type {Map<string, Stage>} */
  const stages = new Map()
  const field = new Field(arms, how)
  try {
    await field.each(-1, async arm => {
      const stage = new Stage(bench, arm, how)
      stages.set(arm.name, stage)
      await stage.open()
      await stage.warmUp()
      return null
    })
    for (let run = 0; run < how.options.runs; run++) {
      await field.each(run, arm => /** @type {Stage} */ (stages.get(arm.name)).work(1))
    }
  } finally {
    await Promise.all([...stages.values()].map(stage => stage.close()))
  }
  return field.samples()
}

/** @type {typeof measure} */
async function measureFresh(bench, arms, how) {
  return eachFresh(bench, arms, how, async stage => {
    await stage.warmUp()
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
  const field = new Field(arms, how)
  for (let run = 0; run < how.options.runs; run++) {
    await field.each(run, async arm => {
      const stage = new Stage(bench, arm, how)
      try {
        await stage.open()
        return await act(stage)
      } finally {
        await stage.close()
      }
    })
  }
  return field.samples()
}

/** The arms that still take part, and what they have shown. */
class Field {
  #arms
  #how
  /** @type {Sample[]} */
  #samples = []

  /** @param {readonly import('./arms.mjs').Arm[]} arms @param {How} how */
  constructor(arms, how) {
    this.#arms = [...arms]
    this.#how = how
  }

  /**
   * Lets each arm act, in turns: each run begins with another one, so that none is always the first.
   *
   * @param {number} run
   * @param {(arm: import('./arms.mjs').Arm) => Promise<Partial<Sample> | null>} act
   */
  async each(run, act) {
    const first = Math.max(run, 0) % Math.max(this.#arms.length, 1)
    for (const arm of [...this.#arms.slice(first), ...this.#arms.slice(0, first)]) {
      this.#how.onRun?.(arm.name, run)
      try {
        const shown = await act(arm)
        if (shown !== null) this.#samples.push({ arm: arm.name, run, ...shown })
      } catch (error) {
        if (this.#how.onFailure === undefined) throw error
        this.#how.onFailure(arm.name, error)
        this.#arms = this.#arms.filter(other => other !== arm)
      }
    }
  }

  /** Those of the arms that took part to the end. */
  samples() {
    const names = this.#arms.map(({ name }) => name)
    return this.#samples.filter(({ arm }) => names.includes(arm))
  }
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

  async warmUp() {
    await this.work(this.#bench.warmUpShare ?? WARM_UP_SHARE)
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

  /** The work alone, unmeasured, until the server has ended its part. @param {number} share of a run */
  async run(share) {
    const standing = await this.#stand(share)
    try {
      return await standing.work()
    } finally {
      await standing.release()
      // It answers in the order of events; what it puts off to the end of a turn is done by the second answer.
      for (let turn = 0; turn < 2; turn++) await this.#opened.usage()
    }
  }

  /**
   * What a connection more takes, where many are open: what the first ones bring along (code, tables, the allocators' first
   * pages) is not theirs.
   *
   * @returns {Promise<Partial<Sample>>}
   */
  async hold() {
    const { hold } = this.#bench
    if (hold === undefined) throw new TypeError(`${this.#bench.name} holds no connections`)
    const { idle } = this.#how.options
    const first = Math.ceil(idle * FIRST_SHARE)
    const loads = []
    try {
      loads.push(await hold(this.#site(), first))
      const before = await this.#opened.memory()
      loads.push(await hold(this.#site(), idle - first))
      const after = await this.#opened.memory()
      return { bytes: (after.residentBytes - before.residentBytes) / (idle - first) }
    } finally {
      for (const load of loads) await load.release()
    }
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
