// A write with a part of a file among its chunks, while it is under way: what is before the part, the part, what is behind it.
// It knows no socket.
import { type FilePart, type FileTarget, filePartOf } from './file-part'
import type { WriteCallback } from './ticket'

/** The connection that a write with a part of a file goes to. */
export interface FileRoad extends FileTarget {
  /** Sends chunks, which may have another part among them. */
  send(chunks: readonly Uint8Array[], done: WriteCallback): void
  /** The part has gone, or will not go: other writes may follow. */
  over(): void
}

export class FileWrite {
  readonly #road: FileRoad
  /** Null once the part has gone, or will not go. */
  #callback: WriteCallback | null

  constructor(road: FileRoad, callback: WriteCallback) {
    this.#road = road
    this.#callback = callback
  }

  /** `place` is that of the part. */
  send(chunks: readonly Uint8Array[], place: number): void {
    const { handle, isOpen, progressed, send } = this.#road
    const part = filePartOf(chunks[place] as Uint8Array) as FilePart
    send(chunks.slice(0, place), error => {
      if (error) return this.#finish()?.(error)
      const target = { handle, isOpen: () => this.#callback !== null && isOpen(), progressed }
      part.sendTo(target, failure => {
        const callback = this.#finish()
        if (callback === null) return
        if (failure) callback(failure)
        else send(chunks.slice(place + 1), callback)
      })
    })
  }

  /** Fails it: nothing will be told of it any more. */
  abandon(error: Error): void {
    this.#finish()?.(error)
  }

  #finish(): WriteCallback | null {
    const callback = this.#callback
    this.#callback = null
    if (callback !== null) this.#road.over()
    return callback
  }
}
