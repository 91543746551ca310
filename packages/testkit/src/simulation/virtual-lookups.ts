// Names of `node:dns` in a simulation: those of its hosts. It knows the forms of Node's functions; an argument that is none of
// theirs goes to the real function, which refuses it. Records other than addresses are those of the real system.
import type dns from 'node:dns'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Lookup } from '@x/core/transport'
import { packageFolder } from '../package-folder'
import type { AnyFunction, Replacements } from './replacements'

type LookupOptions = Parameters<Lookup>[1]
type Answered = (error: NodeJS.ErrnoException | null, ...values: unknown[]) => void

/** The module as an object that may be written to. */
const dnsModule = createRequire(path.join(packageFolder, 'index.js'))('node:dns') as typeof dns

const FAMILIES: ReadonlySet<unknown> = new Set([undefined, 0, 4, 6, 'IPv4', 'IPv6'])
/** What `resolve4` and its kin tell of how long an address holds. */
const TTL_SECONDS = 60

/** Puts the simulation's names before its code, in callbacks and in promises. */
export function replaceLookups(replacements: Replacements, lookup: Lookup): void {
  const { promises } = dnsModule
  replaceAll(replacements, dnsModule, { lookup: virtualLookup(lookup) })
  replaceAll(replacements, promises, { lookup: promised(virtualLookup(lookup)) })
  const queries = virtualQueries(lookup)
  for (const owner of [dnsModule, dnsModule.Resolver.prototype]) replaceAll(replacements, owner, queries)
  const inPromises = Object.entries(queries).map(([name, query]) => [name, promised(query)] as const)
  for (const owner of [promises, promises.Resolver.prototype])
    replaceAll(replacements, owner, Object.fromEntries(inPromises))
}

/** Takes Node's arguments with a callback at their end; false: they are for the real function. */
type Virtual = (args: readonly unknown[]) => boolean

/** A virtual function in callbacks, in the form of one in promises. */
interface InPromises {
  readonly promised: Virtual
}

function promised(virtual: Virtual): InPromises {
  return { promised: virtual }
}

function replaceAll(
  replacements: Replacements,
  owner: object,
  table: Readonly<Record<string, Virtual | InPromises>>,
): void {
  const functions = owner as Record<string, AnyFunction>
  for (const [name, virtual] of Object.entries(table)) {
    replacements.replace(functions, name, real =>
      replacements.either(function (this: unknown, ...args: never[]) {
        return typeof virtual === 'function'
          ? virtual(args) || Reflect.apply(real, this, args)
          : inPromise(virtual.promised, args, () => Reflect.apply(real, this, args))
      } as AnyFunction)(real),
    )
  }
}

function inPromise(virtual: Virtual, args: readonly unknown[], real: () => unknown): unknown {
  let settle: Answered = () => {}
  const answer = new Promise((resolve, reject) => {
    settle = (error, value, family) => {
      if (error) reject(error)
      else resolve(family === undefined ? value : { address: value, family })
    }
  })
  const callback: Answered = (...values) => settle(...values)
  return virtual([...args, callback]) ? answer : real()
}

function virtualLookup(lookup: Lookup): Virtual {
  return args => {
    const [hostname, given] = args
    const callback = args.at(-1)
    const options = args.length < 3 ? {} : typeof given === 'number' ? { family: given } : (given ?? {})
    if (!isName(hostname) || typeof callback !== 'function' || !isLookupOptions(options)) return false
    lookup(hostname, options, callback as Parameters<Lookup>[2])
    return true
  }
}

function isLookupOptions(options: unknown): options is LookupOptions {
  return typeof options === 'object' && options !== null && FAMILIES.has(Reflect.get(options, 'family'))
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== ''
}

function virtualQueries(lookup: Lookup): Readonly<Record<'resolve' | 'resolve4' | 'resolve6', Virtual>> {
  const query =
    (family: 4 | 6): Virtual =>
    args => {
      const [hostname, options] = args
      const callback = args.at(-1)
      if (!isName(hostname) || typeof callback !== 'function') return false
      const hasTtl = args.length > 2 && Object(options).ttl === true
      lookup(hostname, { family, all: true }, (error, found) => {
        if (error) return (callback as Answered)(notFound(hostname, family))
        const addresses = (found as dns.LookupAddress[]).map(({ address }) => address)
        const values = hasTtl ? addresses.map(address => ({ address, ttl: TTL_SECONDS })) : addresses
        ;(callback as Answered)(null, values)
      })
      return true
    }
  const [resolve4, resolve6] = [query(4), query(6)]
  const resolve: Virtual = args => {
    const [hostname, type = 'A'] = args.length > 2 ? args : [args[0]]
    const ask = type === 'A' ? resolve4 : type === 'AAAA' ? resolve6 : null
    return ask?.([hostname, args.at(-1)]) ?? false
  }
  return { resolve, resolve4, resolve6 }
}

/** As Node tells of a name that has no such record. */
function notFound(hostname: string, family: 4 | 6): NodeJS.ErrnoException {
  const syscall = family === 4 ? 'queryA' : 'queryAaaa'
  const error = new Error(`${syscall} ENOTFOUND ${hostname}`)
  return Object.assign(error, { errno: undefined, code: 'ENOTFOUND', syscall, hostname })
}
