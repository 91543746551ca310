// The events of sockets and their types. Types only.

/** Source: https://nodejs.org/api/net.html#class-netsocket */
export interface SocketEvents {
  /** The socket is closed for good; whether an error led to it. */
  close: [hadError: boolean]
  connect: []
  connectionAttempt: [ip: string, port: number, family: number]
  connectionAttemptFailed: [ip: string, port: number, family: number, error: Error]
  connectionAttemptTimeout: [ip: string, port: number, family: number]
  /** A Buffer, or a string after `setEncoding`. */
  data: [data: Buffer]
  drain: []
  end: []
  error: [error: Error]
  finish: []
  lookup: [error: Error | null, address: string, family: number | null, host: string]
  pause: []
  readable: []
  ready: []
  resume: []
  timeout: []
}

/** EventEmitter's methods with the events of `Events`; other events are as EventEmitter has them. */
export interface Listening<Events extends { [E in keyof Events]: unknown[] }> {
  addListener<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this
  emit<E extends keyof Events>(event: E, ...args: Events[E]): boolean
  on<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this
  once<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this
  off<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this
  prependListener<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this
  prependOnceListener<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this
  removeListener<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): this
}
