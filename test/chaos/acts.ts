/** Acts of a scenario, as fast-check commands. fast-check draws a random sequence of them. */
import fc from 'fast-check'
import type { Conditions, Cut } from '../../server/protocol/lab.ts'
import { NEUTRAL } from '../../server/wire/bend/ranges.ts'
import type { TestRedis } from '../redis.ts'
import { NAMES } from './world.ts'
import type { World } from './world.ts'

/** State of the world that follows from the acts alone. */
export interface WorldModel {
  isUp: boolean
  isHidden: boolean
  isOffline: boolean
  faults: number
}

type Act = fc.AsyncCommand<WorldModel, World>

const CUTS: readonly Cut[] = ['FIN', 'RST', 'black hole']

/** Number of bytes that covers a stream's head, its greeting and the first events. */
const FAR_BYTES = 2000
/** Longest time without a server: long enough for every client to notice. */
const AWAY_MS = 600
const STALL_MS = 1500
/** Longest time without Redis: a reply may take up to 2 s, so some publishes fail and others wait. */
const REDIS_AWAY_MS = 3000
/** Longest pause between two acts. After a short pause the next act hits a client that still recovers. */
const PAUSE_MS = 250

const cut = fc.constantFrom(...CUTS)
const name = fc.constantFrom(...NAMES)
const which = fc.nat(NAMES.length * 2 - 1)
const bytes = fc.oneof(fc.constant(0), fc.nat(FAR_BYTES))

const conditions: fc.Arbitrary<Conditions> = fc
  .record({
    latencyMs: fc.oneof(fc.constant(0), fc.nat(60)),
    jitterMs: fc.oneof(fc.constant(0), fc.nat(30)),
    bandwidthBytesPerSecond: fc.oneof(fc.constant(0), fc.integer({ min: 50_000, max: 1_000_000 })),
    lossRate: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.05, noNaN: true })),
    bufferingBytes: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 8192 })),
    bufferingMs: fc.constantFrom(0, 50, 500),
    slowReaderBytesPerSecond: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      fc.integer({ min: 1000, max: 100_000 }),
    ),
    idleCutMs: fc.oneof(fc.constant(0), fc.integer({ min: 500, max: 2000 })),
    firewall: fc.boolean(),
  })
  .map((some) => ({ ...NEUTRAL, ...some }))

const pause = fc.oneof(fc.constant(0), fc.nat(PAUSE_MS))

const always = (): boolean => true
const isUp = ({ isUp }: WorldModel): boolean => isUp

/** Bursts of messages. Some are so long that the next acts happen during the burst. */
const publishes = fc
  .oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 300 }) }, fc.integer({ min: 300, max: 3000 }))
  .map((count) => act(`publish ${count}`, always, ({ publisher }) => publisher.burst(count)))

const publishesByLane = which.map((at) =>
  act(`publish by client ${at}`, isUp, ({ publisher, followers }) => {
    const follower = followers[at]
    if (follower) publisher.by(follower.publish)
  }),
)

const cuts = fc
  .tuple(which, cut, bytes)
  .map(([at, how, after]) =>
    fault(`cut client ${at}: ${how} after ${after} bytes`, always, ({ followers }) =>
      followers[at]?.road.break(how, after),
    ),
  )

const cutsAll = cut.map((how) =>
  fault(`cut everybody on the server: ${how}`, isUp, async ({ process }) =>
    ask(process.origin, 'POST', '/lab/cut', { how }),
  ),
)

const cutsPage = fc
  .tuple(cut, bytes)
  .map(([how, after]) =>
    fault(`cut the page: ${how} after ${after} bytes`, always, ({ viewer }) => viewer?.road.break(how, after)),
  )

const stalls = fc
  .tuple(which, fc.nat(STALL_MS))
  .map(([at, ms]) =>
    fault(`client ${at} reads nothing for ${ms} ms`, always, ({ followers }) => void followers[at]?.road.stall(ms)),
  )

const switches = fc
  .tuple(which, name)
  .map(([at, to]) => fault(`client ${at} goes on by ${to}`, always, ({ followers }) => followers[at]?.switchTo(to)))

const bends = conditions.map((some) =>
  fault(`conditions ${JSON.stringify(some)}`, isUp, ({ process }) =>
    ask(process.origin, 'PUT', '/lab/settings', { conditions: some }),
  ),
)

const kills = fc.nat(AWAY_MS).map((awayMs) =>
  fault(`kill -9, and start again after ${awayMs} ms`, isUp, async ({ process }) => {
    await process.kill()
    await waitFor(awayMs)
    await process.start()
  }),
)

const pausesRedis = fc.nat(REDIS_AWAY_MS).map((ms) =>
  ofRedis(`Redis hangs for ${ms} ms`, async (redis) => {
    redis.signal('SIGSTOP')
    await waitFor(ms)
    redis.signal('SIGCONT')
  }),
)

const cutsRedis = fc
  .constantFrom('normal', 'pubsub')
  .map((type) =>
    ofRedis(`cut the connections to Redis: ${type}`, (redis) => void redis.command('CLIENT', 'KILL', 'TYPE', type)),
  )

const restartsRedis = fc.constant(
  ofRedis('restart Redis without its data', (redis, { isDurable }) => (isDurable ? undefined : redis.restart())),
)

const restarts = fc.constant(
  fault('restart by the lab', isUp, ({ process }) => ask(process.origin, 'POST', '/lab/restart')),
)

const hides = fc.constant(
  fault('hide the page, or show it again', always, async ({ viewer }, model) => {
    model.isHidden = !model.isHidden
    await viewer?.setHidden(model.isHidden)
  }),
)

const unplugs = fc.constant(
  fault('take the page offline, or back', always, async ({ viewer }, model) => {
    model.isOffline = !model.isOffline
    await viewer?.setOffline(model.isOffline)
  }),
)

const togglesLane = fc.tuple(name, fc.boolean()).map(([transport, isOn]) =>
  fault(
    `the page's ${transport} ${isOn ? 'on' : 'off'}`,
    ({ isHidden }) => !isHidden,
    ({ viewer }) => viewer?.setLane(transport, isOn),
  ),
)

export const acts = fc.commands(
  [
    publishes,
    publishes,
    publishes,
    publishesByLane,
    cuts,
    cuts,
    cutsAll,
    cutsPage,
    stalls,
    switches,
    bends,
    kills,
    restarts,
    pausesRedis,
    cutsRedis,
    restartsRedis,
    hides,
    unplugs,
    togglesLane,
  ].map((command) => fc.tuple(command, pause).map(([act, pauseMs]) => pausing(act, pauseMs))),
  { maxCommands: 60, size: 'max' },
)

function act(
  title: string,
  check: (model: Readonly<WorldModel>) => boolean,
  does: (world: World, model: WorldModel) => void | Promise<void> | undefined,
): Act {
  return { check, run: async (model, world) => does(world, model), toString: () => title }
}

function fault(...[title, check, does]: Parameters<typeof act>): Act {
  return act(title, check, (world, model) => {
    model.faults += 1
    return does(world, model)
  })
}

/** A fault of Redis. Without Redis, nothing happens. */
function ofRedis(title: string, does: (redis: TestRedis, world: World) => void | Promise<void> | undefined): Act {
  return fault(title, always, (world) => (world.redis ? does(world.redis, world) : undefined))
}

function pausing(act: Act, pauseMs: number): Act {
  return {
    check: (model) => act.check(model),
    run: async (model, world) => {
      await act.run(model, world)
      await waitFor(pauseMs)
    },
    toString: () => `${act}; ${pauseMs} ms`,
  }
}

/** Sends a request as an instructor's script would. A request without a response has no effect. */
async function ask(origin: string, method: string, path: string, body?: unknown): Promise<void> {
  const init = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(origin + path, { method, ...init }).catch(() => null)
  if (response && response.status >= 400) throw new Error(`${method} ${path}: ${await response.text()}`)
  await response?.arrayBuffer().catch(() => null)
}

function waitFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
