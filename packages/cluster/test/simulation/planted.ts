// Bugs that the simulation has to find: those of the first version, and others of their kinds. Each is put in the place of a
// method or of a call of the system, and taken away again.
import { type DescriptorOperations, UV_ENOTSUP } from '@x/core/transport'
import { descriptorsOf, type Frame, FrameReader } from '../../src/both/frame'
import { guarded } from '../../src/both/guard'
import { Place } from '../../src/primary/managed/place'
import type { PrimaryOs } from '../../src/primary/os'
import { PolicyCaller } from '../../src/primary/policy/policy-caller'
import { ShortagePause } from '../../src/primary/shortage-pause'
import { WorkerGroup } from '../../src/primary/worker-group'
import { ConnectionIntake, type Deliver } from '../../src/worker/connection-intake'

export interface Planted {
  readonly what: string
  /** Plants it; answers how it is mended. */
  readonly into?: () => () => void
  /** The system with the bug. */
  readonly os?: (os: PrimaryOs) => PrimaryOs
}

type Method = (this: object, ...args: unknown[]) => unknown

/** Replaces a method, or a getter. */
function replace(prototype: object, name: string, make: (right: Method) => Method): () => void {
  const right = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor
  const key = right.get ? 'get' : 'value'
  Object.defineProperty(prototype, name, { ...right, [key]: make(right[key]) })
  return () => void Object.defineProperty(prototype, name, right)
}

/** The system with other calls for its descriptors. */
function withDescriptors(
  change: (descriptors: DescriptorOperations) => Partial<DescriptorOperations>,
): (os: PrimaryOs) => PrimaryOs {
  return os => {
    const { transport } = os
    const { descriptors } = transport
    return {
      ...os,
      transport: { ...transport, descriptors: descriptors && { ...descriptors, ...change(descriptors) } },
    }
  }
}

export const planted: readonly Planted[] = [
  {
    what: 'descriptors are given to frames by counting',
    into() {
      const rests = new WeakMap<object, { frames: Frame[]; fds: number[] }>()
      return replace(FrameReader.prototype, 'push', right => {
        return function (data, fds) {
          const rest = rests.get(this) ?? { frames: [], fds: [] }
          rests.set(this, rest)
          const answer = right.call(this, data, []) as ReturnType<FrameReader['push']>
          rest.frames.push(...answer.frames.map(({ frame }) => frame))
          rest.fds.push(...(fds as readonly number[]))
          const frames: { frame: Frame; fds: readonly number[] }[] = []
          for (const frame of rest.frames.splice(0)) {
            const need = descriptorsOf(frame)
            if (rest.frames.length > 0 || rest.fds.length < need) rest.frames.push(frame)
            else frames.push({ frame, fds: rest.fds.splice(0, need) })
          }
          return { frames, stray: [] }
        }
      })
    },
  },
  {
    what: 'a shortage is taken for good',
    into() {
      const short = new WeakSet<object>()
      const mends = [
        replace(ShortagePause.prototype, 'start', right => {
          return function () {
            short.add(this)
            return right.call(this)
          }
        }),
        replace(ShortagePause.prototype, 'isOn', () => {
          return function () {
            return short.has(this)
          }
        }),
      ]
      return () => mends.map(mend => mend())
    },
  },
  {
    what: 'a policy that answers null once is not asked again',
    into() {
      const given = new WeakSet<object>()
      return replace(PolicyCaller.prototype, 'pick', right => {
        return function (...args) {
          const choice = given.has(this) ? null : right.apply(this, args)
          if (choice === null) given.add(this)
          return choice
        }
      })
    },
  },
  {
    what: 'a fallen worker is not started again',
    into: () => replace(Place.prototype, 'recover', () => () => null),
  },
  {
    what: 'a start that fails is not told of',
    os: os => ({
      ...os,
      transport: os.transport,
      spawn(file, args, options) {
        const child = os.spawn(file, args, options)
        const { emit } = child
        child.emit = (event: string, ...rest: unknown[]) =>
          event !== 'error' && (emit as Method).call(child, event, ...rest) === true
        return child
      },
    }),
  },
  {
    what: 'the last words of a worker are not waited for',
    os: os => ({
      ...os,
      transport: os.transport,
      setTimeout: (call, ms) => os.setTimeout(call, ms === 1000 ? 0 : ms),
    }),
  },
  {
    what: 'descriptors of more than one connection are not closed',
    os: withDescriptors(descriptors => ({ close: fds => descriptors.close(fds.slice(0, 1)) })),
  },
  {
    what: 'a look at first bytes does not end before its connection goes to a worker',
    os: withDescriptors(descriptors => ({
      peek: (fd, most, seen) => {
        const peek = descriptors.peek?.(fd, most, seen) ?? UV_ENOTSUP
        return typeof peek === 'number' ? peek : { stop() {} }
      },
    })),
  },
  {
    what: 'a cluster that stops gives up what it has accepted',
    into: () =>
      replace(WorkerGroup.prototype, 'close', right => {
        return function (_withinMs, closed) {
          return right.call(this, 0, closed)
        }
      }),
  },
  {
    what: 'a worker takes and refuses the same connection',
    into: () =>
      replace(ConnectionIntake.prototype, 'open', right => {
        return function (listener, sink) {
          const { adopt } = sink as { adopt: (fd: number) => unknown }
          let count = 0
          return right.call(this, listener, {
            ...(sink as object),
            adopt(fd: number) {
              const deliver = adopt(fd)
              if (++count % 20 > 0 || typeof deliver !== 'function') return deliver
              guarded(deliver as Deliver)
              return -24
            },
          })
        }
      }),
  },
]
