/** Messages for faults of the event log's file or disk. Each message says what to do about the fault. */

export const NAME_ANOTHER = 'name another file with --data'

export const LEFT = `it was not changed; move it away, put a copy in its place, or ${NAME_ANOTHER}.`

/** One message for each primary result code of SQLite (sqlite.org/rescode.html) and for each error code of Node. */
const TROUBLES: Record<string, string> = {
  5: `another Fourwire is using it; stop the other Fourwire or ${NAME_ANOTHER}.`,
  8: `it, its folder or its disk is read-only; make it writable or ${NAME_ANOTHER}.`,
  10: `its disk fails to read or write; see the system's log, or ${NAME_ANOTHER}.`,
  11: `it is damaged; ${LEFT}`,
  13: 'the disk is full; free some space on it.',
  14: `it cannot be opened or created; make its folder readable and writable or ${NAME_ANOTHER}.`,
  26: `the file is not a database; ${LEFT}`,
  EACCES: `it or its folder is not writable; make it writable or ${NAME_ANOTHER}.`,
  EEXIST: `there is a file in place of its folder; ${NAME_ANOTHER}.`,
  ENOENT: `its folder cannot be created; make the parent folder writable or ${NAME_ANOTHER}.`,
  ENOSPC: 'the disk is full; free some space on it.',
  ENOTDIR: `there is a file in place of its folder; ${NAME_ANOTHER}.`,
  EPERM: `it or its folder is not writable; make it writable or ${NAME_ANOTHER}.`,
  EROFS: `its disk is read-only; make it writable or ${NAME_ANOTHER}.`,
}

/** Returns a description of the error. Callers put the description at the end of a sentence. */
export function trouble(error: unknown): string {
  return TROUBLES[codeOf(error)] ?? (error instanceof Error ? error.message : String(error)).replace(/[^.]$/, '$&.')
}

export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  // The low byte of SQLite's `errcode` is the primary result code. The higher bytes only give details.
  if ('errcode' in error && typeof error.errcode === 'number') return String(error.errcode & 0xff)
  return 'code' in error ? String(error.code) : ''
}
