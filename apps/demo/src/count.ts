// Numbers for people, alone and with their nouns. It knows no more.

/** "1 client", "2 clients", "1,000 clients". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`
}

/** "1,000". */
export function grouped(number: number): string {
  return number.toLocaleString('en')
}
