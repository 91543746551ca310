#!/usr/bin/env node
// The binaries that a release carries, and whether they are fit for it. Run by itself, before publishing, it fails where
// one is missing or wrong. It compiles nothing.
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compareVersions, readBinary } from './binary.mjs'
import { placeOf, readMark, sourcesMark } from './build.mjs'

/** The systems, as folders under prebuilds/. */
export const released = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
]

/** The oldest glibc that a binary must load on. */
const OLDEST_GLIBC = '2.28'

/** What keeps a system's binary from being published. @param {string} target @returns {string[]} */
export function flaws(target) {
  const file = placeOf(target)
  if (!existsSync(file)) return ['it is missing']
  const found = []
  const { target: built, glibc, isSigned } = readBinary(file)
  if (built !== target) found.push(`it was built for ${built}`)
  if (glibc !== null && compareVersions(glibc, OLDEST_GLIBC) > 0)
    found.push(`it needs glibc ${glibc}, and ${OLDEST_GLIBC} has to do`)
  if (built === 'darwin-arm64' && !isSigned) found.push('it has no signature')
  if (readMark(file)?.sources !== sourcesMark()) found.push('it was made of other sources')
  if (statSync(file).size > 512 * 1024) found.push('it is larger than 512 KB; strip it')
  return found
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const target of released) {
    for (const flaw of flaws(target)) {
      process.exitCode = 1
      console.error(`prebuilds/${target}: ${flaw}`)
    }
  }
  if (process.exitCode) console.error('nothing is published without them: pnpm engines makes all of them')
}
