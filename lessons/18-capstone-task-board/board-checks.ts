/** Of the student's board: a page of Ada's behind the gate, and Ben beside it. */
import type { Board, Change, Event, TransportName } from '../../server/protocol.ts'
import type { Check, Hint } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/exercise.ts'
import type { Trial } from '../kit/trial.ts'
import type { Seen } from './page.ts'
import { KEPT, create, remove, startSandbox, update } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { soon, sure } from './soon.ts'

interface World extends Sandbox {
  readonly trial: Trial
  readonly room: string
  ben(change: Change): Promise<Event>
  ada(change: Change): Promise<void>
  open(): Promise<void>
  seen(): Promise<Seen>
}

/** A sandbox of the check's own, and no page that outlives it. */
async function at(trial: Trial, run: (world: World) => Promise<void>): Promise<void> {
  await using sandbox = await startSandbox()
  const { room } = trial
  const world: World = {
    ...sandbox,
    trial,
    room,
    ben: (change) => sandbox.change(room, change),
    async ada(change) {
      await trial.call('change', change)
    },
    async open() {
      await trial.call('open', sandbox.gate.origin, room)
    },
    seen: async () => (await trial.call('seen')) as Seen,
  }
  try {
    await run(world)
  } finally {
    await trial.call('close').catch(() => {})
  }
}

/** `To do: a b | Doing: c`; a task whose title is not its id is shown with it. */
function textOf(board: Board | null): string {
  if (board === null) return 'nothing'
  const nameOf = ({ id, title }: Board['tasks'][number]) => (id === title ? id : `${id} “${title}”`)
  const listOf = ({ id, title }: Board['lists'][number]) =>
    [`${title}:`, ...board.tasks.filter(({ list }) => list === id).map(nameOf)].join(' ')
  return board.lists.map(listOf).join(' | ')
}

interface Told {
  readonly saw: string
  readonly why?: string
  readonly hint: string | Hint | ((shown: Board | null) => string | Hint)
}

/** Throws for a board that is another than it should be. */
function differs(world: World, shown: Board | null, wanted: string, { saw, why, hint }: Told, Kind = Wrong): never {
  const found = textOf(shown)
  const head = `${world.gate.asked.join('\n')}\n\nthe page shows  `
  const same = Array.from(found).findIndex((char, i) => char !== wanted[i])
  const at = same < 0 ? found.length : Math.max(0, found.lastIndexOf(' ', same) + 1)
  throw new Kind({
    saw,
    bytes: head + found,
    at: head.length + at,
    wanted: wanted.slice(at) || 'nothing more',
    ...(why !== undefined && { why }),
    hint: typeof hint === 'function' ? hint(shown) : hint,
  })
}

/** Waits until the page shows what the log has. */
async function expectSame(world: World, told: Told): Promise<void> {
  const wanted = textOf((await world.board(world.room)).board)
  const isSame = async () => textOf((await world.seen()).board) === wanted
  if (await soon(world.trial, isSame)) return
  differs(world, (await world.seen()).board, wanted, told, Late)
}

/** The page shows this in this moment. */
async function expectNow(world: World, wanted: string, told: Told): Promise<void> {
  const { board } = await world.seen()
  if (textOf(board) !== wanted) differs(world, board, wanted, told)
}

/** Resolves when a transport has brought an event to the student's part. */
async function brought(world: World, id: string, by: TransportName = 'ws'): Promise<void> {
  const has = async () => (await world.seen()).brought[by]?.includes(id) === true
  if (await soon(world.trial, has)) return
  const bytes = world.gate.asked.join('\n')
  const saw = `Ben changed the board, and the page was not told. It has asked for:`
  throw new Late({ saw, bytes, at: bytes.length, wanted: 'a line behind the snapshot', hint: DEAF })
}

/** All that the log has. */
const broughtAll = async (world: World) => brought(world, (await world.board(world.room)).cursor)

/** Resolves when so many of Ada's changes were answered like this. */
async function answered(world: World, which: 'accepted' | 'refused', count: number): Promise<void> {
  const is = async () => (await world.seen())[which] >= count
  if (await soon(world.trial, is)) return
  const bytes = world.gate.asked.join('\n')
  const saw = 'Ada changed the board. Her page has asked for:'
  throw new Late({ saw, bytes, at: bytes.length, wanted: `${count} that send a change`, hint: UNSENT })
}

/** The page is there, with these tasks on its board, and follows. */
async function arrive(world: World, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) await world.ben(create(id))
  await world.open()
  await expectSame(world, { saw: `On the board there were ${ids.join(', ')} when the page was opened.`, hint: BLANK })
  await follows(world)
}

async function follows({ trial, gate }: World): Promise<void> {
  if (await soon(trial, () => gate.open('ws') > 0)) return
  const bytes = gate.asked.join('\n')
  const saw = 'The page has a board, and no line that would bring what follows. It has asked for:'
  throw new Late({ saw, bytes, at: bytes.length, wanted: 'a line', hint: DEAF })
}

/** What Ben does while the page's line is cut, and it stands before the gate. More than is kept. */
async function away(world: World, changes: (world: World) => Promise<void>): Promise<void> {
  const { trial, gate } = world
  const { gaps } = await world.seen()
  const lines = gate.count('ws')
  gate.set('detained', 'ws')
  gate.cut('ws')
  await sure(trial, 'the page is back at the gate', () => gate.count('ws') > lines)
  await changes(world)
  gate.set('through', 'ws')
  await sure(trial, 'the page is told of the gap', async () => (await world.seen()).gaps > gaps)
}

/** Two moves which, done twice, lead elsewhere. */
const MOVES = [update({ id: 'a', before: 'c' }), update({ id: 'c', before: null })] as const

const listOf = (board: Board | null, id: string) => board?.tasks.find((task) => task.id === id)?.list

const BLANK: Hint = [
  'The page was opened, and did not show the board.',
  'Look at what becomes of the snapshot when it is there.',
  'A snapshot is where a page begins: it says all that happened before, without saying how.',
]
const DEAF: Hint = [
  'The board has changed, and the page has no line by which it would hear of that.',
  'Look at who follows, and from where.',
  'A snapshot is the past. Whatever comes after it has to come by another way, which has to be open.',
]

const UNSENT: Hint = [
  'Ada changed her board, and the server never got to know.',
  'Look at what you do with a change besides showing it.',
  'What a page shows is a guess. It comes true when the server has been asked and the log holds it.',
]

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
        await world.ada(update({ id: 'c', list: 'doing' }))
        await world.ada(update({ id: 'd', list: 'doing' }))
        gate.set('through', 'change')
        await answered(world, 'refused', 3)
        await answered(world, 'accepted', 1)
        const sawTwo =
          'Ada moved c, which Ben had deleted, and then d. The first was refused and the second accepted; no event has come yet.'
        await expectNow(world, 'To do: c | Doing: d | Done:', {
          saw: sawTwo,
          hint: (shown) => (listOf(shown, 'd') === 'doing' ? 'stays' : 'every-guess'),
        })
      }),
  },
  {
    name: 'a-gap',
    title: 'Fetches the board once more where the log has forgotten what is missing',
    hints: {
      hole: [
        'The page was away for longer than the log remembers, and was told so. It went on, and what lies in the gap is missing.',
        'Look at what you do when you are told of a gap.',
        'Behind a gap the events do not fit the board any more: they say what has changed since a moment that the page does not know. Only a new snapshot helps, and it has to be joined as the first one was.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await arrive(world, 'a')
        await away(world, async ({ ben }) => {
          for (let i = 0; i < KEPT + 4; i++) await ben(create(`n${i}`))
        })
        const saw = `The page was cut off, and Ben added ${KEPT + 4} tasks; the log keeps ${KEPT} events. It came back, and was told of a gap.`
        await expectSame(world, { saw, hint: 'hole' })
        await world.ben(create('z'))
        await expectSame(world, { saw: `${saw} Then he added z.`, hint: 'hole' })
      }),
  },
  {
    name: 'in-the-snapshot',
    title: 'Lets go of a change of its own that comes in a snapshot',
    hints: {
      clings: [
        'Ada’s change was accepted, and its event lay in a gap: it came with the new snapshot. Her page still waits for the event, and hides what Ben did since.',
        'Look at what you were told when the change was accepted, and compare it with the cursor of the snapshot.',
        'A change is confirmed when the page has the log as far as that change, by whichever way it got there.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        await arrive(world, 'a', 'b')
        await away(world, async ({ ada, ben }) => {
          await ada(update({ id: 'a', list: 'doing' }))
          await answered(world, 'accepted', 1)
          for (let i = 0; i < KEPT + 4; i++) await ben(update({ id: 'b', title: `b${i}` }))
        })
        await world.ben(update({ id: 'a', list: 'done' }))
        const saw =
          'Ada was cut off and moved a to Doing, which was accepted. So much happened that she was told of a gap. Then Ben moved a to Done.'
        await expectSame(world, { saw, hint: 'clings' })
      }),
  },
  {
    name: 'one-line',
    title: 'Follows by one line, and by none when it is closed',
    hints: {
      two: [
        'After a gap the page follows twice.',
        'Look at the line that was there before the gap: who ends it?',
        'What begins anew has to end what was there before. Else a page that has seen ten gaps has eleven lines, and the server pays for each.',
      ],
      open: [
        'The page was closed, and its line is still open.',
        'Look at what closing ends: the line that there is now?',
        'What starts has to be able to stop. The last line is another one than the first, once there was a gap.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        const { gate } = world
        const expectLines = async (count: number, saw: string, hint: string) => {
          const isSo = () => gate.open('ws') === count
          if (await soon(trial, isSo)) return
          const bytes = `lines that are open: ${gate.open('ws')}`
          throw new Late({ saw, bytes, at: bytes.indexOf(': ') + 2, wanted: String(count), hint })
        }
        await arrive(world, 'a')
        const lines = gate.begun('ws')
        await away(world, async ({ ben }) => {
          for (let i = 0; i < KEPT + 4; i++) await ben(update({ id: 'a', title: `a${i}` }))
        })
        const saw = 'The page was told of a gap.'
        await expectSame(world, { saw, hint: BLANK })
        // The one that brought the gap, and the one behind the new snapshot.
        await sure(trial, 'the page follows anew', () => gate.begun('ws') >= lines + 2)
        await expectLines(1, saw, 'two')
        await trial.call('close')
        await expectLines(0, `${saw} Then it was closed.`, 'open')
      }),
  },
]
