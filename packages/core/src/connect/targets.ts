// From a host to the addresses that connect() tries, in their order (RFC 8305 4). It opens no connection.

import dns from 'node:dns'
import { isIP } from '../address/ip'
import { codedError } from '../errors/codes'
import { platform } from '../host'
import type { Lookup, TcpAddress } from '../transport/contract'
import type { HostQuery } from './query'

/** What each answer of a lookup is told as: the arguments of the 'lookup' event but for the host. */
export type LookupHeard = (error: Error | null, address?: string, family?: number) => void

/** The addresses in the order to try them, at least one; or why there is none. */
export type Resolved = (error: Error | null, targets: readonly TcpAddress[]) => void

interface Answer {
  readonly address: string
  readonly family: number
}

/**
 * Resolves the host by the caller's `lookup`, else the transport's, else `dns.lookup`. `resolved` comes when the lookup
 * answers, which may be within the call.
 */
export function resolveTargets(
  query: HostQuery,
  transportLookup: Lookup | null,
  heard: LookupHeard,
  resolved: Resolved,
): void {
  const { host, port, family } = query
  // Looked up on the module at each call: programs replace it there.
  const lookup = query.lookup ?? transportLookup ?? (dns.lookup as Lookup)
  const tryAll = query.autoSelectFamily && family !== 4 && family !== 6 && query.localAddress === undefined
  // Families that this machine has no address of are of no use, but for a caller that asks otherwise.
  const wantsHint = platform !== 'win32' && family !== 4 && family !== 6 && query.hints === 0
  const hints = wantsHint ? dns.ADDRCONFIG : query.hints
  // A caller's own lookup may call back more than once: the first answer counts.
  let isAnswered = false
  if (!tryAll) {
    lookup(host, { family, hints }, (error, address, addressFamily) => {
      if (isAnswered) return
      isAnswered = true
      heard(error, address as string, addressFamily)
      if (error) return resolved(error, [])
      const answer = { address: address as string, family: addressFamily as number }
      const problem = problemOf(answer, query)
      if (problem) resolved(problem, [])
      else resolved(null, [toTarget(answer, port)])
    })
    return
  }
  lookup(host, { family, hints, all: true }, (error, addresses) => {
    if (isAnswered) return
    isAnswered = true
    if (error) {
      heard(error)
      return resolved(error, [])
    }
    // Who was asked for all answers and gives one has given none: Node takes an address for the list of its characters.
    const isList = Array.isArray(addresses) || typeof addresses === 'string'
    const given = (isList ? [...addresses] : []) as readonly (Answer | null | undefined)[]
    const answers = given.map(answer => answer ?? noAnswer)
    for (const answer of answers) heard(null, answer.address, answer.family)
    const usable = withoutRepeats(answers.filter(answer => problemOf(answer, query) === null))
    if (usable.length > 0)
      return resolved(
        null,
        alternateFamilies(usable).map(each => toTarget(each, port)),
      )
    const [first] = answers
    resolved(problemOf(first ?? noAnswer, query), [])
  })
}

/** What is told as an address that is none. */
const noAnswer: Answer = { address: undefined as unknown as string, family: 0 }

function problemOf({ address, family }: Answer, { host, port }: HostQuery): Error | null {
  if (typeof address !== 'string' || isIP(address) === 0) return codedError('ERR_INVALID_IP_ADDRESS', address)
  if (family !== 4 && family !== 6) return codedError('ERR_INVALID_ADDRESS_FAMILY', family, host, port)
  return null
}

function withoutRepeats(answers: readonly Answer[]): Answer[] {
  return [...new Map(answers.map(answer => [answer.address, answer])).values()]
}

function toTarget({ address, family }: Answer, port: number): TcpAddress {
  return { family: family === 6 ? 'IPv6' : 'IPv4', address, port }
}

/** RFC 8305 4: the families take turns, the first answer's first. */
function alternateFamilies(answers: readonly Answer[]): Answer[] {
  const firstFamily = answers[0]?.family
  const preferred = answers.filter(answer => answer.family === firstFamily)
  const others = answers.filter(answer => answer.family !== firstFamily)
  const ordered: Answer[] = []
  for (let i = 0; i < Math.max(preferred.length, others.length); i++) {
    const pair = [preferred[i], others[i]]
    for (const answer of pair) if (answer) ordered.push(answer)
  }
  return ordered
}
