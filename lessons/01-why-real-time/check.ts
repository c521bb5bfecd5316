import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import type { Trial } from '../kit/trial.ts'
import { ProgramEnded } from '../kit/trouble.ts'
import { THREW } from '../kit/hints.ts'
import { TO_DO, words } from './hints.ts'

/** Tolerance, so that a model may round its result to a whole number, up or down. */
const ROUNDING = 1

interface Asked {
  readonly saw: string
  readonly why: string
  hint(value: number): string
}

async function expectNumber(trial: Trial, of: string, args: readonly number[], wanted: number, asked: Asked) {
  const value = await resultOf(trial, of, args)
  if (typeof value === 'number' && Math.abs(value - wanted) < ROUNDING) return
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
    throw new Wrong({ saw: `${of}(${args.join(', ')}) threw an error:`, bytes, hint: THREW })
  }
}

const isNear = (value: number, other: number): boolean => Math.abs(value - other) < ROUNDING

export const exercises: readonly Exercise[] = [
  {
    name: 'model',
    hosted: { kind: 'functions' },
    checks: checksFrom(words.model, {
      async 'half-the-interval'(trial) {
        const hint = (intervalMs: number) => (value: number) => {
          if (value >= intervalMs - ROUNDING && value <= 2 * intervalMs) return 'whole-interval'
          return isUnit(value, intervalMs / 2) ? 'unit' : 'other'
        }
        const saw =
          'A client asks once a second, and the network takes no time. For the mean age of its messages you returned:'
        const why =
          'A message that comes just after a request waits 1000 ms. A message that comes just before the next request waits 0 ms.'
        await expectNumber(trial, 'meanAgeMs', [1000, 0], 500, { saw, why, hint: hint(1000) })
        const sawHalfMinute = 'Another client asks every half minute, and the network takes no time. You returned:'
        const whyHalfMinute = 'Each of its messages waits between 0 and 30000 ms.'
        const asked = { saw: sawHalfMinute, why: whyHalfMinute, hint: hint(30_000) }
        await expectNumber(trial, 'meanAgeMs', [30_000, 0], 15_000, asked)
      },
      async 'the-way-down'(trial) {
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
          const saw = `A client asks every ${intervalMs} ms. A request takes ${way} ms to reach the server, and a response takes ${way} ms to come back. You returned:`
          const why = `Messages wait at the server between 0 and ${intervalMs} ms. Then each travels ${way} ms.`
          await expectNumber(trial, 'meanAgeMs', [intervalMs, roundTripMs], wait + way, { saw, why, hint })
        }
      },
      async 'one-client'(trial) {
        for (const [intervalMs, wanted] of [
          [1000, 60],
          [30_000, 2],
        ] as const) {
          const hint = (value: number) =>
            isUnit(value, wanted) ? 'unit' : Math.abs(value * 60 - wanted) < 1e-6 ? 'per-second' : 'other'
          const saw = `One client asks every ${intervalMs} ms. For its requests in a minute you returned:`
          const why = `A minute has 60000 ms, and the client asks once every ${intervalMs} ms.`
          await expectNumber(trial, 'requestsPerMinute', [1, intervalMs], wanted, { saw, why, hint })
        }
      },
      async 'many-clients'(trial) {
        const saw = 'Thirty clients ask every 2000 ms. For their requests in a minute you returned:'
        const why = 'Each client asks 30 times a minute.'
        const hint = (value: number) => (isNear(value, 30) ? 'one-for-all' : 'other')
        await expectNumber(trial, 'requestsPerMinute', [30, 2000], 900, { saw, why, hint })
        const sawMany = 'Ten thousand clients ask every half second. For their requests in a minute you returned:'
        const whyMany = 'Each client asks 120 times a minute.'
        const hintMany = (value: number) => (value < 1_200_000 && isNear(value % 10_000, 0) ? 'limited' : 'other')
        const asked = { saw: sawMany, why: whyMany, hint: hintMany }
        await expectNumber(trial, 'requestsPerMinute', [10_000, 500], 1_200_000, asked)
        const sawNone = 'No client asks. For the requests in a minute you returned:'
        const whyNone = 'A server without clients gets no requests.'
        const hintNone = () => 'nobody'
        await expectNumber(trial, 'requestsPerMinute', [0, 2000], 0, { saw: sawNone, why: whyNone, hint: hintNone })
      },
      async 'an-odd-interval'(trial) {
        const saw = 'Thirty clients ask every 7000 ms. For their requests in a minute you returned:'
        const why = 'A client that asks every 7000 ms sends nine requests in some minutes and eight in others.'
        const clients = 30
        const wanted = (clients * 60) / 7
        // Rounding changes the number for each client by less than one request.
        const hint = (value: number) => (Math.abs(value - wanted) < clients ? 'rounded' : 'other')
        await expectNumber(trial, 'requestsPerMinute', [clients, 7000], wanted, { saw, why, hint })
      },
    }),
  },
]

/** True if the value is off by a factor of a thousand, in either direction. */
const isUnit = (value: number, wanted: number): boolean =>
  [value * 1000, value / 1000].some((other) => Math.abs(other / wanted - 1) < 1e-6)
