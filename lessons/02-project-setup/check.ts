import { expectField, expectHeader, expectStatus, shown } from '../kit/expect.ts'
import type { Exercise, Hint } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/exercise.ts'
import type { Exchange } from '../kit/exchange.ts'
import type { Trial } from '../kit/trial.ts'

const HELLO = { user: 'Ada', text: 'hello' }

const TO_DO: Hint = [
  'The exercise still says 501 Not Implemented.',
  'Look for TODO in the file.',
  'The lesson says what is to be built, and why; the comments in the file say where.',
]

const NO_WORD: Hint = [
  'There was no whole answer.',
  'Look for a path through your handler on which it neither returns nor sends.',
  'Every request needs an end. A client cannot tell an answer that takes long from one that never comes.',
]

/** As `trial.get`, for statuses that `get` refuses and this lesson has something of its own to say about. */
async function asked(trial: Trial, target: string, body?: unknown): Promise<Exchange> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { 'Content-Type': 'application/json' }
  const how = body === undefined ? {} : { method: 'POST', headers, body: text }
  const answer = await trial.open(target, how).answer
  const bytes = posted(answer, text)
  if (answer.ended !== 'whole')
    throw new Late({ saw: 'There was no whole answer to this:', bytes, at: bytes.length, hint: NO_WORD })
  if (answer.status === 501)
    throw new Wrong({ saw: 'This is still to be done:', bytes, at: placeOfStatus(answer, text), hint: TO_DO })
  return answer
}

/** What crossed, the body of the request included: it is what this lesson is about. */
function posted(answer: Exchange, body?: string): string {
  const bytes = shown(answer)
  if (body === undefined) return bytes
  const cut = body.length > 70 ? `${body.slice(0, 70)}\u2026` : body
  return bytes.replace(answer.requestLine, `${answer.requestLine}\n\n${cut.replaceAll('$', '$$$$')}`)
}

const placeOfStatus = (answer: Exchange, body?: string): number =>
  posted(answer, body).indexOf(answer.statusLine) + 'HTTP/1.1 '.length

interface Event {
  readonly id?: unknown
  readonly text?: unknown
}

const idOf = ({ json }: Exchange): unknown =>
  typeof json === 'object' && json !== null && 'id' in json ? json.id : undefined

/** The list in a history; a finding of its own where there is none. */
function eventsIn(answer: Exchange, saw: string): readonly Event[] {
  const { json } = answer
  if (typeof json === 'object' && json !== null && 'events' in json && Array.isArray(json.events)) return json.events
  const bytes = shown(answer)
  const at = answer.body === '' ? bytes.length : bytes.lastIndexOf(answer.body)
  throw new Wrong({ saw, bytes, at, wanted: '{"events":[\u2026]}', hint: NO_LIST })
}

const NO_LIST: Hint = [
  'The answer is not of the shape that a reader expects.',
  'Look at what the handler of GET returns: one object with a list that is called events.',
  'A list that lies in an object can be given company later, a cursor for instance, and nobody who reads it has to change.',
]

/** The texts of a room's history; fails where they are not these, in this order. */
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

/** Of the value of the so-manieth `"text":`, or of the end of the list. */
function placeOfText(bytes: string, index: number): number {
  const places = Array.from(bytes.matchAll(/"text":/g), ({ index, 0: { length } }) => index + length)
  return places[index] ?? Math.max(bytes.lastIndexOf(']'), 0)
}

interface Refused {
  readonly saw: string
  readonly body: unknown
  /** The field that the answer has to name; null where there is none to name. */
  readonly names: string | null
}

/** Each of these has to be answered with 400 and a word of what was wrong, and none of them may be kept. */
async function expectRefused(trial: Trial, all: readonly Refused[], hint = hintOf): Promise<void> {
  const { room } = trial
  for (const { saw, body, names } of all) {
    const answer = await asked(trial, `/feed/${room}`, body)
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const bytes = posted(answer, text)
    const told = { saw: `${saw} You answered:`, bytes }
    if (answer.status !== 400) {
      const at = placeOfStatus(answer, text)
      throw new Wrong({ ...told, at, wanted: '400', hint: hint(answer) })
    }
    if (names !== null && !answer.body.includes(names)) {
      const at = bytes.length - answer.body.length
      throw new Wrong({ ...told, at, wanted: `something about ${JSON.stringify(names)}`, hint: 'not-named' })
    }
    const kept = await asked(trial, `/feed/${room}`)
    const sawKept = `${saw} You refused it, and then the room held:`
    if (eventsIn(kept, sawKept).length === 0) continue
    const at = shown(kept).indexOf('[') + 1
    throw new Wrong({ saw: sawKept, bytes: shown(kept), at, wanted: 'nothing', hint: 'kept' })
  }
}

function hintOf({ status, json }: Exchange): string {
  if (status >= 500) return 'server-error'
  const isMessage = typeof json === 'object' && json !== null && 'id' in json
  if (status === 201 || isMessage) return 'accepted'
  return status >= 200 && status < 300 ? 'ok-with-error' : 'other-status'
}

function holdsTexts({ json }: Exchange): boolean {
  const { user, text }: { user?: unknown; text?: unknown } = typeof json === 'object' && json !== null ? json : {}
  return typeof user === 'string' && typeof text === 'string'
}

/** What can become of a body that does not fit. */
const REFUSALS = {
  accepted: [
    'The body does not fit, and you took it for a message.',
    'Look at what is asked of a body before your handler runs: does the schema speak of this?',
    'Types are gone when the program runs. What comes over the network is whatever somebody has sent, until you have looked.',
  ],
  'ok-with-error': [
    'You said what was wrong, and your status said that all went well.',
    'Look at the status of that answer: nobody has set it, or somebody to one from 200 on.',
    'Programs read the status and not the words: pages, proxies, monitors. With 200 the sender believes that it was published.',
  ],
  'other-status': [
    'You refused it, by a status that says something else.',
    'Look at the status: which one is for a request that the client has to change before it comes again?',
    'A body that does not fit is the client\u2019s mistake, and 400 Bad Request says so (RFC 9110, section 15.5.1).',
  ],
  'server-error': [
    'What the client did wrong you reported as a mistake of your own.',
    'Look at what your handler does with the body before it has looked at it.',
    'From 500 on the server says that it is broken. Clients then send the same again, and somebody is called at night.',
  ],
  'not-named': [
    'You refused it, and the sender does not learn what was wrong.',
    'Look at the words of the answer: do they name the field?',
    'An error is read by somebody who wants to go on. It names the thing, and says what would be right.',
  ],
  kept: [
    'You refused the message, and it is in the room nevertheless.',
    'Look at the order: what happens before the body has been looked at?',
    'First look, then act. What is refused leaves no trace.',
  ],
} satisfies Record<string, Hint>

export const exercises: readonly Exercise[] = [
  {
    name: 'server',
    hosted: { kind: 'server' },
    checks: [
      {
        name: 'publishes',
        title: 'Answers a message with 201 and the message as it was kept',
        hints: {
          'not-201': [
            'The message was taken, and your status says something else than that.',
            'Look at the status: it is 200 where nobody sets one.',
            '201 Created (RFC 9110, section 15.3.2) says that there is something now that was not there before. 200 says only that it went well.',
          ],
          'no-route': [
            'The server knows nothing at this address.',
            'Look at the method and the path that you register, letter by letter.',
            'A route is a method and a path. What matches neither is answered with 404 before any handler runs.',
          ],
          refused: [
            'The message had everything that it needs, and you refused it.',
            'Look at what you ask of a body: is it more than a user and a text?',
            'What is promised has to go through. Try the least that a client can send.',
          ],
          failed: [
            'The message was complete, and the server says that it is broken.',
            'Look at what your handler does with it, line by line; the answer quotes the error.',
            'Fastify turns an error in a handler into a 500. From there on up it is the server\u2019s fault.',
          ],
          'not-as-sent': [
            'What came back is not the message that was sent.',
            'Look at what you answer with: it needs id, room, at, user and text.',
            'The answer is how the sender learns what has become of the message, and by which id it is known from now on.',
          ],
          'no-time': [
            'The message has no time that one could read as such.',
            'Look at the value of at: it is a number of milliseconds, and the clock is the server\u2019s.',
            'How old a message is can be told only from when it was accepted. A text of the time would have to be taken apart first.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const answer = await asked(trial, `/feed/${room}`, HELLO)
          const saw = `${JSON.stringify(HELLO)} was sent to the room ${room}. You answered:`
          const { status } = answer
          const hint = status === 404 ? 'no-route' : status >= 500 ? 'failed' : status >= 400 ? 'refused' : 'not-201'
          expectStatus(answer, 201, { saw, hint })
          expectHeader(answer, 'content-type', /json/, { saw, hint: 'not-as-sent' })
          for (const [name, value] of Object.entries({ ...HELLO, room }))
            expectField(answer, name, value, { saw, hint: 'not-as-sent' })
          const { json } = answer
          const at = typeof json === 'object' && json !== null && 'at' in json ? json.at : undefined
          const id = idOf(answer)
          if (typeof id !== 'string' || id === '') expectField(answer, 'id', 'a text', { saw, hint: 'not-as-sent' })
          if (typeof at !== 'number' || at < YEAR_2020_MS)
            expectField(answer, 'at', Date.now(), { saw, hint: 'no-time' })
        },
      },
      {
        name: 'rooms-apart',
        title: 'Keeps the rooms apart',
        hints: {
          mixed: [
            'A message of one room was read in another one.',
            'Look at where you keep the messages, and at what you look for when somebody reads.',
            'A room is who hears whom. What is said in one is nobody else\u2019s business.',
          ],
          missing: [
            'A message that was published is not in its room.',
            'Look at by which name you keep a room, and by which you look for it.',
            'What was accepted is there from then on, whatever happens in other rooms.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const other = `${room}-2`
          await asked(trial, `/feed/${room}`, { user: 'Ada', text: 'here' })
          await asked(trial, `/feed/${other}`, { user: 'Bob', text: 'there' })
          const saw = `"here" was published in ${room} and "there" in ${other}. Then somebody read`
          const hints = { order: 'mixed', missing: 'missing', extra: 'mixed' }
          await expectTexts(trial, room, ['here'], `${saw} ${room}:`, hints)
          await expectTexts(trial, other, ['there'], `${saw} ${other}:`, hints)
        },
      },
      {
        name: 'reads-back',
        title: 'Gives back what was published, oldest first',
        hints: {
          missing: [
            'Of the messages that were published not all came back.',
            'Look at where you keep them: is what was there before still there after the next one?',
            'A feed only grows. A message that was answered with 201 is a promise.',
          ],
          order: [
            'The messages are all there, and not in the order in which they were published.',
            'Look at the end of the list at which you put the new one.',
            'A feed has one order for everybody, oldest first. How a page shows it is the page\u2019s business.',
          ],
          extra: [
            'More came back than was published.',
            'Look at how often a message is put into the list.',
            'One publish, one message.',
          ],
          'other-id': [
            'The message has another id now than in the answer to the one who published it.',
            'Look at where the id is made: once for each message, or each time that somebody asks?',
            'An id is a name for ever. Whoever has seen the message by it will ask for it by it.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const texts = ['one', 'two', 'three']
          const ids: unknown[] = []
          for (const text of texts) ids.push(idOf(await asked(trial, `/feed/${room}`, { user: 'Ada', text })))
          const saw = 'Three messages were published, one after the other. Then somebody read the room:'
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
      },
      {
        name: 'an-empty-room',
        title: 'Answers a room in which nobody has spoken yet with an empty list',
        hints: {
          'not-found': [
            'Nobody has said anything in this room, and you answered that it is not there.',
            'Look at what you do when nothing is kept under the room\u2019s name.',
            'To have no messages yet is how every room begins. An empty list is an answer; a 404 would tell the reader that the address is wrong.',
          ],
          'not-empty': [
            'Nobody has said anything in this room, and it is not empty.',
            'Look at where you take the list from.',
            'What a room holds is what was published in it.',
          ],
        },
        async run(trial) {
          const saw = 'Somebody read a room in which nothing was ever published. You answered:'
          const answer = await asked(trial, `/feed/${trial.room}`)
          expectStatus(answer, 200, { saw, hint: 'not-found' })
          const hints = { order: 'not-empty', missing: 'not-empty', extra: 'not-empty' }
          await expectTexts(trial, trial.room, [], saw, hints)
        },
      },
      {
        name: 'both-fields',
        title: 'Refuses a message in which something is missing, and says what',
        hints: REFUSALS,
        run: (trial) =>
          expectRefused(trial, [
            { saw: 'The text was missing.', body: { user: 'Ada' }, names: 'text' },
            { saw: 'The user was missing.', body: { text: 'hello' }, names: 'user' },
            { saw: 'Everything was missing.', body: {}, names: null },
          ]),
      },
      {
        name: 'no-object',
        title: 'Refuses what is no message at all',
        hints: REFUSALS,
        run: (trial) =>
          expectRefused(trial, [
            { saw: 'The body was null, which is JSON and no object.', body: null, names: null },
            { saw: 'The body was a list.', body: [HELLO], names: null },
            { saw: 'The body broke off in the middle.', body: '{"user":"Ada","te', names: null },
          ]),
      },
      {
        name: 'of-the-right-type',
        title: 'Refuses a text that is none, and does not make it one',
        hints: {
          ...REFUSALS,
          bent: [
            'What was no text was made into one and published.',
            'Look at what changes a value on its way: a conversion of your own, or the setting of Fastify that the file switches off.',
            'Whoever sends a number where a text belongs has a mistake in the program. Told at once, it is found at once; bent to fit, it is found by the readers.',
          ],
        },
        run: (trial) => {
          const wrong = [
            { saw: 'The text was a number.', body: { user: 'Ada', text: 42 }, names: 'text' },
            { saw: 'The user was an object.', body: { user: { name: 'Ada' }, text: 'hello' }, names: 'user' },
            { saw: 'The text was null.', body: { user: 'Ada', text: null }, names: 'text' },
          ]
          return expectRefused(trial, wrong, (answer) =>
            hintOf(answer) === 'accepted' && holdsTexts(answer) ? 'bent' : hintOf(answer),
          )
        },
      },
      {
        name: 'neither-empty-nor-endless',
        title: 'Refuses an empty text and one that is too long, and takes the longest that is allowed',
        hints: {
          ...REFUSALS,
          'too-strict': [
            'That is as long as a text may be, and you refused it.',
            'Look at the limit: does it name the longest that is allowed, or the first that is not?',
            'A limit is a promise in both directions. What it allows has to go through.',
          ],
        },
        async run(trial) {
          const long = { user: 'A'.repeat(64), text: 'x'.repeat(4000) }
          await expectRefused(trial, [
            { saw: 'The text was empty.', body: { user: 'Ada', text: '' }, names: 'text' },
            { saw: 'The user was empty.', body: { user: '', text: 'hello' }, names: 'user' },
            { saw: 'The text had 4001 characters.', body: { user: 'Ada', text: `${long.text}x` }, names: 'text' },
            { saw: 'The user had 65 characters.', body: { user: `${long.user}A`, text: 'hello' }, names: 'user' },
          ])
          const answer = await asked(trial, `/feed/${trial.room}`, long)
          const saw = 'A user of 64 characters sent a text of 4000. You answered:'
          expectStatus(answer, 201, { saw, hint: 'too-strict' })
        },
      },
      {
        name: 'stamped-by-the-server',
        title: 'Gives id and time itself, whatever the client has sent',
        hints: {
          forged: [
            'The client sent an id or a time of its own along, and you kept it.',
            'Look at where the message is put together: what of the body gets into it, and what comes last?',
            'Take from a request what you asked for, by name. Whatever else is in it is not yours.',
          ],
          refused: [
            'The message was complete, with something beside it, and you did not take it.',
            'Look at what you do with fields that you do not know.',
            'A client that sends more than is needed may be newer than the server. What is not known is left out.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const answer = await asked(trial, `/feed/${room}`, { ...HELLO, id: 'mine', at: 1, room: 'elsewhere' })
          const saw = 'The client sent "id":"mine", "at":1 and "room":"elsewhere" along with its message. You answered:'
          expectStatus(answer, 201, { saw, hint: 'refused' })
          const bytes = shown(answer)
          for (const part of ['"id":"mine"', '"at":1,', '"at":1}', '"room":"elsewhere"']) {
            const at = bytes.indexOf(part)
            if (at < 0) continue
            const value = at + part.indexOf(':') + 1
            throw new Wrong({ saw, bytes, at: value, wanted: 'the server\u2019s own', hint: 'forged' })
          }
        },
      },
      {
        name: 'ids-of-one-instant',
        title: 'Gives two messages of the same instant different ids',
        hints: {
          'same-id': [
            'Two messages were published within the same millisecond, and they have the same id.',
            'Look at what the id is made of.',
            'Times are not unique, however fine the clock. A count is.',
          ],
        },
        async run(trial) {
          const { room } = trial
          await trial.freeze()
          const first = await asked(trial, `/feed/${room}`, { user: 'Ada', text: 'ping' })
          const second = await asked(trial, `/feed/${room}`, { user: 'Bob', text: 'pong' })
          const saw = `Ada\u2019s message was given the id ${JSON.stringify(idOf(first))}. Within the same millisecond came Bob\u2019s. You answered:`
          expectStatus(second, 201, { saw, hint: 'same-id' })
          if (idOf(second) !== idOf(first)) return
          const bytes = shown(second)
          throw new Wrong({ saw, bytes, at: bytes.indexOf('"id":') + 5, wanted: 'another one', hint: 'same-id' })
        },
      },
      {
        name: 'any-name',
        title: 'Takes every name of a room for a name and nothing else',
        hints: {
          'not-empty': [
            'A room that is called like something that every object has was not empty, or could not be spoken in.',
            'Look at what the rooms are kept in: what does it hold before anybody puts something there?',
            'A plain object inherits: it has a constructor without anybody\u2019s doing. A Map has what was put in, and no more.',
          ],
        },
        async run(trial) {
          const saw = 'A room was called "constructor", which is a name like any other. You answered:'
          const before = await asked(trial, '/feed/constructor')
          expectStatus(before, 200, { saw, hint: 'not-empty' })
          const told = { order: 'not-empty', missing: 'not-empty', extra: 'not-empty' }
          if (idOf(before) === undefined && !/"events":\[\]/.test(before.body)) {
            const bytes = shown(before)
            throw new Wrong({ saw, bytes, at: bytes.lastIndexOf('\n') + 1, wanted: '{"events":[]}', hint: 'not-empty' })
          }
          const answer = await asked(trial, '/feed/constructor', HELLO)
          expectStatus(answer, 201, { saw, hint: 'not-empty' })
          await expectTexts(trial, 'constructor', ['hello'], saw, told)
        },
      },
    ],
  },
]

const YEAR_2020_MS = Date.UTC(2020)
