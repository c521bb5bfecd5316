import { converse, expectNext, expectQuiet, isAlive } from '../kit/conversation.ts'
import type { Mismatch, Conversation } from '../kit/conversation.ts'
import type { PendingExchange } from '../kit/exchange.ts'
import { expectStatus, shown } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Unclear, Wrong } from '../kit/finding.ts'
import { fieldOf } from '../kit/json.ts'
import { settled } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'
import { words } from './hints.ts'

/** Watchers of a board, in the order in which they came. */
interface Watchers {
  readonly sockets: readonly Conversation[]
  readonly held: readonly PendingExchange[]
}

const post = (trial: Trial, target: string, body: object): PendingExchange =>
  trial.open(target, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })

const create = (trial: Trial, title: string, board = trial.room): PendingExchange =>
  post(trial, `/boards/${board}/tasks`, { title })

async function sizeOf(trial: Trial, topic: string) {
  const answer = await trial.get(`/boards/${topic}`)
  return { answer, size: Number(fieldOf(answer.json, 'subscribers')) }
}

/** Time limit of a held request; longer than any check. */
const HELD_MS = 60_000

const hold = (trial: Trial, board = trial.room): PendingExchange =>
  trial.open(`/boards/${board}/next`, { withinMs: HELD_MS })

/** Waits until the bus counts this number of subscribers; throws `Late` if it never does. */
async function expectSubscribers(
  trial: Trial,
  topic: string,
  wanted: number,
  observed: { readonly saw: string; readonly hint: string },
): Promise<void> {
  const came = trial.until('the count is right', async () => (await sizeOf(trial, topic)).size === wanted)
  if (await came.catch(() => false)) return
  const { answer } = await sizeOf(trial, topic)
  const bytes = shown(answer)
  const key = bytes.indexOf('"subscribers":')
  const at = key < 0 ? bytes.lastIndexOf('\n') + 1 : key + '"subscribers":'.length
  throw new Late({ ...observed, bytes, at, wanted: String(wanted) })
}

/** Opens a watcher for each letter: a WebSocket for `s`, a held request for `h`. Waits until the bus counts it. */
async function watch(trial: Trial, kinds: string, board = trial.room): Promise<Watchers> {
  const sockets: Conversation[] = []
  const held: PendingExchange[] = []
  for (const [i, kind] of Array.from(kinds).entries()) {
    if (kind === 's') sockets.push(await converse(trial, `/boards/${board}`))
    else held.push(hold(trial, board))
    await trial
      .until('it is counted', async () => (await sizeOf(trial, board)).size === i + 1)
      .catch(() => {
        throw new Unclear('The watcher is not counted as a subscriber. The first check tests that.')
      })
  }
  return { sockets, held }
}

interface Observed {
  readonly saw: string
  readonly hint: (mismatch: Mismatch | 'repeated') => string
}

/** Throws unless each watcher receives this change, once. */
async function expectChange(
  trial: Trial,
  { sockets, held }: Watchers,
  wanted: { readonly type: string; readonly title: string },
  { saw, hint }: Observed,
): Promise<void> {
  const { type, title } = wanted
  for (const [i, socket] of sockets.entries()) {
    const who = `${saw} ${sockets.length > 1 ? `WebSocket ${i + 1} of ${sockets.length}` : 'A WebSocket'} received:`
    const { task } = await expectNext(trial, socket, { type }, { saw: who, hint })
    if (titleOf(task) !== title) {
      const { bytes, at } = socket.shown()
      throw new Wrong({ saw: who, bytes, at, wanted: title, hint: hint('another value') })
    }
    await expectQuiet(trial, socket, { saw: who, hint: () => hint('repeated') })
  }
  for (const [i, pending] of held.entries()) {
    const who = `${saw} ${held.length > 1 ? `Held request ${i + 1} of ${held.length}` : 'A held request'}`
    await trial.until('it is answered', () => pending.exchange).catch(() => {})
    if (!pending.exchange) {
      // Throws if the process has ended or its thread is blocked, because then this is what a student has to know.
      await isAlive(trial)
      const bytes = shown(pending.soFar)
      const finding = { bytes, at: bytes.length, wanted: 'a response', hint: hint('nothing') }
      throw new Late({ ...finding, saw: `${who} got no response:` })
    }
    const answer = await trial.whole(pending)
    expectStatus(answer, 200, { saw: `${who} got:`, hint: hint('another value') })
    if (titleOf(fieldOf(answer.json, 'task')) === title && answer.body.includes(`"${type}"`)) continue
    const bytes = shown(answer)
    const at = bytes.lastIndexOf(answer.body)
    throw new Wrong({ saw: `${who} got:`, bytes, at, wanted: type, hint: hint('another value') })
  }
}

const titleOf = (task: unknown): unknown => fieldOf(task, 'title')

/** Creates a task for which the mail subscriber fails. Expects the watchers to receive it, and the route to respond with 201. */
async function survives(trial: Trial, title: string, what: string): Promise<void> {
  const watchers = await watch(trial, 'ssh')
  const pending = create(trial, title)
  await settled(trial)
  const saw = `A task was created, and the mail subscriber ${what}.`
  await expectChange(trial, watchers, { type: 'task_created', title }, { saw, hint: () => 'stopped' })
  const answer = await pending.answer
  if (answer.ended === 'late') {
    const bytes = shown(answer)
    const observed = { saw: `${saw} The route did not respond:`, bytes, at: bytes.length, wanted: 'a response' }
    throw new Late({ ...observed, hint: 'route-waits' })
  }
  expectStatus(answer, 201, { saw: `${saw} The route responded:`, hint: 'route-fails' })
}

export const exercises: readonly Exercise[] = [
  {
    name: 'tasks',
    hosted: { kind: 'server' },
    checks: checksFrom(words.tasks, {
      async subscribers(trial) {
        const { room } = trial
        const hint = 'not-counted'
        await converse(trial, `/boards/${room}`)
        const sawOne = `A WebSocket watches ${room}. The bus counts:`
        await expectSubscribers(trial, room, 1, { saw: sawOne, hint })
        hold(trial)
        const sawTwo = `A WebSocket and a held request watch ${room}. The bus counts:`
        await expectSubscribers(trial, room, 2, { saw: sawTwo, hint })
        const saw = 'Mail is sent for every board. For the topic of all boards, the bus counts:'
        await expectSubscribers(trial, '*', 1, { saw, hint: 'mail' })
      },
      async 'every-route'(trial) {
        const { room } = trial
        const hint = (mismatch: Mismatch | 'repeated') =>
          mismatch === 'repeated' ? 'repeated' : mismatch === 'nothing' || mismatch === 'closed' ? 'forgotten' : 'other'
        const first = await watch(trial, 'sh')
        const created = await trial.whole(create(trial, 'buy milk'))
        expectStatus(created, 201, { saw: 'A task was created. The route responded:', hint: 'other' })
        const wanted = { type: 'task_created', title: 'buy milk' }
        await expectChange(trial, first, wanted, { saw: `A task was created in ${room}.`, hint })
        const id = /"id":"([^"]+)"/.exec(created.body)?.[1]
        const saw = 'The held request got its response. The bus counts:'
        await expectSubscribers(trial, room, 1, { saw, hint: 'count' })
        const again = hold(trial)
        const sawAgain = 'The client asked again. With the WebSocket, the bus counts:'
        await expectSubscribers(trial, room, 2, { saw: sawAgain, hint: 'count' })
        await trial.whole(post(trial, `/tasks/${id}/done`, {}))
        const done = { type: 'task_done', title: 'buy milk' }
        const watchers = { sockets: first.sockets, held: [again] }
        await expectChange(trial, watchers, done, { saw: `The task in ${room} was marked as done.`, hint })
      },
      async 'boards-apart'(trial) {
        const { room } = trial
        const here = await watch(trial, 's')
        const elsewhere = await watch(trial, 'sh', `${room}-2`)
        await trial.whole(create(trial, 'buy milk'))
        const saw = `A task was created in ${room}.`
        const hint = () => 'missing'
        await expectChange(trial, here, { type: 'task_created', title: 'buy milk' }, { saw, hint })
        for (const socket of elsewhere.sockets) {
          const observed = { saw: `${saw} A WebSocket that watches ${room}-2 received:`, hint: 'another-board' }
          await expectQuiet(trial, socket, observed)
        }
        const [pending] = elsewhere.held
        if (!pending?.exchange) return
        const bytes = shown(pending.exchange)
        const at = bytes.indexOf('HTTP/1.1 2')
        const sawHeld = `${saw} A held request of ${room}-2 got:`
        throw new Wrong({ saw: sawHeld, bytes, at, wanted: 'nothing', hint: 'another-board' })
      },
      'one-throws': (trial) => survives(trial, 'write to @nobody', 'threw an error'),
      'one-rejects': (trial) => survives(trial, 'write to @later', 'returned a promise that rejected'),
      'one-is-slow': (trial) => survives(trial, 'write to @slow', 'is not finished yet'),
      async 'while-publishing'(trial) {
        const { room } = trial
        // Before and after a watcher that stays, two watchers that leave stand next to each other.
        const watchers = await watch(trial, 'hhshhs')
        await trial.whole(create(trial, 'buy milk'))
        const saw = `A task was created in ${room}, which four held requests and two WebSockets watched.`
        const hint = (mismatch: Mismatch | 'repeated') => (mismatch === 'repeated' ? 'repeated' : 'skipped')
        await expectChange(trial, watchers, { type: 'task_created', title: 'buy milk' }, { saw, hint })
        const sawLeft = 'The four held requests got their responses; the two WebSockets are open. The bus counts:'
        await expectSubscribers(trial, room, 2, { saw: sawLeft, hint: 'still-there' })
        // By now each ended request has ended its subscription a second time; that must remove nobody else.
        await trial.whole(create(trial, 'and bread'))
        const rest = { sockets: watchers.sockets, held: [] }
        const sawThen = `${saw} Then a second task was created.`
        await expectChange(trial, rest, { type: 'task_created', title: 'and bread' }, { saw: sawThen, hint })
      },
      async 'who-left'(trial) {
        const { room } = trial
        const { sockets, held } = await watch(trial, 'shsh')
        const [closes, stays] = sockets
        closes?.socket.close()
        const sawSocket =
          'Two WebSockets and two held requests watched a board. One of the WebSockets closed. The bus counts:'
        await expectSubscribers(trial, room, 3, { saw: sawSocket, hint: 'stays' })
        held[0]?.leave('RST')
        const sawHeld = 'Then one of the held requests was cut off. The bus counts:'
        await expectSubscribers(trial, room, 2, { saw: sawHeld, hint: 'stays' })
        await trial.whole(create(trial, 'buy milk'))
        const rest = { sockets: stays ? [stays] : [], held: held.slice(1) }
        const saw = 'Two of four watchers are gone, and a task was created.'
        await expectChange(trial, rest, { type: 'task_created', title: 'buy milk' }, { saw, hint: () => 'others-too' })
      },
    }),
  },
]
