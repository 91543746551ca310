// A class that may be called without `new` and be the parent of an old-style constructor function, as Node's are.

/** Members that `for (const name in object)` passes over in Node, too. */
const hiddenMembers = new Set([
  'constructor',
  'readyState',
  'bufferSize',
  'connections',
  '_handle',
  'flush',
  'drain',
  'draining',
  'sockets',
  'pauseAccept',
  'resumeAccept',
  'dropCounts',
  'proxied',
  'setSocketOption',
  'getSocketOption',
  'setRawSocketOption',
  'getRawSocketOption',
  'tcpInfo',
])

type AnyConstructor = new (...args: never[]) => object

/** Makes the instance; `target` is `new.target`. */
type Making = (instance: unknown, target: unknown, args: unknown[]) => unknown

/**
 * Functions that leave all to `make`. V8 shows the name that a function has in the text, not its property, in stack traces
 * and in messages ("Cannot set property remoteAddress of #<Socket>"); a property's name is one that bundlers keep.
 */
const namedFunctions = {
  Server: (make: Making) => ({
    Server: function (this: unknown, ...args: unknown[]) {
      return make(this, new.target, args)
    },
  }),
  Socket: (make: Making) => ({
    Socket: function (this: unknown, ...args: unknown[]) {
      return make(this, new.target, args)
    },
  }),
}

function namedFunction(name: keyof typeof namedFunctions, make: Making) {
  const made: Record<string, (this: unknown, ...args: unknown[]) => unknown> = namedFunctions[name](make)
  return made[name] as (this: unknown, ...args: unknown[]) => unknown
}

/**
 * A class by the name that programs see, whatever a build made of its own, and with methods that are enumerable where
 * they have words for names, as those of Node's classes are.
 *
 * `Callable(...)` and `new Callable(...)` make an instance of the class. Where the object is there already, in
 * `class X extends Callable` and for `Callable.call(this, ...)` in a constructor that inherits by `util.inherits`, it is
 * initialised by `adopt`.
 */
export function callable<Class extends AnyConstructor>(
  name: keyof typeof namedFunctions,
  body: Class,
  adopt: (instance: InstanceType<Class>, args: ConstructorParameters<Class>) => void,
): Class & ((...args: ConstructorParameters<Class>) => InstanceType<Class>) {
  const Callable = namedFunction(name, (instance, target, args) => {
    // To the engine this function is no derived class. As `new.target` of one it would give each instance a hidden class
    // of its own; and the object of a subclass is there already, made with the subclass's.
    const own = args as ConstructorParameters<Class>
    if (target === Callable || !(instance instanceof body)) return new body(...own)
    adopt(instance as InstanceType<Class>, own)
    return instance
  })
  Object.setPrototypeOf(Callable, Object.getPrototypeOf(body))
  for (const key of Reflect.ownKeys(body)) {
    const descriptor = Object.getOwnPropertyDescriptor(body, key)!
    if (key !== 'prototype' && key !== 'name') Object.defineProperty(Callable, key, descriptor)
  }
  Callable.prototype = body.prototype
  for (const key of Object.keys(Object.getOwnPropertyDescriptors(body.prototype))) {
    Object.defineProperty(body.prototype, key, { enumerable: !hiddenMembers.has(key) })
  }
  Object.defineProperty(body.prototype, 'constructor', {
    value: Callable,
    writable: true,
    configurable: true,
  })
  return Callable as unknown as Class & ((...args: ConstructorParameters<Class>) => InstanceType<Class>)
}
