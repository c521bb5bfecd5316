/** Of the student's board: what the log has forgotten, and what comes while a snapshot is on its way. */
import type { Check } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/exercise.ts'
import { BLANK, answered, arrive, at, brought, broughtAll, expectNow, expectSame, textOf } from './board-world.ts'
import type { World } from './board-world.ts'
import { KEPT, create, update } from './sandbox.ts'
import { soon, sure } from './soon.ts'

/** What Ben does while the page's line is cut, and it stands before the gate. More than is kept. */
async function away(world: World, changes: (world: World) => Promise<void>): Promise<void> {
  const { trial, gate } = world
  const { gaps } = await world.seen()
  const lines = gate.count('ws')
  gate.set('detained', 'ws')
  gate.cut('ws')
  await trial.call('hurry')
  await sure(trial, 'the page is back at the gate', () => gate.count('ws') > lines)
  await changes(world)
  gate.set('through', 'ws')
  await sure(trial, 'the page is told of the gap', async () => (await world.seen()).gaps > gaps)
}

/** So much that the log has forgotten where the page was. */
async function forgets({ ben }: World): Promise<void> {
  for (let i = 0; i < KEPT + 4; i++) await ben(update({ id: 'a', title: `a${i}` }))
}

export const gapChecks: readonly Check[] = [
  {
    name: 'a-gap',
    title: 'Fetches the board once more where the log has forgotten what is missing',
    hints: {
      hole: [
        'The page was away for longer than the log remembers, and was told so. It went on, and what lies in the gap is missing.',
        'Look at what you do when you are told of a gap.',
        'Behind a gap the events do not fit the board any more: they say what has changed since a moment that the page does not know. Only a new snapshot helps, and it has to be joined as the first one was.',
      ],
      'behind-a-hole': [
        'While the new snapshot was on its way, the page showed a board that there never was: the old one, and what came behind the gap.',
        'Look at the events that come between a gap and the snapshot: what are they to the board that you have?',
        'A hole has two sides. What lies behind it says what has changed since a board that the page does not have, and makes no sense of the one that it has. Until there is a snapshot, the old board is old, and true of a moment.',
      ],
      'not-joined': [
        'A task was added while the new snapshot was on its way. The page never shows it.',
        'Look at where the line goes on, and where the new snapshot ends.',
        'A line that was open before the snapshot has gone past its end already. The second snapshot has a seam like the first one.',
      ],
    },
    run: (trial) =>
      at(trial, async (world) => {
        const { gate } = world
        await arrive(world, 'a')
        const before = textOf((await world.seen()).board)
        gate.set('held back', 'board')
        await away(world, async ({ ben }) => {
          for (let i = 0; i < KEPT + 4; i++) await ben(create(`n${i}`))
        })
        const saw = `The page was cut off, and Ben added ${KEPT + 4} tasks; the log keeps ${KEPT} events. It came back, and was told of a gap.`
        // Who asks for none is told what is missing, and not how to wait for it.
        const asks = await soon(trial, () => gate.held('board') > 0)
        const { id } = await world.ben(create('y'))
        if (asks && (await world.held()).lines > 0) await brought(world, id)
        const { board } = await world.seen()
        if (asks && board !== null)
          await expectNow(world, before, { saw: `${saw} The snapshot is on its way.`, hint: 'behind-a-hole' })
        gate.set('through', 'board')
        const sawMore = `${saw} While the snapshot was on its way, he added y.`
        await expectSame(world, { saw: asks ? sawMore : saw, hint: asks ? 'not-joined' : 'hole' })
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
      'upon-a-gap': [
        'A second gap came while the snapshot behind the first one was on its way. Now the page follows twice, or shows something else than there is.',
        'Look at what has begun and is not over when you begin anew: which of the two snapshots counts, and who ends the line behind the other one?',
        'Between asking and having there is time, in which everything may happen once more. What was begun before the last beginning has to end without a trace, also where there is nothing of it to be seen yet.',
      ],
      'too-late': [
        'The page was closed while the snapshot was on its way. When that was there, it began to follow.',
        'Look at what you do behind the snapshot, and at what may have happened while you waited for it.',
        'What is on its way arrives, whether anybody wants it still or not. Who has waited has to ask whether it is still wanted. Nobody will ever end what begins after the end.',
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
          // What it follows by it may not have connected yet.
          const isSo = async () => gate.open('ws') === count && (await world.held()).lines === count
          if (await soon(trial, isSo)) return
          const bytes = `lines that are open: ${Math.max(gate.open('ws'), (await world.held()).lines)}`
          throw new Late({ saw, bytes, at: bytes.indexOf(': ') + 2, wanted: String(count), hint })
        }
        await arrive(world, 'a')
        const lines = gate.begun('ws')
        gate.set('held back', 'board')
        await away(world, forgets)
        await sure(trial, 'the new snapshot is taken', () => gate.held('board') > 0)
        const isKept = (await world.held()).lines > 0
        gate.set('through', 'board')
        const saw = 'The page was told of a gap.'
        await expectSame(world, { saw, hint: BLANK })
        // The one that brought the gap, and the one behind the new snapshot.
        await sure(trial, 'the page follows anew', () => gate.begun('ws') >= lines + 2)
        await expectLines(1, saw, 'two')
        // Only who keeps a line while the snapshot is on its way can be told of a gap meanwhile.
        if (isKept) {
          gate.set('held back', 'board')
          await away(world, forgets)
          await sure(trial, 'the new snapshot is taken', () => gate.held('board') > 0)
          await broughtAll(world)
          await away(world, forgets)
          const isAskedAgain = await soon(trial, () => gate.held('board') > 1)
          const { id } = await world.ben(create('y'))
          if (isAskedAgain) await brought(world, id)
          const wanted = (await world.held()).snapshots + (isAskedAgain ? 2 : 1)
          gate.set('through', 'board')
          await sure(trial, 'all snapshots are there', async () => (await world.held()).snapshots >= wanted)
          const sawTwo = `${saw} While the snapshot was on its way, it was told of another one.`
          await expectSame(world, { saw: sawTwo, hint: 'upon-a-gap' })
          await expectLines(1, sawTwo, 'upon-a-gap')
        }
        await trial.call('close')
        await expectLines(0, `${saw} Then it was closed.`, 'open')

        gate.set('held back', 'board')
        await world.open()
        await sure(trial, 'the snapshot is taken', () => gate.held('board') > 0)
        await trial.call('close')
        gate.set('through', 'board')
        await sure(trial, 'the snapshot is there', async () => (await world.held()).snapshots > 0)
        const { lines: count } = await world.held()
        if (count === 0) return
        const bytes = `${gate.asked.slice(-1).join('\n')}\n\nlines by which it follows: ${count}`
        const sawClosed = 'The page was opened, and closed while the snapshot was on its way. When that was there:'
        throw new Wrong({ saw: sawClosed, bytes, at: bytes.length - 1, wanted: '0', hint: 'too-late' })
      }),
  },
]
