export const HANG_MS: number
