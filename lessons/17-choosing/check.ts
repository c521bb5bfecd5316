import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import type { Trial } from '../kit/trial.ts'
import { ProgramEnded } from '../kit/trouble.ts'
import { THREW } from '../kit/hints.ts'
import { TO_DO, words } from './hints.ts'
import { measureAll } from './measured.ts'
import type { Measured, Name, Run, Sizes, Workload } from './measured.ts'

/** Time limit of a check. The first measurement waits for its server to start, which takes long on a busy machine. */
const MEASURED_MS = 20_000

/** Relative error that the lesson allows. */
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

/** Measurements of the finished transports, made once in each process, because they do not depend on the student's code. */
let measuring: readonly Promise<Measured>[] | null = null

const WHICH = Object.keys(RUNS)

function begin(): readonly Promise<Measured>[] {
  if (measuring) return measuring
  const begun = measureAll(Object.values(RUNS))
  measuring = begun
  // After a failure the next check tries again; the check that waits for it reports the error.
  Promise.all(begun).catch(() => (measuring = null))
  return begun
}

function measured(which: Which): Promise<Measured> {
  const found = begin()[WHICH.indexOf(which)]
  return found ?? Promise.reject(new Error(`${which} is not measured.`))
}

/** Bytes of each part, for checks that need no measurement. */
const SIZES: Sizes = { payload: 150, exchange: 700, empty: 500, framing: 20, heartbeat: 10 }

/** Sizes of an imagined server, so that each part of a sum shows. The first one has expensive polls, the second one expensive empty polls. */
const IMAGINED: readonly Sizes[] = [
  { payload: 1, exchange: 1000, empty: 10, framing: 200, heartbeat: 3000 },
  { payload: 1, exchange: 10, empty: 1000, framing: 200, heartbeat: 3000 },
]

interface Asked {
  readonly name: Name
  readonly workload: Workload
  readonly sizes: Sizes
  readonly wanted: Partial<Cost>
  /** Text after the wanted number. */
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
    saw: 'For this workload you returned:',
    bytes,
    at: placeOf(wrong),
    wanted: `${rounded(wanted[wrong] ?? 0)} ${by}`,
    ...(why !== undefined && { why }),
    hint: isToDo ? TO_DO : asked.hint(cost, wrong),
  })
}

/** Expects the cost that was measured, for the measured rate and sizes. */
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
    why: `Measured with ${messages} messages over ${counted}, in ${Math.round(seconds)} s of the server’s time. A model may differ by a tenth.`,
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
  throw new Wrong({ saw: 'You returned:', bytes, at: bytes.indexOf(' is ') + 4, wanted: 'three numbers', hint: TO_DO })
}

async function called(trial: Trial, as: string, exported: string, ...args: readonly unknown[]): Promise<unknown> {
  try {
    return await trial.call(exported, ...args)
  } catch (error) {
    if (error instanceof ProgramEnded || error instanceof Wrong) throw error
    const bytes = String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''
    throw new Wrong({ saw: `${as} threw an error:`, bytes, hint: THREW })
  }
}

async function expectChoice(
  trial: Trial,
  workload: Workload,
  acceptableAgeMs: number,
  wanted: Name | null,
  observed: { readonly saw: string; readonly why: string; hint(found: unknown): string },
  sizes = CHOICE_SIZES,
): Promise<void> {
  const found = await called(trial, 'cheapest(…)', 'cheapest', workload, sizes, acceptableAgeMs)
  if (found === wanted) return
  const call = `cheapest(…, ${acceptableAgeMs}) is `
  const { saw, why } = observed
  throw new Wrong({
    saw,
    bytes: `${call}${JSON.stringify(found)}`,
    at: call.length,
    wanted: JSON.stringify(wanted),
    why,
    hint: observed.hint(found),
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
    withinMs: MEASURED_MS,
    checks: checksFrom(words.cost, {
      async 'asks-for-nothing'(trial) {
        // Starts the measurements for the checks below.
        begin()
        // The clients are on the other side of the world, so that a round trip shows in the result if it is counted.
        const workload = { ...USUAL, ratePerSecond: 0, roundTripMs: 1000 }
        const { empty, exchange } = SIZES
        await expectCost(trial, {
          name: 'short-poll',
          workload,
          sizes: SIZES,
          wanted: { requestsPerSecond: 0.5, bytesPerSecond: empty / 2 },
          by: '',
          why: `Nothing is published. The client asks every 2 s, and an empty poll has ${empty} bytes.`,
          hint({ requestsPerSecond, bytesPerSecond }) {
            if (isNear(requestsPerSecond * 1000, 0.5) || isNear(requestsPerSecond / 1000, 0.5)) return 'unit'
            if (isNear(requestsPerSecond, 1 / 3)) return 'pause'
            if (!(requestsPerSecond > 0) || !(bytesPerSecond > 0)) return 'per-message'
            return isNear(bytesPerSecond, exchange / 2) ? 'full' : 'other'
          },
        })
      },
      'half-empty': (trial) =>
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
      'many-in-one': (trial) =>
        expectMeasured(trial, 'busy', ({ requestsPerSecond, bytesPerSecond }, wrong, { sizes, ratePerSecond }) => {
          if (wrong === 'meanAgeMs') return 'age'
          if (requestsPerSecond > 2) return 'one-each'
          const once = sizes.exchange + sizes.payload
          return Math.abs(bytesPerSecond - once) < 0.1 * once || bytesPerSecond < ratePerSecond * sizes.payload
            ? 'payload-once'
            : 'other'
        }),
      async 'share-of-empties'(trial) {
        for (const expected of [0.1, 1, 3])
          for (const sizes of IMAGINED) {
            const workload = { ...USUAL, ratePerSecond: expected / 2, roundTripMs: 1500 }
            const isEmpty = Math.exp(-expected)
            const { payload, exchange, empty } = sizes
            const bytesPerPoll = (1 - isEmpty) * exchange + isEmpty * empty
            const bytesPerSecond = bytesPerPoll / 2 + workload.ratePerSecond * payload
            await expectCost(trial, {
              name: 'short-poll',
              workload,
              sizes,
              wanted: { requestsPerSecond: 0.5, bytesPerSecond, meanAgeMs: 1000 + 750 },
              by: '',
              why: `A poll is empty with the probability e^(−${expected}), which is ${rounded(isEmpty)}. Here a poll with messages has ${exchange} bytes, and an empty one ${empty}.`,
              hint: (_, wrong) =>
                wrong === 'meanAgeMs' ? 'age' : wrong === 'requestsPerSecond' ? 'requests' : 'share',
            })
          }
      },
      'held-in-vain': (trial) =>
        expectMeasured(trial, 'idleHold', ({ requestsPerSecond, bytesPerSecond }, wrong, { sizes }) => {
          if (!(requestsPerSecond > 0) || !Number.isFinite(bytesPerSecond) || !(bytesPerSecond > 0)) return 'for-ever'
          const isFull = isNear(bytesPerSecond, sizes.exchange * requestsPerSecond)
          return wrong === 'bytesPerSecond' && isFull ? 'full' : 'other'
        }),
      'held-for-news': (trial) =>
        expectMeasured(trial, 'hold', ({ requestsPerSecond, bytesPerSecond }, wrong, { sizes, ratePerSecond }) => {
          if (wrong === 'meanAgeMs') return 'age'
          if (isNear(requestsPerSecond, ratePerSecond)) return 'no-empties'
          const full = requestsPerSecond * sizes.exchange + ratePerSecond * sizes.payload
          return wrong === 'bytesPerSecond' && isNear(bytesPerSecond, full) ? 'all-full' : 'other'
        }),
      batches: (trial) =>
        expectMeasured(trial, 'batches', ({ requestsPerSecond, meanAgeMs }, wrong, { ratePerSecond }) => {
          const { roundTripMs } = RUNS.batches.workload
          if (wrong === 'meanAgeMs') return isNear(meanAgeMs, roundTripMs / 2) ? 'parked' : 'other'
          if (requestsPerSecond > 0.9 * ratePerSecond) return 'one-each'
          const held = 1 / (roundTripMs / 1000 + 1 / ratePerSecond)
          return Math.abs(requestsPerSecond - held) < 0.02 * held ? 'always-held' : 'other'
        }),
      async 'the-cycle'(trial) {
        const far = { ...USUAL, ratePerSecond: 0.3, waitS: 5, roundTripMs: 2000 }
        for (const [workload, what] of [
          [far, 'A round trip takes two seconds.'],
          [{ ...far, roundTripMs: 0 }, 'A round trip takes no time at all.'],
          [{ ...far, waitS: 0 }, 'The server holds no request: the wait is 0 s.'],
        ] as const)
          for (const sizes of IMAGINED) {
            const { ratePerSecond, waitS, roundTripMs } = workload
            const { payload, exchange, empty } = sizes
            const gapS = roundTripMs / 1000
            const quiet = Math.exp(-ratePerSecond * gapS)
            const heldS = (1 - Math.exp(-ratePerSecond * waitS)) / ratePerSecond
            const cycleS = gapS + quiet * heldS
            const bytesFor = (inVain: number) =>
              ((1 - inVain) * exchange + inVain * empty) / cycleS + ratePerSecond * payload
            const inVain = quiet * Math.exp(-ratePerSecond * waitS)
            await expectCost(trial, {
              name: 'long-poll',
              workload,
              sizes,
              wanted: {
                requestsPerSecond: 1 / cycleS,
                bytesPerSecond: bytesFor(inVain),
                meanAgeMs: (roundTripMs / 2) * (1 + gapS / cycleS),
              },
              by: '',
              why: `${what} A response with messages has ${exchange} bytes, and an empty one ${empty}.`,
              hint({ requestsPerSecond, bytesPerSecond, meanAgeMs }, wrong) {
                if (wrong === 'meanAgeMs') return isNear(meanAgeMs, roundTripMs / 2) ? 'parked' : 'age'
                if (wrong === 'bytesPerSecond') {
                  return isNear(bytesPerSecond, bytesFor(Math.exp(-ratePerSecond * waitS))) ? 'empty-twice' : 'share'
                }
                return isNear(requestsPerSecond, 1 / (gapS + heldS)) ? 'always-held' : 'requests'
              },
            })
          }
      },
      async 'a-quiet-stream'(trial) {
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
      async streams(trial) {
        for (const which of ['sse', 'ws'] as const)
          await expectMeasured(trial, which, ({ bytesPerSecond }, wrong, { sizes, ratePerSecond }) => {
            if (wrong === 'meanAgeMs') return 'age'
            const bare = ratePerSecond * sizes.payload + sizes.heartbeat / 15
            return Math.abs(bytesPerSecond - bare) < 0.01 * bare ? 'payload-alone' : 'other'
          })
        const [sizes = SIZES] = IMAGINED
        const { payload, framing, heartbeat } = sizes
        for (const name of ['sse', 'ws'] as const)
          await expectCost(trial, {
            name,
            workload: { ...USUAL, ratePerSecond: 2 },
            sizes,
            wanted: {
              requestsPerSecond: 0,
              bytesPerSecond: 2 * (payload + framing) + heartbeat / 15,
              meanAgeMs: USUAL.roundTripMs / 2,
            },
            by: '',
            why: `Here a message has ${payload} byte with ${framing} bytes around it, and a heartbeat has ${heartbeat} bytes.`,
            hint({ bytesPerSecond }, wrong) {
              if (wrong === 'meanAgeMs') return 'age'
              return isNear(bytesPerSecond, 2 * payload + heartbeat / 15) ? 'payload-alone' : 'other'
            },
          })
      },
      async 'the-choice'(trial) {
        const busy = { ...USUAL, ratePerSecond: 50, intervalMs: 10_000 }
        await expectChoice(trial, busy, 10_000, 'short-poll', {
          saw: 'A price changes 50 times a second and may be ten seconds old. Short polling would ask every ten seconds. You returned:',
          why: 'One response brings five hundred changes, and none of them needs a frame.',
          hint: (found) => (found === 'sse' || found === 'ws' || found === 'long-poll' ? 'freshest' : 'other'),
        })
        const soon = { ...busy, ratePerSecond: 50 }
        await expectChoice(trial, soon, 1000, 'ws', {
          saw: 'The same price may be one second old. Short polling would still ask every ten seconds. You returned:',
          why: 'With a request every ten seconds, the price is five seconds old on average.',
          hint: (found) => (found === 'short-poll' ? 'stale' : 'other'),
        })
        await expectChoice(trial, { ...USUAL, roundTripMs: 400 }, 100, null, {
          saw: 'The messages of a chat may be 100 ms old, and a round trip takes 400 ms. You returned:',
          why: 'A message travels for 200 ms.',
          hint: (found) => (found === undefined ? 'undefined' : 'none'),
        })
        await expectChoice(trial, { ...USUAL, roundTripMs: 200 }, 100, 'ws', {
          saw: 'The messages of a chat may be 100 ms old, and a round trip takes 200 ms. You returned:',
          why: 'A message of a stream travels for exactly 100 ms, which is just acceptable.',
          hint: (found) => (found === null ? 'just-acceptable' : 'other'),
        })
        const hourly = { ...USUAL, ratePerSecond: 1 / 3600, waitS: 3600 }
        await expectChoice(trial, hourly, 10_000, 'long-poll', {
          saw: 'A notification comes once an hour, and a request may be held for an hour. You returned:',
          why: 'A long poll then needs one response in an hour. A stream sends 240 heartbeats.',
          hint: (found) => (found === 'sse' || found === 'ws' ? 'heartbeats' : 'other'),
        })
        const tall = { ...CHOICE_SIZES, ws: { ...CHOICE_SIZES.ws, heartbeat: 800 } }
        await expectChoice(
          trial,
          USUAL,
          100,
          'sse',
          {
            saw: 'A proxy makes the heartbeats of WebSockets a hundred times as large. You returned:',
            why: 'The sizes of each transport were measured, and those of the WebSocket are the largest now.',
            hint: (found) => (found === 'ws' ? 'favourite' : 'other'),
          },
          tall,
        )
      },
    }),
  },
]
