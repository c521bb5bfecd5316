import type { Exercise, Hint } from '../kit/exercise.ts'
import { Wrong } from '../kit/exercise.ts'
import { A_PROMISE } from '../kit/trial.ts'
import type { Trial } from '../kit/trial.ts'
import { ProgramEnded } from '../kit/trouble.ts'

/** A model that rounds its result to whole numbers is as good. */
const ROUNDING = 0.5

const TO_DO: Hint = [
  'What came back is no number that one can calculate with.',
  'Look at what the function returns: is there still a TODO above it?',
  'A model is a rule that gives a number for every case, before anybody has measured it.',
]

const THREW: Hint = [
  'The function could not be called, or ended by an error.',
  'Look at the error below the sentence: is there an export of this name, and what does it do with these numbers?',
  'A model has an answer for every case that it is made for. These are cases of that kind.',
]

interface Asked {
  readonly saw: string
  readonly why: string
  hint(value: number): string
}

async function expectNumber(trial: Trial, of: string, args: readonly number[], wanted: number, asked: Asked) {
  const value = await resultOf(trial, of, args)
  if (typeof value === 'number' && Math.abs(value - wanted) <= ROUNDING) return
  const { saw, why } = asked
  const call = `${of}(${args.join(', ')}) is `
  const isNumber = typeof value === 'number' && Number.isFinite(value)
  const hint = isNumber ? asked.hint(value) : TO_DO
  throw new Wrong({
    saw,
    bytes: `${call}${value}`,
    at: call.length,
    wanted: String(Math.round(wanted * 10) / 10),
    why,
    hint,
  })
}

async function resultOf({ call }: Trial, of: string, args: readonly number[]): Promise<unknown> {
  try {
    return await call(of, ...args)
  } catch (error) {
    if (error instanceof ProgramEnded) throw error
    if (error instanceof Wrong) throw new Wrong({ ...error.finding, hint: 'a-promise' })
    const bytes = String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''
    throw new Wrong({ saw: `${of}(${args.join(', ')}) could not be calculated:`, bytes, hint: THREW })
  }
}

const isNear = (value: number, other: number): boolean => Math.abs(value - other) <= ROUNDING

export const exercises: readonly Exercise[] = [
  {
    name: 'model',
    hosted: { kind: 'functions' },
    checks: [
      {
        name: 'half-the-interval',
        title: 'Has a message wait for half an interval on average',
        hints: {
          'a-promise': A_PROMISE,
          'whole-interval': [
            'You have every message wait for the whole interval.',
            'Look at who waits so long: only a message that comes just after a request. What of one that comes just before the next?',
            'Messages know nothing of the client\u2019s clock. They come anywhere between two requests, so their waits are spread evenly from nothing to the interval.',
          ],
          unit: [
            'The number is a thousand times too small or too large.',
            'Look at the units: the interval is given in milliseconds, and so is the age to be.',
            'A number without its unit is the most frequent mistake in any measurement.',
          ],
          other: [
            'That is not how long a message waits on average.',
            'Look at the shortest wait that there can be, at the longest, and at what lies in between.',
            'The mean of something that is spread evenly lies in the middle between its least and its most.',
          ],
        },
        async run(trial) {
          const hint = (intervalMs: number) => (value: number) => {
            if (value >= intervalMs - ROUNDING && value <= 2 * intervalMs) return 'whole-interval'
            return isUnit(value, intervalMs / 2) ? 'unit' : 'other'
          }
          const saw =
            'A client asks once a second, over a way that takes no time. Of the mean age of its messages you said:'
          const why =
            'A message that comes just after a request waits for 1000 ms, one that comes just before the next for none.'
          await expectNumber(trial, 'meanAgeMs', [1000, 0], 500, { saw, why, hint: hint(1000) })
          const sawHalfMinute = 'Another one asks every half minute, over a way that takes no time. You said:'
          const whyHalfMinute = 'Its messages wait for anything from 0 to 30000 ms.'
          const told = { saw: sawHalfMinute, why: whyHalfMinute, hint: hint(30_000) }
          await expectNumber(trial, 'meanAgeMs', [30_000, 0], 15_000, told)
        },
      },
      {
        name: 'the-way-down',
        title: 'Adds the way of the answer, which is half of the round trip',
        hints: {
          'no-way': [
            'Your messages are at the client in the moment in which they leave the server.',
            'Look at the round trip: your result is the same with it and without.',
            'A message is not old when it is sent, but when it is there. However often a client asks, its messages travel.',
          ],
          'whole-round-trip': [
            'You have added the round trip as a whole.',
            'Look at its two halves: in which of them does the message travel, and where is it in the other one?',
            'The request travels up while the message is still waiting, and that wait is counted already. Only the way down comes on top.',
          ],
          'lost-way': [
            'The way of the answer is not, or not wholly, in your result.',
            'Look at what you take away from the interval: it is said to be from one request to the next, whatever the answers take.',
            'At the server requests arrive one interval apart, for every one of them travels equally long. The wait depends on nothing else.',
          ],
          other: [
            'The round trip is in it, and not as it should be.',
            'Look at one message from its beginning: it waits, it is asked for, it travels. What does each of these take?',
            'An age is a sum of waits, one behind the other. Draw the line of one message and add up its pieces.',
          ],
        },
        async run(trial) {
          for (const [intervalMs, roundTripMs] of [
            [1000, 200],
            [2200, 300],
          ] as const) {
            const [wait, way] = [intervalMs / 2, roundTripMs / 2]
            const hint = (value: number) => {
              if (isNear(value, wait)) return 'no-way'
              if (isNear(value, wait + roundTripMs)) return 'whole-round-trip'
              return value < wait + way ? 'lost-way' : 'other'
            }
            const saw = `A client asks every ${intervalMs} ms; a request takes ${way} ms to the server, and an answer ${way} ms back. You said:`
            const why = `The oldest message is ${intervalMs} ms older at the server than the youngest. Both then travel for ${way} ms.`
            await expectNumber(trial, 'meanAgeMs', [intervalMs, roundTripMs], wait + way, { saw, why, hint })
          }
        },
      },
      {
        name: 'one-client',
        title: 'Counts the requests of one client in a minute',
        hints: {
          'a-promise': A_PROMISE,
          'per-second': [
            'That is how many requests there are in a second.',
            'Look at what the function is called: for how long shall the requests be counted?',
            'A rate is a number for a time. Sixty a minute and one a second are the same rate, and not the same number.',
          ],
          unit: [
            'The number is a thousand times too small or too large.',
            'Look at the units: the interval is given in milliseconds. How many of these has a minute?',
            'What is divided by one another has to be in the same unit.',
          ],
          other: [
            'One client does not ask so often.',
            'Look at how many intervals fit into a minute.',
            'Half the interval is twice the requests: the one is divided by the other.',
          ],
        },
        async run(trial) {
          for (const [intervalMs, wanted] of [
            [1000, 60],
            [30_000, 2],
          ] as const) {
            const hint = (value: number) =>
              isUnit(value, wanted) ? 'unit' : Math.abs(value * 60 - wanted) < 1e-6 ? 'per-second' : 'other'
            const saw = `One client asks every ${intervalMs} ms. Of its requests in a minute you said:`
            const why = `A minute has 60000 ms, and the client asks once in ${intervalMs} of them.`
            await expectNumber(trial, 'requestsPerMinute', [1, intervalMs], wanted, { saw, why, hint })
          }
        },
      },
      {
        name: 'many-clients',
        title: 'Counts the requests of all clients together',
        hints: {
          'one-for-all': [
            'Thirty clients make as many requests as one does.',
            'Look at whether the number of clients is anywhere in what you return.',
            'Clients know nothing of each other. Each asks by itself, and each is answered by itself.',
          ],
          other: [
            'So many clients do not ask so often together.',
            'Look at what one of them asks in a minute, which you have already. What do thirty do?',
            'Twice the clients are twice the requests: the one is multiplied by the other.',
          ],
        },
        async run(trial) {
          const saw = 'Thirty clients ask every 2000 ms. Of their requests in a minute you said:'
          const why = 'One of them asks 30 times a minute.'
          const hint = (value: number) => (isNear(value, 30) ? 'one-for-all' : 'other')
          await expectNumber(trial, 'requestsPerMinute', [30, 2000], 900, { saw, why, hint })
        },
      },
      {
        name: 'an-odd-interval',
        title: 'Is right where the interval does not go into a minute',
        hints: {
          rounded: [
            'For short intervals it is right, and for an odd one it is off by several requests.',
            'Look at where you round: before the requests of all clients are together, or after?',
            'What is rounded for one client is multiplied by all of them, and the mistake with it. Calculate first, and round, if at all, at the end.',
          ],
          other: [
            'It was right for even numbers, and is not for odd ones.',
            'Look for a case that you treat by itself.',
            'A model is one rule for all cases. Where it needs a second one, the first is not right yet.',
          ],
        },
        async run(trial) {
          const saw = 'Thirty clients ask every 7000 ms. Of their requests in a minute you said:'
          const why = 'A client that asks every 7000 ms asks nine times in some minutes and eight times in others.'
          const hint = (value: number) => (value % 30 === 0 ? 'rounded' : 'other')
          await expectNumber(trial, 'requestsPerMinute', [30, 7000], (30 * 60) / 7, { saw, why, hint })
        },
      },
    ],
  },
]

/** Off by a factor of a thousand, in either direction. */
const isUnit = (value: number, wanted: number): boolean =>
  [value * 1000, value / 1000].some((other) => Math.abs(other / wanted - 1) < 1e-6)
