// The ways in which programs write into a socket other than by its own `write` and `end`. It knows no program.
import {
  addAbortSignal,
  compose,
  finished,
  PassThrough,
  pipeline,
  promises,
  Readable,
  Writable,
} from 'node:stream'
import { describeError } from './describe.mjs'

/** @typedef {import('./readers.mjs').Recorder} Recorder */

/** @type {Record<string, (socket: any, texts: string[], recorder: Recorder, signal: AbortSignal) => unknown>} */
const ways = {
  'from.pipe': (socket, texts) => Readable.from(texts).pipe(socket),
  'from.pipe open': (socket, texts) => Readable.from(texts).pipe(socket, { end: false }),
  'bytes.pipe': (socket, texts) => Readable.from(texts.map(text => Buffer.from(text))).pipe(socket),
  through: (socket, texts) => {
    const through = new PassThrough()
    through.pipe(socket)
    for (const text of texts) through.write(text)
    through.end()
  },
  pipeline: (socket, texts, recorder) =>
    void pipeline(Readable.from(texts), socket, error => recorder.outcome('fed', error)),
  'promised pipeline': (socket, texts, recorder) =>
    void promises.pipeline(Readable.from(texts), socket).then(
      () => recorder.outcome('fed'),
      error => recorder.outcome('fed', error),
    ),
  generator: (socket, texts, recorder) =>
    void pipeline(
      async function* () {
        for (const text of texts) yield text
      },
      socket,
      error => recorder.outcome('fed', error),
    ),
  'failing generator': (socket, texts, recorder) =>
    void pipeline(
      async function* () {
        yield texts[0]
        throw new Error('no more')
      },
      socket,
      error => recorder.outcome('fed', error),
    ),
  composed: (socket, texts, recorder) => {
    const both = compose(new PassThrough(), socket)
    both.on('error', error => recorder.event('composed fails', describeError(error)))
    both.on('data', chunk => recorder.chunk(chunk))
    for (const text of texts) both.write(text)
  },
  web: (socket, texts, recorder) => {
    const writer = Writable.toWeb(socket).getWriter()
    writer.closed.catch(() => {})
    for (const text of texts) writer.write(Buffer.from(text)).catch(error => recorder.outcome('fed', error))
    writer.close().then(
      () => recorder.outcome('fed'),
      error => recorder.outcome('fed', error),
    )
  },
  finished: (socket, _texts, recorder) =>
    void finished(socket, { readable: false }, error => recorder.outcome('finished writing', error)),
  'finished by promise': (socket, _texts, recorder) =>
    void promises.finished(socket, { cleanup: true }).then(
      () => recorder.outcome('finished'),
      error => recorder.outcome('finished', error),
    ),
  addAbortSignal: (socket, _texts, _recorder, signal) => addAbortSignal(signal, socket),
}

/** The ways by name. */
export const feedingWays = Object.keys(ways)

/** @param {string} way @param {any} socket @param {string[]} texts @param {Recorder} recorder @param {AbortSignal} signal */
export function feedIn(way, socket, texts, recorder, signal) {
  const feed = ways[way]
  if (feed === undefined) throw new RangeError(`no such way of feeding: ${way}`)
  feed(socket, texts, recorder, signal)
}
