/// <reference lib="dom" />
// A WebSocket to the program that is opened again when it ends. It knows no message.

/** Waits before it is opened again: at first, and at most. */
const AGAIN_MS = 250
const MOST_AGAIN_MS = 4000

export class Line {
  /** Hears each message. */
  onMessage: (text: string) => void = () => {}
  /** It has opened, for the first time or again. */
  onOpen: () => void = () => {}
  /** It was open, and has ended. */
  onBreak: () => void = () => {}
  readonly #url: string
  #socket: WebSocket | null = null
  #isOpen = false
  #againMs = AGAIN_MS

  constructor(path: 'subscriber' | 'publisher', channel: string, token: string) {
    this.#url = `ws://${location.host}/${path}?channel=${channel}&token=${token}`
  }

  get isOpen(): boolean {
    // It may be closing, and its 'close' still to come.
    return this.#isOpen && this.#socket?.readyState === WebSocket.OPEN
  }

  open(): void {
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      if (this.#isOpen) this.onMessage(data as string)
      else {
        // The first says that the connection to the broker is ready.
        this.#isOpen = true
        this.#againMs = AGAIN_MS
        this.onOpen()
      }
    })
    socket.addEventListener('close', () => {
      const wasOpen = this.#isOpen
      this.#isOpen = false
      if (wasOpen) this.onBreak()
      setTimeout(() => this.open(), this.#againMs)
      this.#againMs = Math.min(2 * this.#againMs, MOST_AGAIN_MS)
    })
  }

  send(text: string): void {
    this.#socket?.send(text)
  }
}
