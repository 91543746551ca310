// How far one has got with the messages of each worker. Messages are numbered by the worker that publishes them, from 1.

/** Worker to the number of its last message that was seen. */
export type Vector = ReadonlyMap<number, number>

/** Which message: the worker that published it, and its number there. */
export interface MessageNumber {
  readonly publisher: number
  readonly sequence: number
}

/** Whether one who has got so far has had this message. */
export function includes(vector: Vector, { publisher, sequence }: MessageNumber): boolean {
  return sequence <= (vector.get(publisher) ?? 0)
}

/** Whether one is as far as `goal`; workers that have `gone` will get nobody further. */
export function hasReached(vector: Vector, goal: Vector): boolean {
  for (const [publisher, sequence] of goal) {
    const seen = vector.get(publisher)
    if (seen !== undefined && seen < sequence) return false
  }
  return true
}
