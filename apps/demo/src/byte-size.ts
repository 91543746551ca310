// Sizes as people write them: 64kb, 8mb, 1gb (1024-based, as in redis.conf). It knows no option.

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1024,
  m: 1e6,
  mb: 1024 ** 2,
  g: 1e9,
  gb: 1024 ** 3,
}

/** The number of bytes, or null where `text` is no size. */
export function parseByteSize(text: string): number | null {
  const match = /^(\d{1,12})([a-z]{0,2})$/i.exec(text.trim())
  const unit = UNITS[match?.[2]?.toLowerCase() ?? '']
  if (match === null || unit === undefined) return null
  const bytes = Number(match[1]) * unit
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** `1.5 MB`, for people. */
export function formatByteSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const exponent = Math.min(3, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** exponent
  return `${value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1)} ${'KMG'[exponent - 1]}B`
}
