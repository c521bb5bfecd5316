import { expectField, expectHeader, expectStatus, shown } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import type { Exchange } from '../kit/exchange.ts'
import { fieldOf } from '../kit/json.ts'
import type { Trial } from '../kit/trial.ts'
import { TO_DO, NO_WORD, NO_LIST, words } from './hints.ts'

const HELLO = { user: 'Ada', text: 'hello' }

/** Like `trial.get`, but returns responses with 404 and 500 too: this lesson has its own hints for them. */
async function asked(trial: Trial, target: string, body?: unknown): Promise<Exchange> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { 'Content-Type': 'application/json' }
  const how = body === undefined ? {} : { method: 'POST', headers, body: text }
  const answer = await trial.open(target, how).answer
  const bytes = posted(answer, text)
  if (answer.ended !== 'whole')
    throw new Late({
      saw: 'Your server did not respond completely to this request:',
      bytes,
      at: bytes.length,
      hint: NO_WORD,
    })
  if (answer.status === 501)
    throw new Wrong({ saw: 'This part is not implemented yet:', bytes, at: placeOfStatus(answer, text), hint: TO_DO })
  return answer
}

/** Text of the exchange, with the body of the request. */
function posted(answer: Exchange, body?: string): string {
  const bytes = shown(answer)
  if (body === undefined) return bytes
  const cut = body.length > 70 ? `${body.slice(0, 70)}…` : body
  return bytes.replace(answer.requestLine, `${answer.requestLine}\n\n${cut.replaceAll('$', '$$$$')}`)
}

const placeOfStatus = (answer: Exchange, body?: string): number =>
  posted(answer, body).indexOf(answer.statusLine) + 'HTTP/1.1 '.length

interface Event {
  readonly id?: unknown
  readonly text?: unknown
}

const idOf = ({ json }: Exchange): unknown => fieldOf(json, 'id')

/** Returns the list of events; throws `Wrong` if there is none. */
function eventsIn(answer: Exchange, saw: string): readonly Event[] {
  const events = fieldOf(answer.json, 'events')
  if (Array.isArray(events)) return events
  const bytes = shown(answer)
  const at = answer.body === '' ? bytes.length : bytes.lastIndexOf(answer.body)
  throw new Wrong({ saw, bytes, at, wanted: '{"events":[…]}', hint: NO_LIST })
}

/** Reads a room, and throws `Wrong` unless its texts are these, in this order. */
async function expectTexts(trial: Trial, room: string, wanted: readonly string[], saw: string, hints: Texts) {
  const answer = await asked(trial, `/feed/${room}`)
  expectStatus(answer, 200, { saw, hint: hints.missing })
  const events = eventsIn(answer, saw)
  const texts = events.map(({ text }) => String(text))
  const first = Math.max(texts.length, wanted.length)
  const at = Array.from({ length: first }, (_, i) => i).find((i) => texts[i] !== wanted[i])
  if (at === undefined) return answer
  const isSame = texts.toSorted().join() === wanted.toSorted().join()
  const hint = isSame ? hints.order : texts.length > wanted.length ? hints.extra : hints.missing
  const bytes = shown(answer)
  const wantedText = wanted[at] === undefined ? 'nothing more' : JSON.stringify(wanted[at])
  throw new Wrong({ saw, bytes, at: placeOfText(bytes, at), wanted: wantedText, hint })
}

interface Texts {
  readonly order: string
  readonly missing: string
  readonly extra: string
}

/** Position of the value of the nth `"text":`, or of the end of the list if there are fewer. */
function placeOfText(bytes: string, index: number): number {
  const places = Array.from(bytes.matchAll(/"text":/g), ({ index, 0: { length } }) => index + length)
  return places[index] ?? Math.max(bytes.lastIndexOf(']'), 0)
}

interface Refused {
  readonly saw: string
  readonly body: unknown
  /** The field that the response has to name; null if it has to name none. */
  readonly names: string | null
}

/** Expects each body to be refused with 400, the wrong field to be named, and nothing to be stored. */
async function expectRefused(trial: Trial, all: readonly Refused[], hint = hintOf): Promise<void> {
  const { room } = trial
  for (const { saw, body, names } of all) {
    const answer = await asked(trial, `/feed/${room}`, body)
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const bytes = posted(answer, text)
    const shared = { saw: `${saw} Your server responded:`, bytes }
    if (answer.status !== 400) {
      const at = placeOfStatus(answer, text)
      throw new Wrong({ ...shared, at, wanted: '400', hint: hint(answer) })
    }
    if (names !== null && !answer.body.includes(names)) {
      const at = bytes.length - answer.body.length
      throw new Wrong({ ...shared, at, wanted: `something about ${JSON.stringify(names)}`, hint: 'not-named' })
    }
    const kept = await asked(trial, `/feed/${room}`)
    const sawKept = `${saw} Your server refused it. After that the room contained:`
    if (eventsIn(kept, sawKept).length === 0) continue
    const at = shown(kept).indexOf('[') + 1
    throw new Wrong({ saw: sawKept, bytes: shown(kept), at, wanted: 'nothing', hint: 'kept' })
  }
}

function hintOf(answer: Exchange): string {
  const { status } = answer
  if (status >= 500) return 'server-error'
  if (status === 201 || idOf(answer) !== undefined) return 'accepted'
  return status >= 200 && status < 300 ? 'ok-with-error' : 'other-status'
}

const holdsTexts = ({ json }: Exchange): boolean =>
  ['user', 'text'].every((name) => typeof fieldOf(json, name) === 'string')

export const exercises: readonly Exercise[] = [
  {
    name: 'server',
    hosted: { kind: 'server' },
    checks: checksFrom(words.server, {
      async publishes(trial) {
        const { room } = trial
        const answer = await asked(trial, `/feed/${room}`, HELLO)
        const saw = `${JSON.stringify(HELLO)} was sent to room ${room}. Your server responded:`
        const { status } = answer
        const hint = status === 404 ? 'no-route' : status >= 500 ? 'failed' : status >= 400 ? 'refused' : 'not-201'
        expectStatus(answer, 201, { saw, hint })
        expectHeader(answer, 'content-type', /json/, { saw, hint: 'not-as-sent' })
        for (const [name, value] of Object.entries({ ...HELLO, room }))
          expectField(answer, name, value, { saw, hint: 'not-as-sent' })
        const at = fieldOf(answer.json, 'at')
        const id = idOf(answer)
        if (typeof id !== 'string' || id === '') expectField(answer, 'id', 'a text', { saw, hint: 'not-as-sent' })
        if (typeof at !== 'number' || at < YEAR_2020_MS) expectField(answer, 'at', Date.now(), { saw, hint: 'no-time' })
      },
      async 'rooms-apart'(trial) {
        const { room } = trial
        const other = `${room}-2`
        await asked(trial, `/feed/${room}`, { user: 'Ada', text: 'here' })
        await asked(trial, `/feed/${other}`, { user: 'Bob', text: 'there' })
        const saw = `"here" was published in ${room} and "there" in ${other}. Then a client read`
        const hints = { order: 'mixed', missing: 'missing', extra: 'mixed' }
        await expectTexts(trial, room, ['here'], `${saw} ${room}:`, hints)
        await expectTexts(trial, other, ['there'], `${saw} ${other}:`, hints)
      },
      async 'reads-back'(trial) {
        const { room } = trial
        const texts = ['one', 'two', 'three']
        const ids: unknown[] = []
        for (const text of texts) ids.push(idOf(await asked(trial, `/feed/${room}`, { user: 'Ada', text })))
        const saw = 'Three messages were published, one after the other. Then a client read the room:'
        const answer = await expectTexts(trial, room, texts, saw, {
          order: 'order',
          missing: 'missing',
          extra: 'extra',
        })
        const found = eventsIn(answer, saw).map(({ id }) => id)
        const other = found.findIndex((id, i) => id !== ids[i])
        if (other < 0) return
        const bytes = shown(answer)
        const at = bytes.indexOf(`"id":${JSON.stringify(found[other])}`) + '"id":'.length
        throw new Wrong({ saw, bytes, at, wanted: JSON.stringify(ids[other]), hint: 'other-id' })
      },
      async 'an-empty-room'(trial) {
        const saw = 'A client read a room in which nothing was ever published. Your server responded:'
        const answer = await asked(trial, `/feed/${trial.room}`)
        expectStatus(answer, 200, { saw, hint: 'not-found' })
        const hints = { order: 'not-empty', missing: 'not-empty', extra: 'not-empty' }
        await expectTexts(trial, trial.room, [], saw, hints)
      },
      'both-fields': (trial) =>
        expectRefused(trial, [
          { saw: 'The text was missing.', body: { user: 'Ada' }, names: 'text' },
          { saw: 'The user was missing.', body: { text: 'hello' }, names: 'user' },
          { saw: 'User and text were missing.', body: {}, names: null },
        ]),
      'no-object': (trial) =>
        expectRefused(trial, [
          { saw: 'The body was null, which is valid JSON but not an object.', body: null, names: null },
          { saw: 'The body was a list.', body: [HELLO], names: null },
          { saw: 'The JSON of the body ended in the middle.', body: '{"user":"Ada","te', names: null },
        ]),
      'of-the-right-type': (trial) => {
        const wrong = [
          { saw: 'The text was a number.', body: { user: 'Ada', text: 42 }, names: 'text' },
          { saw: 'The user was an object.', body: { user: { name: 'Ada' }, text: 'hello' }, names: 'user' },
          { saw: 'The text was null.', body: { user: 'Ada', text: null }, names: 'text' },
        ]
        return expectRefused(trial, wrong, (answer) =>
          hintOf(answer) === 'accepted' && holdsTexts(answer) ? 'bent' : hintOf(answer),
        )
      },
      async 'neither-empty-nor-endless'(trial) {
        const long = { user: 'A'.repeat(64), text: 'x'.repeat(4000) }
        await expectRefused(trial, [
          { saw: 'The text was empty.', body: { user: 'Ada', text: '' }, names: 'text' },
          { saw: 'The user was empty.', body: { user: '', text: 'hello' }, names: 'user' },
          { saw: 'The text had 4001 characters.', body: { user: 'Ada', text: `${long.text}x` }, names: 'text' },
          { saw: 'The user had 65 characters.', body: { user: `${long.user}A`, text: 'hello' }, names: 'user' },
        ])
        const answer = await asked(trial, `/feed/${trial.room}`, long)
        const saw = 'A user name of 64 characters came with a text of 4000 characters. Your server responded:'
        expectStatus(answer, 201, { saw, hint: 'too-strict' })
      },
      async 'stamped-by-the-server'(trial) {
        const { room } = trial
        const answer = await asked(trial, `/feed/${room}`, { ...HELLO, id: 'mine', at: 1, room: 'elsewhere' })
        const saw =
          'The client sent "id":"mine", "at":1 and "room":"elsewhere" with its message. Your server responded:'
        expectStatus(answer, 201, { saw, hint: 'refused' })
        const bytes = shown(answer)
        for (const part of ['"id":"mine"', '"at":1,', '"at":1}', '"room":"elsewhere"']) {
          const at = bytes.indexOf(part)
          if (at < 0) continue
          const value = at + part.indexOf(':') + 1
          throw new Wrong({ saw, bytes, at: value, wanted: 'a value set by the server', hint: 'forged' })
        }
      },
      async 'ids-of-one-instant'(trial) {
        const { room } = trial
        await trial.freeze()
        const first = await asked(trial, `/feed/${room}`, { user: 'Ada', text: 'ping' })
        const second = await asked(trial, `/feed/${room}`, { user: 'Bob', text: 'pong' })
        const saw = `Ada’s message got the id ${JSON.stringify(idOf(first))}. Bob’s message came within the same millisecond. Your server responded:`
        expectStatus(second, 201, { saw, hint: 'same-id' })
        if (idOf(second) !== idOf(first)) return
        const bytes = shown(second)
        throw new Wrong({ saw, bytes, at: bytes.indexOf('"id":') + 5, wanted: 'another id', hint: 'same-id' })
      },
      async 'any-name'(trial) {
        const saw = 'A room was named "constructor", which is an allowed name. Your server responded:'
        const before = await asked(trial, '/feed/constructor')
        expectStatus(before, 200, { saw, hint: 'not-empty' })
        const hints = { order: 'not-empty', missing: 'not-empty', extra: 'not-empty' }
        if (idOf(before) === undefined && !/"events":\[\]/.test(before.body)) {
          const bytes = shown(before)
          throw new Wrong({ saw, bytes, at: bytes.lastIndexOf('\n') + 1, wanted: '{"events":[]}', hint: 'not-empty' })
        }
        const answer = await asked(trial, '/feed/constructor', HELLO)
        expectStatus(answer, 201, { saw, hint: 'not-empty' })
        await expectTexts(trial, 'constructor', ['hello'], saw, hints)
      },
    }),
  },
]

const YEAR_2020_MS = Date.UTC(2020)
