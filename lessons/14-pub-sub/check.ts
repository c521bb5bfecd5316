import { converse, expectNext, expectQuiet, isAlive, sendNoise } from '../kit/conversation.ts'
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
  return { answer, size: fieldOf(answer.json, 'subscribers') }
}

/** Topic of a subscriber to all boards. */
const EVERY = '*'

/** Time limit of a held request; longer than any check. */
const HELD_MS = 60_000

const hold = (trial: Trial, board = trial.room): PendingExchange =>
  trial.open(`/boards/${board}/next`, { withinMs: HELD_MS })

/** Waits until the bus counts this number of subscribers; throws `Late` if it never does. */
async function expectSubscribers(
  trial: Trial,
  topic: string,
  wanted: number,
  { saw, hint }: { readonly saw: string; readonly hint: string | ((size: unknown) => string) },
): Promise<void> {
  const came = trial.until('the count is right', async () => (await sizeOf(trial, topic)).size === wanted)
  if (await came.catch(() => false)) return
  const { answer, size } = await sizeOf(trial, topic)
  const bytes = shown(answer)
  const key = bytes.indexOf('"subscribers":')
  const at = key < 0 ? bytes.lastIndexOf('\n') + 1 : key + '"subscribers":'.length
  const hinted = typeof hint === 'function' ? hint(size) : hint
  throw new Late({ saw, bytes, at, wanted: String(wanted), hint: hinted })
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

/** A change, with those fields of its task that a check looks at. */
interface Wanted {
  readonly type: string
  readonly task: Readonly<Record<string, string | boolean>>
}

/** Throws unless each watcher receives this change, once. */
async function expectChange(
  trial: Trial,
  { sockets, held }: Watchers,
  { type, task: wanted }: Wanted,
  { saw, hint }: Observed,
): Promise<void> {
  const isWanted = (task: unknown) =>
    Object.entries(wanted).every(([name, value]) => String(fieldOf(task, name)) === String(value))
  for (const [i, socket] of sockets.entries()) {
    const who = `${saw} ${sockets.length > 1 ? `WebSocket ${i + 1} of ${sockets.length}` : 'A WebSocket'} received:`
    const { task } = await expectNext(trial, socket, { type }, { saw: who, hint })
    if (!isWanted(task)) {
      const { bytes, at } = socket.shown()
      throw new Wrong({ saw: who, bytes, at, wanted: JSON.stringify(wanted), hint: hint('another value') })
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
    if (isWanted(fieldOf(answer.json, 'task')) && fieldOf(answer.json, 'type') === type) continue
    const bytes = shown(answer)
    const at = bytes.lastIndexOf(answer.body)
    const change = JSON.stringify({ type, task: wanted })
    throw new Wrong({ saw: `${who} got:`, bytes, at, wanted: change, hint: hint('another value') })
  }
}

const created = (title: string): Wanted => ({ type: 'task_created', task: { title } })

/** Creates a task for which a subscriber fails. Expects the others to receive it, and the route to respond with 201. */
async function survives(trial: Trial, title: string, watchers: Watchers, saw: string): Promise<void> {
  const pending = create(trial, title)
  await settled(trial)
  await expectChange(trial, watchers, created(title), { saw, hint: () => 'stopped' })
  const answer = await pending.answer
  if (answer.ended === 'late') {
    const bytes = shown(answer)
    const observed = { saw: `${saw} The route did not respond:`, bytes, at: bytes.length, wanted: 'a response' }
    throw new Late({ ...observed, hint: 'route-waits' })
  }
  expectStatus(answer, 201, { saw: `${saw} The route responded:`, hint: 'route-fails' })
}

/** Creates a task for which the mail subscriber fails, and then another one for which it does not fail. */
async function survivesMail(trial: Trial, title: string, what: string): Promise<void> {
  const watchers = await watch(trial, 'ssh')
  const saw = `A task was created, and the mail subscriber ${what}.`
  await survives(trial, title, watchers, saw)
  await expectSubscribers(trial, EVERY, 1, { saw: `${saw} For all boards, the bus counts:`, hint: 'forgotten' })
  const rest = { sockets: watchers.sockets, held: [hold(trial)] }
  await expectSubscribers(trial, trial.room, 3, {
    saw: `${saw} One request is held again. The bus counts:`,
    hint: 'stopped',
  })
  await survives(trial, 'and bread', rest, `${saw} Then a second task was created.`)
}

/** A board with an ordinary name, and boards whose names mean something in JavaScript or in Node. */
const NAMES = ['any-board', 'constructor', '__proto__', 'error']

export const exercises: readonly Exercise[] = [
  {
    name: 'tasks',
    hosted: { kind: 'server' },
    checks: checksFrom(words.tasks, {
      async subscribers(trial) {
        const { room } = trial
        const hint = 'not-counted'
        await expectSubscribers(trial, room, 0, { saw: `Nobody watches ${room}. The bus counts:`, hint })
        await converse(trial, `/boards/${room}`)
        const sawOne = `A WebSocket watches ${room}. The bus counts:`
        await expectSubscribers(trial, room, 1, { saw: sawOne, hint })
        hold(trial)
        const sawTwo = `A WebSocket and a held request watch ${room}. The bus counts:`
        await expectSubscribers(trial, room, 2, { saw: sawTwo, hint })
        hold(trial)
        await converse(trial, `/boards/${room}`)
        const sawFour = `Two WebSockets and two held requests watch ${room}. The bus counts:`
        await expectSubscribers(trial, room, 4, { saw: sawFour, hint })
        const saw = 'Mail is sent for every board. For the topic of all boards, the bus counts:'
        const hintMail = (size: unknown) => (Number(size) > 1 ? 'mail-again' : 'mail')
        await expectSubscribers(trial, EVERY, 1, { saw, hint: hintMail })
      },
      async 'every-route'(trial) {
        const { room } = trial
        const title = 'buy "milk" & <b>bread</b> \u2028 für 2 € 🥛'
        const hint = (mismatch: Mismatch | 'repeated') =>
          mismatch === 'repeated' ? 'repeated' : mismatch === 'nothing' || mismatch === 'closed' ? 'forgotten' : 'other'
        const first = await watch(trial, 'sh')
        const response = await trial.whole(create(trial, title))
        expectStatus(response, 201, { saw: 'A task was created. The route responded:', hint: 'response' })
        const id = String(fieldOf(response.json, 'id'))
        const task = { id, board: room, title }
        const created = { type: 'task_created', task: { ...task, isDone: false } }
        await expectChange(trial, first, created, { saw: `A task was created in ${room}.`, hint })
        const next = await trial.whole(create(trial, 'and bread', `${room}-2`))
        if (String(fieldOf(next.json, 'id')) === id) {
          const bytes = shown(next)
          const found = { bytes, at: bytes.indexOf('"id":') + '"id":'.length, wanted: 'another id', hint: 'response' }
          throw new Wrong({
            ...found,
            saw: `A task has the id ${id}. Another one was created, and the route responded:`,
          })
        }
        const saw = 'The held request got its response. The bus counts:'
        await expectSubscribers(trial, room, 1, { saw, hint: 'count' })
        const again = hold(trial)
        const sawAgain = 'The client asked again. With the WebSocket, the bus counts:'
        await expectSubscribers(trial, room, 2, { saw: sawAgain, hint: 'count' })
        const sawDone = `The task in ${room} was marked as done.`
        const answer = await trial.whole(post(trial, `/tasks/${id}/done`, {}))
        expectStatus(answer, 200, { saw: `${sawDone} The route responded:`, hint: 'response' })
        const done = { type: 'task_done', task: { ...task, isDone: true } }
        await expectChange(trial, { sockets: first.sockets, held: [again] }, done, { saw: sawDone, hint })
        const unknown = await post(trial, '/tasks/none/done', {}).answer
        expectStatus(unknown, 404, { saw: 'There is no task with this id. The route responded:', hint: 'response' })
      },
      async 'any-board'(trial) {
        for (const board of NAMES) {
          const hint = board === NAMES[0] ? 'nobody' : 'name'
          const saw = `Nobody watches the board ${board}.`
          await expectSubscribers(trial, board, 0, { saw: `${saw} The bus counts:`, hint })
          const response = await create(trial, 'buy milk', board).answer
          expectStatus(response, 201, { saw: `${saw} A task was created there. The route responded:`, hint })
          const socket = await converse(trial, `/boards/${board}`)
          const held = hold(trial, board)
          const sawTwo = `A WebSocket and a held request watch the board ${board}. The bus counts:`
          await expectSubscribers(trial, board, 2, { saw: sawTwo, hint })
          await trial.whole(create(trial, 'and bread', board))
          const watchers = { sockets: [socket], held: [held] }
          const sawChange = `A task was created on the board ${board}.`
          await expectChange(trial, watchers, created('and bread'), { saw: sawChange, hint: () => hint })
        }
      },
      async 'boards-apart'(trial) {
        const { room } = trial
        const other = `${room}-2`
        const hint = 'another-board'
        // A program that goes through the boards of all tasks then finds both boards.
        await trial.whole(create(trial, 'long ago', other))
        const here = await watch(trial, 's')
        const elsewhere = await watch(trial, 'sh', other)
        const response = await trial.whole(create(trial, 'buy milk'))
        const saw = `A task was created in ${room}`
        await expectChange(trial, here, created('buy milk'), { saw: `${saw}.`, hint: () => 'missing' })
        const id = String(fieldOf(response.json, 'id'))
        await trial.whole(post(trial, `/tasks/${id}/done`, {}))
        const done = { type: 'task_done', task: { title: 'buy milk' } }
        await expectChange(trial, here, done, { saw: `${saw} and marked as done.`, hint: () => 'missing' })
        for (const socket of elsewhere.sockets) {
          const sawSocket = `${saw} and marked as done. A WebSocket that watches ${other} received:`
          await expectQuiet(trial, socket, { saw: sawSocket, hint })
        }
        const [pending] = elsewhere.held
        if (pending?.exchange) {
          const bytes = shown(pending.exchange)
          const at = bytes.indexOf('HTTP/1.1 2')
          const sawHeld = `${saw} and marked as done. A held request of ${other} got:`
          throw new Wrong({ saw: sawHeld, bytes, at, wanted: 'nothing', hint })
        }
        await trial.whole(create(trial, 'and bread', other))
        const sawOther = `A task was created in ${other}.`
        await expectChange(trial, elsewhere, created('and bread'), { saw: sawOther, hint: () => 'missing' })
        for (const socket of here.sockets)
          await expectQuiet(trial, socket, { saw: `${sawOther} A WebSocket that watches ${room} received:`, hint })
      },
      async 'all-boards'(trial) {
        const { room } = trial
        const every = await converse(trial, `/boards/${EVERY}`)
        const sawTwo = 'Mail and a WebSocket have subscribed to the topic of all boards. The bus counts:'
        await expectSubscribers(trial, EVERY, 2, { saw: sawTwo, hint: 'every' })
        const saw = `A WebSocket has subscribed to the topic of all boards. A task was created in ${room}.`
        await trial.whole(create(trial, 'buy milk'))
        await expectChange(trial, { sockets: [every], held: [] }, created('buy milk'), { saw, hint: () => 'every' })
        every.socket.close()
        const sawClosed = 'The WebSocket that had subscribed to the topic of all boards closed. The bus counts:'
        await expectSubscribers(trial, EVERY, 1, { saw: sawClosed, hint: 'stays' })
      },
      'one-throws': (trial) => survivesMail(trial, 'write to @nobody', 'threw an error'),
      'one-rejects': (trial) => survivesMail(trial, 'write to @later', 'returned a promise that rejected'),
      'one-is-slow': (trial) => survivesMail(trial, 'write to @slow', 'is not finished yet'),
      async 'another-throws'(trial) {
        const { sockets, held } = await watch(trial, 'sssh')
        const [before, spoiled, after] = sockets
        if (!before || !spoiled || !after) return
        await trial.spoil(spoiled.socket)
        const saw = 'A task was created, and the send of one WebSocket threw an error.'
        await survives(trial, 'buy milk', { sockets: [before, after], held }, saw)
      },
      async 'while-publishing'(trial) {
        const { room } = trial
        // Before and after a watcher that stays, two watchers that leave stand next to each other.
        const watchers = await watch(trial, 'hhshhs')
        await trial.whole(create(trial, 'buy milk'))
        const saw = `A task was created in ${room}, which four held requests and two WebSockets watched.`
        const hint = (mismatch: Mismatch | 'repeated') => (mismatch === 'repeated' ? 'repeated' : 'skipped')
        await expectChange(trial, watchers, created('buy milk'), { saw, hint })
        const sawLeft = 'The four held requests got their responses; the two WebSockets are open. The bus counts:'
        await expectSubscribers(trial, room, 2, { saw: sawLeft, hint: 'still-there' })
        // By now each ended request has ended its subscription a second time; that must remove nobody else.
        await trial.whole(create(trial, 'and bread'))
        const rest = { sockets: watchers.sockets, held: [] }
        const sawThen = `${saw} Then a second task was created.`
        await expectChange(trial, rest, created('and bread'), { saw: sawThen, hint })
      },
      async 'ends-twice'(trial) {
        const { room } = trial
        const other = `${room}-2`
        // The second response has to wait for the first one. So the second subscription ends at the response, and once
        // more when the check lets the first request get its response.
        const wire = trial.socket()
        const responses: Buffer[] = []
        wire.on('data', (chunk: Buffer) => responses.push(chunk))
        for (const board of [other, room]) wire.write(`GET /boards/${board}/next HTTP/1.1\r\nHost: localhost\r\n\r\n`)
        const isHeld = async () => (await sizeOf(trial, other)).size === 1 && (await sizeOf(trial, room)).size === 1
        await trial.until('both are held', isHeld).catch(() => {
          throw new Unclear('Two requests on one connection are not counted as subscribers.')
        })
        await trial.whole(create(trial, 'buy milk'))
        const socket = await converse(trial, `/boards/${room}`)
        await settled(trial)
        await trial.whole(create(trial, 'buy milk', other))
        const isAnswered = () => Buffer.concat(responses).toString().split('HTTP/1.1 200').length > 2
        await trial.until('both have their responses', () => isAnswered() || wire.closed).catch(() => {})
        await settled(trial)
        const saw = `A held request got its response. Then a WebSocket subscribed to ${room}, and the request's connection was free again.`
        await expectSubscribers(trial, room, 1, { saw: `${saw} The bus counts:`, hint: 'another' })
        await trial.whole(create(trial, 'and bread'))
        const watchers = { sockets: [socket], held: [] }
        await expectChange(trial, watchers, created('and bread'), {
          saw: `${saw} Then a task was created.`,
          hint: () => 'another',
        })
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
        await sendNoise(trial, `/boards/${room}`)
        const sawNoise = 'Then a third WebSocket sent bytes that are not a frame, and was closed. The bus counts:'
        await expectSubscribers(trial, room, 2, { saw: sawNoise, hint: 'stays' })
        await trial.whole(create(trial, 'buy milk'))
        const rest = { sockets: stays ? [stays] : [], held: held.slice(1) }
        const saw = 'Some of the watchers are gone, and a task was created.'
        await expectChange(trial, rest, created('buy milk'), { saw, hint: () => 'others-too' })
      },
    }),
  },
]
