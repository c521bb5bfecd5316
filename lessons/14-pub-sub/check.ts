import { converse, expectNext, expectQuiet } from '../kit/conversation.ts'
import type { Amiss, Conversation } from '../kit/conversation.ts'
import type { Pending } from '../kit/exchange.ts'
import { expectStatus, shown } from '../kit/expect.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Unclear, Wrong } from '../kit/exercise.ts'
import { settled } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'

/** Those who watch a board, in the order in which they came. */
interface Watchers {
  readonly sockets: readonly Conversation[]
  readonly held: readonly Pending[]
}

const post = (trial: Trial, target: string, body: object): Pending =>
  trial.open(target, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })

const create = (trial: Trial, title: string, board = trial.room): Pending =>
  post(trial, `/boards/${board}/tasks`, { title })

async function sizeOf(trial: Trial, topic: string) {
  const answer = await trial.get(`/boards/${topic}`)
  const { json } = answer
  const size = typeof json === 'object' && json !== null && 'subscribers' in json ? Number(json.subscribers) : NaN
  return { answer, size }
}

/** Longer than any check: until then a request is held. */
const HELD_MS = 60_000

const hold = (trial: Trial, board = trial.room): Pending => trial.open(`/boards/${board}/next`, { withinMs: HELD_MS })

/** By the bus's own count, as soon as there are so many on the topic; throws where there never are. */
async function expectSubscribers(
  trial: Trial,
  topic: string,
  wanted: number,
  told: { readonly saw: string; readonly hint: string },
): Promise<void> {
  const came = trial.until('they are so many', async () => (await sizeOf(trial, topic)).size === wanted)
  if (await came.catch(() => false)) return
  const { answer } = await sizeOf(trial, topic)
  const bytes = shown(answer)
  const key = bytes.indexOf('"subscribers":')
  const at = key < 0 ? bytes.lastIndexOf('\n') + 1 : key + '"subscribers":'.length
  throw new Late({ ...told, bytes, at, wanted: String(wanted) })
}

/** A request is held as soon as it is counted: there is no other sign of it. */
async function watch(trial: Trial, kinds: string, board = trial.room): Promise<Watchers> {
  const sockets: Conversation[] = []
  const held: Pending[] = []
  for (const [i, kind] of Array.from(kinds).entries()) {
    if (kind === 's') sockets.push(await converse(trial, `/boards/${board}`))
    else held.push(hold(trial, board))
    await trial
      .until('it is counted', async () => (await sizeOf(trial, board)).size === i + 1)
      .catch(() => {
        throw new Unclear('Who watches is no subscriber, which the first check is about.')
      })
  }
  return { sockets, held }
}

interface Told {
  readonly saw: string
  readonly hint: (amiss: Amiss | 'repeated') => string
}

/** Each of them is told of this, once. */
async function expectTold(
  trial: Trial,
  { sockets, held }: Watchers,
  wanted: { readonly type: string; readonly title: string },
  { saw, hint }: Told,
): Promise<void> {
  const { type, title } = wanted
  for (const [i, socket] of sockets.entries()) {
    const who = `${saw} ${sockets.length > 1 ? `WebSocket ${i + 1} of ${sockets.length}` : 'A WebSocket'} got:`
    const { task } = await expectNext(trial, socket, { type }, { saw: who, hint })
    if (titleOf(task) !== title) {
      const { bytes, at } = socket.shown()
      throw new Wrong({ saw: who, bytes, at, wanted: title, hint: hint('another value') })
    }
    await expectQuiet(trial, socket, { saw: who, hint: () => hint('repeated') })
  }
  for (const [i, pending] of held.entries()) {
    const who = `${saw} ${held.length > 1 ? `Request ${i + 1} of the ${held.length} that were held` : 'A held request'}`
    await trial.until('it is answered', () => pending.exchange).catch(() => {})
    if (!pending.exchange) {
      // Where the process has ended, or its thread is not free, that is the finding.
      await trial.reads().catch(() => new Promise(() => {}))
      const bytes = shown(pending.soFar)
      const finding = { bytes, at: bytes.length, wanted: 'an answer', hint: hint('nothing') }
      throw new Late({ ...finding, saw: `${who} was not answered:` })
    }
    const answer = await trial.whole(pending)
    expectStatus(answer, 200, { saw: `${who} was answered:`, hint: hint('another value') })
    const { json } = answer
    const task = typeof json === 'object' && json !== null && 'task' in json ? json.task : undefined
    if (titleOf(task) === title && answer.body.includes(`"${type}"`)) continue
    const bytes = shown(answer)
    const at = bytes.lastIndexOf(answer.body)
    throw new Wrong({ saw: `${who} was answered:`, bytes, at, wanted: type, hint: hint('another value') })
  }
}

const titleOf = (task: unknown): unknown =>
  typeof task === 'object' && task !== null && 'title' in task ? task.title : undefined

/** Creates a task whose mail goes wrong, and expects everybody else to be told all the same, and the route to say 201. */
async function survives(trial: Trial, title: string, what: string): Promise<void> {
  const watchers = await watch(trial, 'ssh')
  const pending = create(trial, title)
  await settled(trial)
  const saw = `A task was created, and the subscriber that sends mail ${what}.`
  await expectTold(trial, watchers, { type: 'task_created', title }, { saw, hint: () => 'stopped' })
  const answer = await pending.answer
  if (answer.ended === 'late') {
    const bytes = shown(answer)
    const told = { saw: `${saw} The route did not answer:`, bytes, at: bytes.length, wanted: 'an answer' }
    throw new Late({ ...told, hint: 'route-waits' })
  }
  expectStatus(answer, 201, { saw: `${saw} The route answered:`, hint: 'route-fails' })
}

const STOPPED = [
  'One subscriber went wrong, and another one was not told.',
  'Look at the loop that calls them: what becomes of the rest of it where one of them throws?',
  'Subscribers do not know each other. What one of them does, the bus keeps from all others; else the least reliable of them decides for all.',
] as const

const ROUTE_FAILS = [
  'One subscriber went wrong, and the client that had created the task was told of a defect.',
  'Look at what publish lets out: does anything that a subscriber throws come through to the route?',
  'The task is there, and the route did what it was asked to. Who says 500 then makes the client try again, and there are two.',
] as const

export const exercises: readonly Exercise[] = [
  {
    name: 'tasks',
    hosted: { kind: 'server' },
    checks: [
      {
        name: 'subscribers',
        title: 'Has whoever watches subscribe to the bus',
        hints: {
          'not-counted': [
            'Somebody watches a board, and by the bus’s own count nobody has subscribed to it.',
            'Look at the places that keep who is there: do they tell the bus? And at size: does it count what subscribe keeps?',
            'A bus is the only thing that both sides know. Whoever keeps its own list beside it has to be known by all who have something to say.',
          ],
          mail: [
            'Mail goes out for every board, and by the bus’s own count nobody has subscribed to all of them.',
            'Look at who calls mail now.',
            'To the bus mail is a subscriber like any other. What a route calls by name it has to know, and to wait for, and to catch.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const hint = 'not-counted'
          await converse(trial, `/boards/${room}`)
          const sawOne = `A WebSocket watches ${room}. By the bus’s count:`
          await expectSubscribers(trial, room, 1, { saw: sawOne, hint })
          hold(trial)
          const sawTwo = `A WebSocket and a held request watch ${room}. By the bus’s count:`
          await expectSubscribers(trial, room, 2, { saw: sawTwo, hint })
          const saw = 'Mail goes out for every board. By the bus’s count, for the topic of all:'
          await expectSubscribers(trial, '*', 1, { saw, hint: 'mail' })
        },
      },
      {
        name: 'every-route',
        title: 'Tells everybody who watches of what either route has done',
        hints: {
          forgotten: [
            'A board was changed, and one of those who watch it was not told.',
            'Look at both routes: does each of them publish? And at who subscribes: does it hand on what it is called with?',
            'A route that knows whom to tell has a list in it, and the next route has another one. One of them is always a little shorter.',
          ],
          other: [
            'A board was changed, and who watches it was told something else.',
            'Look at the change that each route publishes: its type and the task.',
            'All transports carry the same message. What it says is decided once, by the route.',
          ],
          count: [
            'A held request was answered, and by the bus’s own count it is still there, or somebody else is gone with it.',
            'Look at what ends a subscription, and at what it does where it is called twice: when the answer is sent, and when the connection is over.',
            'What subscribe gives back ends this one subscription, however often it is called. The second time there is nothing to end.',
          ],
          repeated: [
            'A board was changed once, and one who watches it was told more than once.',
            'Look for those who still call it besides the bus.',
            'There is one way from the route to whoever listens. A second one is an old one that was left behind.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const hint = (amiss: Amiss | 'repeated') =>
            amiss === 'repeated' ? 'repeated' : amiss === 'nothing' || amiss === 'closed' ? 'forgotten' : 'other'
          const first = await watch(trial, 'sh')
          const created = await trial.whole(create(trial, 'buy milk'))
          expectStatus(created, 201, { saw: 'A task was created. The route answered:', hint: 'other' })
          const wanted = { type: 'task_created', title: 'buy milk' }
          await expectTold(trial, first, wanted, { saw: `A task was created in ${room}.`, hint })
          const id = /"id":"([^"]+)"/.exec(created.body)?.[1]
          const saw = 'The held request was answered. By the bus’s count:'
          await expectSubscribers(trial, room, 1, { saw, hint: 'count' })
          const again = hold(trial)
          const sawAgain = 'It was answered, and asks again. By the bus’s count, the WebSocket included:'
          await expectSubscribers(trial, room, 2, { saw: sawAgain, hint: 'count' })
          await trial.whole(post(trial, `/tasks/${id}/done`, {}))
          const done = { type: 'task_done', title: 'buy milk' }
          const watchers = { sockets: first.sockets, held: [again] }
          await expectTold(trial, watchers, done, { saw: `The task in ${room} was done.`, hint })
        },
      },
      {
        name: 'boards-apart',
        title: 'Tells nobody who watches another board',
        hints: {
          'another-board': [
            'One board was changed, and one who watches another board was told.',
            'Look at how publish finds whom to call: by the topic that it was given?',
            'A topic is what both sides name. Who calls everybody leaves the choosing to each of them, and one of them forgets.',
          ],
          missing: [
            'A board was changed, and one who watches it was not told.',
            'Look at the topics: is the one that is published to the one that was subscribed to?',
            'Two names that differ by a letter are two topics, and nothing says so.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const here = await watch(trial, 's')
          const elsewhere = await watch(trial, 'sh', `${room}-2`)
          await trial.whole(create(trial, 'buy milk'))
          const saw = `A task was created in ${room}.`
          const hint = () => 'missing'
          await expectTold(trial, here, { type: 'task_created', title: 'buy milk' }, { saw, hint })
          for (const socket of elsewhere.sockets) {
            const told = { saw: `${saw} A WebSocket that watches ${room}-2 got:`, hint: 'another-board' }
            await expectQuiet(trial, socket, told)
          }
          const [pending] = elsewhere.held
          if (!pending?.exchange) return
          const bytes = shown(pending.exchange)
          const at = bytes.indexOf('HTTP/1.1 2')
          const sawHeld = `${saw} A request that waits for ${room}-2 was answered:`
          throw new Wrong({ saw: sawHeld, bytes, at, wanted: 'nothing', hint: 'another-board' })
        },
      },
      {
        name: 'one-throws',
        title: 'Tells all others where one subscriber throws',
        hints: { stopped: STOPPED, 'route-fails': ROUTE_FAILS, 'route-waits': ROUTE_FAILS },
        run: (trial) => survives(trial, 'write to @nobody', 'threw an error'),
      },
      {
        name: 'one-rejects',
        title: 'Goes on where one subscriber fails later',
        hints: {
          stopped: STOPPED,
          'route-fails': ROUTE_FAILS,
          'route-waits': ROUTE_FAILS,
          crash: [
            'One subscriber gave back a promise, which rejected, and the process ended: everybody is gone.',
            'Look at what you do with what a subscriber gives back. What is thrown later comes by no other way.',
            'An error of something that takes its time is in its promise. To catch what is thrown at once is half of it; a rejection that nobody looks at ends the process.',
          ],
        },
        run: (trial) => survives(trial, 'write to @later', 'gave back a promise that rejected'),
      },
      {
        name: 'one-is-slow',
        title: 'Waits for no subscriber',
        hints: {
          stopped: [
            'One subscriber is not done, and another one has not been told yet.',
            'Look for what waits in the loop that calls them.',
            'Who waits for each has them stand in a queue: the slowest decides when the others hear of it, and one that is never done decides that they never do.',
          ],
          'route-waits': [
            'One subscriber is not done, and the client that had created the task is still waiting.',
            'Look at what publish gives back, and at what the route does with it.',
            'The client wants to know that the task is there, and not that all the world has heard of it.',
          ],
          'route-fails': ROUTE_FAILS,
        },
        run: (trial) => survives(trial, 'write to @slow', 'is not done yet'),
      },
      {
        name: 'while-publishing',
        title: 'Calls everybody, where some leave while they are called',
        hints: {
          skipped: [
            'Some were answered and left while the change was published, and one who stayed was not told.',
            'Look at what you go through, and at what leaving does to it in that very moment.',
            'Whoever is called may do anything: leave, come, take others along. Who goes through a list while it changes steps over somebody.',
          ],
          repeated: [
            'Some left while the change was published, and one was told more than once.',
            'Look at what you go through, and at what leaving does to it in that very moment.',
            'A change goes to those who had subscribed when it was published: each of them, once.',
          ],
          'still-there': [
            'Held requests were answered, and by the bus’s own count some of them are still subscribed.',
            'Look at when a held request ends its subscription, and at whom ending takes out.',
            'Who wants to hear of one thing only ends it when it comes, in the midst of being called.',
          ],
        },
        async run(trial) {
          const { room } = trial
          // Two that leave beside each other, before and behind one who stays.
          const watchers = await watch(trial, 'hhshhs')
          await trial.whole(create(trial, 'buy milk'))
          const saw = `Four requests were held and two WebSockets open, in turns, when a task was created in ${room}.`
          const hint = (amiss: Amiss | 'repeated') => (amiss === 'repeated' ? 'repeated' : 'skipped')
          await expectTold(trial, watchers, { type: 'task_created', title: 'buy milk' }, { saw, hint })
          const sawLeft = 'Four requests were held and are answered; two WebSockets are open. By the bus’s count:'
          await expectSubscribers(trial, room, 2, { saw: sawLeft, hint: 'still-there' })
          // Whose ending is called again by now, because its connection is over, takes nobody along.
          await trial.whole(create(trial, 'and bread'))
          const rest = { sockets: watchers.sockets, held: [] }
          const sawThen = `${saw} Then another one was.`
          await expectTold(trial, rest, { type: 'task_created', title: 'and bread' }, { saw: sawThen, hint })
        },
      },
      {
        name: 'who-left',
        title: 'Forgets whoever has left, and no other',
        hints: {
          stays: [
            'One who watched is gone, and by the bus’s own count is still subscribed.',
            'Look at what subscribe gives back, and at who calls it when a connection is over.',
            'The bus knows functions and no connections: it cannot notice. Whoever subscribes also ends it, for every way of going.',
          ],
          'others-too': [
            'One of two left, and the other one was not told of the next change.',
            'Look at what ending takes out: this one handler, or more?',
            'What subscribe gives back belongs to this one subscription.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { sockets, held } = await watch(trial, 'shsh')
          const [closes, stays] = sockets
          closes?.socket.close()
          const sawSocket =
            'Two WebSockets were open and two requests held. One of the WebSockets closed. By the bus’s count:'
          await expectSubscribers(trial, room, 3, { saw: sawSocket, hint: 'stays' })
          held[0]?.leave('RST')
          const sawHeld = 'Then one of the held requests was cut off. By the bus’s count:'
          await expectSubscribers(trial, room, 2, { saw: sawHeld, hint: 'stays' })
          await trial.whole(create(trial, 'buy milk'))
          const rest = { sockets: stays ? [stays] : [], held: held.slice(1) }
          const saw = 'Two of four are gone, and a task was created.'
          await expectTold(trial, rest, { type: 'task_created', title: 'buy milk' }, { saw, hint: () => 'others-too' })
        },
      },
    ],
  },
]
