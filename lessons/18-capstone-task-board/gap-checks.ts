/** Checks of the student's board: gaps in the log, and events that come while a snapshot is on its way. */
import { checksFrom } from '../kit/exercise.ts'
import type { Check } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import { answered, arrive, at, delivered, deliveredAll, expectNow, expectSame, textOf } from './board-world.ts'
import type { World } from './board-world.ts'
import { BLANK, words } from './hints.ts'
import { KEPT, create, update } from './sandbox.ts'
import { soon, sure } from './soon.ts'

/** Cuts the page's connection, and lets it return after `changes`, which have to be more than the log keeps. */
async function away(world: World, changes: (world: World) => Promise<void>): Promise<void> {
  const { trial, gate } = world
  const { gaps } = await world.seen()
  const connections = gate.count('ws')
  gate.set('detained', 'ws')
  gate.cut('ws')
  await trial.call('hurry')
  await sure(trial, 'the page is back at the gate', () => gate.count('ws') > connections)
  await changes(world)
  gate.set('through', 'ws')
  await sure(trial, 'the page learns of the gap', async () => (await world.seen()).gaps > gaps)
}

/** Makes more changes than the log keeps. */
async function forgets({ ben }: World): Promise<void> {
  for (let i = 0; i < KEPT + 4; i++) await ben(update({ id: 'a', title: `a${i}` }))
}

export const gapChecks: readonly Check[] = checksFrom(words.gaps, {
  'a-gap': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      await arrive(world, 'a')
      const before = textOf((await world.seen()).board)
      gate.set('held back', 'board')
      await away(world, async ({ ben }) => {
        for (let i = 0; i < KEPT + 4; i++) await ben(create(`n${i}`))
      })
      const saw = `The page was cut off, and Ben added ${KEPT + 4} tasks; the log keeps ${KEPT} events. The page reconnected, and the log reported a gap.`
      // If the page does not request a snapshot, the check reports the missing events, and not the useless wait.
      const asks = await soon(trial, () => gate.held('board') > 0)
      const { id } = await world.ben(create('y'))
      if (asks && (await world.held()).followers > 0) await delivered(world, id)
      if (asks)
        await expectNow(world, before, {
          saw: `${saw} The snapshot is on its way.`,
          hint: (shown) => (shown === null ? 'blank' : 'after-a-hole'),
        })
      gate.set('through', 'board')
      const sawMore = `${saw} While the snapshot was on its way, Ben added y.`
      await expectSame(world, { saw: asks ? sawMore : saw, hint: asks ? 'not-joined' : 'hole' })
      await world.ben(create('z'))
      await expectSame(world, { saw: `${saw} Then Ben added z.`, hint: 'hole' })
    }),
  'in-the-snapshot': (trial) =>
    at(trial, async (world) => {
      await arrive(world, 'a', 'b')
      await away(world, async ({ ada, ben }) => {
        await ada(update({ id: 'a', list: 'doing' }))
        await ada(update({ id: 'a', title: 'A' }))
        await answered(world, 'accepted', 2)
        for (let i = 0; i < KEPT + 4; i++) await ben(update({ id: 'b', title: `b${i}` }))
      })
      await world.ben(update({ id: 'a', title: 'Z' }))
      await world.ben(update({ id: 'a', list: 'done' }))
      const saw =
        'Ada’s page was cut off. She moved a to Doing and renamed it, which was accepted. After many other changes, the log reported a gap to her page. Then Ben renamed a and moved it to Done.'
      await expectSame(world, { saw, hint: 'clings' })

      world.gate.set('held back', 'change')
      await away(world, async ({ ada, ben, gate }) => {
        await ada(update({ id: 'b', list: 'doing' }))
        await sure(trial, 'the response is held', () => gate.held('change') > 0)
        for (let i = 0; i < KEPT + 4; i++) await ben(update({ id: 'a', title: `a${i}` }))
      })
      await expectSame(world, { saw: 'The log reported another gap to Ada’s page.', hint: BLANK })
      world.gate.set('through', 'change')
      await answered(world, 'accepted', 3)
      await world.ben(update({ id: 'b', list: 'done' }))
      const sawLate =
        'Ada’s page was cut off. She moved b to Doing, and the server accepted it. After a gap, the new snapshot came first, and then the response to her request. Then Ben moved b to Done.'
      await expectSame(world, { saw: sawLate, hint: 'late-response' })
    }),
  'keeps-its-guess': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      await arrive(world, 'a', 'b')
      gate.set('detained', 'change')
      await away(world, async ({ ada, ben }) => {
        await ada(update({ id: 'a', list: 'doing' }))
        for (let i = 0; i < KEPT + 4; i++) await ben(update({ id: 'b', title: `b${i}` }))
      })
      const titled = `“b${KEPT + 3}”`
      const isNew = async () => textOf((await world.seen()).board).includes(titled)
      if (!(await soon(trial, isNew))) await expectSame(world, { saw: 'The log reported a gap.', hint: BLANK })
      const saw =
        'Ada moved a to Doing, and her change has not reached the server yet. Meanwhile, the log reported a gap, and a new snapshot came.'
      await expectNow(world, `To do: b ${titled} | Doing: a | Done:`, { saw, hint: 'forgets' })
      gate.set('held back', 'ws')
      gate.set('through', 'change')
      await answered(world, 'accepted', 1)
      await expectNow(world, `To do: b ${titled} | Doing: a | Done:`, {
        saw: `${saw} Then the server accepted the change, and its event is on its way.`,
        hint: 'forgets',
      })
      gate.set('through', 'ws')
      await deliveredAll(world)
      await expectSame(world, { saw: `${saw} Then the server accepted the change.`, hint: 'forgets' })
    }),
  'another-log': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      await arrive(world, 'a', 'b')
      // The new log is shorter than the old one.
      for (const title of ['b1', 'b2', 'b3', 'b4']) await world.ben(update({ id: 'b', title }))
      await away(world, async ({ ada, ben, renew }) => {
        await ada(update({ id: 'a', list: 'doing' }))
        await ada(update({ id: 'a', title: 'A' }))
        await answered(world, 'accepted', 2)
        gate.set('detained', 'change')
        const sent = gate.count('change')
        await ada(update({ id: 'b', list: 'doing' }))
        await sure(trial, 'the second one is at the gate', () => gate.count('change') > sent)
        await renew()
        for (const id of ['a', 'b', 'new']) await ben(create(id))
      })
      const isNew = async () => textOf((await world.seen()).board).includes('new')
      const saw =
        'Ada’s page was cut off. She moved a to Doing and renamed it, which was accepted, and then moved b, which has not reached the server. The server lost its log, and Ben added a, b and new to the new one. Ada’s page got its snapshot.'
      if (!(await soon(trial, isNew))) await expectSame(world, { saw, hint: BLANK })
      await expectNow(world, 'To do: a new | Doing: b | Done:', {
        saw,
        hint: (shown) => (/Doing: a|“A”/.test(textOf(shown)) ? 'ghost' : 'forgets'),
      })
      gate.set('through', 'change')
      await answered(world, 'accepted', 3)
      await deliveredAll(world)
      await world.ben(update({ id: 'b', list: 'done' }))
      await expectSame(world, {
        saw: `${saw} Then the move of b was accepted, and Ben moved b to Done.`,
        hint: 'clings',
      })

      gate.set('held back', 'change')
      await away(world, async ({ ada, ben, renew }) => {
        const held = gate.held('change')
        await ada(update({ id: 'a', list: 'doing' }))
        await sure(trial, 'the response is held', () => gate.held('change') > held)
        await renew()
        for (const id of ['a', 'newer']) await ben(create(id))
      })
      const isNewer = async () => textOf((await world.seen()).board).includes('newer')
      const sawLate =
        'The server accepted the move of a and lost its log again. Ada’s page got the snapshot of the new log first, and then the response to her request.'
      if (!(await soon(trial, isNewer))) await expectSame(world, { saw: sawLate, hint: BLANK })
      gate.set('through', 'change')
      await answered(world, 'accepted', 4)
      await expectSame(world, { saw: sawLate, hint: 'late-ghost' })
    }),
  'one-connection': (trial) =>
    at(trial, async (world) => {
      const { gate } = world
      const expectConnections = async (count: number, saw: string, hint: string) => {
        // The page may follow with a connection that is not open yet.
        const isSo = async () => gate.open('ws') === count && (await world.held()).followers === count
        if (await soon(trial, isSo)) return
        const bytes = `open connections: ${Math.max(gate.open('ws'), (await world.held()).followers)}`
        throw new Late({ saw, bytes, at: bytes.indexOf(': ') + 2, wanted: String(count), hint })
      }
      await arrive(world, 'a')
      const connections = gate.begun('ws')
      gate.set('held back', 'board')
      await away(world, forgets)
      await sure(trial, 'the new snapshot is taken', () => gate.held('board') > 0)
      const isKept = (await world.held()).followers > 0
      gate.set('through', 'board')
      const saw = 'The log reported a gap to the page.'
      await expectSame(world, { saw, hint: BLANK })
      // The connection that reported the gap, and the one after the new snapshot.
      await sure(trial, 'the page follows again', () => gate.begun('ws') >= connections + 2)
      await expectConnections(1, saw, 'two')
      // Only a page with a connection can learn of a gap while the snapshot is on its way.
      if (isKept) {
        gate.set('held back', 'board')
        await away(world, forgets)
        await sure(trial, 'the new snapshot is taken', () => gate.held('board') > 0)
        await deliveredAll(world)
        await away(world, forgets)
        const isAskedAgain = await soon(trial, () => gate.held('board') > 1)
        const { id } = await world.ben(create('y'))
        if (isAskedAgain) await delivered(world, id)
        const wanted = (await world.held()).snapshots + (isAskedAgain ? 2 : 1)
        gate.set('through', 'board')
        await sure(trial, 'all snapshots are there', async () => (await world.held()).snapshots >= wanted)
        const sawTwo = `${saw} While the snapshot was on its way, the log reported another gap.`
        await expectSame(world, { saw: sawTwo, hint: 'a-second-gap' })
        await expectConnections(1, sawTwo, 'a-second-gap')
      }
      await trial.call('close')
      await expectConnections(0, `${saw} Then it was closed.`, 'open')

      // Once while the first snapshot is on its way, and once after a gap.
      for (const isAfterGap of [false, true]) await expectNothingAfterClose(world, isAfterGap)
    }),
})

/** Closes the page while a snapshot is on its way, and throws `Wrong` if the page follows when the snapshot has arrived. */
async function expectNothingAfterClose(world: World, isAfterGap: boolean): Promise<void> {
  const { trial, gate } = world
  if (isAfterGap) {
    await world.open()
    const follows = async () => (await world.held()).followers > 0 && gate.open('ws') > 0
    const saw = 'A page was closed while its snapshot was on its way, and then it was opened again:'
    const found = { saw, bytes: 'open connections: 0', at: 'open connections: '.length, wanted: '1' }
    if (!(await soon(trial, follows))) throw new Late({ ...found, hint: 'closed-for-all' })
  }
  gate.set('held back', 'board')
  if (isAfterGap) await away(world, forgets)
  else await world.open()
  await sure(trial, 'the snapshot is taken', () => gate.held('board') > 0)
  await trial.call('close')
  const { snapshots } = await world.held()
  gate.set('through', 'board')
  await sure(trial, 'the snapshot is there', async () => (await world.held()).snapshots > snapshots)
  const { followers: count } = await world.held()
  if (count === 0) return
  const bytes = `${gate.asked.slice(-1).join('\n')}\n\nopen connections: ${count}`
  const which = isAfterGap ? 'the new snapshot after a gap' : 'the snapshot'
  const saw = `The page was opened, and closed while ${which} was on its way. When the snapshot had arrived:`
  throw new Wrong({ saw, bytes, at: bytes.length - 1, wanted: '0', hint: 'too-late' })
}
