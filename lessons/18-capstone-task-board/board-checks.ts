/** Of the student's board: snapshot and stream meet, and what is Ada's own is shown until the log has it. */
import type { Board } from '../../server/protocol.ts'
import type { Check } from '../kit/exercise.ts'
import { answered, arrive, at, brought, broughtAll, expectNow, expectSame } from './board-world.ts'
import { KEPT, create, remove, update } from './sandbox.ts'
import { sure } from './soon.ts'

/** Two moves which, done twice, lead elsewhere. */
const MOVES = [update({ id: 'a', before: 'c' }), update({ id: 'c', before: null })] as const

const listOf = (board: Board | null, id: string) => board?.tasks.find((task) => task.id === id)?.list

export const boardChecks: readonly Check[] = [
  {
    name: 'the-board',
    title: 'Shows the board, and what others do to it',
    hints: {
      other: [
        'Somebody else changed the board, and the page shows something else.',
        'Look at what an event changes: the board that the page shows, or something beside it?',
        'Whoever applies the same events in the same order has the same board.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await arrive(world, 'a', 'b')
        await brought(world, (await world.ben(create('c'))).id)
        await expectSame(world, { saw: 'Ben added a third task while the page was open.', hint: 'other' })
      }),
  },
  {
    name: 'in-between',
    title: 'Has what was changed while the snapshot was on its way',
    hints: {
      lost: [
        'A task was added after the snapshot had been taken and before the page followed. The page never shows it.',
        'Look at the second request of the page: what does it say about where the snapshot ended?',
        'Two answers belong together only where one says where it ends and the other begins right there. “From now on” is a later moment than the one of the snapshot, and nobody brings what lies between.',
      ],
      early: [
        'A task was added while the snapshot was on its way. The line had brought it before there was a board, and the page never shows it.',
        'Look at what becomes of an event that comes while there is no board yet.',
        'A line that is open before the snapshot is there brings what the snapshot lacks. Whoever lets go of it has the same hole as before, in another place. Open it later, or keep what it brings.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await world.ben(create('a'))
        world.gate.set('held back', 'board')
        await world.open()
        await sure(trial, 'the snapshot is taken', () => world.gate.held('board') > 0)
        // Who follows before there is a board has b before it, and not only now and then.
        const isEarly = world.gate.asked.some((line) => line.startsWith('GET /feed/'))
        if (isEarly) await sure(trial, 'it follows', () => world.gate.open('ws') > 0)
        const { id } = await world.ben(create('b'))
        if (isEarly) await brought(world, id)
        world.gate.set('through', 'board')
        const saw = 'Ben added b while the snapshot was on its way to the page.'
        await expectSame(world, { saw, hint: isEarly ? 'early' : 'lost' })
      }),
  },
  {
    name: 'behind-the-snapshot',
    title: 'Applies nothing that the snapshot holds already',
    hints: {
      'the-past': [
        'What had happened before the snapshot was applied to it once more, and tasks stand elsewhere now.',
        'Look at where the page begins to follow, and at what it does with events that lie before its snapshot.',
        'Doing a thing twice is not doing it once. “In front of c” means something else when c has moved since.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        for (const id of ['a', 'b', 'c', 'd']) await world.ben(create(id))
        // So that the log no longer begins where the board did.
        for (let i = 0; i < KEPT; i++) await world.ben(update({ id: 'd', title: `d${i}` }))
        for (const move of MOVES) await world.ben(move)
        await world.open()
        await sure(trial, 'the page has a board', async () => (await world.seen()).board !== null)
        await brought(world, (await world.ben(create('e'))).id)
        const saw = 'Ben had moved a in front of c, and c to the end, before the page was opened; now he added e.'
        await expectSame(world, { saw, hint: 'the-past' })
      }),
  },
  {
    name: 'by-two-lines',
    title: 'Applies once what two transports bring',
    hints: {
      twice: [
        'Two moves came by one transport, and then by another one as well. They were done twice.',
        'Look at the ids: what tells you that you have an event already?',
        'Where a page goes over to another transport, both run for a while. “At least once” is what lines can do; to make it once is up to whoever knows the cursor.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        const { gate } = world
        await arrive(world, 'a', 'b', 'c', 'd')
        await trial.call('beside', 'sse')
        await sure(trial, 'both lines are open', () => gate.open('sse') > 0)
        gate.set('held back', 'sse')
        for (const move of MOVES) await world.ben(move)
        await broughtAll(world)
        gate.set('through', 'sse')
        await brought(world, (await world.board(world.room)).cursor, 'sse')
        const saw = 'Ben moved a in front of c, and c to the end. Both events came by WebSocket, and then both by SSE.'
        await expectSame(world, { saw, hint: 'twice' })
      }),
  },
  {
    name: 'at-once',
    title: 'Shows a change of its own at once, before anybody has answered',
    hints: {
      waits: [
        'Ada moved a task, and her own page went on showing it where it was.',
        'Look at what the page shows while its change is on its way.',
        'Whoever moves something wants to see it moved. The page knows what the answer will be, nearly always: it shows that, and keeps in mind that it is a guess.',
      ],
      other: [
        'Ada’s change is in the log, and her page shows something else.',
        'Look at what becomes of a guess when the log confirms it.',
        'A guess that was right and the event that confirms it are one change, and not two.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await arrive(world, 'a', 'b')
        world.gate.set('detained', 'change')
        await world.ada(update({ id: 'a', list: 'doing' }))
        const saw = 'Ada moved a to Doing. Her change has not reached the server yet.'
        await expectNow(world, 'To do: b | Doing: a | Done:', { saw, hint: 'waits' })
        world.gate.set('through', 'change')
        await answered(world, 'accepted', 1)
        await broughtAll(world)
        await expectSame(world, { saw: 'Ada moved a to Doing, and the log has it.', hint: 'other' })
      }),
  },
  {
    name: 'until-the-log',
    title: 'Keeps showing it until the log brings it',
    hints: {
      flickers: [
        'The server accepted Ada’s change, and her page showed the board as it was before.',
        'Look at when you let go of a change: when the answer comes, or when the event does?',
        'Answer and event come by different ways, and neither waits for the other. Between the two the change is accepted, and the log as this page knows it does not hold it yet.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await arrive(world, 'a', 'b')
        world.gate.set('held back', 'ws')
        await world.ada(update({ id: 'a', list: 'doing' }))
        await answered(world, 'accepted', 1)
        const saw = 'Ada moved a to Doing. The server has accepted it, and the event is on its way to her.'
        await expectNow(world, 'To do: b | Doing: a | Done:', { saw, hint: 'flickers' })
      }),
  },
  {
    name: 'lets-go',
    title: 'Lets go of a change of its own when the log has brought it',
    hints: {
      clings: [
        'Ada moved a task, the log brought that, and then Ben moved it on. Her page shows it where she had put it.',
        'Look at what you do with your own change when its event comes.',
        'A guess is laid upon what the log says only until the log says it. After that it would hide whatever others do.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await arrive(world, 'a', 'b')
        await world.ada(update({ id: 'a', list: 'doing' }))
        await answered(world, 'accepted', 1)
        await broughtAll(world)
        await brought(world, (await world.ben(update({ id: 'a', list: 'done' }))).id)
        const saw = 'Ada moved a to Doing, which the log confirmed. Then Ben moved it to Done.'
        await expectSame(world, { saw, hint: 'clings' })
      }),
  },
  {
    name: 'two-move-one',
    title: 'Ends where the log ends when two people change one task',
    hints: {
      order: [
        'Ada and Ben moved the same task. The log says whose move came later, and Ada’s page shows the other one’s.',
        'Look at the event of your own change: do you apply it, at its place among the others?',
        'Each page sees its own change first. If each keeps to what it saw first, no two pages agree. The log has one order, the same for everybody: whoever applies all of it, their own included, ends at the same board.',
      ],
      'lost-update': [
        'While Ada’s move was on its way, Ben gave the same task another title. Her page has lost that.',
        'Look at what you do with an event that is about a task which you have changed yourself.',
        'Two people who change different things of one task both want to have them. Whoever leaves an event out, or puts a whole task in its place, takes away what somebody else has done: a lost update.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        const { gate } = world
        await arrive(world, 'a', 'b')
        gate.set('detained', 'change')
        await world.ada(update({ id: 'a', list: 'doing' }))
        await brought(world, (await world.ben(update({ id: 'a', list: 'done', title: 'write' }))).id)
        gate.set('through', 'change')
        await answered(world, 'accepted', 1)
        await broughtAll(world)
        const saw =
          'Ada moved a to Doing. Before that reached the server, Ben moved it to Done and renamed it. The log has Ben’s first.'
        const wanted = listOf((await world.board(world.room)).board, 'a')
        await expectSame(world, { saw, hint: (shown) => (listOf(shown, 'a') === wanted ? 'lost-update' : 'order') })

        gate.set('held back', 'ws')
        await world.ada(update({ id: 'a', list: 'todo' }))
        await answered(world, 'accepted', 2)
        await world.ben(update({ id: 'a', list: 'done' }))
        gate.set('through', 'ws')
        await broughtAll(world)
        const sawThen = 'Ada moved a to To do, and then Ben to Done. The log has Ada’s first.'
        await expectSame(world, { saw: sawThen, hint: 'order' })
      }),
  },
  {
    name: 'refused',
    title: 'Takes back a change that the server refuses, and nothing else',
    hints: {
      stays: [
        'The server refused Ada’s change, and her page goes on showing it.',
        'Look at what becomes of a guess that was wrong.',
        'What nobody else sees is not true. A page that shows it lies to the one person who relies on it.',
      ],
      'undoes-others': [
        'When Ada’s change was refused, what Ben had done in the meantime went with it.',
        'Look at what you go back to: a copy of the board as it was when she changed it?',
        'A copy is as old as the change. To take one change back is to lay it aside, and to look at the log as it is now.',
      ],
      'every-guess': [
        'Two of Ada’s changes were on their way. When the first was refused, the second was taken back as well.',
        'Look at which of the changes that wait you lay aside when one is refused.',
        'Each guess ends by itself: by its own event, or by its own refusal. What becomes of one says nothing of the others.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        const { gate } = world
        await arrive(world, 'a', 'b', 'c')
        gate.set('held back', 'ws')
        await world.ben(remove('a'))
        await world.ada(update({ id: 'a', list: 'doing' }))
        await answered(world, 'refused', 1)
        const saw = 'Ada moved a, which Ben had deleted; she could not know. The server refused it with 404.'
        await expectNow(world, 'To do: a b c | Doing: | Done:', { saw, hint: 'stays' })
        gate.set('through', 'ws')
        await broughtAll(world)

        gate.set('detained', 'change')
        await world.ada(update({ id: 'b', list: 'doing' }))
        await world.ben(remove('b'))
        await world.ben(create('d'))
        await broughtAll(world)
        gate.set('through', 'change')
        await answered(world, 'refused', 2)
        const sawThen = 'Ada moved b. Before that reached the server, Ben deleted b and added d. Then it was refused.'
        await expectSame(world, { saw: sawThen, hint: 'undoes-others' })

        gate.set('held back', 'ws')
        gate.set('detained', 'change')
        await world.ben(remove('c'))
        const sent = gate.count('change')
        await world.ada(update({ id: 'c', list: 'doing' }))
        await world.ada(update({ id: 'd', list: 'doing' }))
        await sure(trial, 'the first of them is at the gate', () => gate.count('change') > sent)
        // The first goes up, and the second not before that is answered.
        gate.set('through', 'change')
        gate.set('detained', 'change')
        await answered(world, 'refused', 3)
        const sawTwo = 'Ada moved c, which Ben had deleted, and then d. The first was refused'
        const hint = (shown: Board | null) => (listOf(shown, 'd') === 'doing' ? 'stays' : 'every-guess')
        const wanted = 'To do: c | Doing: d | Done:'
        await expectNow(world, wanted, { saw: `${sawTwo}; the second has not reached the server yet.`, hint })
        gate.set('through', 'change')
        await answered(world, 'accepted', 1)
        await expectNow(world, wanted, { saw: `${sawTwo} and the second accepted; no event has come yet.`, hint })
      }),
  },
]
