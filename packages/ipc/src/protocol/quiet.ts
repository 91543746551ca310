// Promises whose rejection is nobody's concern where nobody waits for them.

function ignore(): void {}

/** The same promise; where nobody waits for it, its rejection is not reported as unhandled. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore)
  return promise
}

/** A promise whose rejection nobody has to hear. What `begin` throws is thrown here, as the caller's mistake. */
export function promised<Value>(
  begin: (resolve: (value: Value) => void, reject: (error: Error) => void) => void,
): Promise<Value> {
  let thrown: { readonly error: unknown } | null = null
  const promise = new Promise<Value>((resolve, reject) => {
    try {
      begin(resolve, reject)
    } catch (error) {
      thrown = { error }
    }
  })
  quiet(promise)
  // Nobody has the promise then.
  if (thrown !== null) throw (thrown as { readonly error: unknown }).error
  return promise
}
