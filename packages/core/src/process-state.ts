// What all sockets and servers of this process (thread) share: the only module-level mutable state above the
// transports. It knows defaults and how they are set, not what is done with them.
import { validateBoolean, validateInt32 } from './errors/validate'
import { nodeMajor } from './host'
import type { ListenerSource } from './listen/contract'
import type { Transport } from './transport/contract'
import { selectTransport } from './transport/select'

interface ProcessState {
  transport: Transport | null
  listenerSource: ListenerSource | null
  autoSelectFamily: boolean
  attemptTimeoutMs: number
  coalesce: boolean
}

/** RFC 8305 8: attempts are never closer together than this. */
const MIN_ATTEMPT_TIMEOUT_MS = 10

const state: ProcessState = {
  transport: null,
  listenerSource: null,
  autoSelectFamily: !hasRuntimeFlag(
    '--no-network-family-autoselection',
    '--no-enable-network-family-autoselection',
  ),
  attemptTimeoutMs: initialAttemptTimeout(),
  coalesce: true,
}

/** The transport of sockets and servers that are not told one. Selected at the first call, see `selectTransport`. */
export function defaultTransport(): Transport {
  state.transport ??= selectTransport().transport
  return state.transport
}

/**
 * Makes a transport the default of this process, so that a whole program runs on it; null goes back to the selected
 * one. Sockets that exist keep theirs.
 */
export function setDefaultTransport(transport: Transport | null): void {
  state.transport = transport
}

/** Where servers get their listeners; null stands for this process itself. */
export function listenerSource(): ListenerSource | null {
  return state.listenerSource
}

/** Makes servers ask `source` for their listeners (a worker's way to its primary); null goes back to this process. */
export function setListenerSource(source: ListenerSource | null): void {
  state.listenerSource = source
}

/**
 * Whether `connect` tries all addresses of a host name (Happy Eyeballs) unless its options say otherwise. True unless
 * the program was started with `--no-network-family-autoselection`.
 * Source: https://nodejs.org/api/net.html#netgetdefaultautoselectfamily
 */
export function getDefaultAutoSelectFamily(): boolean {
  return state.autoSelectFamily
}

/**
 * Sets what `getDefaultAutoSelectFamily` answers.
 *
 * @throws `ERR_INVALID_ARG_TYPE` for anything but a boolean.
 */
export function setDefaultAutoSelectFamily(value: boolean): void {
  validateBoolean(value, 'value')
  state.autoSelectFamily = value
}

/**
 * Milliseconds that `connect` waits for one address before it tries the next: what
 * `--network-family-autoselection-attempt-timeout` says, else 500 (250 before Node 26).
 * Source: https://nodejs.org/api/net.html#netgetdefaultautoselectfamilyattempttimeout
 */
export function getDefaultAutoSelectFamilyAttemptTimeout(): number {
  return state.attemptTimeoutMs
}

/**
 * Sets what `getDefaultAutoSelectFamilyAttemptTimeout` answers; less than 10 is taken as 10.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` for anything but a whole number from 1.
 */
export function setDefaultAutoSelectFamilyAttemptTimeout(value: number): void {
  validateInt32(value, 'value', 1)
  state.attemptTimeoutMs = Math.max(value, MIN_ATTEMPT_TIMEOUT_MS)
}

/**
 * Whether the writes of one turn of the event loop leave as one, for sockets and servers whose options do not say
 * (`coalesce`). True unless it was set.
 */
export function getDefaultCoalesce(): boolean {
  return state.coalesce
}

/**
 * Sets what `getDefaultCoalesce` answers, for sockets that are made from then on. False for programs that wait
 * synchronously for the effect of a write, or are killed in the turn in which they write.
 *
 * @throws `ERR_INVALID_ARG_TYPE` for anything but a boolean.
 */
export function setDefaultCoalesce(value: boolean): void {
  validateBoolean(value, 'value')
  state.coalesce = value
}

function initialAttemptTimeout(): number {
  const told = runtimeFlagValue(
    '--network-family-autoselection-attempt-timeout',
    '--enable-network-family-autoselection-attempt-timeout',
  )
  if (told !== undefined && Number(told) > 0)
    return Math.max(Math.trunc(Number(told)), MIN_ATTEMPT_TIMEOUT_MS)
  return nodeMajor >= 26 ? 500 : 250
}

/** The words that the runtime was started with, those of NODE_OPTIONS first: the command line wins. */
function runtimeFlags(): string[] {
  const fromEnvironment = process.env['NODE_OPTIONS']?.split(/\s+/).filter(Boolean) ?? []
  return [...fromEnvironment, ...process.execArgv].map(word =>
    word.startsWith('--') ? word.replaceAll('_', '-') : word,
  )
}

function hasRuntimeFlag(...names: string[]): boolean {
  return runtimeFlags().some(word => names.includes(word))
}

function runtimeFlagValue(...names: string[]): string | undefined {
  const words = runtimeFlags()
  let value: string | undefined
  for (const [index, word] of words.entries()) {
    const [name = '', attached] = word.split('=', 2)
    if (names.includes(name)) value = attached ?? words[index + 1]
  }
  return value
}
