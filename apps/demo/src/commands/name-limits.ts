// How long names of channels and patterns may be: a message is held against all patterns, which takes time by the length
// of both. It executes nothing.
import { error } from '../resp/reply'

/** Longest name of a channel, in bytes. */
export const LONGEST_CHANNEL = 4096
/** Longest pattern, in bytes. */
export const LONGEST_PATTERN = 4096
/** All patterns of one client together, in bytes. */
export const MOST_PATTERNS = 64 * 1024

/** The error reply where one of the channels has too long a name; null where none has. */
export function refuseChannels(channels: readonly string[]): string | null {
  if (channels.every(channel => channel.length <= LONGEST_CHANNEL)) return null
  return error(`ERR a channel's name takes ${LONGEST_CHANNEL} bytes at most`)
}

/** The error reply where a client cannot have these patterns beside those that it has; null where it can. */
export function refusePatterns(asked: readonly string[], present: Iterable<string> = []): string | null {
  if (asked.some(pattern => pattern.length > LONGEST_PATTERN)) {
    return error(`ERR a pattern takes ${LONGEST_PATTERN} bytes at most`)
  }
  let bytes = 0
  for (const pattern of new Set([...present, ...asked])) bytes += pattern.length
  return bytes <= MOST_PATTERNS
    ? null
    : error(`ERR the patterns of a client take ${MOST_PATTERNS} bytes together at most`)
}
