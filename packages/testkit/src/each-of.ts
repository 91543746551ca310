// Calls for each of a list, whatever one of the calls throws. It knows nothing of what is called.

/** Calls for each. What the first of them to throw has thrown comes out once all were called. */
export function eachOf<Item>(items: readonly Item[], call: (item: Item) => void): void {
  const thrown: unknown[] = []
  for (const item of items) {
    try {
      call(item)
    } catch (error) {
      thrown.push(error)
    }
  }
  if (thrown.length > 0) throw thrown[0]
}
