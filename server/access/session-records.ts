/** Sessions as Redis stores them: as the entries of a map, which all processes share. */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { nameKey } from './names.ts'
import type { SessionRecord } from './session-file.ts'

/** Returns the key of the entry of a name. Its value is the hash of the session that has the name. */
export const nameEntry = (user: string): string => `${NAME}${nameKey(user)}`

/** Returns true for the key of a session, and false for the key of a name. */
export const isSessionEntry = (key: string): boolean => !key.startsWith(NAME)

/** Returns the name in the key of a name's entry, as `nameKey` returns it. */
export const nameIn = (key: string): string => key.slice(NAME.length)

/** Beginning of the key of a name. The key of a session has no space. */
const NAME = 'name '

/**
 * Returns the text of a session's entry. The entry of an ended session stays until the session would have expired. So
 * every process knows that the session has ended, also if Redis restarts with older data.
 */
export const entryOf = ({ user, isInstructor, untilMs }: SessionRecord, isOver: boolean): string =>
  JSON.stringify({ user, isInstructor, untilMs, isOver })

/** Returns null if the text is not the entry of a session. */
export function readEntry(hash: string, text: string): { record: SessionRecord; isOver: boolean } | null {
  const value = parse(text)
  if (!Entry.Check(value)) return null
  const { isOver, ...record } = value
  return { record: { hash, ...record }, isOver }
}

const Entry = Compile(
  Type.Object({ user: Type.String(), isInstructor: Type.Boolean(), untilMs: Type.Number(), isOver: Type.Boolean() }),
)

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
