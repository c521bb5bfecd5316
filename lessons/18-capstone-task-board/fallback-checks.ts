/** Checks of the student's rules for choosing a transport, on a page that connects through the gate and whose time stands still. */
import type { TransportName } from '../../server/protocol/feed.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Check } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import type { Hint } from '../kit/finding.ts'
import type { Trial } from '../kit/trial.ts'
import { NOT_LIVE, NO_TIME, words } from './hints.ts'
import { create, startSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { soon, sure } from './soon.ts'
import type { Used } from './wires.ts'

/** Times that the student's file names, and the interval at which the page checks them. */
const PATIENCE_MS = 4000
const RETRY_MS = 10_000
const LOOK_MS = 250

/** Shorter than the patience, so that no try starts and ends between two looks. */
const STEP_MS = 2000

/** No try is due within this time after a try, whether the 10 s start at its end or at its beginning. */
const SOON_MS = 3000

/** Shorter than a try. */
const GLANCE_MS = 1000

/** Longer than any sensible pause between two tries. */
const LONG_MS = 60_000

/** Time after which one silent transport is given up, but not a second one. */
const GIVEN_UP_MS = PATIENCE_MS + LOOK_MS

interface World extends Sandbox {
  readonly trial: Trial
  open(only?: TransportName): Promise<void>
  used(): Promise<Used>
  pass(ms: number): Promise<void>
  /** Lets Ben change the board. Resolves with true when the page has received the change, or with false if it never does. */
  delivers(): Promise<boolean>
}

async function at(trial: Trial, run: (world: World) => Promise<void>): Promise<void> {
  await using sandbox = await startSandbox()
  const { room } = trial
  let tasks = 0
  const used = async () => (await trial.call('used')) as Used
  const world: World = {
    ...sandbox,
    trial,
    used,
    async open(only) {
      const { cursor } = await sandbox.board(room)
      await trial.call('open', sandbox.gate.origin, room, cursor, only ?? null)
    },
    pass: (ms) => trial.tick(ms),
    async delivers() {
      const { id } = await sandbox.change(room, create(`t${(tasks += 1)}`))
      return soon(trial, async () => (await used()).delivered.includes(id))
    },
  }
  try {
    await run(world)
  } finally {
    await trial.call('close').catch(() => {})
  }
}

interface Observed {
  readonly saw: string
  readonly hint: string | Hint | ((used: Used) => string | Hint)
}

/** Throws with the requests of the page and the transport that it uses. */
async function differs(world: World, wanted: string, { saw, hint }: Observed, Kind = Wrong): Promise<never> {
  const used = await world.used()
  const { current, isLive, trial } = used
  const asked = world.gate.asked.filter((line, i, all) => line !== all[i - 1])
  const head = `${asked.join('\n')}\n\nuses `
  const tries = trial === null ? '' : `, and tries ${trial} beside it`
  throw new Kind({
    saw,
    bytes: `${head}${current}, which ${isLive ? 'delivers' : 'delivers nothing'}${tries}`,
    at: head.length,
    wanted,
    hint: typeof hint === 'function' ? hint(used) : hint,
  })
}

/** Waits until this transport is used and delivers; throws `Late` if it never does. */
async function expectLive(world: World, name: TransportName, observed: Observed): Promise<void> {
  const isIt = async () => {
    const { current, isLive } = await world.used()
    return current === name && isLive
  }
  if (await soon(world.trial, isIt)) return
  await differs(world, `${name}, which delivers`, observed, Late)
}

/** Throws `Wrong` unless this transport is used and delivers at this moment. */
async function expectStill(world: World, name: TransportName, observed: Observed): Promise<void> {
  const { current, isLive } = await world.used()
  if (current !== name || !isLive) await differs(world, `${name}, which delivers`, observed)
}

async function expectCurrent(world: World, name: TransportName, observed: Observed): Promise<void> {
  if ((await world.used()).current !== name) await differs(world, name, observed)
}

/** Lets time pass until the condition holds, with messages in the meantime. Resolves with false if it never holds. */
async function untilTried(world: World, isIt: (used: Used) => boolean): Promise<boolean> {
  for (let passedMs = 0; passedMs < LONG_MS; passedMs += STEP_MS) {
    await world.pass(STEP_MS)
    const used = await world.used()
    if (isIt(used)) return true
    // A stream needs a message now and then, because half a minute of silence counts as lost.
    if (used.current === 'sse') await world.delivers()
  }
  return false
}

/** Brings the page to an event stream by refusing WebSockets. */
async function fallen(world: World): Promise<void> {
  world.gate.set('refused', 'ws')
  await world.open()
  await world.pass(GIVEN_UP_MS)
  await expectLive(world, 'sse', { saw: 'WebSockets are refused. After 4 s:', hint: NO_TIME })
}

export const fallbackChecks: readonly Check[] = checksFrom(words.fallback, {
  'the-best': (trial) =>
    at(trial, async (world) => {
      await world.open()
      await expectLive(world, 'ws', { saw: 'All four transports work.', hint: NOT_LIVE })
      await world.pass(3 * PATIENCE_MS)
      const observed = { saw: 'All four transports work, and 12 s passed.', hint: 'other' }
      await expectStill(world, 'ws', observed)
      if ((await world.used()).trial !== null) await differs(world, 'ws, and no try beside it', observed)
    }),
  'a-cut': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      await world.open()
      await expectLive(world, 'ws', { saw: 'All four transports work.', hint: NOT_LIVE })
      gate.cut('ws')
      // If the page has changed its transport, this is reported at once.
      const isLost = async () => {
        const { current, isLive } = await world.used()
        return current !== 'ws' || !isLive
      }
      if (!(await soon(trial, isLost)))
        await differs(world, 'ws, which delivers nothing', { saw: 'The WebSocket was cut.', hint: 'blind' }, Late)
      await expectCurrent(world, 'ws', { saw: 'The WebSocket was cut. At the same moment:', hint: 'hasty' })
      await world.pass(1000)
      const saw = 'The WebSocket was cut, and was restored within a second.'
      await expectLive(world, 'ws', { saw, hint: 'hasty' })
      await world.pass(6000)
      await expectStill(world, 'ws', { saw: `${saw} Then 6 s passed.`, hint: 'counts-on' })
    }),
  falls: (trial) =>
    at(trial, async (world) => {
      world.gate.set('refused', 'ws')
      await world.open()
      await world.pass(PATIENCE_MS - 2 * LOOK_MS)
      await expectCurrent(world, 'ws', { saw: 'WebSockets are refused. After 3.5 s:', hint: 'hasty' })
      // The stream delivers only after the next look. A fast stream would hide that it got no time.
      world.gate.set('held back', 'sse')
      await world.pass(3 * LOOK_MS)
      const saw = 'WebSockets are refused. After 4.25 s:'
      const hint = ({ current }: Used) => (current === 'ws' ? 'stays' : 'no-time')
      await expectCurrent(world, 'sse', { saw, hint })
      world.gate.set('through', 'sse')
      await expectLive(world, 'sse', { saw, hint })
      if ((await world.used()).gaveUp?.transport !== 'ws')
        await differs(world, 'sse, and gaveUp names ws', { saw, hint: 'silent' })
    }),
  'looks-open': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      gate.set('refused', 'ws')
      gate.set('held back', 'sse')
      await world.open()
      await world.pass(GIVEN_UP_MS)
      await sure(trial, 'the stream is asked for', () => gate.count('sse') > 0)
      await world.pass(GIVEN_UP_MS)
      const saw = 'WebSockets are refused, and a proxy holds back the event stream. After 8.5 s:'
      const hint = ({ current }: Used) => (current === 'sse' ? 'fooled' : NO_TIME)
      await expectLive(world, 'long-poll', { saw, hint })
    }),
  'round-again': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      gate.set('refused', 'ws', 'sse', 'long-poll', 'short-poll')
      await world.open()
      for (let given = 0; given < 3; given++) await world.pass(GIVEN_UP_MS)
      gate.set('through', 'ws')
      await world.pass(GIVEN_UP_MS)
      const saw = 'For 16 s all four transports were refused. Now WebSockets work.'
      await expectLive(world, 'ws', { saw, hint: 'dead-end' })
    }),
  withheld: (trial) =>
    at(trial, async (world) => {
      await world.open()
      await expectLive(world, 'ws', { saw: 'All four transports work.', hint: NOT_LIVE })
      await trial.call('withheld', 'did not deliver an accepted change')
      const saw = 'The WebSocket did not deliver a change that the server had accepted.'
      await expectLive(world, 'sse', { saw, hint: 'waits' })
    }),
  'only-one': (trial) =>
    at(trial, async (world) => {
      world.gate.set('refused', 'sse')
      await world.open('sse')
      await expectCurrent(world, 'sse', { saw: 'The user has chosen SSE alone. At the beginning:', hint: 'leaves' })
      await world.pass(3 * GIVEN_UP_MS)
      const observed = {
        saw: 'The user has chosen SSE alone, and event streams are refused. After 12 s:',
        hint: 'leaves',
      }
      await expectCurrent(world, 'sse', observed)
      world.gate.set('through', 'sse')
      // An event stream waits up to 15 s between two attempts.
      await world.pass(16_000)
      await expectLive(world, 'sse', {
        ...observed,
        saw: 'The user has chosen SSE alone. Event streams were refused, and work now:',
      })
    }),
  'back-up': (trial) =>
    at(trial, async (world) => {
      await fallen(world)
      world.gate.set('through', 'ws')
      await untilTried(world, ({ current, trial }) => current === 'ws' || trial === 'ws')
      const saw = 'WebSockets were refused for a while, and SSE was used. Now both work, and a minute has passed.'
      await expectLive(world, 'ws', { saw, hint: 'stays-down' })
      if ((await world.used()).gaveUp === null) return
      await differs(world, 'ws, and no transport given up', { saw, hint: 'stays-down' })
    }),
  beside: (trial) =>
    at(trial, async (world) => {
      await fallen(world)
      const asked = world.gate.count('ws')
      await untilTried(world, ({ current, trial }) => current === 'ws' || trial === 'ws')
      await sure(trial, 'WebSockets are tried', () => world.gate.count('ws') > asked)
      const observed = { saw: 'WebSockets are refused, and SSE works. WebSockets were tried again:', hint: 'lets-go' }
      await expectStill(world, 'sse', observed)
      if (!(await world.delivers())) await differs(world, 'sse, which delivers the changes of Ben', observed, Late)
    }),
  'every-10-s': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      const expectNone = async (observed: Observed) => {
        for (let passedMs = 0; passedMs < SOON_MS; passedMs += GLANCE_MS) {
          await world.pass(GLANCE_MS)
          if ((await world.used()).trial !== null) await differs(world, 'sse, and no try beside it', observed)
        }
      }
      await world.open()
      await expectLive(world, 'ws', { saw: 'All four transports work.', hint: NOT_LIVE })
      await world.pass(RETRY_MS)
      gate.set('refused', 'ws')
      gate.cut('ws')
      await sure(trial, 'it is lost', async () => !(await world.used()).isLive)
      await world.pass(GIVEN_UP_MS)
      const saw = 'WebSockets worked for 10 s. Then they were cut, and have been refused since.'
      await expectLive(world, 'sse', { saw, hint: NO_TIME })
      await expectNone({ saw: `${saw} The page changed to SSE, and within the next 3 s:`, hint: 'early' })
      await untilTried(world, ({ trial }) => trial === 'ws')
      await world.pass(GIVEN_UP_MS)
      await expectNone({
        saw: `${saw} A new try failed, and within the next 3 s:`,
        hint: 'no-pause',
      })
    }),
  'tries-again': (trial) =>
    at(trial, async (world) => {
      await fallen(world)
      await untilTried(world, ({ trial }) => trial === 'ws')
      await world.pass(GIVEN_UP_MS)
      await world.delivers()
      world.gate.set('through', 'ws')
      await untilTried(world, ({ current, trial }) => current === 'ws' || trial === 'ws')
      const saw = 'A new try of WebSockets failed. A little later they worked, and another minute has passed.'
      await expectLive(world, 'ws', { saw, hint: 'once' })
    }),
  'one-after-the-other': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      gate.set('refused', 'ws', 'sse', 'long-poll')
      await world.open()
      for (let given = 0; given < 3; given++) await world.pass(GIVEN_UP_MS)
      const saw = 'All transports except short polling were refused.'
      await expectLive(world, 'short-poll', { saw, hint: NO_TIME })
      gate.set('through', 'sse')
      await untilTried(world, ({ current, trial }) => current === 'sse' || trial === 'sse')
      const sawThen = `${saw} Now event streams work, and a minute has passed.`
      await expectLive(world, 'sse', { saw: sawThen, hint: 'the-best-or-none' })
    }),
})
