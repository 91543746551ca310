// What the program is told to do, while it does it: those who watch hear when it begins and how it ends. What is done is not
// its concern.
import { EventEmitter } from 'node:events'

export type OperationName = 'reload' | 'scale' | 'kill' | 'delay' | 'drop' | 'cut' | 'calm' | 'load'

export interface OperationBegan {
  readonly id: number
  readonly name: OperationName
  /** For people. */
  readonly text: string
}

export interface OperationEnded {
  readonly id: number
  /** What came of it, or why it failed; for people. */
  readonly text: string
  readonly isDone: boolean
}

export class Operations extends EventEmitter<{ began: [OperationBegan]; ended: [OperationEnded] }> {
  #lastId = 0

  /** Does it; resolves with a line for people. */
  async run(name: OperationName, text: string, work: () => Promise<string>): Promise<string> {
    const id = ++this.#lastId
    this.emit('began', { id, name, text })
    try {
      const line = await work()
      this.emit('ended', { id, text: line, isDone: true })
      return line
    } catch (error) {
      this.emit('ended', { id, text: (error as Error).message, isDone: false })
      throw error
    }
  }
}
