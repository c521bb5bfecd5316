import { expectField, expectHeader, expectStatus, shown } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import type { Exchange } from '../kit/exchange.ts'
import { fieldOf } from '../kit/json.ts'
import type { Trial } from '../kit/trial.ts'
import { TO_DO, NO_WORD, NO_LIST, words } from './hints.ts'

const HELLO = { user: 'Ada', text: 'hello' }

const JSON_TYPE = { 'Content-Type': 'application/json' }

/** Like `trial.get`, but returns responses with 404 and 500 too: this lesson has its own hints for them. */
async function asked(trial: Trial, target: string, body?: unknown, headers: Headers = JSON_TYPE): Promise<Exchange> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
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

type Headers = Readonly<Record<string, string>>

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

const FIELDS = ['id', 'room', 'at', 'user', 'text'] as const

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
    hosted: { kind: 'server', isFrozen: true },
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
        const isTime = typeof at === 'number' && Math.abs(at - Date.now()) < DAY_MS
        if (!isTime) expectField(answer, 'at', Date.now(), { saw, hint: 'no-time' })
      },
      async 'rooms-apart'(trial) {
        const { room } = trial
        // A name that begins like the other one, and one that differs in its letters only.
        const texts = { [room]: 'here', [`${room}-2`]: 'there', [room.toUpperCase()]: 'HERE' }
        for (const [name, text] of Object.entries(texts)) await asked(trial, `/feed/${name}`, { user: 'Ada', text })
        const published = Object.entries(texts).map(([name, text]) => `${JSON.stringify(text)} in ${name}`)
        const hints = { order: 'mixed', missing: 'missing', extra: 'mixed' }
        for (const [name, text] of Object.entries(texts)) {
          const saw = `These messages were published: ${published.join(', ')}. Then a client read ${name}:`
          await expectTexts(trial, name, [text], saw, hints)
        }
      },
      async 'reads-back'(trial) {
        const { room } = trial
        const texts = Array.from({ length: 12 }, (_, i) => `message ${i + 1}`)
        const sent: unknown[] = []
        for (const text of texts) sent.push((await asked(trial, `/feed/${room}`, { user: 'Ada', text })).json)
        // A program that makes the time when somebody reads gets another one.
        await trial.tick(1000)
        const saw = 'Twelve messages were published, one after the other. Then a client read the room:'
        const answer = await expectTexts(trial, room, texts, saw, {
          order: 'order',
          missing: 'missing',
          extra: 'extra',
        })
        for (const [i, event] of eventsIn(answer, saw).entries())
          for (const name of FIELDS) {
            const [value, wanted] = [fieldOf(event, name), fieldOf(sent[i], name)]
            if (value === wanted) continue
            const bytes = shown(answer)
            const place = Array.from(bytes.matchAll(new RegExp(`"${name}":`, 'g')))[i]
            const at = place ? place.index + place[0].length : bytes.length
            const hint = name === 'id' ? 'other-id' : 'other-message'
            throw new Wrong({ saw, bytes, at, wanted: `"${name}":${JSON.stringify(wanted)}`, hint })
          }
      },
      async 'an-empty-room'(trial) {
        const saw = 'A client read a room in which nothing was ever published. Your server responded:'
        const answer = await asked(trial, `/feed/${trial.room}`)
        expectStatus(answer, 200, { saw, hint: 'not-found' })
        const hints = { order: 'not-empty', missing: 'not-empty', extra: 'not-empty' }
        await expectTexts(trial, trial.room, [], saw, hints)
      },
      async 'every-character'(trial) {
        const { room } = trial
        for (const text of TEXTS) {
          const sent = { user: text.slice(0, 5), text }
          const answer = await asked(trial, `/feed/${room}`, sent)
          const saw = `The client sent ${JSON.stringify(sent)}. Your server responded:`
          expectStatus(answer, 201, { saw, hint: 'changed' })
          for (const [name, value] of Object.entries(sent)) expectField(answer, name, value, { saw, hint: 'changed' })
        }
        const saw = 'Texts with special characters were published. Then a client read the room:'
        await expectTexts(trial, room, TEXTS, saw, { order: 'changed', missing: 'changed', extra: 'changed' })
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
          { saw: 'The body was an empty list.', body: [], names: null },
          { saw: 'The body was a number.', body: 42, names: null },
          { saw: 'The body was a text in JSON.', body: '"hello"', names: null },
          { saw: 'The body was empty.', body: '', names: null },
          { saw: 'The JSON of the body ended in the middle.', body: '{"user":"Ada","te', names: null },
        ]),
      'of-the-right-type': (trial) => {
        const wrong = [
          { saw: 'The text was a number.', body: { user: 'Ada', text: 42 }, names: 'text' },
          { saw: 'The user was an object.', body: { user: { name: 'Ada' }, text: 'hello' }, names: 'user' },
          { saw: 'The text was null.', body: { user: 'Ada', text: null }, names: 'text' },
          { saw: 'The user was a number.', body: { user: 42, text: 'hello' }, names: 'user' },
          { saw: 'The text was true.', body: { user: 'Ada', text: true }, names: 'text' },
          { saw: 'The text was a list with one text.', body: { user: 'Ada', text: ['hello'] }, names: 'text' },
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
        const short = await asked(trial, `/feed/${trial.room}`, { user: 'A', text: ' ' })
        const sawShort = 'The user had one character, and the text was one space. Your server responded:'
        expectStatus(short, 201, { saw: sawShort, hint: 'too-strict-below' })
        const wide = await asked(trial, `/feed/${trial.room}`, { user: 'é'.repeat(64), text: 'é'.repeat(4000) })
        const sawWide = 'A text of 4000 characters came, and each of them has two bytes. Your server responded:'
        expectStatus(wide, 201, { saw: sawWide, hint: 'counts-bytes' })
      },
      async 'stamped-by-the-server'(trial) {
        const { room } = trial
        const forged = { ...HELLO, id: 'mine', at: 1, room: 'elsewhere', isAdmin: true }
        const answer = await asked(trial, `/feed/${room}`, forged)
        const sent = 'The client sent "id":"mine", "at":1, "room":"elsewhere" and "isAdmin":true with its message.'
        expectStatus(answer, 201, { saw: `${sent} Your server responded:`, hint: 'refused' })
        const read = await asked(trial, `/feed/${room}`)
        for (const [exchange, then] of [
          [answer, 'Your server responded:'],
          [read, 'Then a client read the room:'],
        ] as const) {
          const saw = `${sent} ${then}`
          const bytes = shown(exchange)
          for (const part of ['"id":"mine"', '"at":1,', '"at":1}', '"room":"elsewhere"', '"isAdmin":']) {
            const at = bytes.indexOf(part)
            if (at < 0) continue
            if (part === '"isAdmin":') throw new Wrong({ saw, bytes, at, wanted: 'no such field', hint: 'kept-more' })
            const value = at + part.indexOf(':') + 1
            throw new Wrong({ saw, bytes, at: value, wanted: 'a value set by the server', hint: 'forged' })
          }
        }
      },
      async 'its-own-time'(trial) {
        const { room } = trial
        const first = await asked(trial, `/feed/${room}`, { user: 'Ada', text: 'now' })
        await trial.tick(LATER_MS)
        const second = await asked(trial, `/feed/${room}`, { user: 'Ada', text: 'later' })
        const [before, after] = [first, second].map(({ json }) => Number(fieldOf(json, 'at')))
        const wanted = (before ?? 0) + LATER_MS
        if (Math.abs((after ?? 0) - wanted) <= 1) return
        const bytes = shown(second)
        throw new Wrong({
          saw: `A message got "at":${before}. ${LATER_MS} ms later another one came. Your server responded:`,
          bytes,
          at: bytes.indexOf('"at":') + 5,
          wanted: String(wanted),
          hint: 'wrong-time',
        })
      },
      async 'ids-of-one-instant'(trial) {
        const { room } = trial
        const first = await asked(trial, `/feed/${room}`, HELLO)
        const second = await asked(trial, `/feed/${room}`, HELLO)
        const saw = `Ada’s message got the id ${JSON.stringify(idOf(first))}. She sent the same text again, within the same millisecond. Your server responded:`
        expectStatus(second, 201, { saw, hint: 'same-id' })
        if (idOf(second) !== idOf(first)) return
        const bytes = shown(second)
        throw new Wrong({ saw, bytes, at: bytes.indexOf('"id":') + 5, wanted: 'another id', hint: 'same-id' })
      },
      async 'many-at-once'(trial) {
        const { room } = trial
        // Chance then chooses numbers that are almost the same, as it does sooner or later.
        await trial.fixRandom(1 / 2 ** 40)
        const texts = Array.from({ length: MANY }, (_, i) => `message ${i + 1}`)
        const answers = await Promise.all(texts.map((text) => asked(trial, `/feed/${room}`, { user: 'Ada', text })))
        const sent = `${MANY} messages came at the same time.`
        for (const answer of answers) expectStatus(answer, 201, { saw: `${sent} Your server responded:`, hint: 'lost' })
        const ids = answers.map(idOf)
        const again = answers.find((_, i) => ids.indexOf(ids[i]) !== i)
        if (again) {
          const bytes = shown(again)
          const saw = `${sent} Two of them got the same id. Your server responded to one of the two:`
          throw new Wrong({ saw, bytes, at: bytes.indexOf('"id":') + 5, wanted: 'another id', hint: 'too-few-ids' })
        }
        const read = await asked(trial, `/feed/${room}`)
        const found = eventsIn(read, `${sent} Then a client read the room:`).map(({ text }) => text)
        const missing = texts.filter((text) => !found.includes(text))
        if (found.length === MANY && missing.length === 0) return
        const bytes = `${found.length} messages of ${MANY}; missing: ${missing.slice(0, 5).join(', ')} …`
        throw new Wrong({
          saw: `${sent} Then a client read the room:`,
          bytes,
          wanted: `${MANY} messages`,
          hint: 'lost',
        })
      },
      async 'any-name'(trial) {
        const hints = { order: 'not-empty', missing: 'not-empty', extra: 'not-empty' }
        for (const name of SPECIAL_NAMES) {
          const saw = `A room was named ${JSON.stringify(name)}, which is an allowed name. Your server responded:`
          const before = await asked(trial, `/feed/${name}`)
          expectStatus(before, 200, { saw, hint: 'not-empty' })
          if (!/"events":\s*\[\s*\]/.test(before.body)) {
            const bytes = shown(before)
            throw new Wrong({ saw, bytes, at: bytes.lastIndexOf('\n') + 1, wanted: '{"events":[]}', hint: 'not-empty' })
          }
          const answer = await asked(trial, `/feed/${name}`, HELLO)
          expectStatus(answer, 201, { saw, hint: 'not-empty' })
          await expectTexts(trial, name, ['hello'], saw, hints)
        }
      },
      async 'no-such-address'(trial) {
        const { room } = trial
        for (const target of ['/nothing-here', `/elsewhere/feed/${room}`]) {
          const answer = await asked(trial, target)
          const saw = `A client asked for ${target}, which is not an address of this server. Your server responded:`
          expectStatus(answer, 404, { saw, hint: 'found' })
        }
      },
      async 'only-json'(trial) {
        const { room } = trial
        const body = JSON.stringify(HELLO)
        for (const type of ['application/x-www-form-urlencoded', 'application/xml', 'text/plain']) {
          const answer = await asked(trial, `/feed/${room}`, body, { 'Content-Type': type })
          // Fastify reads plain text by itself. The schema then refuses it.
          if (type === 'text/plain' && answer.status === 400) continue
          const saw = `The request had Content-Type: ${type}. Your server responded:`
          expectStatus(answer, 415, { saw, hint: answer.status === 201 ? 'any-type' : 'other-status' })
        }
        const hints = { order: 'any-type', missing: 'any-type', extra: 'any-type' }
        await expectTexts(trial, room, [], 'Your server refused them. Then a client read the room:', hints)
        const type = 'application/json; charset=utf-8'
        const answer = await asked(trial, `/feed/${room}`, body, { 'Content-Type': type })
        const saw = `The request had Content-Type: ${type}, which is JSON too. Your server responded:`
        expectStatus(answer, 201, { saw, hint: 'with-charset' })
      },
    }),
  },
]

/** More than a clock differs from another one in the same country. */
const DAY_MS = 24 * 60 * 60 * 1000

/** Texts with characters that some programs change. */
const TEXTS = [
  '<b>Ada</b> & "Bob" \\ \'Eve\'',
  '  two spaces  and a tab\t',
  'one\r\ntwo\n\nthree',
  'a\u2028b\u0000c\u200bd',
  'e\u0301 \u00e9 \u{1f600} %41 $& ${text}',
]

/** A time that is not a whole number of seconds. */
const LATER_MS = 1234

/** Names that every object has, or that change what an object is. */
const SPECIAL_NAMES = ['constructor', '__proto__', 'hasOwnProperty']

/** Number of messages at once: more than most programs have ids for, if they choose the ids too simply. */
const MANY = 150
