/** Client that follows the room from its beginning and records the events and gaps that it gets. */
import type { Cursor, TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import type { Connection } from '../../web/transports/transport.ts'
import { openRoad } from './road.ts'
import type { Road } from './road.ts'

/** Record of an event, or of a gap with the cursor at its end. */
export interface Told {
  readonly is: 'event' | 'gap'
  readonly cursor: Cursor
}

export interface Follower extends AsyncDisposable {
  readonly road: Road
  readonly transport: TransportName
  /** Events and gaps in order, over all transports that the client has used. */
  readonly told: readonly Told[]
  /** Continues from its cursor over another transport. */
  switchTo(transport: TransportName): void
  /** Publishes a text. Returns the id of the event. */
  publish(text: string, key: string): Promise<Cursor>
  stop(): void
}

const INTERVAL_MS = 50
/** Hold of a poll. It is longer than the final wait of a scenario, so a hold that survives its client is found. */
const WAIT_S = 30

export async function follow(first: TransportName, port: number, room: string): Promise<Follower> {
  const road = await openRoad(port)
  const told: Told[] = []
  let transport = first
  let connection = connect()

  return {
    road,
    get transport() {
      return transport
    },
    told,
    switchTo(next) {
      connection.stop()
      transport = next
      connection = connect()
    },
    publish: (text, key) => connection.publish('Ada', text, key),
    stop: () => connection.stop(),
    async [Symbol.asyncDispose]() {
      connection.stop()
      await road[Symbol.asyncDispose]()
    },
  }

  function connect(): Connection {
    const after = told.at(-1)?.cursor ?? '0'
    return transports[transport].connect(
      { origin: road.origin, room, after, intervalMs: INTERVAL_MS, waitS: WAIT_S },
      {
        events: (events) => told.push(...events.map(({ id }) => ({ is: 'event' as const, cursor: id }))),
        gap: (cursor) => told.push({ is: 'gap', cursor }),
        state: () => {},
      },
    )
  }
}
