/** Compares a prediction of the model with a measurement. If the two differ, explains the difference. */
import type { Predicted } from './choosing.ts'

/** What the page measured on one lane. */
export interface LaneMeasurement {
  readonly bytesPerSecond: number
  readonly requestsPerSecond: number
  readonly p50Ms: number | null
  /**
   * Lower end of the median's 95 % confidence interval, followed by its upper end; null if there are too few responses
   * for an interval.
   */
  readonly lowMs: number | null
  readonly highMs: number | null
  readonly p95Ms: number | null
  readonly messages: number
  /** Number of responses that brought the messages. */
  readonly answers: number
  /** Number of bytes in both directions, as the server's meter counted them. */
  readonly bytes: number
  readonly seconds: number
}

export interface Agreement {
  /** Measured value divided by the predicted value, minus 1; null if nothing or too little was measured. */
  readonly off: number | null
  /** A sentence that explains the difference; null if prediction and measurement differ by at most a tenth. */
  readonly why: string | null
  /** True if the difference is greater than a tenth and is not chance. */
  readonly isReal: boolean
}

const WITHIN = 0.1
/** With fewer messages or responses than this, a figure can differ by more than a tenth by chance alone. */
export const ANSWERS = 20
/** If a delay is shorter than this, most of it is work of the browser and of other programs. */
const SHORT_MS = 5
/** Greatest age in seconds of a reading of the meter. */
const READING_S = 0.5

/** Compares the predicted and measured bytes per second. `busyMs` is the longest delay of the page's own timers. */
export function bytesAgreement(measured: LaneMeasurement, predicted: Predicted, busyMs: number): Agreement {
  if (measured.messages < ANSWERS)
    return untold(
      `There are too few messages for a comparison: ${measured.messages}. A comparison needs ${ANSWERS}. Measure for longer.`,
    )
  const off = measured.bytesPerSecond / predicted.bytesPerSecond - 1
  if (Math.abs(off) <= WITHIN) return { off, why: null, isReal: false }
  if (READING_S / measured.seconds > Math.abs(off))
    return {
      off,
      why: 'The run was short. The meter is read twice a second, so one poll more or less makes a visible difference.',
      isReal: false,
    }
  if (busyMs > predicted.p50Ms / 4)
    return {
      off,
      why: `${busy(busyMs)} Messages that wait for this page share a response, and this page polls less often.`,
      isReal: true,
    }
  return {
    off,
    why: 'The model learnt the sizes from earlier exchanges. Since then, a connection may have come back, a head may have changed, or more messages may have shared a response.',
    isReal: true,
  }
}

export function delayAgreement(measured: LaneMeasurement, predicted: Predicted, busyMs: number): Agreement {
  const { p50Ms, lowMs, highMs, answers } = measured
  if (p50Ms === null)
    return untold(
      measured.messages > 0
        ? 'No delay is known. There was no clock, or this page was late for every message that arrived.'
        : 'Nothing arrived.',
    )
  if (answers < ANSWERS)
    return untold(
      `There are too few responses for a comparison: ${answers}. A median needs ${ANSWERS}. Measure for longer.`,
    )
  const off = p50Ms / predicted.p50Ms - 1
  if (Math.abs(off) <= WITHIN) return { off, why: null, isReal: false }
  if (lowMs !== null && highMs !== null && predicted.p50Ms >= lowMs && predicted.p50Ms <= highMs)
    return {
      off,
      why: `The difference can be chance. With ${answers} responses, the median lies between ${round(lowMs)} and ${round(highMs)} ms.`,
      isReal: false,
    }
  if (busyMs > predicted.p50Ms / 4) return { off, why: busy(busyMs), isReal: true }
  if (predicted.p50Ms < SHORT_MS)
    return {
      off,
      why: 'The delay is so short that most of it is the work of the browser and the server. The model leaves this work out.',
      isReal: true,
    }
  return {
    off,
    why: 'The network path may have changed since its round trip was measured, or the server and the browser had other work.',
    isReal: true,
  }
}

const untold = (why: string): Agreement => ({ off: null, why, isReal: false })

const busy = (ms: number): string => `This machine was busy: the page’s own timers were up to ${round(ms)} ms late.`

const round = (ms: number): string => (ms < 9.95 ? ms.toFixed(1) : String(Math.round(ms)))
