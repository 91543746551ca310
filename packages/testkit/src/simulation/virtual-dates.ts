// The `Date` header that servers of `node:http` and `node:http2` add to their answers: in a simulation it tells virtual time.
// It knows the forms of headers, and no connection.
import type http from 'node:http'
import type http2 from 'node:http2'
import { createRequire } from 'node:module'
import path from 'node:path'
import { packageFolder } from '../package-folder'
import type { AnyFunction, Replacements } from './replacements'

/** Loaded with the first simulation: a test without one need not wait for it. */
const require = createRequire(path.join(packageFolder, 'index.js'))

/** Puts the date of virtual time into answers of the simulation's code. */
export function replaceDateHeaders(replacements: Replacements, dateMs: () => number): void {
  const date = () => new Date(dateMs()).toUTCString()
  const { ServerResponse } = require('node:http') as typeof http
  replacements.replace(ServerResponse.prototype, 'writeHead', real => {
    const dated = function (this: http.ServerResponse, ...args: unknown[]) {
      const isAdded = this.sendDate && !this.hasHeader('date')
      return Reflect.apply(real, this, isAdded ? withDateInHead(args, date()) : args)
    }
    return replacements.either(dated as unknown as AnyFunction)(real as AnyFunction) as typeof real
  })
  replaceDatesOfStreams(replacements, date)
}

/** The class of a server's streams has no name outside of Node: it is known once there is such a stream. */
function replaceDatesOfStreams(replacements: Replacements, date: () => string): void {
  const { createServer } = require('node:http2') as typeof http2
  const server = Object.getPrototypeOf(createServer()) as { emit: AnyFunction }
  const known = new Set<object>()
  replacements.replace(server, 'emit', real => {
    const emit = function (this: unknown, ...args: unknown[]) {
      const [event, stream] = args
      const streams = event === 'stream' ? (Object.getPrototypeOf(stream) as Streams) : null
      if (streams && !known.has(streams)) {
        known.add(streams)
        for (const name of RESPONDING) replaceRespond(replacements, streams, name, date)
      }
      return Reflect.apply(real, this, args)
    }
    return replacements.either(emit as unknown as AnyFunction)(real)
  })
}

/** The methods of a server's stream that answer, and where their headers stand among their arguments. */
const HEADERS_AT = { respond: 0, respondWithFD: 1, respondWithFile: 1 } as const
const RESPONDING = ['respond', 'respondWithFD', 'respondWithFile'] as const

type Streams = Record<keyof typeof HEADERS_AT, AnyFunction>

function replaceRespond(
  replacements: Replacements,
  streams: Streams,
  name: keyof typeof HEADERS_AT,
  date: () => string,
): void {
  const at = HEADERS_AT[name]
  replacements.replace(streams, name, real => {
    const dated = function (this: unknown, ...args: unknown[]) {
      const options = args[at + 1] as { sendDate?: boolean } | undefined
      const changed = [...args]
      if (options?.sendDate !== false) changed[at] = withDate(args[at], 'date', date())
      return Reflect.apply(real, this, changed)
    }
    return replacements.either(dated as unknown as AnyFunction)(real)
  })
}

/** The arguments of `writeHead`: a status, a reason or none, and headers or none. */
function withDateInHead(args: readonly unknown[], date: string): unknown[] {
  const [status, reason, headers] = args
  if (typeof reason === 'string') return [status, reason, withDate(headers, 'Date', date)]
  return [status, withDate(headers ?? reason, 'Date', date)]
}

/** Headers in any of Node's forms, with the date, if they have none. */
function withDate(headers: unknown, name: string, date: string): unknown {
  if (headers === undefined || headers === null) return { [name]: date }
  if (Array.isArray(headers)) {
    const isInPairs = Array.isArray(headers[0])
    const names = isInPairs ? headers.map(pair => pair[0]) : headers.filter((_, index) => index % 2 === 0)
    if (names.some(isDate)) return headers
    return isInPairs ? [...headers, [name, date]] : [...headers, name, date]
  }
  if (typeof headers !== 'object' || Object.keys(headers).some(isDate)) return headers
  return Object.assign(Object.create(Object.getPrototypeOf(headers)), headers, { [name]: date }) as unknown
}

function isDate(name: unknown): boolean {
  return String(name).toLowerCase() === 'date'
}
