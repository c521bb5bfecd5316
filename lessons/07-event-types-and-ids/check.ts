import type { Event } from '../../server/protocol.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Unclear, Wrong } from '../kit/exercise.ts'
import { expectMessages, openStream, settled, taken, waitFor } from '../kit/stream.ts'
import type { Stream } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'

interface Coming {
  /** In the address, which stays the same for as long as the page is open. */
  readonly after?: string | undefined
  /** What a browser sends that comes back. */
  readonly lastEventId?: string | undefined
}

async function come(trial: Trial, { after, lastEventId }: Coming = {}): Promise<Stream> {
  const before = await trial.reads()
  const target = `/feed/${trial.room}/sse${after === undefined ? '' : `?after=${after}`}`
  const stream = openStream(trial, target, lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId })
  await taken(trial, stream, before)
  return stream
}

/** More than anybody needs who has to look, begin to follow, and look once more. */
const SEAMS = [1, 2, 3, 4]

/** Sooner than that is no pause; an hour later is no return. */
const RETRY_MS = { min: 500, max: 60_000 }

const CLIENTS = 8

export const exercises: readonly Exercise[] = [
  {
    name: 'sse',
    hosted: { kind: 'transport', exported: 'sse' },
    checks: [
      {
        name: 'an-id-with-each',
        title: 'Sends each message with its id',
        hints: {
          'no-id': [
            'A message came without an id: the browser does not know what it has.',
            'Look at the fields that you write for an event: where would the client find the id?',
            'A browser keeps the last id that it was given, and sends it back when it reconnects. The id in your JSON it does not look at.',
          ],
          misplaced: [
            'The id of a message came behind the blank line that ended it.',
            'Look at the order of the lines of one event.',
            'A blank line sends off what is there. An id behind it belongs to the next event, so the client believes that it has one less than it has.',
          ],
          'wrong-id': [
            'The messages came with ids, and these are not the ids of the messages.',
            'Look at what you write as id: is it something that the feed would know again?',
            'The id comes back to you when this connection is long gone, maybe in another process. It has to mean something there: a cursor does, a counter of this connection does not.',
          ],
          'other-type': [
            'The messages came under a name of their own.',
            'Look at the event field: who listens for that name?',
            'An event with a name goes to those who asked for that name, and not to onmessage. What is ordinary needs no name.',
          ],
        },
        async run(trial) {
          await trial.publish('one')
          const stream = await come(trial)
          const published = await trial.publish('two', 'three')
          const saw = `${published.map(({ id }) => id).join(' and ')} were published. You wrote:`
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
      },
      {
        name: 'where-it-stands',
        title: 'Tells a client where it stands before there is anything else to tell',
        hints: {
          'no-first-id': [
            'The stream was open, nothing was published, and the client was given no id.',
            'Look at the first words of the stream: is there an id among them, with a blank line behind it?',
            'Who is cut off before the first message has nothing to come back with, unless it was told where "now" was when it came.',
          ],
          delivered: [
            'The stream was open, nothing was published, and the client was delivered an event.',
            'Look at the first words of the stream: is there a data field among them?',
            'A block without data delivers nothing, and its id counts. That is how to give an id alone.',
          ],
          'wrong-place': [
            'The client was given an id at the beginning, and it is not where the client stands.',
            'Look at which cursor you write: the client came without one, so it stands at the end of the room.',
            'The first id says what the client may take as read. Too far, and messages are lost; too early, and they come again.',
          ],
        },
        async run(trial) {
          const events = await trial.publish('one', 'two')
          const id = events[1]?.id
          const stream = await come(trial)
          const saw = `A client came without a cursor when ${id} was the last message. You wrote:`
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
      },
      {
        name: 'when-to-come-back',
        title: 'Tells each client when to come back, and not all at once',
        hints: {
          'no-retry': [
            'You never said when to come back.',
            'Look at the first words of the stream: which field is for that?',
            'Without it each browser has a time of its own, from three seconds to five, and a server that comes up again has them all on its back.',
          ],
          'not-digits': [
            'You said when to come back in a way that no browser reads.',
            'Look at what stands behind retry: it may be digits and nothing else.',
            'A value that has anything but digits in it is passed over without a word, like all that a stream does not know.',
          ],
          unit: [
            'The time that you gave is no sensible one.',
            'Look at the unit: retry is in milliseconds.',
            'Two is two milliseconds: a server that is down would be asked five hundred times a second by each client.',
          ],
          lockstep: [
            'You gave the same time to all clients.',
            'Look at where the time comes from: what makes it differ from client to client?',
            'All clients lose their connection in the same moment when a server goes. With the same pause they all come back in the same moment, too.',
          ],
        },
        async run(trial) {
          const streams: Stream[] = []
          for (let i = 0; i < CLIENTS; i++) streams.push(await come(trial))
          const saw = 'A client came. You wrote:'
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
            if (!isSensible) throw new Wrong({ ...place, wanted: 'some thousand milliseconds', hint: 'unit' })
          }
          const times = new Set(streams.map(({ read }) => read.retry?.value))
          if (times.size > 1) return
          const [first] = streams
          const bytes = first?.shown.bytes.trimEnd() ?? ''
          const all = `${CLIENTS} clients came, and you told all of them the same:`
          throw new Wrong({
            saw: all,
            bytes,
            at: bytes.indexOf('retry:') + 7,
            wanted: 'not the same for all',
            hint: 'lockstep',
          })
        },
      },
      {
        name: 'resumes',
        title: 'Gives a client that comes back what it has missed, once',
        hints: {
          lost: [
            'A client came back and said what it has; what was published meanwhile it did not get.',
            'Look at where its reading begins: does what it says in Last-Event-ID count?',
            'Everything behind the last id is news for this client, however long ago it was published.',
          ],
          doubled: [
            'A client came back and got a message twice.',
            'Look at what you send first, and at the place from which you follow then: does the one end where the other begins?',
            'What was missed and what is new are one list. If the two parts overlap, the client has to notice; if there is a hole between them, nobody can.',
          ],
          history: [
            'A client came back, said what it has, and got some of that again.',
            'Look at where its reading begins: right behind the id, or somewhere before it?',
            'The last id says that everything up to it has arrived. What lies behind it is what is missing.',
          ],
        },
        async run(trial) {
          const had = await trial.publish('one', 'two')
          const lastEventId = had[1]?.id
          const missed = await trial.publish('three', 'four')
          const hint = (seen: string) => (seen === 'missing' ? 'lost' : seen === 'too many' ? 'history' : 'doubled')
          const stream = await come(trial, { lastEventId })
          const saw = `A client that has ${lastEventId} comes back; ${missed.map(({ id }) => id).join(' and ')} were published meanwhile`
          await expectMessages(trial, stream, missed, { saw: `${saw}. You wrote:`, hint })
          const next = await trial.publish('five')
          const told = { saw: `${saw}, and ${next[0]?.id} since. You wrote:`, hint }
          await expectMessages(trial, stream, [...missed, ...next], told)
        },
      },
      {
        name: 'the-first-address',
        title: 'Begins behind the cursor in the address, until there is a newer one',
        hints: {
          'not-the-address': [
            'A client came with a cursor in its address, and did not get what lies behind it.',
            'Look at what counts where there is no Last-Event-ID.',
            'A page that has read up to a cursor opens its first stream there. A header it cannot set.',
          ],
          'address-wins': [
            'The address said one thing and Last-Event-ID another, and you believed the address.',
            'Look at which of the two you ask first.',
            'A browser that comes back asks for the very address with which it began. What it says in the header it has learnt since.',
          ],
        },
        async run(trial) {
          const events = await trial.publish('one', 'two', 'three', 'four')
          const after = events[0]?.id
          const fresh = await come(trial, { after })
          const saw = `A client comes for the first time, with ${after} in its address. You wrote:`
          await expectMessages(trial, fresh, events.slice(1), { saw, hint: 'not-the-address' })
          const lastEventId = events[2]?.id
          const back = await come(trial, { after, lastEventId })
          const sawBack = `It comes back to the same address, and has ${lastEventId} by now. You wrote:`
          await expectMessages(trial, back, events.slice(3), { saw: sawBack, hint: 'address-wins' })
        },
      },
      {
        name: 'no-seam',
        title: 'Loses and doubles nothing between what was missed and what is new',
        hints: {
          lost: [
            'A message was published between two of your steps, and never came.',
            'Look at the place from which you follow the feed: is it where your look ended, or where the room ended a moment later?',
            'Looking and following are two steps, and the world goes on in between. Follow from the very place that was read last, and there is no hole.',
          ],
          overlap: [
            'A message was published between two of your steps, and came twice.',
            'Look at where the one part ends and where the other begins: both hold what came in between.',
            'Two ways lead to the client, and a message that comes just now can take both. One way from one place, or a comparison of ids, and it takes one.',
          ],
          order: [
            'A message that was published while you looked came before one that is older.',
            'Look at what you write first, and at what may be written before it.',
            'A client keeps the last id it has seen. An older message behind a newer one sets it back.',
          ],
        },
        async run(trial) {
          const hint = (seen: string) => (seen === 'missing' ? 'lost' : seen === 'out of order' ? 'order' : 'overlap')
          for (const use of SEAMS) {
            const had = await trial.publish('had')
            const missed = await trial.publish('missed')
            await trial.ambush('between', use)
            const stream = await come(trial, { lastEventId: had[0]?.id })
            await trial.until('it follows', async () => (await trial.reads()).following > 0).catch(() => {})
            await settled(trial)
            const { ambushed } = await trial.reads()
            // Who has fewer steps than that is through already.
            const between = ambushed ?? (await trial.publish('behind'))[0]
            const when = `behind step ${use} of yours at the feed`
            const saw = `A client comes back that has missed ${missed[0]?.id}; ${between?.id} was published ${when}. You wrote:`
            await expectMessages(trial, stream, between ? [...missed, between] : missed, { saw, hint })
            stream.leave()
            await trial.until('it has left', async () => (await trial.reads()).following === 0).catch(() => {})
          }
        },
      },
      {
        name: 'an-unknown-id',
        title: 'Says so where an id points at nothing any more',
        hints: {
          history: [
            'A client came with an id that this feed does not know, and was sent all that is kept, as if that were new.',
            'Look at what you write before the messages when start has a gap.',
            'The client may have some of these already, and others are lost for good. It cannot know unless it is told: an event of a kind of its own.',
          ],
          nothing: [
            'A client came with an id that this feed does not know, and was told nothing of it.',
            'Look at what becomes of the gap that the feed reports.',
            'Something may be lost, and nobody can say what. Better said than hidden: the client can then load everything anew.',
          ],
          'gap-without-id': [
            'The gap was told, and the client still has an id that points at nothing.',
            'Look at the fields of your gap event: what will the client send when it comes back?',
            'An id stays until another one comes. Without a new one the client is told of the same gap at every return.',
          ],
          'not-from-there': [
            'The gap was told with an id, and what followed does not begin behind it.',
            'Look at the place from which you follow: is it the one that you told the client?',
            'An id is a promise: everything up to here you have, or will never get; everything behind it comes.',
          ],
        },
        run: (trial) => tellsOfGap(trial, 'old.7', 'an id of another life of the feed'),
      },
      {
        name: 'an-odd-id',
        title: 'Refuses nobody for an id that is none',
        hints: {
          refused: [
            'The id was no cursor at all, and you answered with an error.',
            'Look at what is done with the header before the stream begins: what throws there?',
            'A browser that gets an error status gives up for good, without a word to the user. An id that means nothing is a gap, and no more than that.',
          ],
          nothing: [
            'The id was no cursor at all, and the client was not told that it may have missed something.',
            'Look at what you make of an id that does not parse: is it the same as none?',
            'Who sends an id believes that it has something. If you cannot tell what, say so: that is a gap.',
          ],
          history: [
            'The id was no cursor at all, and the client was sent all that is kept, as if that were new.',
            'Look at what you write before the messages when start has a gap.',
            'The client may have some of these already. It cannot know unless it is told.',
          ],
          'gap-without-id': [
            'The gap was told, and the client still has the id that means nothing.',
            'Look at the fields of your gap event: what will the client send when it comes back?',
            'An id stays until another one comes.',
          ],
          'not-from-there': [
            'The gap was told with an id, and what followed does not begin behind it.',
            'Look at the place from which you follow: is it the one that you told the client?',
            'An id is a promise: everything behind it comes.',
          ],
        },
        run: (trial) => tellsOfGap(trial, 'garb age', 'an id that is no cursor'),
      },
      {
        name: 'a-gap-on-the-way',
        title: 'Says so, too, where something is lost while a client follows',
        hints: {
          nothing: [
            'The feed brought a gap to a client that was following, and the client was told nothing of it.',
            'Look at what you make of a batch that is a gap: it has no events, and is not nothing.',
            'Who reads too slowly is overtaken by what the server forgets. That is rarer than a strange id at the beginning, and the same to the client: something is missing, and only you know.',
          ],
          'gap-without-id': [
            'The gap was told, and the client still has the id from before it.',
            'Look at the fields of this gap: a stream tells of gaps in two places, at its beginning and in the middle. Are both alike?',
            'An id stays until another one comes. A client that is cut off now comes back with the old one, and is told of the same gap again, at every return.',
          ],
          'not-from-there': [
            'The gap was told with an id, and what followed does not begin behind it.',
            'Look at which cursor you write as the id of the gap.',
            'An id is a promise: everything up to here you have, or will never get; everything behind it comes.',
          ],
        },
        async run(trial) {
          const had = await trial.publish('one', 'two')
          await trial.ambushAndForget('lost', 'kept')
          const stream = await come(trial, { lastEventId: had[0]?.id })
          const { ambushed } = await trial.reads()
          if (!ambushed) throw new Unclear('The feed was not asked for anything, which earlier checks are about.')
          const saw = `A client came back that has ${had[0]?.id}. Before you followed the feed from there, it had forgotten all but ${ambushed.id}. You wrote:`
          const isThere = () => stream.read.events.some(({ data }) => data.includes(`"${ambushed.id}"`))
          await waitFor(trial, stream, isThere, { saw, hint: 'nothing' }, () => ambushed.id)
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
          if (next === ambushed.id) return
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
      },
    ],
  },
]

async function tellsOfGap(trial: Trial, lastEventId: string, what: string): Promise<void> {
  const kept = await trial.publish('one', 'two')
  const stream = await come(trial, { lastEventId })
  const live = await trial.publish('three')
  const saw = `A client came back with ${what}, when ${kept[0]?.id} and ${kept[1]?.id} were there, and ${live[0]?.id} followed. You wrote:`
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
  await expectMessages(trial, stream, all.slice(Number(seq)), { saw, hint: 'not-from-there' })
}
