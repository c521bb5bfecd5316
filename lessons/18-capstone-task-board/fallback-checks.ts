/** Of the student's rules for the transport: a page's line behind the gate, in a process whose time stands still. */
import type { TransportName } from '../../server/protocol.ts'
import type { Check, Hint } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/exercise.ts'
import type { Trial } from '../kit/trial.ts'
import { create, startSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { soon, sure } from './soon.ts'
import type { Used } from './wires.ts'

/** As the file names them, and so much more that a line which looks four times a second has seen it. */
const PATIENCE_MS = 4000
const RETRY_MS = 10_000
const LOOK_MS = 250

/** Shorter than the patience: what is tried is never over before it was looked at. */
const STEP_MS = 2000

/** Nothing is due within that behind a try, be the 10 s counted from its end or from its beginning. */
const SOON_MS = 3000

/** Shorter than a try. */
const GLANCE_MS = 1000

/** Longer than any sensible pause between two tries. */
const LONG_MS = 60_000

/** As long as one transport lasts that brings nothing, and shorter than two. */
const GIVEN_UP_MS = PATIENCE_MS + LOOK_MS

interface World extends Sandbox {
  readonly trial: Trial
  open(only?: TransportName): Promise<void>
  used(): Promise<Used>
  pass(ms: number): Promise<void>
  /** Ben changes something; resolves when the page has been told, and with false where it never is. */
  tells(): Promise<boolean>
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
    async tells() {
      const { id } = await sandbox.change(room, create(`t${(tasks += 1)}`))
      return soon(trial, async () => (await used()).told.includes(id))
    },
  }
  try {
    await run(world)
  } finally {
    await trial.call('close').catch(() => {})
  }
}

interface Told {
  readonly saw: string
  readonly hint: string | Hint | ((used: Used) => string | Hint)
}

/** Throws for a page that uses something else. What it has asked for, and what it says that it uses. */
async function differs(world: World, wanted: string, { saw, hint }: Told, Kind = Wrong): Promise<never> {
  const used = await world.used()
  const { current, isLive, trial } = used
  const asked = world.gate.asked.filter((line, i, all) => line !== all[i - 1])
  const head = `${asked.join('\n')}\n\nuses `
  const tries = trial === null ? '' : `, and tries ${trial} beside it`
  throw new Kind({
    saw,
    bytes: `${head}${current}, which ${isLive ? 'delivers' : 'brings nothing'}${tries}`,
    at: head.length,
    wanted,
    hint: typeof hint === 'function' ? hint(used) : hint,
  })
}

/** Waits until this is the one that delivers. */
async function expectLive(world: World, name: TransportName, told: Told): Promise<void> {
  const isIt = async () => {
    const { current, isLive } = await world.used()
    return current === name && isLive
  }
  if (await soon(world.trial, isIt)) return
  await differs(world, `${name}, which delivers`, told, Late)
}

/** In this moment. */
async function expectStill(world: World, name: TransportName, told: Told): Promise<void> {
  const { current, isLive } = await world.used()
  if (current !== name || !isLive) await differs(world, `${name}, which delivers`, told)
}

async function expectCurrent(world: World, name: TransportName, told: Told): Promise<void> {
  if ((await world.used()).current !== name) await differs(world, name, told)
}

/** Time passes until something is tried; somebody says something all the while. False where nothing ever is. */
async function untilTried(world: World, isIt: (used: Used) => boolean): Promise<boolean> {
  for (let passedMs = 0; passedMs < LONG_MS; passedMs += STEP_MS) {
    await world.pass(STEP_MS)
    const used = await world.used()
    if (isIt(used)) return true
    // A stream that is silent for half a minute is lost; a poll asks by itself, as time passes.
    if (used.current === 'sse') await world.tells()
  }
  return false
}

const NOT_LIVE: Hint = [
  'A transport has brought something, and by your rules it does not deliver.',
  'Look at the report that says “live”: what does it change?',
  'A line that is open may still be held back by something on the way. That something has come is the only proof.',
]

const NO_TIME: Hint = [
  'After the first transport was given up, the next one was given up as well, before it had had its time.',
  'Look at since when the current one brings nothing, after you have changed it.',
  'Each has its own patience, which begins when it begins. Otherwise the first that fails takes all others with it.',
]

/** With WebSocket refused, on an event stream. */
async function fallen(world: World): Promise<void> {
  world.gate.set('refused', 'ws')
  await world.open()
  await world.pass(GIVEN_UP_MS)
  await expectLive(world, 'sse', { saw: 'WebSockets are refused. After 4 s:', hint: NO_TIME })
}

export const fallbackChecks: readonly Check[] = [
  {
    name: 'the-best',
    title: 'Uses the best one as long as it delivers',
    hints: {
      other: [
        'WebSocket delivers, and you use something else, or try it.',
        'Look at what passes while nothing is wrong.',
        'Where the best one works there is nothing to decide.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await world.open()
        await expectLive(world, 'ws', { saw: 'All four work.', hint: NOT_LIVE })
        await world.pass(3 * PATIENCE_MS)
        const told = { saw: 'All four work, and 12 s passed.', hint: 'other' }
        await expectStill(world, 'ws', told)
        if ((await world.used()).trial !== null) await differs(world, 'ws, and nothing beside it', told)
      }),
  },
  {
    name: 'a-cut',
    title: 'Stays with a transport whose line is cut and mended in time',
    hints: {
      hasty: [
        'The line was cut once, and you gave its transport up.',
        'Look at what you do when a transport is lost: it comes back by itself.',
        'Lines break: a server restarts, a lid is closed. One failure says nothing about the transport. That it brings nothing for a while does.',
      ],
      blind: [
        'The line was cut, and by your rules it went on delivering.',
        'Look at the report that says “down”.',
        'Who does not know when a transport was lost cannot know for how long it has brought nothing.',
      ],
      'counts-on': [
        'The line was cut and mended, and 6 s after that you gave its transport up.',
        'Look at what begins anew when something comes again.',
        'Patience is about a silence that lasts. What delivers has no past.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        const { gate } = world
        await world.open()
        await expectLive(world, 'ws', { saw: 'All four work.', hint: NOT_LIVE })
        gate.cut('ws')
        // Who has gone on to another one may be told of that at once.
        const isLost = async () => {
          const { current, isLive } = await world.used()
          return current !== 'ws' || !isLive
        }
        if (!(await soon(trial, isLost)))
          await differs(world, 'ws, which brings nothing', { saw: 'The WebSocket was cut.', hint: 'blind' }, Late)
        await expectCurrent(world, 'ws', { saw: 'The WebSocket was cut. In the same moment:', hint: 'hasty' })
        await world.pass(1000)
        const saw = 'The WebSocket was cut, and came back within a second.'
        await expectLive(world, 'ws', { saw, hint: 'hasty' })
        await world.pass(6000)
        await expectStill(world, 'ws', { saw: `${saw} Then 6 s passed.`, hint: 'counts-on' })
      }),
  },
  {
    name: 'falls',
    title: 'Gives up what brings nothing for 4 s, for the next',
    hints: {
      stays: [
        'WebSockets are refused, and you go on trying them for ever.',
        'Look at what passes while the current one brings nothing: who counts that time?',
        'Some networks refuse one transport always. A page that waits for it shows nothing, and another way would have been open.',
      ],
      hasty: [
        'You gave a transport up before its 4 s were over.',
        'Look at when its time began, and at what ends it.',
        'Whoever is on a slow line needs a few round trips for the best of all transports.',
      ],
      'no-time': NO_TIME,
      silent: [
        'You gave a transport up, and do not say so.',
        'Look at gaveUp: the page shows it.',
        'A page that has fallen back works, only not as well. Its user should be able to see why.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        world.gate.set('refused', 'ws')
        await world.open()
        await world.pass(PATIENCE_MS - 2 * LOOK_MS)
        await expectCurrent(world, 'ws', { saw: 'WebSockets are refused. After 3.5 s:', hint: 'hasty' })
        await world.pass(4 * LOOK_MS)
        const saw = 'WebSockets are refused. After 4.5 s:'
        const hint = ({ current }: Used) => (current === 'ws' ? 'stays' : 'no-time')
        await expectLive(world, 'sse', { saw, hint })
        if ((await world.used()).gaveUp?.transport !== 'ws')
          await differs(world, 'sse, and says that ws was given up', { saw, hint: 'silent' })
      }),
  },
  {
    name: 'looks-open',
    title: 'Gives up what is open and brings nothing',
    hints: {
      fooled: [
        'The event stream is open, a proxy holds back all that is in it, and you stay with it.',
        'Look at what you take for a proof that a transport delivers.',
        'A stream that is held back looks like one on which nothing happens. The server’s first word comes at once; where it does not, nothing will.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        const { gate } = world
        gate.set('refused', 'ws')
        gate.set('held back', 'sse')
        await world.open()
        await world.pass(GIVEN_UP_MS)
        await sure(trial, 'the stream is asked for', () => gate.count('sse') > 0)
        await world.pass(GIVEN_UP_MS)
        const saw = 'WebSockets are refused, and of an event stream nothing comes through. After 8.5 s:'
        const hint = ({ current }: Used) => (current === 'sse' ? 'fooled' : NO_TIME)
        await expectLive(world, 'long-poll', { saw, hint })
      }),
  },
  {
    name: 'round-again',
    title: 'Begins anew behind the last one',
    hints: {
      'dead-end': [
        'For a while nothing worked at all. Then WebSockets did, and you never tried them.',
        'Look at what comes behind the last one.',
        'Where nothing works it is the network that is away, and no transport is to blame. When it is back, whatever works first will do.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        const { gate } = world
        gate.set('refused', 'ws', 'sse', 'long-poll', 'short-poll')
        await world.open()
        for (let given = 0; given < 3; given++) await world.pass(GIVEN_UP_MS)
        gate.set('through', 'ws')
        await world.pass(GIVEN_UP_MS)
        const saw = 'For 16 s all four were refused. Now WebSockets are let through.'
        await expectLive(world, 'ws', { saw, hint: 'dead-end' })
      }),
  },
  {
    name: 'withheld',
    title: 'Gives up at once what withholds',
    hints: {
      waits: [
        'What the server had accepted did not come by a transport that delivers otherwise, and you stayed with it.',
        'Look at the report that says “withheld”: how does it differ from “down”?',
        'What is lost comes back by itself and gets its patience. What seems to work and keeps things to itself has had it already.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await world.open()
        await expectLive(world, 'ws', { saw: 'All four work.', hint: NOT_LIVE })
        await trial.call('withheld', 'held back what the server had accepted')
        const saw = 'The WebSocket held back what the server had accepted.'
        await expectLive(world, 'sse', { saw, hint: 'waits' })
      }),
  },
  {
    name: 'only-one',
    title: 'Does not leave the one that the user has chosen',
    hints: {
      leaves: [
        'The user has chosen SSE, which brings nothing, and you went on to another one.',
        'Look at which transports may be used: the state says so.',
        'A choice is an order. Whoever chose one transport wants to see how it does, and not how another one does.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        world.gate.set('refused', 'sse')
        await world.open('sse')
        await world.pass(3 * GIVEN_UP_MS)
        const told = {
          saw: 'The user has chosen SSE alone, and event streams are refused. After 12 s:',
          hint: 'leaves',
        }
        await expectCurrent(world, 'sse', told)
        world.gate.set('through', 'sse')
        // It waits for up to 15 s between two attempts.
        await world.pass(16_000)
        await expectLive(world, 'sse', {
          ...told,
          saw: 'The user has chosen SSE alone. It was refused, and works now:',
        })
      }),
  },
  {
    name: 'back-up',
    title: 'Goes back to a better one as soon as that works',
    hints: {
      'stays-down': [
        'WebSockets were refused, and are let through again. You never try them.',
        'Look at what passes while a lesser one works: who counts that time?',
        'What took the better one away may be over a minute later: another network, a proxy that was restarted. A page that is open for days would go without it for days.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await fallen(world)
        world.gate.set('through', 'ws')
        await untilTried(world, ({ current, trial }) => current === 'ws' || trial === 'ws')
        const saw = 'WebSockets were refused for a while, and SSE was used. Now both work, and a minute has passed.'
        await expectLive(world, 'ws', { saw, hint: 'stays-down' })
        if ((await world.used()).gaveUp === null) return
        await differs(world, 'ws, and says of none that it was given up', { saw, hint: 'stays-down' })
      }),
  },
  {
    name: 'beside',
    title: 'Keeps the one that works while it tries a better one',
    hints: {
      'lets-go': [
        'You tried WebSockets again, which are still refused, and let go of the event stream for it.',
        'Look at what you change when a better one is to be tried: the current one, or the one that is tried beside it?',
        'A try may fail, and mostly does. What works is kept until the other one has brought something; then the cursor sees to it that nothing is told twice.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await fallen(world)
        const asked = world.gate.count('ws')
        await untilTried(world, ({ current, trial }) => current === 'ws' || trial === 'ws')
        await sure(trial, 'WebSockets are tried', () => world.gate.count('ws') > asked)
        const told = { saw: 'WebSockets are refused, and SSE works. WebSockets were tried again:', hint: 'lets-go' }
        await expectStill(world, 'sse', told)
        if (!(await world.tells())) await differs(world, 'sse, which brings what Ben does', told, Late)
      }),
  },
  {
    name: 'every-10-s',
    title: 'Tries the better ones every 10 s, and not before',
    hints: {
      early: [
        'WebSockets had worked for a while when they were cut and refused. You gave them up for SSE, and tried them again at once.',
        'Look at since when the pause before a try is counted, and at what begins it.',
        'A pause is a time behind something. What was given up a moment ago is not better by now; the time that went by before it failed says nothing of it.',
      ],
      'no-pause': [
        'You tried WebSockets in vain, and then tried them again at once.',
        'Look at what begins the pause anew when a try is over.',
        'Each try is a connection more, for every page there is. A time that is counted from a moment that does not move is over once, and then for ever.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        const { gate } = world
        const expectNone = async (told: Told) => {
          for (let passedMs = 0; passedMs < SOON_MS; passedMs += GLANCE_MS) {
            await world.pass(GLANCE_MS)
            if ((await world.used()).trial !== null) await differs(world, 'sse, and nothing beside it', told)
          }
        }
        await world.open()
        await expectLive(world, 'ws', { saw: 'All four work.', hint: NOT_LIVE })
        await world.pass(RETRY_MS)
        gate.set('refused', 'ws')
        gate.cut('ws')
        await sure(trial, 'it is lost', async () => !(await world.used()).isLive)
        await world.pass(GIVEN_UP_MS)
        const saw = 'WebSockets worked for 10 s. Then they were cut, and are refused from now on.'
        await expectLive(world, 'sse', { saw, hint: NO_TIME })
        await expectNone({ saw: `${saw} SSE was taken, and within the next 3 s:`, hint: 'early' })
        await untilTried(world, ({ trial }) => trial === 'ws')
        await world.pass(GIVEN_UP_MS)
        await expectNone({
          saw: `${saw} They were tried once more, in vain, and within the next 3 s:`,
          hint: 'no-pause',
        })
      }),
  },
  {
    name: 'tries-again',
    title: 'Tries again when a try was in vain',
    hints: {
      once: [
        'You tried WebSockets once, in vain, and never again.',
        'Look at what comes after a try that brought nothing.',
        'A try says how things are in this moment. The next one is due after a pause, for as long as there is something better.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await fallen(world)
        await untilTried(world, ({ trial }) => trial === 'ws')
        await world.pass(GIVEN_UP_MS)
        await world.tells()
        world.gate.set('through', 'ws')
        await untilTried(world, ({ current, trial }) => current === 'ws' || trial === 'ws')
        const saw = 'WebSockets were tried again in vain. A little later they worked, and another minute has passed.'
        await expectLive(world, 'ws', { saw, hint: 'once' })
      }),
  },
  {
    name: 'one-after-the-other',
    title: 'Tries all that are better, one after the other',
    hints: {
      'the-best-or-none': [
        'You had fallen to short polling. WebSockets are refused for good, event streams work again, and you never try those.',
        'Look at what you try when the best one has brought nothing.',
        'What refuses one transport need not refuse the next. The best one that works is wanted, which may be any.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        const { gate } = world
        gate.set('refused', 'ws', 'sse', 'long-poll')
        await world.open()
        for (let given = 0; given < 3; given++) await world.pass(GIVEN_UP_MS)
        const saw = 'All but short polling were refused.'
        await expectLive(world, 'short-poll', { saw, hint: NO_TIME })
        gate.set('through', 'sse')
        await untilTried(world, ({ current, trial }) => current === 'sse' || trial === 'sse')
        const sawThen = `${saw} Now event streams are let through, and a minute has passed.`
        await expectLive(world, 'sse', { saw: sawThen, hint: 'the-best-or-none' })
      }),
  },
]
