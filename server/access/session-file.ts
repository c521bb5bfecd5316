/**
 * The file that stores the sessions, next to the event log. After a change, the server writes the whole file again.
 * Only the owner of the file can read the file.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import Type from 'typebox'
import { Compile } from 'typebox/compile'

export interface SessionRecord {
  /** SHA-256 of the token, in base64url. It is the same in all processes. */
  readonly hash: string
  readonly user: string
  readonly isInstructor: boolean
  /** Time of expiry by the wall clock (`Date.now`), because other processes and later ones use it too. */
  readonly untilMs: number
}

export interface SessionFile {
  /**
   * Returns the records, or no records if the file does not exist yet. If the file cannot be read, throws an error that
   * names the file.
   */
  read(): readonly SessionRecord[]
  write(records: readonly SessionRecord[]): void
}

const Records = Compile(
  Type.Array(
    Type.Object({ hash: Type.String(), user: Type.String(), isInstructor: Type.Boolean(), untilMs: Type.Number() }),
  ),
)

/** File mode: only the owner can read and write the file. */
const MODE = 0o600

export function sessionFile(path: string): SessionFile {
  return {
    read() {
      const text = readIfThere(path)
      if (text === null) return []
      const records = parse(text)
      if (Records.Check(records)) return records
      throw new Error(`${path} contains no valid sessions. Delete the file. Everybody then has to sign in again.`)
    },
    write(records) {
      // The new file gets its final name only when it is complete. So the file at `path` is always complete, even if
      // the process is killed.
      const fresh = `${path}.${process.pid}.new`
      writeFileSync(fresh, JSON.stringify(records), { mode: MODE, flush: true })
      renameSync(fresh, path)
    },
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new Error(`${path} cannot be read: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
