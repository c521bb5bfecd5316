import type { Exercise, Hint } from '../kit/exercise.ts'
import { Wrong } from '../kit/exercise.ts'
import type { Trial } from '../kit/trial.ts'
import { ProgramEnded } from '../kit/trouble.ts'
import { measureAll } from './measured.ts'
import type { Measured, Name, Run, Sizes, Workload } from './measured.ts'

/** The first measurement waits for its server to start: half a second on an idle machine, many on a busy one. */
const MEASURED_MS = 20_000

/** What the lesson promises. */
const WITHIN = 0.1

interface Cost {
  readonly requestsPerSecond: number
  readonly bytesPerSecond: number
  readonly meanAgeMs: number
}

const QUANTITIES = ['requestsPerSecond', 'bytesPerSecond', 'meanAgeMs'] as const
type Quantity = (typeof QUANTITIES)[number]

const USUAL: Workload = { ratePerSecond: 0.5, intervalMs: 2000, waitS: 25, roundTripMs: 100 }

const RUNS = {
  halfEmpty: { name: 'short-poll', workload: USUAL, seconds: 200 },
  busy: { name: 'short-poll', workload: { ...USUAL, ratePerSecond: 10, intervalMs: 1000 }, seconds: 40 },
  idleHold: { name: 'long-poll', workload: { ...USUAL, ratePerSecond: 0 }, seconds: 100 },
  hold: { name: 'long-poll', workload: { ...USUAL, ratePerSecond: 0.05 }, seconds: 1000 },
  batches: { name: 'long-poll', workload: { ...USUAL, ratePerSecond: 20, roundTripMs: 200 }, seconds: 15 },
  sse: { name: 'sse', workload: { ...USUAL, ratePerSecond: 0.1 }, seconds: 300 },
  ws: { name: 'ws', workload: { ...USUAL, ratePerSecond: 0.1 }, seconds: 300 },
} as const satisfies Record<string, Run>

type Which = keyof typeof RUNS

/** The finished servers are measured once for as long as this process lives: nothing of the student's is in it. */
let measuring: readonly Promise<Measured>[] | null = null

const WHICH = Object.keys(RUNS)

function begin(): readonly Promise<Measured>[] {
  if (measuring) return measuring
  const begun = measureAll(Object.values(RUNS))
  measuring = begun
  // What did not work is tried again with the next check, and told by whoever waits for it.
  Promise.all(begun).catch(() => (measuring = null))
  return begun
}

function measured(which: Which): Promise<Measured> {
  const found = begin()[WHICH.indexOf(which)]
  return found ?? Promise.reject(new Error(`${which} is not measured.`))
}

/** Of one exchange each, for what needs no measurement. */
const SIZES: Sizes = { payload: 150, exchange: 700, empty: 500, framing: 20, heartbeat: 10 }

const TO_DO: Hint = [
  'What came back is no cost that one can calculate with.',
  'Look at what the function returns for this transport: is there still a TODO above it?',
  'A model has a number for every case that it is made for, the quiet ones too.',
]
const THREW: Hint = [
  'The function ended by an error.',
  'Look at the error below the sentence: is there an export of this name, and what does it do with these numbers?',
  'A model has an answer for every case that it is made for. These are cases of that kind.',
]

const AGE: Hint = [
  'Requests and bytes are right, and the age is not.',
  'Look at one message: how long does it lie at the server, and how long does it travel?',
  'An age is a sum: waiting until somebody asks, and the way down, which is half of the round trip.',
]

interface Asked {
  readonly name: Name
  readonly workload: Workload
  readonly sizes: Sizes
  readonly wanted: Partial<Cost>
  /** What is written behind the wanted number. */
  readonly by: string
  hint(cost: Cost, wrong: Quantity): string
  readonly why?: string
}

async function expectCost(trial: Trial, asked: Asked): Promise<void> {
  const { name, workload, sizes, wanted, by, why } = asked
  const cost = await costOf(trial, name, workload, sizes)
  const wrong = QUANTITIES.find((quantity) => {
    const value = wanted[quantity]
    return value !== undefined && !isNear(cost[quantity], value)
  })
  if (wrong === undefined) return
  const { bytes, placeOf } = shown(name, workload, cost)
  const usual = await costOf(trial, name, USUAL, sizes)
  const isToDo = QUANTITIES.every((quantity) => Number.isNaN(usual[quantity]))
  throw new Wrong({
    saw: 'You said of this workload:',
    bytes,
    at: placeOf(wrong),
    wanted: `${rounded(wanted[wrong] ?? 0)} ${by}`,
    ...(why !== undefined && { why }),
    hint: isToDo ? TO_DO : asked.hint(cost, wrong),
  })
}

/** Under the very rate and with the very sizes that were measured. */
async function expectMeasured(
  trial: Trial,
  which: Which,
  hint: (cost: Cost, wrong: Quantity, found: Measured) => string,
): Promise<void> {
  const { name, workload } = RUNS[which]
  const found = await measured(which)
  const { requestsPerSecond, bytesPerSecond, meanAgeMs, sizes, ratePerSecond, messages, polls, seconds } = found
  const counted = polls > 0 ? `${polls} polls` : 'one stream'
  await expectCost(trial, {
    name,
    workload: { ...workload, ratePerSecond },
    sizes,
    wanted: { requestsPerSecond, bytesPerSecond, ...(messages > 0 && { meanAgeMs }) },
    by: 'measured',
    why: `Measured with ${messages} messages over ${counted}, in ${Math.round(seconds)} s of the server’s time. A model may be off by a tenth.`,
    hint: (cost, wrong) => hint(cost, wrong, found),
  })
}

const isNear = (value: number, wanted: number): boolean => Math.abs(value - wanted) <= Math.max(WITHIN * wanted, 1e-6)

const rounded = (value: number): string => String(Number(value.toPrecision(4)))

function shown(name: Name, workload: Workload, cost: Cost) {
  const { ratePerSecond, intervalMs, waitS, roundTripMs } = workload
  const asks =
    name === 'short-poll' ? `, asks every ${intervalMs} ms` : name === 'long-poll' ? `, held up to ${waitS} s` : ''
  const head = `${name}${asks}; ${rounded(ratePerSecond)} messages/s; round trip ${roundTripMs} ms`
  const lines = QUANTITIES.map((quantity) => `${quantity.padEnd(19)}${rounded(cost[quantity])}`)
  const bytes = [head, '', ...lines].join('\n')
  return { bytes, placeOf: (quantity: Quantity) => bytes.indexOf(quantity) + 19 }
}

async function costOf(trial: Trial, name: Name, workload: Workload, sizes: Sizes): Promise<Cost> {
  const value = await called(trial, `costOf('${name}', …)`, 'costOf', name, workload, sizes)
  const isCost = (one: unknown): one is Cost =>
    typeof one === 'object' &&
    one !== null &&
    QUANTITIES.every((quantity) => typeof Reflect.get(one, quantity) === 'number')
  if (isCost(value)) return value
  const bytes = `costOf('${name}', …) is ${JSON.stringify(value)}`
  throw new Wrong({ saw: 'You said:', bytes, at: bytes.indexOf(' is ') + 4, wanted: 'three numbers', hint: TO_DO })
}

async function called(trial: Trial, as: string, exported: string, ...args: readonly unknown[]): Promise<unknown> {
  try {
    return await trial.call(exported, ...args)
  } catch (error) {
    if (error instanceof ProgramEnded || error instanceof Wrong) throw error
    const bytes = String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''
    throw new Wrong({ saw: `${as} could not be calculated:`, bytes, hint: THREW })
  }
}

async function expectChoice(
  trial: Trial,
  workload: Workload,
  acceptableAgeMs: number,
  wanted: Name | null,
  told: { readonly saw: string; readonly why: string; hint(found: unknown): string },
): Promise<void> {
  const found = await called(trial, 'cheapest(…)', 'cheapest', workload, CHOICE_SIZES, acceptableAgeMs)
  if (found === wanted) return
  const call = `cheapest(…, ${acceptableAgeMs}) is `
  const { saw, why } = told
  throw new Wrong({
    saw,
    bytes: `${call}${JSON.stringify(found)}`,
    at: call.length,
    wanted: JSON.stringify(wanted),
    why,
    hint: told.hint(found),
  })
}

const CHOICE_SIZES: Record<Name, Sizes> = {
  'short-poll': { ...SIZES, framing: 0, heartbeat: 0 },
  'long-poll': { ...SIZES, framing: 0, heartbeat: 0 },
  sse: { ...SIZES, exchange: 0, empty: 0, framing: 23, heartbeat: 8 },
  ws: { ...SIZES, exchange: 0, empty: 0, framing: 4, heartbeat: 8 },
}

export const exercises: readonly Exercise[] = [
  {
    name: 'cost',
    hosted: { kind: 'functions' },
    checks: [
      {
        name: 'asks-for-nothing',
        title: 'Counts the polls of a room in which nothing happens',
        hints: {
          full: [
            'You count every poll as one that brings something.',
            'Look at the two sizes of an exchange that you are given: which of them is this one’s?',
            'An empty poll has no body, and another head. It is smaller, and not for nothing.',
          ],
          'per-message': [
            'You have no polls where there are no messages.',
            'Look at what decides how often a client asks: is there anything of the room in it?',
            'Who asks cannot know whether there is news. What asking costs hangs on the clock alone.',
          ],
          unit: [
            'The number of requests is a thousand times too small or too large.',
            'Look at the units: the interval is in milliseconds, and the requests are to be counted by the second.',
            'A number without its unit is the most frequent mistake in any measurement.',
          ],
          other: [
            'That is not what two clocks and one size come to.',
            'Look at one poll: how often is it made, and what is its size?',
            'Without messages a poll is a request, an answer without a body, and a pause.',
          ],
        },
        async run(trial) {
          // The servers are measured meanwhile, for the checks below.
          begin()
          const workload = { ...USUAL, ratePerSecond: 0 }
          const { empty, exchange } = SIZES
          await expectCost(trial, {
            name: 'short-poll',
            workload,
            sizes: SIZES,
            wanted: { requestsPerSecond: 0.5, bytesPerSecond: empty / 2 },
            by: '',
            why: `Nothing is published. It asks every 2 s, and an empty poll has ${empty} bytes.`,
            hint({ requestsPerSecond, bytesPerSecond }) {
              if (isNear(requestsPerSecond * 1000, 0.5) || isNear(requestsPerSecond / 1000, 0.5)) return 'unit'
              if (!(requestsPerSecond > 0) || !(bytesPerSecond > 0)) return 'per-message'
              return isNear(bytesPerSecond, exchange / 2) ? 'full' : 'other'
            },
          })
        },
      },
      {
        name: 'half-empty',
        title: 'Says what short polling costs where some of its polls are empty, as measured',
        hints: {
          'one-each': [
            'You count a request and an answer for each message.',
            'Look at two messages that come between the same two polls: how many answers bring them?',
            'A poll brings all that is there. Its heads are paid once for all of them, and the messages once each.',
          ],
          'all-empty': [
            'Your polls are all empty, or all full.',
            'Look at how often nothing comes between two polls: never, always, or now and then?',
            'Of moments that come by chance, m to be expected in a stretch of time, there is none at all with the probability e to the power of −m.',
          ],
          age: AGE,
          other: [
            'Your bytes are not those that were counted at the socket.',
            'Look at one second: how many polls are in it, which share of them is empty, what is the size of each kind, and how many messages are carried?',
            'What crosses the wire is polls and messages. Each has its own size and its own number; none depends on the other’s but for which polls are empty.',
          ],
        },
        withinMs: MEASURED_MS,
        run: (trial) =>
          expectMeasured(trial, 'halfEmpty', ({ bytesPerSecond }, wrong, { sizes, ratePerSecond }) => {
            if (wrong === 'meanAgeMs') return 'age'
            const isEmpty = Math.exp((-ratePerSecond * USUAL.intervalMs) / 1000)
            const { payload, exchange, empty } = sizes
            const messages = ratePerSecond * payload
            const near = (value: number) => Math.abs(bytesPerSecond - value) < 0.005 * value
            if (near(ratePerSecond * exchange + messages + (isEmpty * empty) / 2)) return 'one-each'
            if (near(ratePerSecond * exchange + messages)) return 'one-each'
            return near(exchange / 2 + messages) || near(empty / 2 + messages) ? 'all-empty' : 'other'
          }),
      },
      {
        name: 'many-in-one',
        title: 'Says what short polling costs where many messages share an answer, as measured',
        hints: {
          'payload-once': [
            'You carry one message with every answer, however many there are.',
            'Look at what the messages themselves come to in a second.',
            'Sharing saves the heads and not the messages: each crosses the wire once.',
          ],
          'one-each': [
            'You make a request for each message.',
            'Look at what decides how often a client asks.',
            'Above one message an interval short polling has fewer answers than messages. That is where it is at its best.',
          ],
          age: AGE,
          other: [
            'Where ten messages share an answer you are off by more than a tenth.',
            'Look at one poll of this workload: what is in it once, and what ten times?',
            'A poll that brings more is larger by its messages and by nothing else.',
          ],
        },
        withinMs: MEASURED_MS,
        run: (trial) =>
          expectMeasured(trial, 'busy', ({ requestsPerSecond, bytesPerSecond }, wrong, { sizes, ratePerSecond }) => {
            if (wrong === 'meanAgeMs') return 'age'
            if (requestsPerSecond > 2) return 'one-each'
            const once = sizes.exchange + sizes.payload
            return Math.abs(bytesPerSecond - once) < 0.1 * once || bytesPerSecond < ratePerSecond * sizes.payload
              ? 'payload-once'
              : 'other'
          }),
      },
      {
        name: 'held-in-vain',
        title: 'Says what long polling costs where nothing happens, as measured',
        hints: {
          'for-ever': [
            'Where nothing is published, your request is held for ever, or you have no number for it.',
            'Look at what you divide by, and at what ends a hold besides a message.',
            'A hold ends at the next message or at the end of its wait, whichever comes first. The mean of that has a limit where messages become rare: the wait.',
          ],
          full: [
            'You count an answer that ends a wait as one that brings something.',
            'Look at the size of an answer without a body.',
            'What is held in vain is answered by a 204: an empty poll, only a slow one.',
          ],
          other: [
            'That is not what a request costs that is held, answered by nothing, and made again.',
            'Look at how long it is from one request to the next: what is in it besides the wait?',
            'Behind each answer comes a gap: the answer has to come down and the next request to go up, a round trip in all.',
          ],
        },
        withinMs: MEASURED_MS,
        run: (trial) =>
          expectMeasured(trial, 'idleHold', ({ requestsPerSecond, bytesPerSecond }, wrong, { sizes }) => {
            if (!(requestsPerSecond > 0) || !Number.isFinite(bytesPerSecond) || !(bytesPerSecond > 0)) return 'for-ever'
            const isFull = isNear(bytesPerSecond, sizes.exchange * requestsPerSecond)
            return wrong === 'bytesPerSecond' && isFull ? 'full' : 'other'
          }),
      },
      {
        name: 'held-for-news',
        title: 'Says what long polling costs where some of its holds are in vain, as measured',
        hints: {
          'no-empties': [
            'You have as many requests as messages: none is held in vain.',
            'Look at how long it may take until a message comes, and at how long a request may be held.',
            'With one message in twenty seconds on average, nothing comes for twenty-five seconds quite often: e to the power of −rate · wait.',
          ],
          'all-full': [
            'Requests are right, and each of them brings something.',
            'Look at the holds that end without a message: how many are they, and what is the size of their answers?',
            'An answer that ends a wait has no body. Where messages are rare that is a good part of all answers.',
          ],
          age: AGE,
          other: [
            'That is not what was counted where some holds bring a message and some do not.',
            'Look at one cycle, from an answer to the next: how long is it on average, and what crosses the wire in it?',
            'What a second costs is what a cycle costs, divided by how long a cycle takes.',
          ],
        },
        withinMs: MEASURED_MS,
        run: (trial) =>
          expectMeasured(trial, 'hold', ({ requestsPerSecond, bytesPerSecond }, wrong, { sizes, ratePerSecond }) => {
            if (wrong === 'meanAgeMs') return 'age'
            if (isNear(requestsPerSecond, ratePerSecond)) return 'no-empties'
            const full = requestsPerSecond * sizes.exchange + ratePerSecond * sizes.payload
            return wrong === 'bytesPerSecond' && isNear(bytesPerSecond, full) ? 'all-full' : 'other'
          }),
      },
      {
        name: 'batches',
        title: 'Says what long polling costs where messages come in its gaps, as measured',
        hints: {
          'one-each': [
            'You make a request for each message.',
            'Look at the gap: how many messages come while nobody asks, and how many answers bring them?',
            'What was published in the gap comes with one answer. So long polling slows down by itself: it can never ask more often than once in a round trip.',
          ],
          'always-held': [
            'You hold every request until a message comes.',
            'Look at a request that arrives when there is news already: for how long is it held?',
            'Only where nothing came in the gap is a request held at all. With the rate times the gap in m, that is e to the power of −m of them.',
          ],
          parked: [
            'Your messages are all answered at once.',
            'Look at those that come in the gap: who could take them?',
            'What comes in the gap waits for the rest of it, half of it on average. On a busy line over a long way that is most messages.',
          ],
          other: [
            'Where messages come faster than round trips, you are off by more than a tenth.',
            'Look at one cycle of this workload: how many messages lie in its gap, and is there any hold?',
            'A cycle is a gap, and a hold only where the gap brought nothing.',
          ],
        },
        withinMs: MEASURED_MS,
        run: (trial) =>
          expectMeasured(trial, 'batches', ({ requestsPerSecond, meanAgeMs }, wrong, { ratePerSecond }) => {
            const { roundTripMs } = RUNS.batches.workload
            if (wrong === 'meanAgeMs') return isNear(meanAgeMs, roundTripMs / 2) ? 'parked' : 'other'
            if (requestsPerSecond > 0.9 * ratePerSecond) return 'one-each'
            const held = 1 / (roundTripMs / 1000 + 1 / ratePerSecond)
            return Math.abs(requestsPerSecond - held) < 0.02 * held ? 'always-held' : 'other'
          }),
      },
      {
        name: 'a-quiet-stream',
        title: 'Counts the heartbeats of a stream on which nothing happens',
        hints: {
          silent: [
            'Your quiet stream costs nothing at all.',
            'Look at what a server writes where there is no news, and how often.',
            'Every fifteen seconds a few bytes keep the line from being taken for dead. It is little, and for ten thousand clients it is not nothing.',
          ],
          asks: [
            'Your stream goes on asking.',
            'Look at when the one request of a stream is made.',
            'A stream is opened once. Spread over the hours that it lasts, its request is nothing.',
          ],
          other: [
            'That is not what a few bytes in fifteen seconds come to.',
            'Look at the size of a heartbeat and at the time between two.',
            'Where nothing happens a stream says so, and nothing else.',
          ],
        },
        async run(trial) {
          for (const name of ['sse', 'ws'] as const)
            await expectCost(trial, {
              name,
              workload: { ...USUAL, ratePerSecond: 0 },
              sizes: SIZES,
              wanted: { requestsPerSecond: 0, bytesPerSecond: SIZES.heartbeat / 15 },
              by: '',
              why: `Nothing is published. A heartbeat has ${SIZES.heartbeat} bytes, and comes every 15 s.`,
              hint({ bytesPerSecond }, wrong) {
                if (wrong === 'requestsPerSecond') return 'asks'
                return bytesPerSecond === 0 ? 'silent' : 'other'
              },
            })
        },
      },
      {
        name: 'streams',
        title: 'Says what both streams cost, as measured',
        hints: {
          'payload-alone': [
            'Your messages cross the wire with nothing around them.',
            'Look at what tells the client where a message ends.',
            'A frame has a head and an event has its fields: a few bytes for each message, instead of some hundred.',
          ],
          age: [
            'Bytes are right, and the age is not.',
            'Look at what a message waits for on a line that is open.',
            'On an open line it waits for nobody. Only the way down is left, half of the round trip.',
          ],
          other: [
            'That is not what was counted on an open line.',
            'Look at one message: what crosses the wire for it, and what besides when there is none?',
            'A stream is paid for by the message and by the heartbeat, and by nothing else.',
          ],
        },
        withinMs: MEASURED_MS,
        async run(trial) {
          for (const which of ['sse', 'ws'] as const)
            await expectMeasured(trial, which, ({ bytesPerSecond }, wrong, { sizes, ratePerSecond }) => {
              if (wrong === 'meanAgeMs') return 'age'
              const bare = ratePerSecond * sizes.payload + sizes.heartbeat / 15
              return Math.abs(bytesPerSecond - bare) < 0.01 * bare ? 'payload-alone' : 'other'
            })
        },
      },
      {
        name: 'the-choice',
        title: 'Chooses the cheapest of those that are fresh enough, polling among them',
        hints: {
          freshest: [
            'You chose one that is fresher than it has to be, and dearer.',
            'Look at the order of your two questions: who is fresh enough, and who of those is cheapest?',
            'An age that is good enough is good enough. Whoever is fresher than that is not better.',
          ],
          stale: [
            'You chose one whose messages are too old.',
            'Look at what you ask of an age before you compare bytes.',
            'What is acceptable is a condition, and no price: whoever does not meet it is out, at whatever cost.',
          ],
          none: [
            'No transport can be that fresh, and you chose one.',
            'Look at what your function answers when nobody is left.',
            'The way down is in every age. What no transport can do is to be said, not covered up.',
          ],
          other: [
            'That is not the cheapest of those that are fresh enough.',
            'Look at the bytes per second of all four, by your own functions.',
            'A choice is a condition and an order: leave out who does not meet it, and take the first of the rest.',
          ],
        },
        async run(trial) {
          const busy = { ...USUAL, ratePerSecond: 50, intervalMs: 10_000 }
          await expectChoice(trial, busy, 10_000, 'short-poll', {
            saw: 'A price changes 50 times a second, and may be ten seconds old; short polling would ask every ten seconds. You said:',
            why: 'One answer brings five hundred changes, and no frame has to be put around any of them.',
            hint: (found) => (found === 'sse' || found === 'ws' || found === 'long-poll' ? 'freshest' : 'other'),
          })
          const soon = { ...busy, ratePerSecond: 50 }
          await expectChoice(trial, soon, 1000, 'ws', {
            saw: 'The same price may be one second old, and short polling would still ask every ten. You said:',
            why: 'Asking every ten seconds makes it five seconds old on average.',
            hint: (found) => (found === 'short-poll' ? 'stale' : 'other'),
          })
          await expectChoice(trial, { ...USUAL, roundTripMs: 400 }, 100, null, {
            saw: 'A chat over a round trip of 400 ms may be 100 ms old. You said:',
            why: 'The way down alone takes 200 ms.',
            hint: () => 'none',
          })
        },
      },
    ],
  },
]
