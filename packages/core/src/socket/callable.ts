// A class that may be called without `new` and be the parent of an old-style constructor function, as Node's are.

/** Members that `for (const name in object)` passes over in Node, too. */
const hiddenMembers = new Set(['constructor', 'readyState', 'bufferSize', 'connections'])

type AnyConstructor = new (...args: never[]) => object

/**
 * A class by the name that programs see, whatever a build made of its own, and with methods that are enumerable where
 * they have words for names, as those of Node's classes are.
 *
 * `Callable(...)` makes an instance, `new Callable(...)` and `class X extends Callable` do what the class does, and
 * `Callable.call(this, ...)` inside a constructor that inherits by `util.inherits` initialises that object by `adopt`.
 */
export function callable<Class extends AnyConstructor>(
  name: string,
  body: Class,
  adopt: (instance: InstanceType<Class>, args: ConstructorParameters<Class>) => void,
): Class & ((...args: ConstructorParameters<Class>) => InstanceType<Class>) {
  function Callable(this: unknown, ...args: ConstructorParameters<Class>): InstanceType<Class> {
    if (new.target) return Reflect.construct(body, args, new.target) as InstanceType<Class>
    if (!(this instanceof body)) return new body(...args) as InstanceType<Class>
    adopt(this as InstanceType<Class>, args)
    return this as InstanceType<Class>
  }
  Object.setPrototypeOf(Callable, Object.getPrototypeOf(body))
  for (const key of Reflect.ownKeys(body)) {
    const descriptor = Object.getOwnPropertyDescriptor(body, key)!
    if (key !== 'prototype' && key !== 'name') Object.defineProperty(Callable, key, descriptor)
  }
  Callable.prototype = body.prototype
  for (const key of Object.keys(Object.getOwnPropertyDescriptors(body.prototype))) {
    Object.defineProperty(body.prototype, key, { enumerable: !hiddenMembers.has(key) })
  }
  Object.defineProperty(Callable, 'name', { value: name, configurable: true })
  Object.defineProperty(body.prototype, 'constructor', {
    value: Callable,
    writable: true,
    configurable: true,
  })
  return Callable as unknown as Class & ((...args: ConstructorParameters<Class>) => InstanceType<Class>)
}
