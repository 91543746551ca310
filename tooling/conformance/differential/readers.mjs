// The ways in which programs read a socket, each with what it hears recorded. It knows no program.
import { on, once } from 'node:events'
import { compose, finished, PassThrough, pipeline, promises, Readable, Writable } from 'node:stream'
import { describeError } from './describe.mjs'

/** Writes down what the reader of one actor hears. */
export class Recorder {
  #trace
  #actor

  /** @param {import('./trace.mjs').Trace} trace @param {string} actor */
  constructor(trace, actor) {
    this.#trace = trace
    this.#actor = actor
  }

  /** @param {Buffer | string} chunk */
  chunk(chunk) {
    const isText = typeof chunk === 'string'
    this.#trace.add(this.#actor, 'data', isText ? 'text' : 'data', isText ? chunk : chunk.toString('latin1'))
  }

  /** @param {string} name @param {string} [text] */
  event(name, text) {
    this.#trace.add(this.#actor, 'event', name, text)
  }

  /** How something ended. @param {string} name @param {unknown} [error] */
  outcome(name, error) {
    this.event(name, error ? describeError(error) : '')
  }
}

/** @type {Record<string, (socket: any, recorder: Recorder) => unknown>} */
const ways = {
  data: (socket, recorder) => void socket.on('data', (/** @type {any} */ chunk) => recorder.chunk(chunk)),
  readable: (socket, recorder) =>
    void socket.on('readable', () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) recorder.chunk(chunk)
    }),
  'readable-once': (socket, recorder) =>
    void socket.on('readable', () => {
      const chunk = socket.read()
      if (chunk !== null) recorder.chunk(chunk)
    }),
  pipe: (socket, recorder) => void socket.pipe(sink(recorder)),
  pipeline: (socket, recorder) =>
    void pipeline(socket, sink(recorder), error => recorder.outcome('pipelined', error)),
  'iterate-keep': (socket, recorder) =>
    void iterate(socket.iterator({ destroyOnReturn: false }), recorder, true),
  iterate: (socket, recorder) => void iterate(socket, recorder, false),
  'iterate-one': (socket, recorder) => void iterate(socket, recorder, true),
  finished: (socket, recorder) => void finished(socket, error => recorder.outcome('finished', error)),
  through: (socket, recorder) => void hear(socket.pipe(new PassThrough()), recorder),
  composed: (socket, recorder) => void hear(compose(socket, new PassThrough()), recorder),
  'composed by itself': (socket, recorder) => void hear(socket.compose(new PassThrough()), recorder),
  taken: (socket, recorder) => void tell(socket.take(1).toArray(), recorder),
  mapped: (socket, recorder) =>
    void tell(socket.map((/** @type {any} */ chunk) => String(chunk)).toArray(), recorder),
  'for each': (socket, recorder) =>
    void tell(
      socket.forEach((/** @type {any} */ chunk) => {
        recorder.chunk(chunk)
      }),
      recorder,
    ),
  'promised pipeline': (socket, recorder) => void tell(promises.pipeline(socket, sink(recorder)), recorder),
  web: (socket, recorder) => void iterate(Readable.toWeb(socket), recorder, false),
  'data once': (socket, recorder) => void tell(once(socket, 'data'), recorder),
  'data by events': (socket, recorder) =>
    void iterate(on(socket, 'data', { close: ['end', 'close'] }), recorder, false),
  resume: socket => void socket.resume(),
  'read(0)': socket => void socket.read(0),
}

/** The ways by name. */
export const readingWays = Object.keys(ways)

/** @param {string} way @param {any} socket @param {Recorder} recorder */
export function readIn(way, socket, recorder) {
  const read = ways[way]
  if (read === undefined) throw new RangeError(`no such way of reading: ${way}`)
  read(socket, recorder)
}

/** @param {Recorder} recorder */
function sink(recorder) {
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      recorder.chunk(chunk)
      done()
    },
    final(done) {
      recorder.event('piped end')
      done()
    },
  })
}

/** @param {any} stream @param {Recorder} recorder */
function hear(stream, recorder) {
  stream.on('data', (/** @type {any} */ chunk) => recorder.chunk(chunk))
  stream.on('end', () => recorder.event('heard the end'))
  stream.on('error', (/** @type {unknown} */ error) => recorder.outcome('hearing failed', error))
}

/** @param {Promise<any>} promise @param {Recorder} recorder */
function tell(promise, recorder) {
  promise.then(
    value => recorder.event('told', (value ?? []).map(String).join('')),
    error => recorder.outcome('telling failed', error),
  )
}

/** @param {AsyncIterable<any>} socket @param {Recorder} recorder @param {boolean} stops  after the first chunk */
async function iterate(socket, recorder, stops) {
  try {
    for await (const chunk of socket) {
      recorder.chunk(Array.isArray(chunk) ? chunk[0] : chunk)
      if (stops) break
    }
    recorder.event('iterated')
  } catch (error) {
    recorder.event('iteration failed', describeError(error))
  }
}
