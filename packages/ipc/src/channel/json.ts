// JSON that a peer has sent: text to values, and what a length in it may be. It knows no frames.
import { ipcError } from '../errors/codes'

/** @throws `ERR_X_CHANNEL_PROTOCOL` for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw ipcError('ERR_X_CHANNEL_PROTOCOL', `not JSON (${(error as Error).message})`)
  }
}

export function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
