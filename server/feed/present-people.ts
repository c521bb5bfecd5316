/** The people in one room, and the clients through which each person is present in this process or in others. */
import { hash } from 'node:crypto'
import type { RoomPresence } from '../protocol/feed.ts'

/** Facts that one process has about a client. */
export interface Stay {
  readonly name: string
  /** The person has the name of the stay with the greatest number. A later name of the person has a greater number. */
  readonly nameNumber: number
  /** Time at which the person came, by the clock of the process to which the person came first. */
  readonly sinceMs: number
}

/** A client's connections to this process. */
export interface OwnStay extends Stay {
  name: string
  nameNumber: number
  /** Number of open streams and held polls. */
  open: number
  /** True after a goodbye: the client then disappears when its last connection closes. */
  isLeaving: boolean
  gone: ReturnType<typeof setTimeout> | undefined
}

export interface PresentClient {
  own: OwnStay | undefined
  /** Facts that the other processes have about this client. The key is the id of the process. */
  readonly elsewhere: Map<string, Stay>
}

export interface Here {
  readonly clients: Map<string, PresentClient>
  typing: ReturnType<typeof setTimeout> | undefined
  /** Time at which the other processes last got the message that this person types. */
  typingToldMs: number
}

export type PresentPeople = Map<string, Here>

/** Limits of a room's state. The state must fit as JSON into a WebSocket frame with a 16-bit length. */
const MOST_PEOPLE = 200
const MOST_BYTES = 48 * 1024
const MOST_TYPING = 10

/** Length of a digest: 72 bits as base64. */
const DIGEST_CHARS = 12

/** Returns the stay that has the current name of a client or person, with the earliest time. Undefined if there is none. */
export function summaryOf(clients: Iterable<PresentClient>): Stay | undefined {
  let newest: Stay | undefined
  let sinceMs = Infinity
  for (const { own, elsewhere } of clients) {
    if (own) add(own)
    for (const stay of elsewhere.values()) add(stay)
  }
  return newest && { name: newest.name, nameNumber: newest.nameNumber, sinceMs }

  function add(stay: Stay): void {
    sinceMs = Math.min(sinceMs, stay.sinceMs)
    const { name = '', nameNumber = -1 } = newest ?? {}
    if (stay.nameNumber > nameNumber || (stay.nameNumber === nameNumber && stay.name > name)) newest = stay
  }
}

/**
 * Returns the state of a room. Two processes that know the same stays return equal states, except for `sender` at the end
 * of the version: people are in the order in which they came.
 */
export function stateOf(room: string, people: PresentPeople, sender: string): RoomPresence {
  const all = [...people].map(([userId, { clients, typing }]) => {
    const { name = '', sinceMs = 0 } = summaryOf(clients.values()) ?? {}
    return { person: { userId, name, tabs: clients.size }, sinceMs, isTyping: typing !== undefined }
  })
  all.sort((a, b) => a.sinceMs - b.sinceMs || (a.person.userId < b.person.userId ? -1 : 1))
  const here: RoomPresence['here'][number][] = []
  const typing: string[] = []
  let bytes = 0
  for (const { person, isTyping } of all) {
    bytes += Buffer.byteLength(JSON.stringify(person))
    if (here.length < MOST_PEOPLE && bytes <= MOST_BYTES) here.push(person)
    if (isTyping && typing.length < MOST_TYPING) typing.push(person.userId)
  }
  const content = { type: 'presence', room, people: people.size, here, typing } as const
  if (people.size === 0) return { ...content, version: `${NOBODY}.${sender}` }
  const digest = hash('sha256', JSON.stringify(content), 'base64url').slice(0, DIGEST_CHARS)
  return { ...content, version: `${digest}.${sender}` }
}

/** Digest of every state without people. */
const NOBODY = 'nobody'

/** Returns true if two versions belong to the same content. */
export const isSameVersion = (known: string | undefined, version: string): boolean =>
  known === version || (known !== undefined && digestOf(known) === digestOf(version))

const digestOf = (version: string): string => version.slice(0, version.indexOf('.'))

/** Returns true if this process has sent the version. */
export const isFrom = (version: string, sender: string): boolean => version.endsWith(`.${sender}`)
