import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { expectStatus } from '../kit/expect.ts'
import { Wrong } from '../kit/finding.ts'
import type { Beginning } from '../kit/program.ts'
import type { RedisCommand } from '../kit/redis.ts'
import type { Trial } from '../kit/trial.ts'
import {
  READ_MS,
  ROUND_MS,
  differsAt,
  expectDelivered,
  heard,
  hears,
  isDoubled,
  isLater,
  isReading,
  opened,
  openedEarly,
  post,
  published,
  readOn,
  receivedBy,
  textsOf,
} from './clients.ts'
import type { Place } from './clients.ts'
import { words } from './hints.ts'

/** Time limit of a check: the first one starts two processes and a Redis, and others reconnect. */
const PROCESSES_MS = 20_000

/** Twelve messages, because the tenth one gets an id with another digit. */
const ALL = 'one two three four five six seven eight nine ten eleven twelve'.split(' ')
const HALF = ALL.length / 2

/** Texts of the first message, and of further attempts. */
const ONES = ['one', 'one more', 'one again']

/** Characters that have a meaning in JSON, in Lua, in SSE or in HTML. */
const TEXT = '"7" \\ \t %s {} <b>&amp; \n\n1:2 Zoë 🎈 \u2028'
/** Also the name of something that every object in JavaScript has. */
const OTHER_ROOM = 'constructor'

/** Messages that both processes publish together, three times; the ids get another digit meanwhile. */
const MANY = 36

/** Commands that a process without a blocking read may send to Redis in this time if nothing is published. */
const IDLE_MS = 1000
const IDLE_COMMANDS = 20

/** True for the time limit of a read that waits long enough; 0 stands for no limit. */
const isPatient = (ms: number) => ms === 0 || ms >= 1000

export const exercises: readonly Exercise[] = [
  {
    name: 'server',
    hosted: { kind: 'server', with: 'redis' },
    withinMs: PROCESSES_MS,
    checks: checksFrom(words.server, {
      async 'the-split-room'(trial) {
        const other = await trial.secondProcess()
        const clients = [await opened(trial, 'A'), await opened(other, 'B')] as const
        // Waits until both processes have started to listen.
        await heard(trial, [clients[0]], 'A')
        await heard(other, [clients[1]], 'B')
        for (const [i, text] of ALL.entries()) {
          const [at, place] = i < HALF ? ([trial, 'A'] as const) : ([other, 'B'] as const)
          await published(at, place, text, 'blocked')
          await readOn(clients, text, [trial, other])
        }
        const saw =
          'Each of two processes has a client. Twelve messages were published one after the other, six at A and then six at B.'
        await expectDelivered(trial, clients, ALL, saw, ({ at }, found) => {
          if (isDoubled(found)) return 'doubled'
          const own = at === 'A' ? ALL.slice(0, HALF) : ALL.slice(HALF)
          if (differsAt(found, own) < 0) return 'alone'
          const everybody = clients.flatMap(textsOf)
          if (ALL.every((text) => everybody.includes(text))) return 'shared-out'
          return found[0] === ALL[0] ? 'no-more' : 'other'
        })
      },
      async 'the-whole-message'(trial) {
        const other = await trial.secondProcess()
        // Only a read that waits for long shows that it has returned: the next one follows.
        if (other.link.blockedMs.some(isPatient)) {
          const reads = other.link.sent
          await published(trial, 'A', 'earlier')
          await trial.until('B has read it, and reads on', () => other.link.sent > reads, READ_MS).catch(() => null)
        }
        const [client, elsewhere] = [await opened(other, 'B'), await opened(other, 'B', OTHER_ROOM)]
        await heard(trial, [client], 'A')
        const event = await published(trial, 'A', { user: 'Noor', text: TEXT })
        await published(trial, 'A', { user: 'Noor', text: 'elsewhere', room: OTHER_ROOM })
        const isThere = () => receivedBy(client).length > 0 && receivedBy(elsewhere).length > 0
        await trial.until('both have theirs', isThere, ROUND_MS).catch(() => null)
        await heard(trial, [client], 'A')
        const saw = `Two clients connected to B, in the rooms "${trial.room}" and "${OTHER_ROOM}". Then one message was published in each room at A.`
        await expectDelivered(trial, [elsewhere], ['elsewhere'], saw, (_client, found) => {
          if (isDoubled(found)) return 'doubled'
          return found.length === 0 ? 'no-room' : 'other-room'
        })
        const texts = textsOf(client)
        if (texts.length > 1)
          await expectDelivered(trial, [client], [TEXT], saw, () => {
            if (texts.includes('earlier')) return 'earlier'
            return texts.includes('elsewhere') ? 'other-room' : 'doubled'
          })
        const [first] = receivedBy(client)
        const { id, user, text, room } = first ?? {}
        const wanted = JSON.stringify({ id: event.id, room: trial.room, user: 'Noor', text: TEXT })
        const found = first ? JSON.stringify({ id, room, user, text }) : 'no message'
        const differs = (hint: string, bytes: string, what: string) => {
          const at = Array.from(what).findIndex((_, i) => bytes[i] !== what[i])
          const head = 'the client at B received: '
          throw new Wrong({ saw, bytes: head + bytes, at: head.length + at, wanted: what.slice(at), hint })
        }
        if (user !== 'Noor' || text !== TEXT || room !== trial.room) differs('changed', found, wanted)
        if (id !== event.id) differs('other-id', found, wanted)
        if (first?.lastEventId !== event.id) differs('other-id', `id: ${first?.lastEventId}`, `id: ${event.id}`)
      },
      async 'one-number'(trial) {
        const other = await trial.secondProcess()
        const places = [trial, other, other, trial] as const
        const ids: string[] = []
        for (const [i, at] of places.entries())
          ids.push(String((await published(at, at === trial ? 'A' : 'B', `number ${i}`)).id))
        const more = (await publishedTogether(trial, other, 'together')).map(({ id }) => id)
        const all = [...ids, ...more]
        const second = all.findIndex((id, i) => all.indexOf(id) < i)
        if (second >= 0)
          throw new Wrong({
            saw: `Four messages were published one after the other at A, B, B and A, and then ${more.length} at the same time at A and B. Your server gave them:`,
            bytes: all.join(' '),
            at: all.slice(0, second).join(' ').length + 1,
            wanted: 'an id that no other message has',
            hint: 'same-id',
          })
        const wrong = ids.findIndex((id, i) => i > 0 && !isLater(id, ids[i - 1] ?? ''))
        if (wrong < 0) return
        const bytes = `the ids of four messages, at A, B, B, A: ${ids.join(' ')}`
        throw new Wrong({
          saw: 'Four messages were published, one after the other. Your server gave them:',
          bytes,
          at: bytes.length - ids.slice(wrong).join(' ').length,
          wanted: 'a larger number than the one before',
          hint: 'falling',
        })
      },
      async 'one-step'(trial) {
        const other = await trial.secondProcess()
        const client = await opened(other, 'B')
        await heard(other, [client], 'B')
        await heard(trial, [client], 'A')
        // The first time, one command of A passes, and its second one is held, if there is one. Then its first one is held.
        for (const passed of [1, 0]) {
          const before = receivedBy(client).length
          trial.link.hold(passed)
          const slow = post(trial, { text: `from A, slow ${passed}` })
          const isHeld = () => slow.exchange !== null || trial.link.held > 0
          await trial.until('a command of A is held', isHeld, ROUND_MS)
          await published(other, 'B', `from B, quick ${passed}`)
          await readOn([client], `from B, quick ${passed}`, [other])
          trial.link.release()
          const answer = await trial.whole(slow)
          const which = passed === 1 ? 'second' : 'first'
          expectStatus(answer, 201, {
            saw: `The ${which} command of A was held for a moment, and B published in the meantime. A responded:`,
            hint: 'refused',
          })
          await trial.until('the client has both', () => receivedBy(client).length >= before + 2, ROUND_MS)
          const found = receivedBy(client)
          const wrong = found.findIndex(({ id }, i) => i > 0 && !isLater(id, found[i - 1]?.id ?? ''))
          if (wrong < 0) continue
          const lines = found.map(({ id, text }) => `${id} ${JSON.stringify(text)}`)
          throw new Wrong({
            saw: `The ${which} command of A for a message was held for a moment, and B published in the meantime. The client at B received:`,
            bytes: lines.join('\n'),
            at: lines.slice(0, wrong).join('\n').length + 1,
            wanted: 'an id larger than the one before',
            hint: 'out-of-order',
          })
        }
      },
      async 'no-seam'(trial) {
        const other = await trial.secondProcess()
        const client = await opened(other, 'B')
        await heard(other, [client], 'B')
        let first = ''
        // If a blocking read times out at the moment in which the next one is held, the check tries again.
        for (let i = 0; i < ONES.length && !textsOf(client).includes(first); i++) {
          other.link.release()
          await trial.until('its read is with Redis', () => other.link.waiting > 0, READ_MS).catch(() => null)
          other.link.hold(0)
          first = ONES[i] ?? ''
          await published(trial, 'A', first)
          await trial.until('it has it', () => textsOf(client).includes(first), READ_MS).catch(() => null)
        }
        await published(trial, 'A', 'between two reads')
        await published(trial, 'A', 'and one more')
        other.link.release()
        await hears(trial, [client], 'A')
        await published(trial, 'A', 'the last')
        const between = ['between two reads', 'and one more']
        const wanted = [...ONES.slice(0, ONES.indexOf(first) + 1), ...between, 'the last']
        const saw =
          'B had read "one" and had not started its next read. Then "between two reads" and "and one more" were published at A, and later "the last".'
        await expectDelivered(trial, [client], wanted, saw, (_client, found) => {
          if (isDoubled(found)) return 'doubled'
          return between.some((text) => found.includes(text)) ? 'other' : 'from-now-on'
        })
      },
      async 'after-a-timeout'(trial) {
        const other = await trial.secondProcess()
        const client = await opened(trial, 'A')
        await heard(other, [client], 'B')
        const { link } = trial
        link.isShort = true
        // This message ends the read that waits now. The next ones are short.
        await published(other, 'B', 'one')
        await trial.until('it has it', () => textsOf(client).includes('one'), READ_MS).catch(() => null)
        const before = link.sent
        await trial.until('a read has found nothing', () => link.sent > before + 1, READ_MS).catch(() => null)
        link.hold(0)
        await trial.until('the next read is held', () => link.held > 0, READ_MS).catch(() => null)
        await published(other, 'B', 'after the time was over')
        link.isShort = false
        link.release()
        await hears(other, [client], 'B')
        await published(other, 'B', 'the last')
        const saw =
          'The time of a read was over at A, and no entry had come. Before the next read, "after the time was over" was published at B, and later "the last".'
        await expectDelivered(
          trial,
          [client],
          ['one', 'after the time was over', 'the last'],
          saw,
          (_client, found) => {
            if (isDoubled(found)) return 'doubled'
            return found.includes('the last') ? 'from-now-on' : 'deaf'
          },
        )
      },
      async 'one-order'(trial) {
        const other = await trial.secondProcess()
        const client = await opened(trial, 'A')
        await heard(other, [client], 'B')
        trial.link.hold('blocking')
        await published(other, 'B', 'one')
        await trial.until('its next read is held', () => trial.link.held > 0, READ_MS).catch(() => null)
        await published(other, 'B', 'two, at B')
        await published(trial, 'A', 'three, at A')
        trial.link.release()
        await hears(other, [client], 'B')
        const wanted = ['one', 'two, at B', 'three, at A']
        const saw =
          'The next read of A was held for a moment. Meanwhile, a message was published at B, and then one at A. Then the read continued.'
        await expectDelivered(trial, [client], wanted, saw, (_client, found) => {
          if (isDoubled(found)) return 'doubled'
          return wanted.every((text) => found.includes(text)) ? 'own-first' : 'other'
        })
      },
      async 'many-at-once'(trial) {
        const other = await trial.secondProcess()
        const clients = [await opened(trial, 'A'), await opened(other, 'B')]
        await heard(trial, clients, 'A')
        // The first messages wait in Redis, so that one read returns them together.
        for (const { link } of [trial, other]) link.hold('blocking')
        await published(trial, 'A', 'the first')
        const all = await publishedTogether(trial, other, 'a')
        for (const { link } of [trial, other]) link.release()
        for (const name of ['b', 'c']) all.push(...(await publishedTogether(trial, other, name)))
        await hears(trial, clients, 'A')
        for (const client of clients) {
          const found = receivedBy(client).filter(({ text }) => text !== 'the first')
          const lines = found.map(({ id, text }) => `${id} ${JSON.stringify(text)}`)
          const differs = (place: number, wanted: string, hint: string) => {
            const head = lines.slice(Math.max(0, place - 3), place).map((line) => `${line}\n`)
            const rest = lines.slice(place, place + 2).join('\n')
            throw new Wrong({
              saw: `${all.length} messages were published at A and at B. The client at ${client.at} received ${found.length}, and among them:`,
              bytes: head.join('') + rest,
              at: head.join('').length,
              wanted,
              hint,
            })
          }
          const texts = found.map(({ text }) => text)
          const twice = texts.findIndex((text, i) => texts.indexOf(text) < i)
          if (twice >= 0) differs(twice, 'a message that was not there before', 'doubled')
          const falls = found.findIndex(({ id }, i) => i > 0 && !isLater(id, found[i - 1]?.id ?? ''))
          if (falls >= 0) differs(falls, 'an id larger than the one before', 'out-of-order')
          const lost = all.find(({ text }) => !texts.includes(text))
          if (lost) {
            const place = found.findIndex(({ id }) => isLater(id, lost.id))
            differs(place < 0 ? found.length : place, `${lost.id} ${JSON.stringify(lost.text)}`, 'lost')
          }
        }
      },
      async 'while-disconnected'(trial) {
        const other = await trial.secondProcess()
        const client = await opened(other, 'B')
        await heard(other, [client], 'B')
        const connections = other.link.open
        other.link.cut()
        await published(trial, 'A', 'during the cut')
        other.link.mend()
        await trial.until('B is connected again', () => other.link.open >= connections, ROUND_MS)
        const saw =
          'The connections of B to Redis were cut. "during the cut" was published at A, which responded with 201. Then B reconnected, and "after it" was published.'
        await hears(trial, [client], 'A')
        await published(trial, 'A', 'after it')
        await expectDelivered(trial, [client], ['during the cut', 'after it'], saw, (_client, found) => {
          if (isDoubled(found)) return 'doubled'
          return found.includes('after it') ? 'lost' : 'deaf'
        })
      },
      async 'before-the-first'(trial) {
        const young = await trial.freshProcess()
        const client = await opened(young, 'C')
        // After that the program has its position, because it asks for the position before it reads.
        await trial.until('its read is with Redis', () => isReading(young), READ_MS).catch(() => null)
        const connections = young.link.open
        young.link.cut()
        await published(trial, 'A', 'during its first cut')
        young.link.mend()
        await trial.until('C is connected again', () => young.link.open >= connections, ROUND_MS)
        const saw =
          'C had just started, and its connections to Redis were cut before its first message. "during its first cut" was published at A, which responded with 201. Then C reconnected, and "after it" was published.'
        await hears(trial, [client], 'A')
        await published(trial, 'A', 'after it')
        await expectDelivered(trial, [client], ['during its first cut', 'after it'], saw, (_client, found) => {
          if (isDoubled(found)) return 'doubled'
          return found.includes('after it') ? 'until-it-has-one' : 'deaf'
        })
      },
      async 'where-it-begins'(trial) {
        await published(trial, 'A', 'before its start')
        const begun = Promise.withResolvers<Beginning>()
        const starting = trial.freshProcess((beginning) => {
          beginning.link.hold(0)
          begun.resolve(beginning)
        })
        starting.catch(() => {})
        const beginning = await begun.promise
        const { link } = beginning
        await trial.until('C connects to Redis', () => link.held > 0, ROUND_MS).catch(() => null)
        const early = await openedEarly(trial, 'C', beginning)
        if (early) await published(trial, 'A', 'during its start')
        link.hold('blocking')
        const young = await starting
        const client = early ?? (await opened(young, 'C'))
        await trial.until('its first read is held', () => link.held > 0, READ_MS).catch(() => null)
        await published(trial, 'A', 'before its first read')
        link.release()
        await hears(trial, [client], 'A')
        await published(trial, 'A', 'after it')
        const saw = early
          ? 'The replies of Redis to C were late. C accepted a client before they came, and "during its start" was published at A. Then Redis replied, and two more messages were published.'
          : 'C has started, and a client has connected to it. Before the first read of C, "before its first read" was published at A, and later "after it".'
        const wanted = [...(early ? ['during its start'] : []), 'before its first read', 'after it']
        await expectDelivered(trial, [client], wanted, saw, (_client, found) => {
          if (found.includes('before its start') || isDoubled(found)) return 'repeats'
          if (!found.includes('after it')) return 'deaf'
          return wanted[0] === 'during its start' && !found.includes('during its start') ? 'too-early' : 'from-now-on'
        })
      },
      async 'waits-at-redis'(trial) {
        const client = await opened(trial, 'A')
        await heard(trial, [client], 'A')
        const { link } = trial
        const before = link.sent
        const isDecided = () => link.blockedMs.length > 0 || link.sent - before > IDLE_COMMANDS
        if (!(await trial.until('it waits, or asks often', isDecided, IDLE_MS).catch(() => false))) return
        const [blockMs] = link.blockedMs
        if (blockMs !== undefined && isPatient(blockMs)) return
        const bytes = blockMs === undefined ? `commands: ${link.sent - before}` : `XREAD BLOCK ${blockMs}`
        throw new Wrong({
          saw: `Nothing was published for a moment. A sent to Redis:`,
          bytes,
          at: bytes.lastIndexOf(' ') + 1,
          wanted: blockMs === undefined ? `${IDLE_COMMANDS} or fewer within a second` : 'a time in milliseconds',
          hint: 'busy',
        })
      },
      async 'all-names'(trial) {
        const commands: RedisCommand[] = []
        const stop = await trial.link.watch((command) => void commands.push(command))
        await published(trial, 'A', 'by a script')
        await trial.until('Redis has reported it', () => commands.length > 0, READ_MS).catch(() => null)
        stop()
        const calls = commands.filter(({ isOfScript }) => !isOfScript)
        const script = calls.find(({ words: [name = ''] }) => /^(?:eval(?:sha)?|fcall)$/.test(name))
        if (!script) return
        const given = script.words.slice(3, 3 + Number(script.words[2]))
        const used = commands.filter(({ isOfScript, words: [name = ''] }) => isOfScript && NAMED.test(name))
        const missing = used.map(({ words: [, name = ''] }) => name).find((name) => !given.includes(name))
        if (missing === undefined) return
        const bytes = used.map(({ words }) => words.slice(0, 2).join(' ')).join('\n')
        throw new Wrong({
          saw: `A message was published. The script got ${given.length} names${given.length > 0 ? ` (${given.join(', ')})` : ''}, and called:`,
          bytes,
          at: bytes.indexOf(` ${missing}`) + 1,
          wanted: 'a name that was given to the script',
          hint: 'not-given',
        })
      },
      // The last check, because the other processes have positions that Redis does not know after it.
      async 'from-nothing'(trial) {
        await trial.link.empty()
        const young = await trial.freshProcess()
        const client = await opened(young, 'C')
        await trial.until('its read is with Redis', () => isReading(young), READ_MS).catch(() => null)
        await published(young, 'C', 'the first of all')
        await hears(young, [client], 'C')
        await published(young, 'C', 'after it')
        const saw = 'Redis was empty, and C started. "the first of all" and "after it" were published at C.'
        await expectDelivered(trial, [client], ['the first of all', 'after it'], saw, (_client, found) => {
          if (isDoubled(found)) return 'doubled'
          return found.includes('after it') ? 'skips-the-first' : 'deaf'
        })
      },
    }),
  },
]

/** Commands whose first argument is the name of a value in Redis, as far as a publish needs them. */
const NAMED = /^(?:incr|incrby|hincrby|get|set|xadd|xlen|xtrim|xrevrange|exists)$/

/** Publishes many messages at the same time, by turns at A and at B. Returns their texts and ids, in this order. */
async function publishedTogether(
  trial: Trial,
  other: Trial,
  name: string,
): Promise<{ readonly text: string; readonly id: string }[]> {
  const places: readonly (readonly [Trial, Place])[] = [
    [trial, 'A'],
    [other, 'B'],
  ]
  return Promise.all(
    Array.from({ length: MANY / 2 }, (_, i) => `${name}${i}`).flatMap((number) =>
      places.map(async ([at, place]) => {
        const text = `${number} at ${place}`
        return { text, id: String((await published(at, place, text)).id) }
      }),
    ),
  )
}
