// What a program of scenes is written with: each scene writes a log for each actor, and the log of all scenes is printed
// when the program ends. It is the same program on node:net and registered on a transport; it knows neither.
import { once } from 'node:events'

/** Lines by actor; lines of one actor have an order. @typedef {Record<string, string[]>} Log */

/**
 * @typedef {object} Stage
 * @property {(actor: string, ...values: unknown[]) => void} log
 * @property {(actor: string, emitter: any, ...events: string[]) => void} watch  logs each event by its name, with what `shown` says
 * @property {(what: () => unknown) => void} after   closes what the scene has opened
 * @property {(server: any, ...where: unknown[]) => Promise<number>} listen   on 127.0.0.1; answers the port
 */

const only = process.env['X_SCENE'] ?? ''
/** Milliseconds after which a scene counts as one that hangs; 0: never. */
const limitMs = Number(process.env['X_SCENE_MS'] ?? 0)

/** @type {{ name: string, act: (stage: Stage) => unknown }[]} */
const scenes = []

/** @param {string} name @param {(stage: Stage) => unknown} act */
export function scene(name, act) {
  if (scenes.length === 0) setImmediate(playAll)
  scenes.push({ name, act })
}

async function playAll() {
  /** @type {Record<string, Log>} */
  const logs = {}
  // A scene that leaves nothing open hangs, and is not the end.
  setInterval(() => {}, 1_000_000)
  for (const { name, act } of scenes) if (name.includes(only)) logs[name] = await play(act)
  process.stdout.write(JSON.stringify(logs), () => process.exit(0))
}

/** @param {(stage: Stage) => unknown} act @returns {Promise<Log>} */
async function play(act) {
  /** @type {Log} */
  const kept = {}
  /** @type {(() => unknown)[]} */
  const closings = []
  let isOver = false
  /** @type {Stage['log']} */
  const log = (actor, ...values) => {
    if (isOver) return
    kept[actor] ??= []
    kept[actor]?.push(values.map(shown).join(' '))
  }
  const caught = (/** @type {unknown} */ error) => log('uncaught', error)
  process.on('uncaughtException', caught)
  /** @type {Stage} */
  const stage = {
    log,
    watch(actor, emitter, ...events) {
      for (const event of events)
        emitter.on(event, (/** @type {unknown[]} */ ...args) => log(actor, `'${event}'`, ...args))
    },
    after: what => void closings.unshift(what),
    async listen(server, ...where) {
      server.listen(...(where.length > 0 ? where : [0, '127.0.0.1']))
      closings.unshift(() => server.close())
      await once(server, 'listening')
      return server.address()?.port
    },
  }
  try {
    await (limitMs > 0 ? Promise.race([act(stage), hung()]) : act(stage))
  } catch (error) {
    log('scene', 'fails', error)
  }
  isOver = true
  for (const close of closings) await close()
  process.off('uncaughtException', caught)
  return kept
}

const hung = () =>
  new Promise((_, reject) => setTimeout(reject, limitMs, new Error('the scene hangs')).unref())

/** A value as a line of the log has it. @param {unknown} value @returns {string} */
function shown(value) {
  if (value instanceof Error) {
    const { code, syscall } = /** @type {any} */ (value)
    return `${value.constructor.name} ${[code, syscall].filter(Boolean).join(' ')} "${value.message
      .replace(/^.*:error:\w+:/, '')
      .replace(/\d{4,5}\b/g, 'PORT')
      .trim()}"`
  }
  if (Buffer.isBuffer(value)) return value.length > 200 ? `<${value.length} bytes>` : `<${value}>`
  if (typeof value === 'object' && value !== null) {
    const { name } = value.constructor ?? { name: 'object' }
    return name === 'Object' || name === 'Array' ? JSON.stringify(value) : name
  }
  return String(value)
}

/** All that a stream gives. @param {any} stream */
export async function textOf(stream) {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

/** Turns of the event loop. @param {number} count */
export async function turns(count) {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve))
}

/** A promise, and what settles it. */
export function deferred() {
  /** @type {(value?: any) => void} */
  let resolve = () => {}
  const promise = new Promise(settle => {
    resolve = settle
  })
  return { promise, resolve }
}
