/** The worker processes with the clients. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { ComparedServer } from './adapter.ts'
import { killedAtExit } from './children.ts'
import { CompareError } from './trouble.ts'
import { within } from './within.ts'
import type { WorkerAnswer, Order, Worked } from './worker.ts'

export interface Crew extends Disposable {
  readonly pids: readonly number[]
  /** Opens clients, spread over `rampMs`. Rejects with `CompareError` if one of them fails. */
  open(adapter: string, target: ComparedServer, clients: number, rampMs: number): Promise<void>
  begin(): Promise<void>
  end(): Promise<void>
  /** Cuts all connections at a time, and lets the clients return within `withinMs`. */
  storm(atMs: number, withinMs: number, seed: number): Promise<void>
  /** Makes a share of the clients stop reading, in percent. */
  pause(share: number): Promise<void>
  resume(): Promise<void>
  /** Number of clients that are about to return. */
  away(): Promise<number>
  /** Sets the ids of the messages that `count` counts. */
  expect(ids: readonly string[]): Promise<void>
  /** Number of deliveries of the expected messages so far. */
  count(): Promise<number>
  finish(): Promise<readonly Worked[]>
  close(): Promise<void>
}

const WORKER = join(import.meta.dirname, 'worker.ts')

/** With four cores or more, two processes can receive at the same time. */
const PROCESSES = availableParallelism() < 4 ? 1 : 2

/** Time in which all clients must be live, after the last of them has begun to connect. */
const LIVE_MS = 15_000

export function startCrew(): Crew {
  const workers = Array.from({ length: PROCESSES }, startWorker)
  const all = (order: Order) => Promise.all(workers.map((worker) => ask(worker, order)))
  const counted = async (order: Order): Promise<number> =>
    (await all(order)).reduce((sum, answer) => sum + (answer.is === 'counted' ? answer.count : 0), 0)
  const done = async (order: Order): Promise<void> => void (await all(order))

  return {
    pids: workers.flatMap(({ child }) => child.pid ?? []),
    async open(adapter, target, clients, rampMs) {
      const sent = { ...target, url: target.url.href, publishUrl: target.publishUrl.href }
      const answers = await within(
        rampMs + LIVE_MS,
        Promise.all(
          workers.map((worker, i) => {
            const first = share(clients, i)
            const count = share(clients, i + 1) - first
            return ask(worker, { do: 'open', adapter, target: sent, clients: { first, count, gapMs: rampMs / count } })
          }),
        ),
        () =>
          `--clients is "${clients}", and over ${target.transport} some were not connected after ${LIVE_MS / 1000} s. Reduce --clients or increase --ramp.`,
      )
      const failed = answers.find((answer) => answer.is === 'failed')
      if (failed)
        throw new CompareError(
          `--clients is "${clients}", and one of them failed over ${target.transport}: ${failed.why}. Reduce --clients or increase --ramp.`,
        )
    },
    begin: () => done({ do: 'begin' }),
    end: () => done({ do: 'end' }),
    expect: (ids) => done({ do: 'expect', ids }),
    storm: (atMs, withinMs, seed) => done({ do: 'storm', atMs, withinMs, seed }),
    pause: (share) => done({ do: 'pause', share }),
    resume: () => done({ do: 'resume' }),
    away: () => counted({ do: 'away' }),
    count: () => counted({ do: 'count' }),
    async finish() {
      return (await all({ do: 'finish' })).flatMap((answer) => (answer.is === 'finished' ? [answer.worked] : []))
    },
    close: () => done({ do: 'close' }),
    [Symbol.dispose]() {
      for (const { child } of workers) child.kill('SIGKILL')
    },
  }
}

/** Number of clients in the first `workers` processes. */
const share = (clients: number, workers: number): number => Math.round((clients * workers) / PROCESSES)

interface Worker {
  readonly child: ChildProcess
  /** Rejects when the process ends by itself. */
  readonly end: Promise<never>
}

function startWorker(): Worker {
  const child = killedAtExit(fork(WORKER, { serialization: 'advanced' }))
  const end = once(child, 'exit').then(() => {
    throw new CompareError(
      'A process with clients has ended by itself. There may be too little memory: reduce --clients.',
    )
  })
  end.catch(() => {})
  return { child, end }
}

/** Sends an order and waits for its answer. The next order must wait for that. */
async function ask({ child, end }: Worker, order: Order): Promise<WorkerAnswer> {
  const answer = once(child, 'message')
  child.send(order)
  const [value]: WorkerAnswer[] = await Promise.race([answer, end])
  return value ?? { is: 'done' }
}
