import type { Event } from '../../server/protocol/feed.ts'
import type { PendingExchange } from '../kit/exchange.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import { expectStatus } from '../kit/expect.ts'
import { readStream } from '../kit/event-stream.ts'
import { parsed } from '../kit/json.ts'
import type { Trial } from '../kit/trial.ts'
import { STREAM, words } from './hints.ts'

/** Time limit of a check: the first one starts two processes and a Redis, and others reconnect. */
const PROCESSES_MS = 20_000
const STREAM_MS = 60_000
/** Time limit for a message from one process through Redis to the other. */
const ROUND_MS = 4000
/** Time limit for a mark; if it has not arrived by then, nobody received it, and another one is sent. */
const MARK_MS = 300
/** After this time a blocking read has reached Redis; a program that uses pub/sub sends none. */
const READ_MS = 500

interface Client {
  readonly at: 'A' | 'B' | 'C'
  readonly pending: PendingExchange
}

/** Messages that a client has received so far. */
function receivedBy({ pending }: Client): readonly Pick<Event, 'id' | 'text'>[] {
  const values = readStream(pending.soFar.body).events.map(({ data }) => parsed(data))
  return values.filter((value) => value !== undefined) as Pick<Event, 'id' | 'text'>[]
}

const textsOf = (client: Client): readonly string[] => receivedBy(client).map(({ text = '' }) => text)

async function opened(trial: Trial, at: Client['at']): Promise<Client> {
  const pending = trial.open(`/feed/${trial.room}/sse`, { withinMs: STREAM_MS })
  await trial.until('the stream is open', () => pending.soFar.status > 0 || pending.exchange !== null, ROUND_MS)
  if (pending.exchange) await trial.whole(pending)
  expectStatus({ ...pending.soFar, body: '' }, 200, {
    saw: 'A client asked for the stream. Your server responded:',
    hint: STREAM,
  })
  return { at, pending }
}

function post(trial: Trial, text: string): PendingExchange {
  const body = JSON.stringify({ user: 'Ada', text })
  const headers = { 'content-type': 'application/json' }
  return trial.open(`/feed/${trial.room}`, { method: 'POST', headers, body, withinMs: ROUND_MS })
}

async function published(trial: Trial, at: Client['at'], text: string, hint = 'refused'): Promise<string> {
  const saw = `"${text}" was published at ${at}. Your server responded:`
  const answer = await trial.whole(post(trial, text), {
    saw: `"${text}" was published at ${at}, and got no response:`,
    hint,
  })
  expectStatus(answer, 201, { saw, hint })
  return String((answer.json as Partial<Event>).id)
}

/** Waits until every client has the last message, and throws unless each has exactly the wanted ones. */
async function expectDelivered(
  trial: Trial,
  clients: readonly Client[],
  wanted: readonly string[],
  saw: string,
  hint: (client: Client, found: readonly string[]) => string,
): Promise<void> {
  const last = wanted.at(-1) ?? ''
  await trial
    .until('all have the last', () => clients.every((client) => textsOf(client).includes(last)), ROUND_MS)
    .catch(() => null)
  await trial.reads()
  for (const client of clients) {
    const found = textsOf(client).filter((text) => !isMark(text))
    const first = Math.max(found.length, wanted.length) === 0 ? -1 : differsAt(found, wanted)
    if (first < 0) continue
    const lines = (texts: readonly string[]) => texts.map((text) => JSON.stringify(text)).join(' ')
    const bytes = `the client at ${client.at} received: ${lines(found)}`
    const finding = {
      saw,
      bytes,
      at: first < found.length ? bytes.length - lines(found.slice(first)).length : bytes.length,
      wanted: first < wanted.length ? lines(wanted.slice(first)) : 'nothing more',
      hint: hint(client, found),
    }
    throw found.includes(last) ? new Wrong(finding) : new Late(finding)
  }
}

/** Waits until the clients have a message and the processes wait for the next one, because another check tests the gap between two reads. */
async function readOn(
  clients: readonly Client[],
  text: string,
  processes: readonly [Trial, ...Trial[]],
): Promise<void> {
  const [trial] = processes
  const isThere = () => clients.every((client) => textsOf(client).includes(text))
  await trial.until('all have it', isThere, READ_MS).catch(() => null)
  await trial.until('they read on', () => processes.every(({ link }) => link.blocked > 0), READ_MS).catch(() => null)
}

function differsAt(found: readonly string[], wanted: readonly string[]): number {
  return Array.from({ length: Math.max(found.length, wanted.length) }).findIndex((_, i) => found[i] !== wanted[i])
}

/** Reports whether an id is larger than the one before. An id ends with a number, or with two as Redis makes them: `7-0`. */
function isLater(id: string, before: string): boolean {
  const [[first, second], [firstBefore, secondBefore]] = [numbersOf(id), numbersOf(before)]
  return first === firstBefore ? second > secondBefore : first > firstBefore
}

function numbersOf(id: string): readonly [number, number] {
  const [, first = Number.NaN, second = 0] = /(\d+)(?:-(\d+))?$/.exec(id) ?? []
  return [Number(first), Number(second)]
}

/** Texts of the first message, and of further attempts. */
const ONES = ['one', 'one more', 'one again']

/** Text of the marks, which show that a process receives again. They are not part of the expected messages. */
const MARK = 'are you there?'
const isMark = (text = ''): boolean => text.startsWith(MARK)
let marks = 0

export const exercises: readonly Exercise[] = [
  {
    name: 'server',
    hosted: { kind: 'server', with: 'redis' },
    withinMs: PROCESSES_MS,
    checks: checksFrom(words.server, {
      async 'the-split-room'(trial) {
        const other = await trial.secondProcess()
        const clients = [await opened(trial, 'A'), await opened(other, 'B')]
        // Waits until both processes have started to listen.
        await heard(trial, [clients[0]], 'A')
        await heard(other, [clients[1]], 'B')
        const all = ['one', 'two', 'three', 'four']
        for (const [i, text] of all.entries()) {
          const [at, place] = i < 2 ? ([trial, 'A'] as const) : ([other, 'B'] as const)
          await published(at, place, text, 'blocked')
          await readOn(clients, text, [trial, other])
        }
        const saw =
          'Each of two processes has a client. Four messages were published one after the other, two at A and then two at B.'
        await expectDelivered(trial, clients, all, saw, ({ at }, found) => {
          if (new Set(found).size < found.length) return 'doubled'
          const own = at === 'A' ? ['one', 'two'] : ['three', 'four']
          if (differsAt(found, own) < 0) return 'alone'
          const everybody = clients.flatMap(textsOf)
          return all.every((text) => everybody.includes(text)) ? 'shared-out' : 'other'
        })
      },
      async 'one-number'(trial) {
        const other = await trial.secondProcess()
        const places = [trial, other, other, trial] as const
        const ids: string[] = []
        for (const [i, at] of places.entries()) ids.push(await published(at, at === trial ? 'A' : 'B', `number ${i}`))
        const wrong = ids.findIndex((id, i) => i > 0 && !isLater(id, ids[i - 1] ?? ''))
        if (wrong < 0) return
        const bytes = `the ids of four messages, at A, B, B, A: ${ids.join(' ')}`
        throw new Wrong({
          saw: 'Four messages were published, one after the other. Your server gave them:',
          bytes,
          at: bytes.length - ids.slice(wrong).join(' ').length,
          wanted: 'a larger number than the one before',
          hint: new Set(ids).size < ids.length ? 'same-id' : 'falling',
        })
      },
      async 'one-step'(trial) {
        const other = await trial.secondProcess()
        const client = await opened(other, 'B')
        await heard(other, [client], 'B')
        await heard(trial, [client], 'A')
        trial.link.hold(1)
        const slow = post(trial, 'from A, slow')
        // One command has passed; a second one is held, if there is one.
        await trial.until('the first command has passed', () => slow.exchange !== null || trial.link.held > 0, ROUND_MS)
        await published(other, 'B', 'from B, quick')
        await readOn([client], 'from B, quick', [other])
        trial.link.release()
        const answer = await trial.whole(slow)
        expectStatus(answer, 201, {
          saw: 'The second command of A was held for a moment, and B published in the meantime. A responded:',
          hint: 'refused',
        })
        await trial.until(
          'the client has both',
          () => textsOf(client).filter((text) => !isMark(text)).length >= 2,
          ROUND_MS,
        )
        const found = receivedBy(client).filter(({ text }) => !isMark(text))
        const wrong = found.findIndex(({ id }, i) => i > 0 && !isLater(id, found[i - 1]?.id ?? ''))
        if (wrong < 0) return
        const lines = found.map(({ id, text }) => `${id} ${JSON.stringify(text)}`)
        const bytes = lines.join('\n')
        throw new Wrong({
          saw: 'Every command of A after its first one was held for a moment, and B published in the meantime. The client at B received:',
          bytes,
          at: lines.slice(0, wrong).join('\n').length + 1,
          wanted: 'an id larger than the one before',
          hint: 'out-of-order',
        })
      },
      async 'no-seam'(trial) {
        const other = await trial.secondProcess()
        const client = await opened(other, 'B')
        await heard(other, [client], 'B')
        let first = ''
        // If a blocking read times out at the moment in which the next one is held, the check tries again.
        for (let i = 0; i < ONES.length && !textsOf(client).includes(first); i++) {
          other.link.release()
          await trial.until('its read is with Redis', () => other.link.waiting > 0, READ_MS).catch(() => null)
          other.link.hold(0)
          first = ONES[i] ?? ''
          await published(trial, 'A', first)
          await trial.until('it has it', () => textsOf(client).includes(first), READ_MS).catch(() => null)
        }
        await published(trial, 'A', 'between two reads')
        other.link.release()
        await heard(trial, [client], 'A').catch(() => null)
        await published(trial, 'A', 'three')
        const wanted = [...ONES.slice(0, ONES.indexOf(first) + 1), 'between two reads', 'three']
        const saw =
          'B had read "one" and had not started its next read. Then "between two reads" was published at A, and then "three".'
        await expectDelivered(trial, [client], wanted, saw, (_client, found) => {
          if (new Set(found).size < found.length) return 'doubled'
          return found.includes('between two reads') ? 'other' : 'from-now-on'
        })
      },
      async 'while-disconnected'(trial) {
        const other = await trial.secondProcess()
        const client = await opened(other, 'B')
        await heard(other, [client], 'B')
        const connections = other.link.open
        other.link.cut()
        await published(trial, 'A', 'during the cut')
        other.link.mend()
        await trial.until('B is connected again', () => other.link.open >= connections, ROUND_MS)
        const saw =
          'The connections of B to Redis were cut. "during the cut" was published at A, which responded with 201. Then B reconnected, and "after it" was published.'
        await heard(trial, [client], 'A').catch(() => null)
        await published(trial, 'A', 'after it')
        await expectDelivered(trial, [client], ['during the cut', 'after it'], saw, (_client, found) => {
          if (new Set(found).size < found.length) return 'doubled'
          return found.includes('after it') ? 'lost' : 'deaf'
        })
      },
      async 'before-the-first'(trial) {
        const young = await trial.freshProcess()
        const client = await opened(young, 'C')
        // After that the program has its position, because it asks for the position before it reads.
        await trial.until('its read is with Redis', () => young.link.blocked > 0, READ_MS).catch(() => null)
        const connections = young.link.open
        young.link.cut()
        await published(trial, 'A', 'during its first cut')
        young.link.mend()
        await trial.until('C is connected again', () => young.link.open >= connections, ROUND_MS)
        const saw =
          'C had just started, and its connections to Redis were cut before its first message. "during its first cut" was published at A, which responded with 201. Then C reconnected, and "after it" was published.'
        await heard(trial, [client], 'A').catch(() => null)
        await published(trial, 'A', 'after it')
        await expectDelivered(trial, [client], ['during its first cut', 'after it'], saw, (_client, found) => {
          if (new Set(found).size < found.length) return 'doubled'
          return found.includes('after it') ? 'until-it-has-one' : 'deaf'
        })
      },
    }),
  },
]

/** Publishes marks until all of these clients have the latest one. After that, no earlier message is on its way. */
async function heard(trial: Trial, clients: readonly (Client | undefined)[], at: Client['at']): Promise<void> {
  const all = clients.filter((client) => client !== undefined)
  await trial.until(
    'the process hears',
    async () => {
      marks += 1
      const mark = `${MARK} ${marks}`
      await published(trial, at, mark, 'blocked')
      const isThere = () => all.every((client) => textsOf(client).includes(mark))
      return trial.until('the mark is there', isThere, MARK_MS).catch(() => false)
    },
    ROUND_MS,
  )
}
