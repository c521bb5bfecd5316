import type { Cursor, Event, TransportName } from '../../server/protocol.ts'
import { transports } from '../../web/transports/index.ts'
import type { State } from '../../web/transports/transport.ts'

export interface Client extends Disposable {
  readonly events: readonly Event[]
  readonly gaps: readonly Cursor[]
  readonly states: readonly State[]
  texts(): (string | undefined)[]
  publish(text: string, key?: string): Promise<Cursor>
  stop(): void
}

/** The browser side of a transport, with everything that it tells. */
export function connect(
  transport: TransportName,
  origin: string,
  { after = '0', room = 'lobby', lane }: { after?: Cursor; room?: string; lane?: string } = {},
): Client {
  const events: Event[] = []
  const gaps: Cursor[] = []
  const states: State[] = []
  const { publish, stop } = transports[transport].connect(
    { origin, room, after, intervalMs: 10, waitS: 5, ...(lane !== undefined && { lane }) },
    {
      events: (more) => events.push(...more),
      gap: (cursor) => gaps.push(cursor),
      state: (state) => states.push(state),
    },
  )
  return {
    events,
    gaps,
    states,
    texts: () => events.map(({ text }) => text),
    publish: (text, key = crypto.randomUUID()) => publish('Ada', text, key),
    stop,
    [Symbol.dispose]: stop,
  }
}

export const isUp = ({ states }: Client): boolean => states.some(({ is }) => is === 'open' || is === 'asking')
