import type { Cursor, Event, Person, RoomPresence, TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import type { State } from '../../web/transports/transport.ts'

export interface FeedClient extends Disposable {
  readonly events: readonly Event[]
  readonly gaps: readonly Cursor[]
  readonly states: readonly State[]
  readonly presences: readonly RoomPresence[]
  /** People of the latest presence, each with the number of tabs. */
  here(): string[] | undefined
  texts(): (string | undefined)[]
  publish(text: string, key?: string): Promise<Cursor>
  typing(on?: boolean): void
  stop(): void
  leave(): void
}

export interface ConnectOptions {
  readonly after?: Cursor
  readonly room?: string
  readonly lane?: string
  readonly person?: Person
  /** Called with each gap, before any other callback. */
  readonly atGap?: () => void
}

/** Connects the browser side of a transport and records its callbacks. */
export function connect(
  transport: TransportName,
  origin: string,
  { after = '0', room = 'lobby', lane, person, atGap = () => {} }: ConnectOptions = {},
): FeedClient {
  const events: Event[] = []
  const gaps: Cursor[] = []
  const states: State[] = []
  const presences: RoomPresence[] = []
  const { publish, typing, stop, leave } = transports[transport].connect(
    { origin, room, person, after, intervalMs: 10, waitS: 5, ...(lane !== undefined && { lane }) },
    {
      events: (more) => events.push(...more),
      gap(cursor) {
        gaps.push(cursor)
        atGap()
      },
      state: (state) => states.push(state),
      presence: (presence) => presences.push(presence),
    },
  )
  return {
    events,
    gaps,
    states,
    presences,
    here: () => presences.at(-1)?.here.map(({ name, tabs }) => `${name} ${tabs}`),
    texts: () => events.map(({ text }) => text),
    publish: (text, key = crypto.randomUUID()) => publish('Ada', text, key),
    typing,
    stop,
    leave,
    [Symbol.dispose]: stop,
  }
}

export const isUp = ({ states }: FeedClient): boolean => states.some(({ is }) => is === 'open' || is === 'asking')
