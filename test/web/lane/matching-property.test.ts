import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TimedCrossing, Way } from '../../../web/lane/crossings.ts'
import type { ExchangeMark, SentMark, StreamMark } from '../../../web/lane/mark.ts'
import { createMarks } from '../../../web/lane/marks.ts'
import { createMatching } from '../../../web/lane/matching.ts'
import type { Message } from '../../../web/lane/messages.ts'

const BOUND_MS = 0.5

test('no exchange is matched to a wrong poll, no matter how requests are lost, repeated, aborted and reported', () => {
  fc.assert(
    fc.property(fc.array(step(), { maxLength: 25 }), told(), fc.boolean(), (steps, how, isLong) => {
      const life = polls(steps)
      run(life, how, isLong ? 'long-poll' : 'short-poll')
    }),
    { numRuns: 1000 },
  )
})

test('no exchange is matched to a wrong stream, and no event or sent message to a wrong mark', () => {
  fc.assert(
    fc.property(fc.array(stretch(), { maxLength: 8 }), told(), fc.boolean(), (stretches, how, isWs) => {
      const life = streams(stretches, isWs)
      run(life, how, isWs ? 'ws' : 'sse')
    }),
    { numRuns: 1000 },
  )
})

test('every exchange is matched to its mark if no request fails', () => {
  fc.assert(
    fc.property(fc.array(step(fc.constantFrom('answered', 'empty')), { minLength: 1, maxLength: 25 }), (steps) => {
      const plain = steps.map((one) => ({ ...one, posts: false }))
      const { exchanges } = run(polls(plain), { clockMs: 0, missed: [], everyMs: 100, lateMs: 5 }, 'short-poll')
      expect(exchanges.every(({ crossed, leftAtMs }) => crossed && leftAtMs !== undefined)).toBe(true)
    }),
  )
})

interface Step {
  readonly what: 'answered' | 'empty' | 'eaten' | 'let go' | 'asked twice'
  readonly upMs: number
  readonly holdMs: number
  readonly downMs: number
  readonly pauseMs: number
  /** A message is published meanwhile by a separate request. */
  readonly posts: boolean
  readonly postUpMs: number
}

function step(what = fc.constantFrom<Step['what']>('answered', 'empty', 'eaten', 'let go', 'asked twice')) {
  return fc.record<Step>({
    what: what as fc.Arbitrary<Step['what']>,
    upMs: fc.integer({ min: 1, max: 40 }),
    holdMs: fc.integer({ min: 0, max: 500 }),
    downMs: fc.integer({ min: 1, max: 40 }),
    pauseMs: fc.integer({ min: 0, max: 300 }),
    posts: fc.boolean(),
    postUpMs: fc.integer({ min: 1, max: 60 }),
  })
}

interface Stretch {
  readonly upMs: number
  readonly downMs: number
  readonly ends: 'cut' | 'let go' | 'eaten'
  /** Time at which each event leaves after the one before, and whether this page publishes a message at that moment. */
  readonly events: readonly { readonly afterMs: number; readonly says: boolean }[]
  readonly pauseMs: number
}

function stretch() {
  return fc.record<Stretch>({
    upMs: fc.integer({ min: 1, max: 40 }),
    downMs: fc.integer({ min: 1, max: 40 }),
    ends: fc.constantFrom('cut', 'let go', 'eaten'),
    events: fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 200 }), says: fc.boolean() }), { maxLength: 8 }),
    pauseMs: fc.integer({ min: 0, max: 300 }),
  })
}

/** Report to the page: error of the clock, missing crossings, interval and delay. */
interface Told {
  readonly clockMs: number
  readonly missed: readonly number[]
  readonly everyMs: number
  readonly lateMs: number
}

function told() {
  return fc.record<Told>({
    clockMs: fc.double({ min: -BOUND_MS, max: BOUND_MS, noNaN: true }),
    missed: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 12 }),
    everyMs: fc.constantFrom(20, 100, 700),
    lateMs: fc.integer({ min: 0, max: 150 }),
  })
}

/** Events in the page (`here`) and crossings of the wire (`there`), each with its time. */
interface Life {
  readonly here: [number, (marks: ReturnType<typeof createMarks>, are: (exchange: number) => void) => void][]
  readonly there: TimedCrossing[]
}

function polls(steps: readonly Step[]): Life {
  const here: Life['here'] = []
  const there: TimedCrossing[] = []
  let atMs = 100
  let exchange = 0
  let seq = 0
  for (const { what, upMs, holdMs, downMs, pauseMs, posts, postUpMs } of steps) {
    const own = ++exchange
    const askedAtMs = atMs
    const reachedAtMs = askedAtMs + upMs
    here.push([
      askedAtMs,
      (marks, are) => {
        marks.state({ is: 'asking', atMs: askedAtMs })
        are(own)
        if (what === 'asked twice') are(own + 1)
      },
    ])
    let leftAtMs = reachedAtMs + holdMs
    let endedAtMs = leftAtMs + downMs
    if (what !== 'eaten') there.push(request(own, reachedAtMs))
    if (what === 'asked twice') {
      const again = ++exchange
      there.push(end(own, reachedAtMs + 1), request(again, reachedAtMs + 3 * upMs))
      leftAtMs = reachedAtMs + 3 * upMs + holdMs
      endedAtMs = leftAtMs + downMs
      there.push(answer(again, leftAtMs, 204))
      here.push([endedAtMs, (marks) => marks.state({ is: 'pausing', atMs: endedAtMs, untilMs: 0 })])
    } else if (what === 'answered') {
      const id = `k.${++seq}`
      there.push({ ...answer(own, leftAtMs, 200), id })
      here.push([endedAtMs, (marks) => marks.events([message(id)], endedAtMs)])
    } else if (what === 'empty') {
      there.push(answer(own, leftAtMs, 204))
      here.push([endedAtMs, (marks) => marks.state({ is: 'pausing', atMs: endedAtMs, untilMs: 0 })])
    } else if (what === 'eaten') {
      here.push([
        endedAtMs,
        (marks) => marks.state({ is: 'reconnecting', atMs: endedAtMs, untilMs: 0, trouble: 'cut' }),
      ])
    } else {
      // The server answers although the page has aborted the request.
      endedAtMs = askedAtMs + Math.min(holdMs, 60)
      here.push([endedAtMs, (marks) => marks.letGo(endedAtMs)])
      there.push(answer(own, leftAtMs, 204))
    }
    if (posts) {
      const post = ++exchange
      const sentAtMs = askedAtMs + holdMs / 2
      here.push([
        sentAtMs,
        (marks, are) => {
          marks.sentAt(sentAtMs)
          are(post)
        },
      ])
      there.push(request(post, sentAtMs + postUpMs), answer(post, sentAtMs + postUpMs + 2, 201))
    }
    atMs = endedAtMs + pauseMs
  }
  return { here, there }
}

function streams(stretches: readonly Stretch[], says: boolean): Life {
  const here: Life['here'] = []
  const there: TimedCrossing[] = []
  let atMs = 100
  let exchange = 0
  let seq = 0
  for (const { upMs, downMs, ends, events, pauseMs } of stretches) {
    const own = ++exchange
    const askedAtMs = atMs
    here.push([
      askedAtMs,
      (marks, are) => {
        marks.state({ is: 'connecting', atMs: askedAtMs })
        are(own)
      },
    ])
    let leftAtMs = askedAtMs + upMs
    let endedAtMs = leftAtMs + downMs
    if (ends !== 'eaten') {
      there.push(request(own, leftAtMs), { ...answer(own, leftAtMs + 1, 200), is: 'head' })
      leftAtMs += 1
      const openedAtMs = leftAtMs + downMs
      here.push([openedAtMs, (marks) => marks.state({ is: 'open', atMs: openedAtMs })])
      endedAtMs = openedAtMs + 1 + events.reduce((sum, one) => sum + one.afterMs, 0)
      for (const event of events) {
        leftAtMs += event.afterMs
        const arrivedAtMs = leftAtMs + downMs
        const id = `k.${++seq}`
        there.push({ is: 'event', up: false, exchange: own, atMs: leftAtMs, bytes: 99, id })
        // Events that leave while the connection breaks may be lost. They come again over the next connection.
        if (arrivedAtMs <= endedAtMs) here.push([arrivedAtMs, (marks) => marks.events([message(id)], arrivedAtMs)])
        else seq -= 1
        if (!says || !event.says || arrivedAtMs > endedAtMs) continue
        here.push([
          arrivedAtMs,
          (marks, are) => {
            marks.sentAt(arrivedAtMs)
            are(own)
          },
        ])
        there.push({ is: 'message', up: true, exchange: own, atMs: arrivedAtMs + upMs, bytes: 120 })
      }
      there.push(end(own, endedAtMs - (ends === 'cut' ? downMs : -upMs)))
    }
    here.push([
      endedAtMs,
      (marks) =>
        ends === 'let go'
          ? marks.letGo(endedAtMs)
          : marks.state({ is: 'reconnecting', atMs: endedAtMs, untilMs: 0, trouble: 'cut' }),
    ])
    atMs = endedAtMs + pauseMs
  }
  return { here, there }
}

/** Plays the events in order, and checks the marks after each report to the page. */
function run(
  { here, there }: Life,
  { clockMs, missed, everyMs, lateMs }: Told,
  transport: 'short-poll' | 'sse' | 'long-poll' | 'ws',
) {
  const marks = createMarks()
  const matching = createMatching(transport, marks)
  const way: Way = { offsetMs: 0, boundMs: BOUND_MS, oneWayMs: 40, jitterMs: 0, isBuffered: false, isLossy: false }
  const truth = new Map<ExchangeMark | StreamMark | SentMark, Set<number>>()
  const crossings = there
    .toSorted((a, b) => a.atMs - b.atMs)
    .filter((_, i) => !missed.includes(i))
    .map((seen) => ({ ...seen, atMs: seen.atMs + clockMs }))
  const queue = here.toSorted(([a], [b]) => a - b)
  const lastMs = Math.max(0, ...queue.map(([atMs]) => atMs), ...crossings.map(({ atMs }) => atMs))
  let heard = 0
  let lived = 0
  for (let toldMs = everyMs; toldMs <= lastMs + everyMs; toldMs += everyMs) {
    const nowMs = toldMs + lateMs
    for (; (queue[lived]?.[0] ?? Infinity) <= nowMs; lived++) {
      const counts = [marks.exchanges.length, marks.streams.length, marks.sent.length]
      queue[lived]?.[1](marks, (exchange) => {
        const mark =
          marks.sent.length > (counts[2] ?? 0)
            ? marks.sent.at(-1)
            : marks.exchanges.length > (counts[0] ?? 0)
              ? marks.exchanges.at(-1)
              : marks.streams.at(-1)
        if (mark) truth.set(mark, (truth.get(mark) ?? new Set()).add(exchange))
      })
    }
    const from = heard
    while ((crossings[heard]?.atMs ?? Infinity) < toldMs) heard++
    matching.take(crossings.slice(from, heard), way)
    check()
  }
  return marks

  /** Checks without `expect`, which would take most of the time. */
  function check(): void {
    for (const mark of [...marks.exchanges, ...marks.streams]) {
      const { askedAtMs, reachedAtMs, leftAtMs, crossed } = mark
      const overAtMs = (mark.kind === 'stream' ? mark.openedAtMs : null) ?? mark.endedAtMs
      if (crossed && !truth.get(mark)?.has(crossed.exchange)) wrong('matched to another one’s mark', mark)
      if (!ascend(askedAtMs, reachedAtMs, leftAtMs, overAtMs)) wrong('runs backwards', mark)
    }
    for (const sent of marks.sent) {
      const { atMs, reachedAtMs, exchange } = sent
      if (exchange !== undefined && !truth.get(sent)?.has(exchange)) wrong('matched to another one’s mark', sent)
      if (!ascend(atMs, reachedAtMs)) wrong('runs backwards', sent)
    }
    for (const arrival of marks.arrivals) {
      const { atMs, leftAtMs, exchange } = arrival
      if (!ascend(leftAtMs, atMs)) wrong('runs backwards', arrival)
      if (exchange === undefined) continue
      const owner = [...truth].find(([, numbers]) => numbers.has(exchange))?.[0]
      if (!owner || !('askedAtMs' in owner) || owner.askedAtMs > atMs || atMs > (owner.endedAtMs ?? Infinity))
        wrong('did not come over this one', arrival)
    }
  }
}

function wrong(what: string, mark: object): never {
  throw new Error(`${what}: ${JSON.stringify(mark)}`)
}

function ascend(...timesMs: readonly (number | null | undefined)[]): boolean {
  const known = timesMs.filter((ms) => ms !== undefined && ms !== null)
  return known.every((ms, i) => ms >= (known[i - 1] ?? -Infinity))
}

function request(exchange: number, atMs: number): TimedCrossing {
  return { is: 'request', up: true, exchange, atMs, bytes: 300, line: { connection: 1, isReused: false } }
}

function answer(exchange: number, atMs: number, status: number): TimedCrossing {
  return { is: 'answer', up: false, exchange, atMs, bytes: 200, status }
}

function end(exchange: number, atMs: number): TimedCrossing {
  return { is: 'end', up: false, exchange, atMs, bytes: 0 }
}

function message(id: string): Message {
  return { event: { id, room: 'lobby', type: 'tick', at: 0 }, seq: 1, order: 1, receivedAtMs: [], delayMs: [] }
}
