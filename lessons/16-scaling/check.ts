import type { Event } from '../../server/protocol.ts'
import type { Pending } from '../kit/exchange.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/exercise.ts'
import { expectStatus } from '../kit/expect.ts'
import { readStream } from '../kit/event-stream.ts'
import type { Trial } from '../kit/trial.ts'

/** Two processes and a Redis start for the first check, and a blink costs a connection anew. */
const PROCESSES_MS = 20_000
const STREAM_MS = 60_000
/** For what goes from a process over Redis to another. */
const ROUND_MS = 4000
/** A mark that is not there by then went to nobody; another one follows. */
const MARK_MS = 300
/** A read that blocks is with Redis by then; who is told by pub/sub has none. */
const READ_MS = 500

interface Client {
  readonly at: 'A' | 'B' | 'C'
  readonly pending: Pending
}

/** What a client was told so far, by its texts and ids. */
function toldTo({ pending }: Client): readonly Pick<Event, 'id' | 'text'>[] {
  return readStream(pending.soFar.body).events.flatMap(({ data }) => {
    try {
      return [JSON.parse(data) as Pick<Event, 'id' | 'text'>]
    } catch {
      return []
    }
  })
}

const textsOf = (client: Client): readonly string[] => toldTo(client).map(({ text = '' }) => text)

async function opened(trial: Trial, at: Client['at']): Promise<Client> {
  const pending = trial.open(`/feed/${trial.room}/sse`, { withinMs: STREAM_MS })
  await trial.until('the stream is open', () => pending.soFar.status > 0 || pending.exchange !== null, ROUND_MS)
  if (pending.exchange) await trial.whole(pending)
  expectStatus({ ...pending.soFar, body: '' }, 200, {
    saw: 'A client asked for the stream. You answered:',
    hint: STREAM,
  })
  return { at, pending }
}

const STREAM = [
  'The stream is not there.',
  'Look at the route that the file began with: it is not part of the exercise.',
  'The clients of each process have a stream to it; only what comes between the processes is to be built.',
] as const

function post(trial: Trial, text: string): Pending {
  const body = JSON.stringify({ user: 'Ada', text })
  const headers = { 'content-type': 'application/json' }
  return trial.open(`/feed/${trial.room}`, { method: 'POST', headers, body, withinMs: ROUND_MS })
}

async function published(trial: Trial, at: Client['at'], text: string, hint = 'refused'): Promise<string> {
  const saw = `"${text}" was published at ${at}. You answered:`
  const answer = await trial.whole(post(trial, text), {
    saw: `"${text}" was published at ${at}, and not answered:`,
    hint,
  })
  expectStatus(answer, 201, { saw, hint })
  return String((answer.json as Partial<Event>).id)
}

/** Waits until every client has the last of them; what else they were told by then is looked at. */
async function expectTold(
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
    const bytes = `the client at ${client.at} got: ${lines(found)}`
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

/** Until the clients have it and the processes wait for the next: what is lost between two reads is another check's question. */
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

/** One, and those for when it has to be tried anew. */
const ONES = ['one', 'one more', 'one again']

/** Tells that a process hears again; no part of what is asked. */
const MARK = 'are you there?'
const isMark = (text = ''): boolean => text.startsWith(MARK)
let marks = 0

export const exercises: readonly Exercise[] = [
  {
    name: 'server',
    hosted: { kind: 'server', with: 'redis' },
    checks: [
      {
        name: 'the-split-room',
        title: 'Brings what is published at either process to the clients of both, once',
        withinMs: PROCESSES_MS,
        hints: {
          alone: [
            'Each process tells its own clients, and nobody else’s.',
            'Look at the way of a message from one process to the other: who reads what was put into Redis?',
            'Two processes share no memory. What both are to know has to go through something that both can reach.',
          ],
          doubled: [
            'The clients of the process at which it was published are told twice.',
            'Look at how many ways there are from a publish to a client of the same process.',
            'There shall be one way, for all alike: out to Redis, and in from there. Then the order is the same for everybody, too.',
          ],
          'shared-out': [
            'Each message comes to one of the processes, and not to the other.',
            'Look at how you read the stream: as one group, or each process for itself?',
            'A consumer group shares work out, one piece to one worker. Messages for people are no work: every process needs all of them.',
          ],
          blocked: [
            'A publish has to wait, for as long as the process waits for news.',
            'Look at the connections to Redis: which of them is told to block, and what else goes over it?',
            'Commands of a connection are answered one after the other. One that blocks holds up all behind it, so waiting needs a connection of its own.',
          ],
          refused: [
            'A publish was not accepted.',
            'Look at what your program prints, and at what Redis says of your command.',
            'A publish is accepted when Redis has it: 201, with the event and its id.',
          ],
          other: [
            'The clients of both processes should have been told the same.',
            'Look at the way of one message, from the process at which it is published to the clients of the other.',
            'A room is one room, wherever its people happen to be connected.',
          ],
        },
        async run(trial) {
          const other = await trial.beside()
          const clients = [await opened(trial, 'A'), await opened(other, 'B')]
          // Behind whatever a process does before it listens.
          await heard(trial, [clients[0]], 'A')
          await heard(other, [clients[1]], 'B')
          const all = ['one', 'two', 'three', 'four']
          for (const [i, text] of all.entries()) {
            const [at, place] = i < 2 ? ([trial, 'A'] as const) : ([other, 'B'] as const)
            await published(at, place, text, 'blocked')
            await readOn(clients, text, [trial, other])
          }
          const saw =
            'Two processes have a client each. One message after the other was published, two at A and two at B.'
          await expectTold(trial, clients, all, saw, ({ at }, found) => {
            if (new Set(found).size < found.length) return 'doubled'
            const own = at === 'A' ? ['one', 'two'] : ['three', 'four']
            if (differsAt(found, own) < 0) return 'alone'
            const everybody = clients.flatMap(textsOf)
            return all.every((text) => everybody.includes(text)) ? 'shared-out' : 'other'
          })
        },
      },
      {
        name: 'one-number',
        title: 'Gives no id twice, whichever process it comes from',
        withinMs: PROCESSES_MS,
        hints: {
          'same-id': [
            'Two messages have the same id: one from each process.',
            'Look at where your numbers come from. Who else counts there?',
            'An id is a position in one list. Processes that count for themselves have a list each, so the count has to be where both can reach it.',
          ],
          falling: [
            'A message that was published later has a smaller id.',
            'Look at where your numbers come from.',
            'A client comes back with the last id that it has seen, and means everything behind it. So ids have to grow.',
          ],
        },
        async run(trial) {
          const other = await trial.beside()
          const places = [trial, other, other, trial] as const
          const ids: string[] = []
          for (const [i, at] of places.entries()) ids.push(await published(at, at === trial ? 'A' : 'B', `number ${i}`))
          const seqs = ids.map((id) => Number(/(\d+)$/.exec(id)?.[1] ?? Number.NaN))
          const wrong = seqs.findIndex((seq, i) => i > 0 && !(seq > (seqs[i - 1] ?? 0)))
          if (wrong < 0) return
          const bytes = `the ids of four messages, at A, B, B, A: ${ids.join(' ')}`
          throw new Wrong({
            saw: 'Four messages were published, one after the other. You gave them:',
            bytes,
            at: bytes.length - ids.slice(wrong).join(' ').length,
            wanted: 'larger than the one before',
            hint: new Set(ids).size < ids.length ? 'same-id' : 'falling',
          })
        },
      },
      {
        name: 'one-step',
        title: 'Counts and keeps in one step',
        withinMs: PROCESSES_MS,
        hints: {
          'out-of-order': [
            'A had its number, and before it had kept its message, B did both. The clients were told the later number first.',
            'Look at how many commands go to Redis for one publish, and at what can happen between two of them.',
            'A step that nobody can come in between is called atomic. Redis runs one script at a time, whole: what counts and keeps in one script is one step.',
          ],
          refused: [
            'A had its number, and before it had kept its message, B did both. After that A’s was refused.',
            'Look at how many commands go to Redis for one publish, and at what can happen between two of them.',
            'A step that nobody can come in between is called atomic. Redis runs one script at a time, whole: what counts and keeps in one script is one step.',
          ],
        },
        async run(trial) {
          const other = await trial.beside()
          const client = await opened(other, 'B')
          await heard(other, [client], 'B')
          await heard(trial, [client], 'A')
          trial.link.hold(1)
          const slow = post(trial, 'from A, slow')
          // One command is through, and a second one is held or there is none.
          await trial.until(
            'the first command has passed',
            () => slow.exchange !== null || trial.link.held > 0,
            ROUND_MS,
          )
          await published(other, 'B', 'from B, quick')
          await readOn([client], 'from B, quick', [other])
          trial.link.release()
          const answer = await trial.whole(slow)
          expectStatus(answer, 201, {
            saw: 'A’s second command was held for a moment, and B published meanwhile. A answered:',
            hint: 'refused',
          })
          await trial.until(
            'the client has both',
            () => textsOf(client).filter((text) => !isMark(text)).length >= 2,
            ROUND_MS,
          )
          const found = toldTo(client).filter(({ text }) => !isMark(text))
          const seqs = found.map(({ id }) => Number(/(\d+)$/.exec(id)?.[1] ?? Number.NaN))
          const wrong = seqs.findIndex((seq, i) => i > 0 && !(seq > (seqs[i - 1] ?? 0)))
          if (wrong < 0) return
          const lines = found.map(({ id, text }) => `${id} ${JSON.stringify(text)}`)
          const bytes = lines.join('\n')
          throw new Wrong({
            saw: 'Whatever A sends to Redis behind its first command was held for a moment, and B published meanwhile. The client at B got:',
            bytes,
            at: lines.slice(0, wrong).join('\n').length + 1,
            wanted: 'an id larger than the one before',
            hint: 'out-of-order',
          })
        },
      },
      {
        name: 'no-seam',
        title: 'Loses nothing between two reads',
        withinMs: PROCESSES_MS,
        hints: {
          'from-now-on': [
            'A message was published after your read had answered and before the next one began. It is lost.',
            'Look at the place from which each of your reads begins.',
            'Between two reads there is always a gap. “From now on” begins behind it; the last entry that one has lies before it.',
          ],
          doubled: [
            'A message came twice.',
            'Look at what you remember of the last entry, and when.',
            'The place from which one reads on moves with each entry that was delivered.',
          ],
          other: [
            'Of three messages in a row not all arrived in their order.',
            'Look at the loop that reads: what does it remember from one round to the next?',
            'A stream is one list, and a reader has one place in it.',
          ],
        },
        async run(trial) {
          const other = await trial.beside()
          const client = await opened(other, 'B')
          await heard(other, [client], 'B')
          let first = ''
          // A read that has blocked for its time may end in the very moment in which the next one is held: then anew.
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
            'B had read "one" and not yet asked for more when "between two reads" was published at A, and then "three".'
          await expectTold(trial, [client], wanted, saw, (_client, found) => {
            if (new Set(found).size < found.length) return 'doubled'
            return found.includes('between two reads') ? 'other' : 'from-now-on'
          })
        },
      },
      {
        name: 'the-blink',
        title: 'Loses nothing that is published while a process has no connection to Redis',
        withinMs: PROCESSES_MS,
        hints: {
          lost: [
            'B’s connection to Redis was cut for a blink. What was published in it never came to B’s clients, and nothing told them.',
            'Look at what Redis does with a message when somebody who listens is away.',
            'Pub/sub tells whoever is there, and forgets. A stream keeps: whoever was away reads on from the last that it has.',
          ],
          doubled: [
            'After the blink a message came twice.',
            'Look at the place from which you read on when the connection is back.',
            'Reading on means behind the last entry that was delivered, not at it and not before it.',
          ],
          deaf: [
            'B’s connection to Redis was cut for a blink, and B has heard nothing since.',
            'Look at what your loop does when a command fails: does it go on?',
            'A connection that broke comes back. Who listens has to come back as well.',
          ],
        },
        async run(trial) {
          const other = await trial.beside()
          const client = await opened(other, 'B')
          await heard(other, [client], 'B')
          const connections = other.link.open
          other.link.cut()
          await published(trial, 'A', 'in the blink')
          other.link.mend()
          await trial.until('B is connected again', () => other.link.open >= connections, ROUND_MS)
          const saw =
            'B’s connections to Redis were cut. "in the blink" was published at A, which said 201. Then B came back, and "after it" was published.'
          await heard(trial, [client], 'A').catch(() => null)
          await published(trial, 'A', 'after it')
          await expectTold(trial, [client], ['in the blink', 'after it'], saw, (_client, found) => {
            if (new Set(found).size < found.length) return 'doubled'
            return found.includes('after it') ? 'lost' : 'deaf'
          })
        },
      },
      {
        name: 'before-the-first',
        title: 'Loses nothing either where nothing has come yet',
        withinMs: PROCESSES_MS,
        hints: {
          'until-it-has-one': [
            'A process was just started and had heard nothing yet when its connection to Redis was cut for a blink. What was published in it never came to its clients.',
            'Look at the place from which your reads begin as long as no entry has come: is it the same place each time?',
            'A reader has a place from its first moment on: the end, as it was then. “From now on” is another place whenever it is said, and a read is repeated when its time is over, or its connection.',
          ],
          doubled: [
            'A process was just started when its connection was cut for a blink. After that a message came twice.',
            'Look at the place from which you read on when the connection is back.',
            'The place from which one reads on moves with each entry that was delivered, the first one too.',
          ],
          deaf: [
            'A process was just started when its connection was cut for a blink, and has heard nothing since.',
            'Look at what your loop does when a command fails, also the very first one.',
            'A connection that broke comes back. Who listens has to come back as well.',
          ],
        },
        async run(trial) {
          const young = await trial.anew()
          const client = await opened(young, 'C')
          // What a program asks before it reads tells it its place, and has been answered by then.
          await trial.until('its read is with Redis', () => young.link.blocked > 0, READ_MS).catch(() => null)
          const connections = young.link.open
          young.link.cut()
          await published(trial, 'A', 'in its first blink')
          young.link.mend()
          await trial.until('C is connected again', () => young.link.open >= connections, ROUND_MS)
          const saw =
            'C was just started, and its connections to Redis were cut before it had heard anything. "in its first blink" was published at A, which said 201. Then C came back, and "after it" was published.'
          await heard(trial, [client], 'A').catch(() => null)
          await published(trial, 'A', 'after it')
          await expectTold(trial, [client], ['in its first blink', 'after it'], saw, (_client, found) => {
            if (new Set(found).size < found.length) return 'doubled'
            return found.includes('after it') ? 'until-it-has-one' : 'deaf'
          })
        },
      },
    ],
  },
]

/** Publishes marks until all of these clients have the latest of them: then nothing of the former is on its way. */
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
