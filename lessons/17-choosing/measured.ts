/**
 * Measures workloads that a separate process really serves (`served.ts`). The clock of this process stands still, and
 * is moved from one moment of the schedule to the next. So minutes take no time, and every run gives the same result.
 * The bytes are counted at the socket.
 */
import { connect } from 'node:net'
import { Unclear } from '../kit/finding.ts'
import { startProgram } from '../kit/program.ts'
import type { Program } from '../kit/program.ts'
import { createTrial } from '../kit/trial.ts'
import type { OwnTrial } from '../kit/trial.ts'

export type Name = 'short-poll' | 'long-poll' | 'sse' | 'ws'

export interface Workload {
  readonly ratePerSecond: number
  readonly intervalMs: number
  readonly waitS: number
  readonly roundTripMs: number
}

export interface Sizes {
  readonly payload: number
  readonly exchange: number
  readonly empty: number
  readonly framing: number
  readonly heartbeat: number
}

export interface Measured {
  readonly requestsPerSecond: number
  readonly bytesPerSecond: number
  readonly meanAgeMs: number
  /** Sizes of single exchanges, measured before the run. */
  readonly sizes: Sizes
  /** Rate in this run. It differs from the workload's rate, because the moments are random. */
  readonly ratePerSecond: number
  readonly polls: number
  readonly messages: number
  readonly seconds: number
}

export interface Run {
  readonly name: Name
  readonly workload: Workload
  /** Length of the run, in the server's time. */
  readonly seconds: number
}

/**
 * Starts the runs one after the other, in one process that ends after the last run. Each promise resolves when its run
 * is over, and rejects with `Unclear` if the server does not respond.
 */
export function measureAll(runs: readonly Run[]): readonly Promise<Measured>[] {
  const hosted = { kind: 'transport', exported: 'served', isFrozen: true } as const
  const starting = startProgram(import.meta.dirname, { name: 'served', hosted })
  let before: Promise<unknown> = starting
  const results = runs.map((run, i) => {
    const measured = before.then(async () => measure(await starting, run, `workload-${i}`))
    before = measured
    return measured
  })
  const stop = async () => (await starting).stop()
  before.then(stop, stop).catch(() => {})
  for (const result of results) result.catch(() => {})
  return results
}

async function measure(program: Program, { name, workload, seconds }: Run, room: string): Promise<Measured> {
  const trial = createTrial(program, room)
  const connection = await openConnection(trial)
  try {
    const play = name === 'short-poll' ? playShort : name === 'long-poll' ? playLong : playStream
    return await play({ trial, connection, workload, seconds, name })
  } finally {
    connection.close()
    await trial.end()
  }
}

/** Headers that a browser sends with every request. Headers that servers do not look at are left out. */
const HEAD = [
  'Host: localhost:4117',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Accept: */*',
  'Accept-Language: en',
].join('\r\n')

const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='

/** Time stamp in every message, so that all messages have the same size. Ages are calculated from the schedule. */
const AT_MS = 1_795_250_475_724.495

/** Text of every message. */
const TEXT = 'The 14:05 to Bern leaves from platform 7.'

/** One connection that stays open, as a browser keeps it. All bytes that cross it are counted. */
interface Connection {
  /** Bytes in both directions. */
  readonly bytes: number
  /** Bytes from the server, as Latin-1. */
  readonly received: string
  send(target: string, more?: readonly string[]): void
  /** Sends a WebSocket's response to a ping. */
  pong(): void
  close(): void
}

async function openConnection(trial: OwnTrial): Promise<Connection> {
  const socket = connect(trial.port, '127.0.0.1').on('error', () => {})
  let up = 0
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => (received += text))
  await new Promise((resolve) => socket.once('connect', resolve))
  return {
    get bytes() {
      return up + received.length
    },
    get received() {
      return received
    },
    send(target, more = []) {
      const request = `GET ${target} HTTP/1.1\r\n${[HEAD, ...more].join('\r\n')}\r\n\r\n`
      up += request.length
      socket.write(request)
    },
    pong() {
      up += PONG.length
      socket.write(PONG)
    },
    close: () => socket.destroy(),
  }
}

/** Pong frame without a payload, with its mask (RFC 6455, section 5.5.3). */
const PONG = Buffer.of(0x8a, 0x80, 0x17, 0x03, 0x20, 0x26)

interface Play {
  readonly trial: OwnTrial
  readonly connection: Connection
  readonly workload: Workload
  readonly seconds: number
  readonly name: Name
}

/** Random moments of a run, in ms. They are the same in every run. */
function momentsOf(ratePerSecond: number, seconds: number): readonly number[] {
  let state = 20_040_704
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
  const moments: number[] = []
  if (ratePerSecond === 0) return moments
  const gapMs = () => (-Math.log(random()) * 1000) / ratePerSecond
  for (let atMs = gapMs(); atMs < seconds * 1000; atMs += gapMs()) moments.push(atMs)
  return moments
}

/** True if the text is a complete response to a poll: a 204, or a body of the length that the head gives. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, end))?.[1] ?? 0)
  return text.length >= end + 4 + length
}

interface Polled {
  readonly bytes: number
  readonly text: string
}

/** Sends a poll. Returns a function that waits for the response. */
function poll({ trial, connection }: Play, target: string): () => Promise<Polled> {
  const bytes = connection.bytes
  const from = connection.received.length
  connection.send(target)
  return async () => {
    await trial.until(`${target} is answered`, () => isWhole(connection.received.slice(from)), PATIENCE_MS)
    return { bytes: connection.bytes - bytes, text: connection.received.slice(from) }
  }
}

/** Sends a poll, as `poll` does. With long polling, resolves when the server holds the request. */
async function begin(play: Play, target: string): Promise<() => Promise<Polled>> {
  const { trial, name } = play
  const { followed } = await trial.reads()
  const answer = poll(play, target)
  if (name === 'long-poll')
    await trial.until('it is held', async () => (await trial.reads()).followed > followed, PATIENCE_MS)
  return answer
}

const jsonOf = ({ text }: Polled) => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))

/** Measures one empty poll and one poll with a message. Also returns the cursor after this message. */
async function pollSizes(play: Play, pathOf: (cursor: string) => string): Promise<{ sizes: Sizes; cursor: string }> {
  const { trial } = play
  const [first] = await trial.publishAt(AT_MS, TEXT)
  const begun = await begin(play, pathOf(first?.id ?? ''))
  if (play.name === 'long-poll') await passed(play, play.workload.waitS * 1000)
  const empty = await begun()
  const [event] = await trial.publishAt(AT_MS, TEXT)
  const full = await poll(play, pathOf(first?.id ?? ''))()
  const payload = Buffer.byteLength(JSON.stringify(event))
  const sizes = { payload, exchange: full.bytes - payload, empty: empty.bytes, framing: 0, heartbeat: 0 }
  return { sizes, cursor: jsonOf(full).cursor }
}

async function playShort(play: Play): Promise<Measured> {
  const { trial, connection, workload, seconds } = play
  const { room } = trial
  const { intervalMs, roundTripMs } = workload
  const pathOf = (cursor: string) => `/feed/${room}/poll?after=${cursor}`
  const { sizes, ...began } = await pollSizes(play, pathOf)
  const left = [...momentsOf(workload.ratePerSecond, seconds)]
  const before = connection.bytes
  const agesMs: number[] = []
  let { cursor } = began
  let polls = 0
  for (let atMs = intervalMs; atMs <= seconds * 1000; atMs += intervalMs) {
    const due = takeUntil(left, atMs)
    if (due.length > 0) await trial.publishAt(AT_MS, ...due.map(() => TEXT))
    const answer = await poll(play, pathOf(cursor))()
    polls += 1
    if (due.length > 0) ({ cursor } = jsonOf(answer))
    agesMs.push(...due.map((publishedMs) => atMs - publishedMs + roundTripMs / 2))
  }
  return resultOf({ seconds, agesMs, polls, bytes: connection.bytes - before, sizes })
}

async function playLong(play: Play): Promise<Measured> {
  const { trial, connection, workload, seconds } = play
  const { room } = trial
  const { waitS, roundTripMs } = workload
  const pathOf = (cursor: string) => `/feed/${room}/long-poll?after=${cursor}&wait=${waitS}`
  const { sizes, ...began } = await pollSizes(play, pathOf)
  const left = [...momentsOf(workload.ratePerSecond, seconds)]
  const before = connection.bytes
  const agesMs: number[] = []
  let { cursor } = began
  let polls = 0
  let atMs = 0
  while (atMs < seconds * 1000) {
    // These messages came in the gap between the previous response and this request.
    const missed = takeUntil(left, atMs)
    if (missed.length > 0) await trial.publishAt(AT_MS, ...missed.map(() => TEXT))
    agesMs.push(...missed.map((publishedMs) => atMs - publishedMs + roundTripMs / 2))
    if (missed.length > 0) ({ cursor } = jsonOf(await poll(play, pathOf(cursor))()))
    else {
      const answer = await begin(play, pathOf(cursor))
      const nextMs = left[0] ?? Infinity
      const isInVain = nextMs > atMs + waitS * 1000
      await passed(play, isInVain ? waitS * 1000 : nextMs - atMs)
      atMs = isInVain ? atMs + waitS * 1000 : nextMs
      if (!isInVain) {
        left.shift()
        await trial.publishAt(AT_MS, TEXT)
        agesMs.push(roundTripMs / 2)
      }
      const held = await answer()
      if (!isInVain) ({ cursor } = jsonOf(held))
    }
    polls += 1
    atMs += roundTripMs
  }
  return resultOf({ seconds: atMs / 1000, agesMs, polls, bytes: connection.bytes - before, sizes })
}

async function playStream(play: Play): Promise<Measured> {
  const { trial, connection, workload, seconds, name } = play
  const { room } = trial
  connection.send(`/feed/${room}/${name}`, name === 'ws' ? [...UPGRADE, KEY] : ['Cache-Control: no-cache'])
  await trial.until('the stream is open', async () => (await trial.reads()).following > 0, PATIENCE_MS)
  await trial.until('its first bytes are here', () => /\r\n\r\n[^]*(?:\n\n|\})/.test(connection.received), PATIENCE_MS)
  await trial.reads()

  const arrives = async (count: number) => {
    await trial.until('the message is here', () => connection.received.split(TEXT).length > count, PATIENCE_MS)
    // The last bytes of the message may come separately.
    await trial.reads()
  }
  const opened = connection.bytes
  const [event] = await trial.publishAt(AT_MS, TEXT)
  await arrives(1)
  const payload = Buffer.byteLength(JSON.stringify(event))
  const framing = connection.bytes - opened - payload
  const heartbeat = await beat(HEARTBEAT_MS)
  const sizes = { payload, exchange: 0, empty: 0, framing, heartbeat }

  const before = connection.bytes
  let nowMs = 0
  const moments = momentsOf(workload.ratePerSecond, seconds)
  const moveTo = async (atMs: number) => {
    while (nowMs < atMs) {
      const stepMs = Math.min(HEARTBEAT_MS - (nowMs % HEARTBEAT_MS), atMs - nowMs)
      nowMs += stepMs
      if (nowMs % HEARTBEAT_MS === 0) await beat(stepMs)
      else await passed(play, stepMs)
    }
  }
  for (const [i, atMs] of moments.entries()) {
    await moveTo(Math.floor(atMs))
    await trial.publishAt(AT_MS, TEXT)
    await arrives(i + 2)
  }
  await moveTo(seconds * 1000)
  const agesMs = moments.map(() => workload.roundTripMs / 2)
  return resultOf({ seconds, agesMs, polls: 0, bytes: connection.bytes - before, sizes })

  /** Moves the time to the next heartbeat. Returns the bytes of the heartbeat and of the pong. */
  async function beat(ms: number): Promise<number> {
    const first = connection.bytes
    await passed(play, ms)
    await trial.until('there is a heartbeat', () => connection.bytes > first, PATIENCE_MS)
    if (name === 'ws') connection.pong()
    return connection.bytes - first
  }
}

const HEARTBEAT_MS = 15_000

/** Longer than one exchange takes on a very busy machine. */
const PATIENCE_MS = 5000

/** Moves the server's time, and waits until the server has done its work. */
async function passed({ trial }: Play, ms: number): Promise<void> {
  await trial.tick(ms)
  await trial.reads()
}

/** Removes the moments that are due, and returns them. */
function takeUntil(moments: number[], atMs: number): readonly number[] {
  const due = moments.findIndex((moment) => moment > atMs)
  return moments.splice(0, due < 0 ? moments.length : due)
}

interface Counted extends Pick<Measured, 'seconds' | 'polls' | 'sizes'> {
  readonly agesMs: readonly number[]
  readonly bytes: number
}

function resultOf({ seconds, agesMs, polls, bytes, sizes }: Counted): Measured {
  const messages = agesMs.length
  if (seconds <= 0) throw new Unclear('The run had no time.')
  return {
    requestsPerSecond: polls / seconds,
    bytesPerSecond: bytes / seconds,
    meanAgeMs: messages === 0 ? 0 : agesMs.reduce((sum, ms) => sum + ms, 0) / messages,
    sizes,
    ratePerSecond: messages / seconds,
    polls,
    messages,
    seconds,
  }
}
