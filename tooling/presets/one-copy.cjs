// Which copy of a package serves this thread where several are installed: the first that is loaded serves all copies of
// its release line, so that they share their classes and their process-wide state. It is copied into each package's
// dist/ and knows nothing of what the package does.
'use strict'

/**
 * A copy of a package, as copies of other versions see it: add members, never change one.
 * @typedef {object} Copy
 * @property {string} version
 * @property {string} folder  of its built files; '' in a bundle that is an ES module
 * @property {Record<string, () => Record<string, unknown>>} entries  loads an entry of the package
 * @property {Record<string, readonly string[]>} names  the exports of each entry
 */

/**
 * Answers the function that loads an entry, from this copy or from the one that serves its release line.
 * @param {string} name the package
 * @param {Copy} own
 * @returns {(entry: string) => Record<string, unknown>}
 */
module.exports = function oneCopy(name, own) {
  const copies = copiesOf(name)
  const line = lineOf(own.version)
  const serving = copies.get(line) ?? own
  if (serving === own) {
    copies.set(line, own)
    tellOfOtherLines(name, own, copies)
  } else if (compare(serving.version, own.version) < 0) {
    tellOfOlder(name, own, serving)
  }
  return entry => {
    const load = serving.entries[entry]
    const loaded = load?.()
    const missing = (own.names[entry] ?? []).filter(key => loaded === undefined || !(key in loaded))
    if (loaded === undefined || missing.length > 0) throw tooOld(name, own, serving, [entry, ...missing])
    return loaded
  }
}

/** The copies that serve this thread, by release line. @param {string} name @returns {Map<string, Copy>} */
function copiesOf(name) {
  const key = Symbol.for(`${name}.copies`)
  const scope = /** @type {Record<symbol, Map<string, Copy>>} */ (/** @type {unknown} */ (globalThis))
  const known = scope[key]
  if (known !== undefined) return known
  /** @type {Map<string, Copy>} */
  const copies = new Map()
  Object.defineProperty(scope, key, { value: copies })
  return copies
}

/** Versions with the same line are compatible (semver 4, 8): 0.3.1 has "0.3", 2.3.1 has "2". @param {string} version */
function lineOf(version) {
  const [major, minor] = version.split(/[.-]/)
  return major === '0' ? `0.${minor}` : `${major}`
}

/** Less than 0 where `a` is older; a prerelease counts as its release. @param {string} a @param {string} b */
function compare(a, b) {
  const [left, right] = [a, b].map(version => version.split(/[.-]/).slice(0, 3).map(Number))
  for (const [index, number] of (left ?? []).entries()) {
    const difference = number - (right?.[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** @param {string} name @param {Copy} copy */
function shown(name, copy) {
  return `${name} ${copy.version}${copy.folder === '' ? '' : ` (${copy.folder})`}`
}

/** @param {string} name @param {Copy} own @param {Map<string, Copy>} copies */
function tellOfOtherLines(name, own, copies) {
  const other = [...copies.values()].find(copy => copy !== own)
  if (other === undefined) return
  process.emitWarning(
    `${shown(name, other)} and ${shown(name, own)} are both loaded and are not compatible: servers, sockets and ` +
      `settings of one are strangers to the other. Ask for one of them: "npm ls ${name}" shows who needs which.`,
    { type: 'CopiesWarning', code: 'X_INCOMPATIBLE_COPIES' },
  )
}

/** @param {string} name @param {Copy} own @param {Copy} serving */
function tellOfOlder(name, own, serving) {
  process.emitWarning(
    `${shown(name, own)} was asked for, but ${shown(name, serving)} was loaded before and serves in its place. ` +
      '"npm dedupe" leaves one copy.',
    { type: 'CopiesWarning', code: 'X_OLDER_COPY' },
  )
}

/** @param {string} name @param {Copy} own @param {Copy} serving @param {readonly string[]} missing */
function tooOld(name, own, serving, missing) {
  const [entry, ...keys] = missing
  const what = keys.length === 0 ? `the entry '${entry}'` : `'${keys.join("', '")}'`
  return Object.assign(
    new Error(
      `${shown(name, serving)} was loaded first and lacks ${what} of ${shown(name, own)}. "npm dedupe" leaves one copy.`,
    ),
    { code: 'ERR_X_OLDER_COPY' },
  )
}
