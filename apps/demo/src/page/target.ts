// The target of a request line: where it leads, and its query. Any text is one; it decodes nothing of the path.

export interface Target {
  readonly path: string
  readonly query: URLSearchParams
}

/** The path as it was sent: `/a?b` and `http://host/a` both mean `/a`. */
export function targetOf(text = ''): Target {
  const local = text.replace(/^https?:\/\/[^/?]*/i, '')
  const mark = local.indexOf('?')
  const path = mark === -1 ? local : local.slice(0, mark)
  return { path: path || '/', query: new URLSearchParams(mark === -1 ? '' : local.slice(mark)) }
}
