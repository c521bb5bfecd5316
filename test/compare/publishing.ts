/** Publishes messages at times that a schedule has fixed beforehand, whether or not the server is still busy. */
import type { Accepted } from './adapter.ts'
import { now } from './now.ts'
import { messageOf } from './trouble.ts'

export interface Published {
  /** Id by which the clients recognise the message. */
  id: string
  /** Time at which the schedule wants it to be sent. */
  readonly dueMs: number
  readonly sentMs: number
  /** Time of the server's confirmation; null while there is none. */
  confirmedMs: number | null
  /** Time of the acceptance by the server's clock; null if the server does not report it. */
  acceptedMs: number | null
  /** Reason why the server has not accepted it; null if there is none. */
  refusal: string | null
}

export interface Publishing {
  /** All messages that are sent so far, in the order of the schedule. */
  readonly messages: readonly Published[]
  /** Resolves when the last message is sent. */
  readonly sent: Promise<void>
  /** Resolves when the server has confirmed or refused every message. */
  readonly settled: Promise<void>
}

/**
 * Returns times in ms from 0 on. Each interval of 1 / `rate` has one message, at a random moment of the interval. A
 * strict rhythm could keep step with the polls, and the delays would depend on the phase.
 */
export function scheduleOf(rate: number, seconds: number, random: () => number): readonly number[] {
  const count = Math.max(1, Math.round(rate * seconds))
  return Array.from({ length: count }, (_, i) => ((i + random()) * 1000) / rate)
}

/** A timer may fire one ms late. For the rest of the time, this process looks at the clock again and again. */
const TIMER_MS = 1.5

/** `publish` is called with the number of the message. `startMs` is the time of the schedule's 0. */
export function publishAll(
  schedule: readonly number[],
  startMs: number,
  idOf: (message: number) => string,
  publish: (message: number) => Promise<Accepted | void>,
): Publishing {
  const messages: Published[] = []
  const confirmations: Promise<void>[] = []
  const { promise: sent, resolve } = Promise.withResolvers<void>()
  next()
  return { messages, sent, settled: sent.then(async () => void (await Promise.all(confirmations))) }

  function next(): void {
    for (;;) {
      const dueMs = startMs + (schedule[messages.length] ?? Number.NaN)
      if (Number.isNaN(dueMs)) return resolve()
      const leftMs = dueMs - now()
      if (leftMs > TIMER_MS) return void setTimeout(next, leftMs - TIMER_MS)
      if (leftMs > 0) return void setImmediate(next)
      confirmations.push(send(dueMs))
    }
  }

  async function send(dueMs: number): Promise<void> {
    const number = messages.length
    const message: Published = {
      id: idOf(number),
      dueMs,
      sentMs: now(),
      confirmedMs: null,
      acceptedMs: null,
      refusal: null,
    }
    messages.push(message)
    try {
      const accepted = await publish(number)
      message.confirmedMs = now()
      message.acceptedMs = accepted?.atMs ?? null
      message.id = accepted?.id ?? message.id
    } catch (error) {
      message.refusal = messageOf(error)
    }
  }
}
