/** Sends the instructor's requests, which moderate people and messages. */
import type { Cursor, Problem } from '../../server/protocol/feed.ts'
import type { Moderation } from '../../server/protocol/people.ts'

/** New state of a person, in the words of the server's API. */
export type PersonState = 'muted' | 'removed' | 'signed out' | 'allowed'

export interface Moderator {
  /** Fetches the people who have signed in, and who are muted or removed. Rejects with a sentence. */
  list(): Promise<Moderation>
  /**
   * Sets the state of a person. The promise resolves when the server has set the state, and rejects with a sentence.
   * The promises of the methods below do the same.
   */
  person(user: string, is: PersonState): Promise<void>
  removeMessage(id: Cursor): Promise<void>
  clearRoom(): Promise<void>
  deleteBoards(): Promise<void>
}

export function createModerator(origin: string, room: string): Moderator {
  return {
    list: async () => (await ask('GET', '/moderation')).json(),
    person: async (user, is) => void (await ask('PUT', `/moderation/people/${segmentOf(user)}`, { is })),
    removeMessage: async (id) => void (await ask('DELETE', `/feed/${room}/messages/${encodeURIComponent(id)}`)),
    clearRoom: async () => void (await ask('DELETE', `/feed/${room}/messages`)),
    deleteBoards: async () => void (await ask('DELETE', '/boards')),
  }

  async function ask(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(origin + path, {
      method,
      cache: 'no-store',
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    }).catch(() => {
      throw new Error('The server did not answer, so nothing was changed. Try again.')
    })
    if (response.ok) return response
    const { detail, remedy }: Problem = await response.json()
    throw new Error(`${detail} ${remedy}`)
  }
}

/**
 * Encodes a name as one segment of a path. A URL treats the segments `.` and `..` as steps, even if they are encoded,
 * so this function puts a space before the name. The server ignores spaces around a name.
 */
const segmentOf = (name: string): string => encodeURIComponent(name.replace(/^\.{1,2}$/, ' $&'))
