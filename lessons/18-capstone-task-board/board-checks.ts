/** Checks of the student's board: snapshot and stream are joined, and Ada's own changes are shown until the log has them. */
import type { Board } from '../../server/protocol/board.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Check } from '../kit/exercise.ts'
import { answered, arrive, at, delivered, deliveredAll, expectNow, expectSame } from './board-world.ts'
import { words } from './hints.ts'
import { KEPT, create, remove, update } from './sandbox.ts'
import { sure } from './soon.ts'

/** Two moves that lead to another board if they are applied twice. */
const MOVES = [update({ id: 'a', before: 'c' }), update({ id: 'c', before: null })] as const

const listOf = (board: Board | null, id: string) => board?.tasks.find((task) => task.id === id)?.list

export const boardChecks: readonly Check[] = checksFrom(words.board, {
  'the-board': (trial) =>
    at(trial, async (world) => {
      await arrive(world, 'a', 'b')
      await delivered(world, (await world.ben(create('c'))).id)
      await expectSame(world, { saw: 'Ben added a third task while the page was open.', hint: 'other' })
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
      await world.ada(update({ id: 'a', list: 'doing' }))
      await answered(world, 'accepted', 1)
      const saw = 'Ada moved a to Doing. The server has accepted the change, and its event is still on its way.'
      await expectNow(world, 'To do: b | Doing: a | Done:', { saw, hint: 'flickers' })
    }),
  'lets-go': (trial) =>
    at(trial, async (world) => {
      await arrive(world, 'a', 'b')
      await world.ada(update({ id: 'a', list: 'doing' }))
      await answered(world, 'accepted', 1)
      await deliveredAll(world)
      await delivered(world, (await world.ben(update({ id: 'a', list: 'done' }))).id)
      const saw = 'Ada moved a to Doing, which the log confirmed. Then Ben moved it to Done.'
      await expectSame(world, { saw, hint: 'clings' })
    }),
  'two-move-one': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      await arrive(world, 'a', 'b')
      gate.set('detained', 'change')
      await world.ada(update({ id: 'a', list: 'doing' }))
      await delivered(world, (await world.ben(update({ id: 'a', list: 'done', title: 'write' }))).id)
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
})
