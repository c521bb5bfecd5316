import type { Event } from '../../server/protocol/feed.ts'
import { readStream } from '../kit/event-stream.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Unclear, Wrong } from '../kit/finding.ts'
import { expectFollowers } from '../kit/followers.ts'
import { expectStreamsToEnd, leaveDuringRead } from '../kit/parting.ts'
import { expectEventStream, expectMessages, openStream, settled, taken, waitFor } from '../kit/stream.ts'
import type { Stream } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'
import { clientChecks } from './client-checks.ts'
import { words } from './hints.ts'

interface Coming {
  /** Cursor in the address, which stays the same while the page is open. */
  readonly after?: string | undefined
  /** Value of the header Last-Event-ID, which a reconnecting browser sends. */
  readonly lastEventId?: string | undefined
}

async function come(trial: Trial, { after, lastEventId }: Coming = {}): Promise<Stream> {
  const before = await trial.reads()
  const target = `/feed/${trial.room}/sse${after === undefined ? '' : `?after=${after}`}`
  const stream = openStream(trial, target, lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId })
  await taken(trial, stream, before)
  return stream
}

/** A message is published after each of these uses of the feed. A program that reads, follows and reads again has three. */
const SEAMS = [1, 2, 3, 4]

/** Range of reasonable values. */
const RETRY_MS = { min: 500, max: 60_000 }

/** Number of clients. With so many, a random time that is sometimes far too short is noticed. */
const CLIENTS = 32

/** The times of all these clients differ by more, if each is a random one from a range of a second or two. */
const APART_MS = 100

/** More messages than one read of the feed returns. */
const MANY = 620

/** An epoch of another length than the kit's own. */
const EPOCH = 'mv3k2x'

export const exercises: readonly Exercise[] = [
  {
    name: 'sse',
    hosted: { kind: 'transport', exported: 'sse' },
    checks: checksFrom(words.sse, {
      async 'an-id-with-each'(trial) {
        await trial.publish('one')
        const stream = await come(trial)
        const sawHead = 'A client asked for the stream. Your server responded:'
        await expectEventStream(trial, stream, { saw: sawHead, hint: 'not-a-stream' })
        const published = await trial.publish('two', 'three')
        const saw = `${published.map(({ id }) => id).join(' and ')} were published. Your server sent:`
        await waitFor(trial, stream, () => stream.read.events.length > 1, { saw, hint: 'no-id' })
        await settled(trial)
        const { bytes, bodyAt } = stream.shown
        for (const [i, { id }] of published.entries()) {
          const event = stream.read.events[i]
          const at = bodyAt + (event?.at ?? 0)
          if (event?.type !== 'message')
            throw new Wrong({ saw, bytes, at, wanted: 'no event field', hint: 'other-type' })
          if (event.lastEventId === id) continue
          const hint = bytes.includes(`\nid: ${id}`)
            ? 'misplaced'
            : /^id:/m.test(bytes.slice(at))
              ? 'wrong-id'
              : 'no-id'
          throw new Wrong({ saw, bytes, at, wanted: `id: ${id}`, hint })
        }
      },
      async 'where-it-stands'(trial) {
        const events = await trial.publish('one', 'two')
        const id = events[1]?.id
        const stream = await come(trial)
        const saw = `A client connected without a cursor when ${id} was the last message. Your server sent:`
        const hint = 'no-first-id'
        await waitFor(
          trial,
          stream,
          () => stream.read.lastEventId !== '',
          { saw, hint },
          () => `id: ${id}`,
        )
        const { bytes, bodyAt } = stream.shown
        const [event] = stream.read.events
        if (event) throw new Wrong({ saw, bytes, at: bodyAt + event.at, wanted: 'no event', hint: 'delivered' })
        const at = bytes.indexOf('id:', bodyAt)
        if (stream.read.lastEventId !== id)
          throw new Wrong({ saw, bytes, at, wanted: `id: ${id}`, hint: 'wrong-place' })
      },
      async 'when-to-come-back'(trial) {
        const streams: Stream[] = []
        for (let i = 0; i < CLIENTS; i++) streams.push(await come(trial))
        const saw = 'A client connected. Your server sent:'
        for (const stream of streams) {
          await waitFor(
            trial,
            stream,
            () => stream.read.retry !== null,
            { saw, hint: 'no-retry' },
            () => 'retry: …',
          )
          const { value = '', at = 0 } = stream.read.retry ?? {}
          const { bytes, bodyAt } = stream.shown
          const place = { saw, bytes: bytes.trimEnd(), at: bodyAt + at + 'retry: '.length }
          if (!/^\d+$/.test(value)) throw new Wrong({ ...place, wanted: 'digits', hint: 'not-digits' })
          const isSensible = Number(value) >= RETRY_MS.min && Number(value) <= RETRY_MS.max
          if (!isSensible) throw new Wrong({ ...place, wanted: 'a few thousand milliseconds', hint: 'unit' })
        }
        const times = streams.map(({ read }) => Number(read.retry?.value))
        const apartMs = Math.max(...times) - Math.min(...times)
        if (apartMs >= APART_MS) return
        const [first] = streams
        const bytes = first?.shown.bytes.trimEnd() ?? ''
        const same = apartMs === 0 ? 'the same time' : `times that differ by ${apartMs} ms at most`
        const all = `${CLIENTS} clients connected, and all of them received ${same}:`
        throw new Wrong({
          saw: all,
          bytes,
          at: bytes.indexOf('retry:') + 7,
          wanted: 'different times',
          hint: 'lockstep',
        })
      },
      async resumes(trial) {
        await trial.setEpoch(EPOCH)
        const had = await trial.publish('one', 'two')
        const lastEventId = had[1]?.id
        const missed = await trial.publish('three', 'four')
        const hint = (seen: string) => (seen === 'missing' ? 'lost' : seen === 'too many' ? 'history' : 'doubled')
        const stream = await come(trial, { lastEventId })
        const saw = `A client that has ${lastEventId} reconnected. ${missed.map(({ id }) => id).join(' and ')} were published in the meantime`
        await expectMessages(trial, stream, missed, { saw: `${saw}. Your server sent:`, hint })
        const { bytes, bodyAt } = stream.shown
        const [first] = stream.read.events
        const greeted = readStream(stream.soFar.body.slice(0, first?.at)).lastEventId
        if (greeted !== '' && greeted !== lastEventId)
          throw new Wrong({
            saw: `${saw}. Before the first message, your server sent another position:`,
            bytes: bytes.trimEnd(),
            at: Math.max(bodyAt, bytes.indexOf(`id: ${greeted}`, bodyAt)),
            wanted: `id: ${lastEventId}`,
            hint: 'ahead',
          })
        const next = await trial.publish('five')
        const sawNext = `${saw}, and ${next[0]?.id} after that. Your server sent:`
        await expectMessages(trial, stream, [...missed, ...next], { saw: sawNext, hint })
      },
      async 'each-its-own'(trial) {
        const other = trial.inRoom('constructor')
        const events = await trial.publish('one', 'two', 'three', 'four')
        const others = await other.publish('one', 'two')
        const clients = [
          { missed: events.slice(1), stream: await come(trial, { lastEventId: events[0]?.id }) },
          { missed: events.slice(3), stream: await come(trial, { lastEventId: events[2]?.id }) },
          { missed: [], stream: await come(trial) },
        ]
        const there = await come(other, { lastEventId: others[0]?.id })
        const next = await trial.publish('five')
        for (const { missed, stream } of clients) {
          const saw = `Three clients came to a room, each with another position, and ${next[0]?.id} was published. Your server sent to one of them:`
          await expectMessages(trial, stream, [...missed, ...next], { saw, hint: 'mixed-up' })
        }
        const saw = `A client of another room came with ${others[0]?.id}. Your server sent to it:`
        await expectMessages(other, there, others.slice(1), { saw, hint: 'mixed-up' })
      },
      async 'the-first-address'(trial) {
        const events = await trial.publish('one', 'two', 'three', 'four')
        const after = events[0]?.id
        const fresh = await come(trial, { after })
        const saw = `A client connected for the first time, with ${after} in its address. Your server sent:`
        await expectMessages(trial, fresh, events.slice(1), { saw, hint: 'not-the-address' })
        const lastEventId = events[2]?.id
        const back = await come(trial, { after, lastEventId })
        const sawBack = `The client reconnected to the same address, and now has ${lastEventId}. Your server sent:`
        await expectMessages(trial, back, events.slice(3), { saw: sawBack, hint: 'address-wins' })
      },
      async 'no-seam'(trial) {
        const hint = (seen: string) => (seen === 'missing' ? 'lost' : seen === 'out of order' ? 'order' : 'overlap')
        // The ids pass from one digit to two at the first seam.
        await trial.publish(...'12345678')
        for (const use of SEAMS) {
          const had = await trial.publish('had')
          const missed = await trial.publish('missed')
          await trial.publishDuringRead('between', use)
          const stream = await come(trial, { lastEventId: had[0]?.id })
          await trial.until('it follows', async () => (await trial.reads()).following > 0).catch(() => {})
          await settled(trial)
          const { publishedDuringRead } = await trial.reads()
          // A program with fewer steps has finished already.
          const between = publishedDuringRead ?? (await trial.publish('after'))[0]
          const times = use === 1 ? 'once' : `${use} times`
          const saw = `A client that had missed ${missed[0]?.id} reconnected. ${between?.id} was published after your program had used the feed ${times}. Your server sent:`
          await expectMessages(trial, stream, between ? [...missed, between] : missed, { saw, hint })
          stream.leave()
          await trial.until('it has left', async () => (await trial.reads()).following === 0).catch(() => {})
        }
      },
      async 'a-long-absence'(trial) {
        const [had] = await trial.publish('had')
        const missed = await trial.publish(...Array.from({ length: MANY }, (_, i) => `missed ${i}`))
        const stream = await come(trial, { lastEventId: had?.id })
        const saw = `A client reconnected that had missed ${MANY} messages. Your server sent:`
        const hint = (seen: string) => (seen === 'missing' ? 'cut-short' : 'disordered')
        await expectMessages(trial, stream, missed, { saw, hint })
        const next = await trial.publish('next')
        await expectMessages(trial, stream, [...missed, ...next], { saw, hint })
      },
      async 'an-unknown-id'(trial) {
        await expectGap(trial, { lastEventId: 'old.7' }, 'reconnected with an id from before the feed was restarted')
        await expectGap(trial, { after: 'old.7' }, 'came with an address from before the feed was restarted')
      },
      async 'an-odd-id'(trial) {
        await expectGap(trial, { lastEventId: 'garb age' }, 'reconnected with an id that is not a valid cursor')
        await expectGap(trial, { after: 'garb%20age' }, 'came with an address whose cursor is not valid')
      },
      async 'a-gap-on-the-way'(trial) {
        const had = await trial.publish('one', 'two')
        await trial.publishAndDropDuringRead('lost', 'kept')
        const stream = await come(trial, { lastEventId: had[0]?.id })
        const { publishedDuringRead } = await trial.reads()
        if (!publishedDuringRead) throw new Unclear('The program did not use the feed. Earlier checks test that.')
        const saw = `A client that has ${had[0]?.id} reconnected. Before your program followed the feed from there, the feed dropped every message except ${publishedDuringRead.id}. Your server sent:`
        const isThere = () => stream.read.events.some(({ data }) => data.includes(`"${publishedDuringRead.id}"`))
        await waitFor(trial, stream, isThere, { saw, hint: 'nothing' }, () => publishedDuringRead.id)
        const { bytes, bodyAt } = stream.shown
        const gaps = stream.read.events.filter(({ type }) => type === 'gap')
        const gap = gaps.at(-1)
        const first = stream.read.events.find(({ type }) => type === 'message')
        if (!gap) {
          const at = bodyAt + (first?.at ?? 0)
          throw new Wrong({ saw, bytes: bytes.trimEnd(), at, wanted: 'event: gap', hint: 'nothing' })
        }
        const [, seq] = /^k3\.(\d+)$/.exec(gap.lastEventId) ?? []
        const next = `k3.${Number(seq) + 1}`
        if (next === publishedDuringRead.id) return
        const isOld = gap.lastEventId === had[0]?.id || seq === undefined
        const wanted = isOld ? 'an id among its fields' : next
        const at = bodyAt + (isOld ? gap.at : (first?.at ?? 0))
        throw new Wrong({
          saw,
          bytes: bytes.trimEnd(),
          at,
          wanted,
          hint: isOld ? 'gap-without-id' : 'not-from-there',
        })
      },
      async 'still-cleans-up'(trial) {
        const leaves = await come(trial)
        const fails = await come(trial)
        await trial.until('both follow', async () => (await trial.reads()).following > 0)
        leaves.leave('RST')
        await expectFollowers(trial, 1, 'One of two clients left', 'still-followed')
        await trial.failFollowers()
        if (await trial.until('the stream is over', () => fails.exchange).catch(() => false)) return
        const { bytes } = fails.shown
        const saw = 'The feed called `failed`, because it could not continue. Your server left the stream open:'
        throw new Late({ saw, bytes, at: bytes.length, wanted: 'the end', hint: 'kept-open' })
      },
      async 'left-early'(trial) {
        const [first] = await trial.publish('one')
        await leaveDuringRead(trial, `/feed/${trial.room}/sse`, { 'Last-Event-ID': first?.id ?? '' })
        await expectFollowers(trial, 0, 'A client left while your server looked up its position', 'left-before')
      },
      async goodbye(trial) {
        const hints = { open: 'left-open', cut: 'cut-off', remembered: 'remembered' }
        await expectStreamsToEnd(trial, () => come(trial), hints)
      },
    }),
  },
  { name: 'client', hosted: { kind: 'client', exported: 'connect' }, checks: clientChecks },
]

/** Expects that a client whose position points nowhere gets a gap, and then what is kept. `what`: how the client came. */
async function expectGap(trial: Trial, coming: Coming, what: string): Promise<void> {
  await trial.forget(0)
  const kept = await trial.publish('one', 'two')
  const stream = await come(trial, coming)
  const live = await trial.publish('three')
  const saw = `A client ${what}. ${kept[0]?.id} and ${kept[1]?.id} had been published, and ${live[0]?.id} came later. Your server sent:`
  await waitFor(trial, stream, () => stream.soFar.status >= 400 || stream.read.events.length > 0, {
    saw,
    hint: 'nothing',
  })
  await settled(trial)
  const { status, statusLine } = stream.soFar
  const { bytes, bodyAt } = stream.shown
  if (status !== 200) {
    const at = bytes.indexOf(statusLine) + 'HTTP/1.1 '.length
    throw new Wrong({ saw, bytes, at, wanted: '200', hint: 'refused' })
  }
  const [gap] = stream.read.events
  const wanted = 'event: gap'
  if (!gap || gap.type !== 'gap') {
    const hint = stream.read.events.length < 2 ? 'nothing' : 'history'
    throw new Wrong({ saw, bytes: bytes.trimEnd(), at: bodyAt + (gap?.at ?? 0), wanted, hint })
  }
  const all: readonly Event[] = [...kept, ...live]
  const seq = /^k3\.(\d+)$/.exec(gap.lastEventId)?.[1]
  if (seq === undefined) {
    const at = bodyAt + gap.at
    throw new Wrong({ saw, bytes: bytes.trimEnd(), at, wanted: 'an id among its fields', hint: 'gap-without-id' })
  }
  const rest = all.filter(({ id }) => Number(id.split('.')[1]) > Number(seq))
  await expectMessages(trial, stream, rest, { saw, hint: 'not-from-there' })
}
