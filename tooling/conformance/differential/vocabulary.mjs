// The words that programs are made of, apart from arguments. It makes nothing.

/** What fake timers replace. Without process.nextTick node:net itself stands still, so that it cannot be compared. */
export const replaceable = ['setImmediate', 'queueMicrotask', 'setTimeout', 'clearTimeout', 'setInterval']

/** Verbs that are a call without arguments: of a socket, and of a peer. */
export const plainCalls = {
  cork: 'cork',
  uncork: 'uncork',
  destroySoon: 'destroySoon',
  pause: 'pause',
  resume: 'resume',
  unpipe: 'unpipe',
  reset: 'resetAndDestroy',
}
export const peerCalls = {
  peerEnd: 'end',
  peerDestroy: 'destroy',
  peerReset: 'resetAndDestroy',
  peerPause: 'pause',
  peerResume: 'resume',
}

export const listenedEvents = [
  'connect',
  'end',
  'close',
  'error',
  'finish',
  'data',
  'drain',
  'pause',
  'resume',
  'readable',
]

export const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
