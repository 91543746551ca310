// A number and its noun, for people. It knows no more.

/** "1 client", "2 clients", "1,000 clients". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}
