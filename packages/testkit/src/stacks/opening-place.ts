// Where something was opened: a stack, kept unformatted until somebody asks, and whose code it shows. It knows stacks as
// text, and nothing of what was opened.
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageFolder } from '../package-folder'

const DEPTH = 30
/** Calls that asked for each other across ticks and lookups; what is before is not kept. */
const LONGEST_CHAIN = 8

/** Whose code the innermost frame is, Node's left aside. `node`: no frame is anybody else's. */
export type Opener = 'user' | 'own' | 'runner' | 'node'

/** A place in a file or in evaluated code; `<anonymous>`, `native` and `index 0` are none. */
const LINE = /:\d+(?::\d+)?$/

/** Test runners open timers and pipes of their own around a test. */
const RUNNERS =
  /[\\/]node_modules[\\/](?:vitest|@vitest|tinypool|birpc|vite|jest(?:-[a-z-]+)?|@jest|mocha)[\\/]|node:internal\/test_runner/

/** The clock of simulations. */
const CLOCK = /[\\/]@sinonjs[\\/+]fake-timers/

/** The folders of the two packages whose handles are followed themselves: built, and as source maps have it. */
const OWN_FOLDERS = [packageFolder, ...coreFolder()].flatMap(folder =>
  ['src', 'dist'].map(name => path.join(folder, '..', name) + path.sep),
)

function coreFolder(): string[] {
  try {
    return [path.dirname(createRequire(path.join(packageFolder, 'index.js')).resolve('@x/core'))]
  } catch {
    return []
  }
}

/** A stack at some moment, and the one that asked for it. */
export class OpeningPlace {
  readonly #holder: { stack?: string } = {}
  readonly #asker: OpeningPlace | null
  readonly #depth: number

  /** `below`: the function under which the stack begins. */
  constructor(below: (...args: never[]) => unknown, asker: OpeningPlace | null) {
    this.#asker = asker && asker.#depth >= LONGEST_CHAIN ? asker.#asker : asker
    this.#depth = this.#asker ? this.#asker.#depth + 1 : 1
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = DEPTH
    Error.captureStackTrace(this.#holder, below)
    Error.stackTraceLimit = limit
  }

  /** Whose doing it was. */
  get opener(): Opener {
    for (const frame of this.#frames()) {
      const opener = openerOf(frame)
      if (opener !== 'node') return opener
    }
    return 'node'
  }

  /** True where Node itself called what is passed over: the first frame beneath is its own, of that module if one is given. */
  isNodesOwn(passedOver: RegExp, module = 'node:'): boolean {
    const caller = this.#frames().find(frame => !passedOver.test(frame))
    return caller !== undefined && placeIn(caller).startsWith(module)
  }

  /** True where the stack has a frame like that. */
  mentions(frame: RegExp): boolean {
    return frame.test(this.#holder.stack ?? '')
  }

  /** The frames of users' code, innermost first; those of the packages that they use where there are no others. */
  get userFrames(): readonly string[] {
    const users = usersFrames(this.#frames())
    if (users.some(isOwnCode)) return users
    const askers = this.#asker?.userFrames ?? []
    return askers.length > 0 ? askers : users
  }

  #frames(): string[] {
    return framesOf(this.#holder.stack)
  }
}

/** The frames of a stack, without their `at`. */
export function framesOf(stack = ''): string[] {
  const lines = stack.split('\n').filter(line => /^ +at /.test(line))
  return lines.map(line => line.trim().replace(/^at (?:async )?/, ''))
}

/** Those of users' code, innermost first; of the packages that they use where there are no others. */
export function usersFrames(frames: readonly string[]): string[] {
  const users = frames.filter(frame => openerOf(frame) === 'user')
  return users.some(isOwnCode) ? users.filter(isOwnCode) : users
}

function isOwnCode(frame: string): boolean {
  return !frame.includes('node_modules')
}

/**
 * Gives an error the frames of a user's call in place of its own, where there are any: runners show the code of the first, and what
 * is of use to whoever reads it is their own line.
 */
export function showAt(error: Error, frames: readonly string[]): void {
  if (frames.length === 0) return
  const { stack = '', message } = error
  const end = stack.indexOf(message)
  const header =
    message !== '' && end >= 0 ? stack.slice(0, end + message.length) : `${error.name}: ${message}`
  error.stack = [header, ...frames.map(frame => `    at ${frame}`)].join('\n')
}

/** The place in a frame: what stands in its last parentheses, or all of it. */
function placeIn(frame: string): string {
  const open = frame.endsWith(')') ? frame.lastIndexOf(' (') : -1
  return open < 0 ? frame : frame.slice(open + 2, -1)
}

/** Whose code a frame is in. */
export function openerOf(frame: string): Opener {
  const place = placeIn(frame)
  if (RUNNERS.test(place)) return 'runner'
  if (place.startsWith('node:') || !LINE.test(place)) return 'node'
  if (CLOCK.test(place)) return 'own'
  const file = fileOf(place)
  return OWN_FOLDERS.some(folder => file.startsWith(folder)) ? 'own' : 'user'
}

function fileOf(place: string): string {
  if (!place.startsWith('file:')) return place
  try {
    return fileURLToPath(place)
  } catch {
    return place
  }
}

/** A frame with the path of its file as seen from the working directory. */
export function shorten(frame: string): string {
  const place = placeIn(frame)
  const file = fileOf(place)
  if (!path.isAbsolute(file)) return frame
  const relative = path.relative(process.cwd(), file)
  return frame.replace(place, relative.startsWith('..') ? file : relative)
}
