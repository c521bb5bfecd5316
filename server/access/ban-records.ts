/** Bans as Redis stores them: as the entries of a map, which all processes share. */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { isPage } from './visitor.ts'

export interface BanRecord {
  readonly user: string
  /** The ban; null if it was lifted. */
  readonly is: 'muted' | 'removed' | null
  /** Time of the decision by the wall clock. A later decision about the same name always has a later time. */
  readonly atMs: number
  /** Clients to which the ban applies. */
  readonly clients: readonly string[]
}

/** From the weakest decision to the strongest. */
const STRENGTHS = [null, 'muted', 'removed'] as const

/** Returns the entry of a decision. Connections are left out, because they belong to one process. */
export const banEntry = ({ user, is, atMs, clients }: BanRecord): string =>
  JSON.stringify({ user, is, atMs, clients: clients.filter(isPage).toSorted() })

/** Returns null if the text is not the entry of a decision. */
export function readBan(text: string): BanRecord | null {
  const value = parse(text)
  return Entry.Check(value) ? value : null
}

/**
 * Returns the decision that counts: the later one, and of two decisions of the same time the stronger one. All processes
 * choose the same. Two copies of the same decision may have different clients, and the result has all of them.
 */
export function unite(one: BanRecord, other: BanRecord): BanRecord {
  const order = one.atMs - other.atMs || STRENGTHS.indexOf(one.is) - STRENGTHS.indexOf(other.is)
  if (order !== 0) return order > 0 ? one : other
  return { ...(one.user <= other.user ? one : other), clients: [...new Set([...one.clients, ...other.clients])] }
}

const Entry = Compile(
  Type.Object({
    user: Type.String(),
    is: Type.Union([Type.Null(), Type.Literal('muted'), Type.Literal('removed')]),
    atMs: Type.Number(),
    clients: Type.Array(Type.String()),
  }),
)

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
