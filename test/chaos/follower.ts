/** A client that follows the room from its beginning, whatever happens to it, and writes down what it was told. */
import type { Cursor, TransportName } from '../../server/protocol.ts'
import { transports } from '../../web/transports/index.ts'
import type { Connection } from '../../web/transports/transport.ts'
import { openRoad } from './road.ts'
import type { Road } from './road.ts'

/** Something that was told: an event, or a gap with the cursor at its end. */
export interface Told {
  readonly is: 'event' | 'gap'
  readonly cursor: Cursor
}

export interface Follower extends AsyncDisposable {
  readonly road: Road
  readonly transport: TransportName
  /** In order, over all transports that it has used. */
  readonly told: readonly Told[]
  /** Goes on by another transport from where it is. */
  switchTo(transport: TransportName): void
  /** Answers the id that it was published under. */
  publish(text: string, key: string): Promise<Cursor>
  stop(): void
}

const INTERVAL_MS = 50
/** Longer than is waited for what is left to go: a hold that outlives its client is found. */
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
