/** Checks of the student's board: snapshot and stream are joined, and Ada's own changes are shown until the log has them. */
import type { Board } from '../../server/protocol/board.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Check } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import { answered, arrive, at, delivered, deliveredAll, expectNow, expectSame, textOf } from './board-world.ts'
import { words } from './hints.ts'
import { KEPT, create, remove, update } from './sandbox.ts'
import type { Seen } from './page.ts'
import { soon, sure } from './soon.ts'

/** Two moves that lead to another board if they are applied twice. */
const MOVES = [update({ id: 'a', before: 'c' }), update({ id: 'c', before: null })] as const

/** Number of looks in which one piece that was held back reaches the page. */
const LOOKS_FOR_ONE = 20

const listOf = (board: Board | null, id: string) => board?.tasks.find((task) => task.id === id)?.list

export const boardChecks: readonly Check[] = checksFrom(words.board, {
  'the-board': (trial) =>
    at(trial, async (world) => {
      await arrive(world, 'a', 'b')
      for (const id of 'cdefghijkl') await delivered(world, (await world.ben(create(id))).id)
      const saw = 'Ben added ten more tasks while the page was open.'
      await expectSame(world, { saw, hint: 'other' })
      const { snapshots } = await world.held()
      if (snapshots === 1) return
      const bytes = world.gate.asked.join('\n')
      const at = bytes.lastIndexOf('GET /boards/')
      throw new Wrong({ saw: `${saw} It requested:`, bytes, at, wanted: 'one snapshot', hint: 'again-and-again' })
    }),
  'in-between': (trial) =>
    at(trial, async (world) => {
      await world.ben(create('a'))
      world.gate.set('held back', 'board')
      await world.open()
      await sure(trial, 'the snapshot is taken', () => world.gate.held('board') > 0)
      // If the page follows before it has a board, the event of b arrives before the board, every time.
      const isEarly = world.gate.asked.some((line) => line.startsWith('GET /feed/'))
      if (isEarly) await sure(trial, 'it follows', () => world.gate.open('ws') > 0)
      const { id } = await world.ben(create('b'))
      if (isEarly) await delivered(world, id)
      world.gate.set('through', 'board')
      const saw = 'Ben added b while the snapshot was on its way to the page.'
      await expectSame(world, { saw, hint: isEarly ? 'early' : 'lost' })
    }),
  'after-the-snapshot': (trial) =>
    at(trial, async (world) => {
      for (const id of ['a', 'b', 'c', 'd']) await world.ben(create(id))
      // Makes the log drop its first events.
      for (let i = 0; i < KEPT; i++) await world.ben(update({ id: 'd', title: `d${i}` }))
      for (const move of MOVES) await world.ben(move)
      await world.open()
      await sure(trial, 'the page has a board', async () => (await world.seen()).board !== null)
      await delivered(world, (await world.ben(create('e'))).id)
      const saw = 'Before the page was opened, Ben had moved a before c, and c to the end. Then he added e.'
      await expectSame(world, { saw, hint: 'the-past' })
    }),
  'by-two-transports': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      await arrive(world, 'a', 'b', 'c', 'd')
      await trial.call('beside', 'sse')
      await sure(trial, 'both connections are open', () => gate.open('sse') > 0)
      gate.set('held back', 'sse')
      for (const move of MOVES) await world.ben(move)
      await deliveredAll(world)
      gate.set('through', 'sse')
      await delivered(world, (await world.board(world.room)).cursor, 'sse')
      const saw =
        'Ben moved a before c, and c to the end. Both events came through WebSocket, and then both through SSE.'
      await expectSame(world, { saw, hint: 'twice' })
    }),
  'at-once': (trial) =>
    at(trial, async (world) => {
      await arrive(world, 'a', 'b')
      world.gate.set('detained', 'change')
      await world.ada(update({ id: 'a', list: 'doing' }))
      const saw = 'Ada moved a to Doing. Her change has not reached the server yet.'
      await expectNow(world, 'To do: b | Doing: a | Done:', { saw, hint: 'waits' })
      world.gate.set('through', 'change')
      await answered(world, 'accepted', 1)
      await deliveredAll(world)
      await expectSame(world, { saw: 'Ada moved a to Doing, and the log contains it.', hint: 'other' })
    }),
  'until-the-log': (trial) =>
    at(trial, async (world) => {
      await arrive(world, 'a', 'b')
      world.gate.set('held back', 'ws')
      const { id } = await world.ben(update({ id: 'a', list: 'done' }))
      await world.ada(update({ id: 'a', list: 'doing' }))
      await answered(world, 'accepted', 1)
      const saw = 'Ada moved a to Doing. The server has accepted the change, and its event is still on its way.'
      await expectNow(world, 'To do: b | Doing: a | Done:', { saw, hint: 'flickers' })
      let looks = 0
      const hasFirst = async () => (await world.seen()).delivered.ws?.includes(id) === true
      await soon(trial, async () => {
        if (await hasFirst()) return true
        if (looks++ % LOOKS_FOR_ONE === 0) world.gate.passOne('ws')
        return false
      })
      const sawFirst = `${saw} Before that, Ben had moved a to Done, and this event has come.`
      await expectNow(world, 'To do: b | Doing: a | Done:', { saw: sawFirst, hint: 'until-its-event' })

      world.gate.set('detained', 'change')
      const sent = world.gate.count('change')
      await world.ada(update({ id: 'b', list: 'doing' }))
      await world.ada(update({ id: 'b', list: 'done' }))
      await sure(trial, 'the first of them is at the gate', () => world.gate.count('change') > sent)
      // Only the first one reaches the server.
      world.gate.set('through', 'change')
      world.gate.set('detained', 'change')
      await answered(world, 'accepted', 2)
      const sawTwo =
        'Ada moved b to Doing and then to Done. The server has accepted the first move, and has not received the second one.'
      await expectNow(world, 'To do: | Doing: a | Done: b', { saw: sawTwo, hint: 'shuffled' })
    }),
  'lets-go': (trial) =>
    at(trial, async (world) => {
      await arrive(world, 'a', 'b')
      // The response comes before the event, and then the other way round.
      world.gate.set('held back', 'ws')
      await world.ada(update({ id: 'a', list: 'doing' }))
      await answered(world, 'accepted', 1)
      world.gate.set('through', 'ws')
      await deliveredAll(world)
      await delivered(world, (await world.ben(update({ id: 'a', list: 'done' }))).id)
      const saw = 'Ada moved a to Doing, which the log confirmed. Then Ben moved it to Done.'
      await expectSame(world, { saw, hint: 'clings' })

      world.gate.set('held back', 'change')
      await world.ada(update({ id: 'b', list: 'doing' }))
      await sure(trial, 'the response is held', () => world.gate.held('change') > 0)
      await deliveredAll(world)
      world.gate.set('through', 'change')
      await answered(world, 'accepted', 2)
      await delivered(world, (await world.ben(update({ id: 'b', list: 'done' }))).id)
      const sawLate =
        'Ada moved b to Doing. The event came, and after it the response to her request. Then Ben moved b to Done.'
      await expectSame(world, { saw: sawLate, hint: 'comes-back' })
    }),
  'two-move-one': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      await arrive(world, 'a', 'b')
      gate.set('detained', 'change')
      await world.ada(update({ id: 'a', list: 'doing' }))
      await delivered(world, (await world.ben(update({ id: 'a', list: 'done', title: 'write' }))).id)
      await delivered(world, (await world.adaElsewhere(update({ id: 'b', list: 'done' }))).id)
      await expectNow(world, 'To do: | Doing: a “write” | Done: b', {
        saw: 'Ada moved a to Doing, and her change has not reached the server yet. Ben moved a to Done and renamed it. In another window, Ada moved b to Done.',
        hint: (shown) => (listOf(shown, 'a') === 'doing' ? 'lost-update' : 'gives-in'),
      })
      gate.set('through', 'change')
      await answered(world, 'accepted', 1)
      await deliveredAll(world)
      const saw =
        'Ada moved a to Doing. Before that reached the server, Ben moved it to Done and renamed it. In the log, the changes of Ben come first.'
      const wanted = listOf((await world.board(world.room)).board, 'a')
      await expectSame(world, { saw, hint: (shown) => (listOf(shown, 'a') === wanted ? 'lost-update' : 'order') })

      gate.set('held back', 'ws')
      await world.ada(update({ id: 'a', list: 'todo' }))
      await answered(world, 'accepted', 2)
      await world.ben(update({ id: 'a', list: 'done' }))
      gate.set('through', 'ws')
      await deliveredAll(world)
      const sawThen = 'Ada moved a to To do, and then Ben moved it to Done. In the log, the move of Ada comes first.'
      await expectSame(world, { saw: sawThen, hint: 'order' })

      gate.set('held back', 'ws')
      await world.ben(create('y'))
      await world.ada(create('x'))
      await answered(world, 'accepted', 3)
      gate.set('through', 'ws')
      await deliveredAll(world)
      const sawBoth = 'Ben added y, and then Ada added x. Her page got the response to x before the event of y.'
      await expectSame(world, { saw: sawBoth, hint: 'order' })
    }),
  refused: (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      await arrive(world, 'a', 'b', 'c')
      gate.set('held back', 'ws')
      await world.ben(remove('a'))
      await world.ada(update({ id: 'a', list: 'doing' }))
      await answered(world, 'refused', 1)
      const saw = 'Ben deleted a, and before Ada’s page knew it, she moved a. The server refused her move with 404.'
      await expectNow(world, 'To do: a b c | Doing: | Done:', { saw, hint: 'stays' })
      gate.set('through', 'ws')
      await deliveredAll(world)

      gate.set('detained', 'change')
      await world.ada(update({ id: 'b', list: 'doing' }))
      await world.ben(remove('b'))
      await world.ben(create('d'))
      await deliveredAll(world)
      gate.set('through', 'change')
      await answered(world, 'refused', 2)
      const sawThen =
        'Ada moved b. Before that reached the server, Ben deleted b and added d. Then the server refused her move.'
      await expectSame(world, { saw: sawThen, hint: 'undoes-others' })

      gate.set('held back', 'ws')
      gate.set('detained', 'change')
      await world.ben(remove('c'))
      const sent = gate.count('change')
      await world.ada(update({ id: 'c', list: 'doing' }))
      await world.ada(update({ id: 'd', list: 'doing' }))
      await sure(trial, 'the first of them is at the gate', () => gate.count('change') > sent)
      // The first change reaches the server; the second one is sent after the response to the first.
      gate.set('through', 'change')
      gate.set('detained', 'change')
      await answered(world, 'refused', 3)
      const sawTwo = 'Ada moved c, which Ben had deleted, and then d. The first move was refused'
      const hint = (shown: Board | null) => (listOf(shown, 'd') === 'doing' ? 'stays' : 'every-guess')
      const wanted = 'To do: c | Doing: d | Done:'
      await expectNow(world, wanted, { saw: `${sawTwo}; the second one has not reached the server yet.`, hint })
      gate.set('through', 'change')
      await answered(world, 'accepted', 1)
      await expectNow(world, wanted, { saw: `${sawTwo} and the second one was accepted; no event has come yet.`, hint })
    }),
  'two-boards': (trial) =>
    at(trial, async (world) => {
      const { room } = world
      await arrive(world, 'a', 'b', 'c')
      for (const id of ['a', 'x']) await world.change(`${room}-2`, create(id))
      await trial.call('openSecond', world.gate.origin, `${room}-2`)
      const second = async () => textOf(((await trial.call('seenSecond')) as Seen | null)?.board ?? null)
      await soon(trial, async () => (await second()) !== 'nothing')
      await world.ben(create('d'))
      const sawFirst = 'Two boards were open at the same time. On the first one, Ben added d.'
      await expectSame(world, { saw: sawFirst, hint: 'mixed' })
      world.gate.set('detained', 'change')
      await world.ada(update({ id: 'a', list: 'doing' }))
      await world.change(`${room}-2`, create('y'))
      const saw = `${sawFirst} Then Ada moved a, and on the second one, Ben added y.`
      const wanted = 'To do: a x y | Doing: | Done:'
      if (!(await soon(trial, async () => (await second()) === wanted))) {
        const bytes = `the second page shows  ${await second()}`
        throw new Wrong({ saw, bytes, at: 'the second page shows  '.length, wanted, hint: 'mixed' })
      }
      await expectNow(world, 'To do: b c d | Doing: a | Done:', { saw, hint: 'mixed' })
      world.gate.set('through', 'change')
      await answered(world, 'accepted', 1)
    }),
})
