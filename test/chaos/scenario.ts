/** Runs one scenario and then checks that no event is lost and no resource is left. */
import fc from 'fast-check'
import type { Browser } from 'playwright'
import type { Cursor, Event, PollAnswer } from '../../server/protocol/feed.ts'
import { NEUTRAL } from '../../server/wire/bend/ranges.ts'
import { until } from '../until.ts'
import { acts } from './acts.ts'
import type { WorldModel } from './acts.ts'
import { here, isNoMore } from './resources.ts'
import type { Resources } from './resources.ts'
import { flawIn } from './proof.ts'
import { ROOM, createWorld } from './world.ts'
import type { Store, World } from './world.ts'

export interface Counts {
  messages: number
  deliveries: number
  faults: number
}

/** Time within which every client must be back and have all events, including its longest backoff. */
const SETTLE_MS = 60_000

/**
 * Runs the scenario of a seed and adds to the counts. `stores`: places of the events, of which the seed chooses one.
 * Throws with the acts that led to a flaw.
 */
export async function run(
  seed: number,
  browser: Browser | null,
  stores: readonly Store[],
  counts: Counts,
): Promise<void> {
  const ownBefore = here()
  const scenario = fc.asyncProperty(fc.constantFrom(...stores), acts, async (store, commands) => {
    await using world = await createWorld(browser, store)
    const model: WorldModel = { isUp: true, isHidden: false, isOffline: false, faults: 0 }
    await fc.asyncModelRun(() => ({ model, real: world }), commands)
    await settle(world, model)
    await prove(world, counts)
    counts.faults += model.faults
    await leave(world, ownBefore)
  })
  // A search for a shorter sequence would run many scenarios, and the seed already repeats this one.
  // fast-check begins with small runs, and each scenario here is a first run.
  await fc.assert(scenario, { seed, numRuns: 1, endOnFailure: true, unbiased: true })
}

/** Removes all faults, shows the page, stops the metronome, and waits for the publishes. */
async function settle({ process, publisher, viewer }: World, model: WorldModel): Promise<void> {
  if (model.isOffline) await viewer?.setOffline(false)
  if (model.isHidden) await viewer?.setHidden(false)
  const quiet = { ratePerSecond: 0, conditions: NEUTRAL }
  await until('the server has accepted the first settings again', () =>
    put(`${process.origin}/lab/settings?room=${ROOM}`, quiet),
  )
  await publisher.done()
}

async function put(url: string, body: unknown): Promise<boolean> {
  const init = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(url, init).catch(() => null)
  await response?.arrayBuffer()
  return response?.ok ?? false
}

async function prove(world: World, counts: Counts): Promise<void> {
  const { process, isDurable, followers, publisher, viewer } = world
  const kept = await keptBy(process.origin)
  const ids = kept.map(({ id }) => id)
  const texts = new Map<string | undefined, Cursor>()
  for (const { text, type, id } of kept) {
    if (type !== 'message') continue
    if (texts.has(text)) throw new Error(`"${text}" was published twice: ${texts.get(text)} and ${id}`)
    texts.set(text, id)
  }
  for (const [text, id] of publisher.acknowledged) {
    if (isDurable && texts.get(text) !== id)
      throw new Error(`"${text}" was acknowledged as ${id} and is ${texts.get(text)}`)
  }
  for (const [i, { told }] of followers.entries()) {
    const flaw = (): string | null => flawIn(told, ids)
    await until('the client has every event', () => flaw() === null || isFinal(flaw()), SETTLE_MS).catch(() => {})
    const found = flaw()
    if (found) throw new Error(`Client ${i}, now by ${followers[i]?.transport}: ${found}`)
    counts.deliveries += told.length
  }
  if (viewer) await provePage(viewer, ids.at(-1))
  counts.messages += publisher.acknowledged.size
}

/** Returns true for a flaw that does not disappear with time. */
const isFinal = (flaw: string | null): boolean => flaw !== null && !/^(?:ends at|nothing came)/.test(flaw)

async function provePage(viewer: NonNullable<World['viewer']>, end: Cursor | undefined): Promise<void> {
  const on = async () => (await viewer.lanes()).filter(({ on }) => on)
  const isThere = async () => (await on()).every(({ cursor }) => end === undefined || cursor === end)
  await until('the page has every event', isThere, SETTLE_MS).catch(async (cause) => {
    throw new Error(`The page's lanes end at ${(await on()).map(({ cursor }) => cursor)} instead of ${end}`, { cause })
  })
  for (const { transport, lost, duplicated, outOfOrder } of await viewer.lanes()) {
    if (lost + duplicated + outOfOrder > 0)
      throw new Error(`The page's ${transport}: ${lost} lost, ${duplicated} doubled, ${outOfOrder} out of order`)
  }
  if (viewer.trouble.length > 0) throw new Error(`Errors in the page: ${viewer.trouble.join('; ')}`)
}

async function keptBy(origin: string): Promise<Event[]> {
  const events: Event[] = []
  for (let after = '0', more = true; more;) {
    const url = `${origin}/feed/${ROOM}/poll?after=${after}&limit=500`
    // The change of the conditions before closes idle connections, also one on which a request is just being sent.
    const response = await until('the server returns the events', () => fetch(url).catch(() => null))
    if (response.status === 204) break
    const answer: PollAnswer = await response.json()
    events.push(...answer.events)
    after = answer.cursor
    more = answer.more
  }
  return events
}

/** Stops all clients and checks that the server and the clients have no more resources than at the start. */
async function leave({ process, followers, viewer, before }: World, ownBefore: Resources): Promise<void> {
  for (const follower of followers) await follower[Symbol.asyncDispose]()
  await viewer?.[Symbol.asyncDispose]()
  await nothingMore('the server', () => process.resources(), before)
  const code = await process.end()
  if (code !== 0) throw new Error(`The server ended with ${code}`)
  await nothingMore('the clients', here, ownBefore)
}

async function nothingMore(where: string, look: () => Resources | Promise<Resources>, before: Resources) {
  let left: Resources = {}
  await until('no additional resource is left', async () => isNoMore((left = await look()), before)).catch(() => {
    throw new Error(`Left in ${where}: ${JSON.stringify(left)}, and at the start ${JSON.stringify(before)}`)
  })
}
