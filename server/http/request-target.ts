/** Reads the target of a request (RFC 9112, section 3.2). The target is a path or a whole URL. */

export interface RequestTarget {
  /** The path and the query. */
  readonly path: string
  /**
   * Host and port of a target that is a whole URL. The server uses these in place of the Host field. Null if the target
   * is a path.
   */
  readonly authority: string | null
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/is

export function readTarget(target: string): RequestTarget {
  const absolute = ABSOLUTE.exec(target)
  if (!absolute) return { path: target, authority: null }
  const [, authority = '', path = ''] = absolute
  return { path: path.startsWith('/') ? path : `/${path}`, authority }
}
