/** Claim 3: the time that `ws` on Node takes for a broadcast to 10,000 clients, and which clock measures it. */
import { randomBytes } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { sampleQuantile } from '../../web/measure/latency.ts'
import { markIn, markOf } from '../compare/adapter.ts'
import type { ComparedServer } from '../compare/adapter.ts'
import { openWebSocket } from '../compare/clients/web-socket.ts'
import { startCrew } from '../compare/crew.ts'
import type { Crew } from '../compare/crew.ts'
import { openFilesLimit } from '../compare/machine.ts'
import { now } from '../compare/now.ts'
import { CompareError } from '../compare/trouble.ts'
import { defineClaim, isWithin } from './claim.ts'
import type { ClaimTools, ClaimFinding } from './claim.ts'
import { connectingMs, startPlain, watchMachine } from './servers.ts'
import { ms, percent } from './words.ts'

export interface MeasuredShootout {
  readonly clients: number
  readonly samples: number
  /** 95 % quantile of the time until the publisher was told that the broadcast is done. */
  readonly toldMs: number
  /** 95 % quantile of the time until the last client had read the message, if the next one waits for that. */
  readonly receivedMs: number
  /** Of the same broadcasts: the time until the publisher was told. */
  readonly toldMeanwhileMs: number
  /** 95 % quantile of the part of `receivedMs` that may be the clients' own. */
  readonly clientsMs: number
  /** Share of the processors that other programs used. */
  readonly othersShare: number
}

const PUBLISHED_MS = 409
const CLIENTS = 10_000
const QUICK_CLIENTS = 1000
const OTHER_FILES = 100
/** Broadcasts under way at the same time. */
const CONCURRENT = 4
const SAMPLES = 100
const RECEIVED_SAMPLES = 40
const QUICK_SAMPLES = 20
const PADDING_BYTES = 200
const RAMP_MS = 4000
const SETTLE_MS = 1000
const DEADLINE_MS = 60_000
const LOOK_MS = 5
const NEAR = 2
/** The clients have a message later than the publisher is told, if it takes them this much longer. */
const LATER = 1.25
const OTHERS_SHARE = 0.5

export const shootout = defineClaim(
  {
    number: 3,
    statement: '`ws` on Node sends a broadcast to 10,000 clients in 409 ms, in 19 of 20 cases.',
    source: 'websocket-shootout by Hashrocket, round of 2016',
    about:
      'A benchmark must decide when its clock stops. Here the clock stopped when the server told the publisher that it had written the message to every connection. At that moment the messages may still wait in the kernel, and a client may not have read its message yet.',
    published:
      'Node 6.6, 10,000 clients on several machines, 4 broadcasts at the same time, 100 samples, 200 bytes of padding, Ethernet.',
    method:
      'The same protocol, with the present version of ws. First the clock stops when the publisher is told, as published. Then it stops when the last client has read the message, and the next broadcast waits for that. Both times 4 broadcasts are under way.',
    criterion: {
      reproduced: `With 10,000 clients, both clocks show a p95 that differs from 409 ms by a factor of at most ${NEAR}.`,
      refuted: `With 10,000 clients, the last client needs more than ${LATER} times as long as the published clock shows here, even without the time for which the clients themselves were busy.`,
      'cannot be told here': `Everything else: fewer clients are possible, other programs used more than ${percent(OTHERS_SHARE)} of the processors, or the clients were too busy to tell when a message arrived.`,
    },
    differs: [
      'Clients and server are on one machine with loopback instead of Ethernet, because there is only one. The clients have one process.',
      'Node and ws are ten years newer, and the processor is another one, so the factor of the criterion is large.',
      'The publishers are four further connections, not four of the 10,000 clients.',
    ],
    seconds: { usual: 45, quick: 10 },
  },
  measure,
  judgeShootout,
)

export function judgeShootout(measured: MeasuredShootout): ClaimFinding {
  const { clients, samples, toldMs, receivedMs, toldMeanwhileMs, clientsMs, othersShare } = measured
  const found = {
    figures: [
      { what: 'p95, clock stopped when the publisher is told', published: ms(PUBLISHED_MS), ours: ms(toldMs) },
      { what: 'p95, clock stopped when the last client has read', published: null, ours: ms(receivedMs) },
      { what: 'of it, when the publisher is told', published: null, ours: ms(toldMeanwhileMs) },
      { what: 'of it, work of the clients themselves (at most)', published: null, ours: ms(clientsMs) },
    ],
    samples: `${samples} broadcasts to ${clients} clients for the first figure, ${Math.min(samples, RECEIVED_SAMPLES)} for the others`,
  }
  const untold = (why: string): ClaimFinding => ({ ...found, outcome: 'cannot be told here', why })
  if (clients < CLIENTS) return untold(`Only ${clients} clients were connected, and the claim is about ${CLIENTS}.`)
  if (othersShare > OTHERS_SHARE) return untold(`Other programs used ${percent(othersShare)} of the processors.`)
  const why = `The publisher is told after ${ms(toldMs)}, and the last client has read the message after ${ms(receivedMs)}.`
  if (receivedMs - clientsMs > LATER * toldMs)
    return {
      ...found,
      outcome: 'refuted',
      why: `${why} So the published clock does not show when the clients have a message.`,
    }
  const areNear = [toldMs, receivedMs].every((value) => isWithin(value, PUBLISHED_MS, NEAR))
  if (areNear) return { ...found, outcome: 'reproduced', why }
  if (receivedMs > LATER * toldMs)
    return untold(`${why} But up to ${ms(clientsMs)} of that may be work of the clients, which share this machine.`)
  return untold(`${why} A difference by a factor of more than ${NEAR} may come from the machine.`)
}

async function measure({ isQuick, show }: ClaimTools): Promise<MeasuredShootout> {
  const clients = Math.min(isQuick ? QUICK_CLIENTS : CLIENTS, (openFilesLimit() ?? Infinity) - OTHER_FILES)
  const samples = isQuick ? QUICK_SAMPLES : SAMPLES
  using crew = startCrew()
  await using server = await startPlain('shootout-server.ts', crew.pids)
  const { url } = server
  const run = randomBytes(4).toString('hex')
  const target = { transport: 'ws', url, publishUrl: url, run, intervalMs: 0, waitS: 25 }
  show(`${clients} clients connect`)
  await crew.open('ws', target, clients, connectingMs((RAMP_MS * clients) / CLIENTS))
  const publishers = await Promise.all(Array.from({ length: CONCURRENT }, () => openPublisher(target)))
  await after(SETTLE_MS)
  const others = watchMachine([server.pid, ...crew.pids])
  const publish = createPublishing(crew, clients, run, publishers)
  // The first broadcasts compile the code of both sides.
  await publish(CONCURRENT, true)
  show(`${samples} broadcasts, clock stopped when the publisher is told`)
  const told = await publish(samples, false)
  await publish.allReceived()
  show(`${Math.min(samples, RECEIVED_SAMPLES)} broadcasts, clock stopped when the last client has read`)
  const received = await publish(Math.min(samples, RECEIVED_SAMPLES), true)
  const othersShare = others()
  const arrivals = arrivalsOf(await crew.finish())
  await crew.close()
  for (const publisher of publishers) publisher.close()
  const last = received.map(({ id, sentMs }) => (arrivals.get(id)?.lastMs ?? Number.NaN) - sentMs)
  return {
    clients,
    samples,
    toldMs: p95(told.map(({ toldMs, sentMs }) => toldMs - sentMs)),
    receivedMs: p95(last),
    toldMeanwhileMs: p95(received.map(({ toldMs, sentMs }) => toldMs - sentMs)),
    clientsMs: p95(received.map(({ id }) => arrivals.get(id)?.busyMs ?? 0)),
    othersShare,
  }
}

interface Sent {
  readonly id: string
  readonly sentMs: number
  readonly toldMs: number
}

type Publisher = Awaited<ReturnType<typeof openPublisher>>

/**
 * Returns a function that publishes a number of messages, of which each publisher has one under way. If `waits` is
 * true, a publisher waits until all clients have its message.
 */
function createPublishing(crew: Crew, clients: number, run: string, publishers: readonly Publisher[]) {
  const ids: string[] = []
  /** The crew can be asked only one question at a time. */
  let latest: Promise<unknown> = Promise.resolve()

  const publish = async (count: number, waits: boolean): Promise<readonly Sent[]> => {
    const sent: Sent[] = []
    const first = ids.length
    const next = async (publisher: Publisher): Promise<void> => {
      while (ids.length < first + count) {
        const id = markOf(run, ids.length)
        ids.push(id)
        const sentMs = now()
        await publisher.broadcast(id)
        sent.push({ id, sentMs, toldMs: now() })
        if (waits) await receivedBy([id])
      }
    }
    await Promise.all(publishers.map(next))
    return sent
  }
  return Object.assign(publish, { allReceived: () => receivedBy(ids) })

  async function receivedBy(awaited: readonly string[]): Promise<void> {
    const endMs = now() + DEADLINE_MS
    while ((await count(awaited)) < awaited.length * clients) {
      if (now() > endMs) throw new CompareError('Some clients have not received every broadcast.')
      await after(LOOK_MS)
    }
  }

  function count(awaited: readonly string[]): Promise<number> {
    const counted = latest.then(() => crew.expect(awaited)).then(() => crew.count())
    latest = counted.catch(() => {})
    return counted
  }
}

/** Opens a connection that publishes, and resolves each broadcast when the server tells that it is done. */
async function openPublisher(target: ComparedServer) {
  const live = Promise.withResolvers<void>()
  let awaited: { id: string; resolve(): void } | null = null
  const connection = openWebSocket(target.url, {
    live: live.resolve,
    received(text) {
      if (awaited && text.startsWith('{"type":"broadcastResult"') && markIn(text) === awaited.id) awaited.resolve()
    },
    failed: (why) => live.reject(new CompareError(`A publisher failed: ${why}.`)),
  })
  await live.promise
  return {
    broadcast(id: string): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>()
      awaited = { id, resolve }
      connection.send(JSON.stringify({ type: 'broadcast', payload: { id, padding: 'x'.repeat(PADDING_BYTES) } }))
      return promise
    },
    close: () => connection.close(),
  }
}

/** Returns when the last client had each message, and the largest part of this that may be the clients' own. */
function arrivalsOf(worked: Awaited<ReturnType<Crew['finish']>>) {
  const arrivals = new Map<string, { lastMs: number; busyMs: number }>()
  for (const { samples } of worked) {
    for (let i = 0; i < samples.length; i++) {
      const id = samples.ids[samples.id[i] ?? -1] ?? ''
      const known = arrivals.get(id) ?? { lastMs: 0, busyMs: 0 }
      const atMs = samples.atMs[i] ?? 0
      if (atMs >= known.lastMs) arrivals.set(id, { lastMs: atMs, busyMs: samples.busyMs[i] ?? 0 })
    }
  }
  return arrivals
}

function p95(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  return sampleQuantile(sorted, sorted.length, 0.95)?.ms ?? Number.NaN
}
