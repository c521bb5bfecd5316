import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import { sendNoise } from '../kit/conversation.ts'
import { settled } from '../kit/stream.ts'
import { words } from './hints.ts'
import {
  BEAT_MS,
  GONE_MS,
  GONE_SLACK_MS,
  PATIENCE_MS,
  TYPING_MS,
  TYPING_SLACK_MS,
  about,
  ada,
  beat,
  expectKnown,
  expectNews,
  expectNoBoard,
  expectState,
} from './tabs.ts'
import { fieldsOf, graceAndAda, joins, known, leaving, open, pass, tabOn } from './tabs.ts'
import type { Differs, Known } from './tabs.ts'

/** Messages that a server refuses. The type of the last one is an object that cannot become text. */
const badMessages = (boardId: string): readonly string[] => [
  'hello',
  'null',
  '[]',
  '"join"',
  JSON.stringify({ type: 'dance', boardId }),
  JSON.stringify({ type: { toString: 0 }, boardId }),
]

/** Names that mean something in JavaScript. */
const NAMES = ['constructor', '__proto__']

export const exercises: readonly Exercise[] = [
  {
    name: 'presence',
    hosted: { kind: 'server', isFrozen: true },
    checks: checksFrom(words.presence, {
      async 'who-comes'(trial) {
        const { room } = trial
        const grace = await open(trial, 'grace')
        const sawFirst = `Grace joined ${room}, which was empty, and received:`
        const alone = { here: { grace: 1 }, typing: [] }
        expectState(await joins(trial, grace, sawFirst), alone, { saw: sawFirst, hint: 'newcomer-blind' })
        const tab = await open(trial, 'ada')
        const saw = `Grace is on ${room}. Ada joined it, and received:`
        const both = { here: { ada: 1, grace: 1 }, typing: [] }
        expectState(await joins(trial, tab, saw), both, { saw, hint: 'newcomer-blind' })
        const hint = (differs: Differs) =>
          differs === 'missing' || differs === 'closed'
            ? 'not-announced'
            : differs === 'extra'
              ? 'announced-twice'
              : 'other'
        const sawGrace = `Grace is on ${room}, and Ada joined it. Grace received:`
        await expectNews(trial, grace, [ada('user_joined', room)], { saw: sawGrace, hint })
        const sawKnown = `Grace and Ada are on ${room} with one tab each. GET / returns:`
        await expectKnown(trial, both.here, { saw: sawKnown, hint: 'not-known' })
      },
      async 'who-goes'(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        first.say({ type: 'leave', boardId: room })
        const saw = `Ada was on ${room} with one tab, and left it. Your server responded:`
        const hintOwn = (differs: Differs) =>
          differs === 'missing' || differs === 'closed' ? 'no-answer' : 'to-itself'
        await expectNews(trial, first, [{ type: 'left', boardId: room }], { saw, hint: hintOwn })
        const hint = (differs: Differs) =>
          differs === 'extra' ? 'announced-twice' : differs === 'other' ? 'other' : 'not-announced'
        const sawGrace = `Ada was on ${room} with one tab, and left it. Grace received:`
        await expectNews(trial, grace, [ada('user_left', room)], { saw: sawGrace, hint })
        const sawKnown = `Ada was on ${room} with one tab, and left it. GET / returns:`
        await expectKnown(trial, { grace: 1 }, { saw: sawKnown, hint: 'still-known' })
        grace.say({ type: 'leave', boardId: room })
        const sawLast = `Ada left ${room}. Then Grace, the last member, left too. Grace received:`
        await expectNews(trial, grace, [{ type: 'left', boardId: room }], { saw: sawLast, hint: hintOwn })
        await expectNoBoard(trial, `Ada left ${room}. Then Grace, the last member, left too. GET / returns:`)
      },
      async 'second-tab'(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        const second = await tabOn(trial, 'ada')
        const sawGrace = `Ada is on ${room}, and joined it with a second tab. Grace received:`
        await expectNews(trial, grace, [], { saw: sawGrace, hint: 'announced-again' })
        const sawAda = `Ada is on ${room}, and joined it with a second tab. Her first tab received:`
        await expectNews(trial, first, [], { saw: sawAda, hint: 'to-itself' })
        const observed = { saw: `Ada is on ${room} with two tabs. GET / returns:`, hint: 'counted-wrong' }
        await expectKnown(trial, { ada: 2, grace: 1 }, observed)
        await joins(trial, second, `Ada's second tab joined ${room} again, and received:`)
        const sawAgain = `Ada is on ${room} with two tabs, and one of them has joined twice. GET / returns:`
        await expectKnown(trial, { ada: 2, grace: 1 }, { saw: sawAgain, hint: 'counted-wrong' })
      },
      async 'every-tab'(trial) {
        const { room } = trial
        const noor = await tabOn(trial, 'noor')
        const { grace, first } = await graceAndAda(trial, 1)
        const second = await tabOn(trial, 'grace')
        while (noor.take() !== undefined);
        first.say({ type: 'leave', boardId: room })
        await beat(trial, first)
        const listeners = [
          [grace, 'The first tab of Grace'],
          [second, 'The second tab of Grace'],
          [noor, 'The tab of Noor'],
        ] as const
        for (const [tab, who] of listeners) {
          const saw = `Grace is on ${room} with two tabs, and Noor with one. Ada left it. ${who} received:`
          await expectNews(trial, tab, [ada('user_left', room)], { saw, hint: 'some-tabs' })
        }
      },
      async namesakes(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        const other = await tabOn(trial, 'ada-2', [room], { name: 'Ada' })
        const saw = `Ada is on ${room}, and another person named Ada joined it. Grace received:`
        const joined = { type: 'user_joined', boardId: room, userId: 'ada-2', name: 'Ada' }
        await expectNews(trial, grace, [joined], { saw, hint: 'one-person' })
        const sawBoth = `Two people named Ada are on ${room}. GET / returns:`
        await expectKnown(trial, { ada: 1, 'ada-2': 1, grace: 1 }, { saw: sawBoth, hint: 'one-person' })
        first.say({ type: 'leave', boardId: room })
        const sawLeft = `Two people named Ada were on ${room}, and ada left it. GET / returns:`
        await expectKnown(trial, { 'ada-2': 1, grace: 1 }, { saw: sawLeft, hint: 'both-gone' })
        await expectNews(trial, other, [ada('user_left', room)], {
          saw: `Two people named Ada were on ${room}, and ada left it. The other one received:`,
          hint: 'both-gone',
        })
      },
      async 'one-tab-closes'(trial) {
        const { room } = trial
        const { grace, first, second } = await graceAndAda(trial, 2)
        second.socket.close()
        const saw = `Ada was on ${room} with two tabs, and closed one of them.`
        const gone = ({ here }: Known) => (here.ada === undefined ? 'person-left' : 'tab-stays')
        await expectKnown(trial, { ada: 1, grace: 1 }, { saw: `${saw} GET / returns:`, hint: gone })
        await expectNews(trial, grace, [], { saw: `${saw} Grace received:`, hint: 'person-left' })
        first.socket.terminate()
        const sawLast = `${saw} Then her other tab was cut off.`
        await expectKnown(trial, { grace: 1 }, { saw: `${sawLast} GET / returns:`, hint: 'tab-stays' })
        const hint = (differs: Differs) => (differs === 'extra' ? 'announced-twice' : 'not-announced')
        await expectNews(trial, grace, [ada('user_left', room)], { saw: `${sawLast} Grace received:`, hint })
        grace.socket.close()
        const sawEnd = `${sawLast} Then Grace, the last member, closed her tab. GET / returns:`
        await expectKnown(trial, {}, { saw: sawEnd, hint: 'tab-stays' })
        await expectNoBoard(trial, sawEnd)
      },
      async 'joins-twice'(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        await joins(trial, first, `Ada's tab joined ${room} again, and received:`)
        first.say({ type: 'leave', boardId: room })
        await beat(trial, first)
        const saw = `Ada was on ${room} with one tab, which had joined twice, and left it.`
        await expectKnown(trial, { grace: 1 }, { saw: `${saw} GET / returns:`, hint: 'stays' })
        await expectNews(trial, grace, [ada('user_left', room)], { saw: `${saw} Grace received:`, hint: 'stays' })
      },
      async 'boards-apart'(trial) {
        const { room } = trial
        const other = `${room}-2`
        const noor = await tabOn(trial, 'noor', [other])
        await tabOn(trial, 'grace')
        const hint = 'another-board'
        await expectNews(trial, noor, [], { saw: `Grace joined ${room}. Noor, who is on ${other}, received:`, hint })
        const both = await open(trial, 'ada')
        await joins(trial, both, `Ada joined ${room}, and received:`)
        const sawFirst = `Ada joined ${room}. Noor, who is on ${other}, received:`
        await expectNews(trial, noor, [], { saw: sawFirst, hint })
        const sawJoined = `Ada is on ${room}, where Grace is, and joined ${other}, where Noor is. Ada received:`
        const joined = await joins(trial, both, sawJoined, other)
        expectState(joined, { here: { ada: 1, noor: 1 }, typing: [] }, { saw: sawJoined, hint })
        const sawNoor = `Ada is on ${room} and joined ${other} too. Noor, who is on ${other}, received:`
        await expectNews(trial, noor, [ada('user_joined', other)], { saw: sawNoor, hint })
        both.say({ type: 'typing', boardId: room })
        await beat(trial, both)
        const sawTyping = `Ada is on both boards, and types on ${room}.`
        await expectNews(trial, noor, [], { saw: `${sawTyping} Noor, who is on ${other}, received:`, hint })
        const sawKnown = `${sawTyping} For ${other}, GET / returns:`
        await expectKnown(trial, { ada: 1, noor: 1 }, { saw: sawKnown, hint }, { board: other })
        both.say({ type: 'leave', boardId: room })
        await beat(trial, both)
        const sawLeft = `Ada was on both boards, and left ${room}.`
        await expectNews(trial, noor, [], { saw: `${sawLeft} Noor, who is on ${other}, received:`, hint })
        const sawRest = `${sawLeft} For ${other}, GET / returns:`
        await expectKnown(trial, { ada: 1, noor: 1 }, { saw: sawRest, hint }, { board: other })
        await expectKnown(trial, { grace: 1 }, { saw: `${sawLeft} For that board, GET / returns:`, hint })
      },
      async 'leaves-and-closes'(trial) {
        const { room } = trial
        const other = `${room}-2`
        const { grace, first, second } = await graceAndAda(trial, 2, [room, other])
        for (const tab of [second, first]) {
          const isLast = tab === first
          tab.say({ type: 'leave', boardId: room })
          await expectNews(trial, tab, [{ type: 'left', boardId: room }], {
            saw: `One of Ada's tabs left ${room}, and received:`,
            hint: 'tab-stays',
          })
          const saw = isLast
            ? 'Then her other tab did the same.'
            : `Ada was on ${room} with two tabs, and left with one.`
          const sawGrace = `${saw} Grace received:`
          const news = isLast ? [ada('user_left', room)] : []
          await expectNews(trial, grace, news, { saw: sawGrace, hint: isLast ? 'announced-twice' : 'left-early' })
          tab.socket.close()
          // The other board shows when the server has noticed the close.
          const sawOther = `${saw} That tab is closed now. It had been on ${other} too. For that board, GET / returns:`
          const rest = isLast ? {} : { ada: 1 }
          await expectKnown(trial, rest, { saw: sawOther, hint: 'tab-stays' }, { board: other })
          const sawEnd = `${saw} Then that tab was closed. GET / returns:`
          const hint = isLast ? 'announced-twice' : 'left-early'
          await expectKnown(trial, isLast ? { grace: 1 } : { ada: 1, grace: 1 }, { saw: sawEnd, hint })
          await expectNews(trial, grace, [], { saw: `${saw} Then that tab was closed. Grace received:`, hint })
        }
        const both = await tabOn(trial, 'ada', [room, other])
        both.socket.terminate()
        for (const [board, rest] of [
          [room, { grace: 1 }],
          [other, {}],
        ] as const) {
          const saw = `Ada was on ${room} and on ${other} with one tab, which was cut off. For ${board}, GET / returns:`
          await expectKnown(trial, rest, { saw, hint: 'tab-stays' }, { board })
        }
      },
      async refuses(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        const other = await open(trial, 'ada')
        const situation = `Ada is on ${room} with one tab.`
        for (const type of ['typing', 'leave']) {
          other.say({ type, boardId: room })
          const saw = `${situation} Another tab of hers, which has not joined, sent ${type}. Your server responded:`
          await expectNews(trial, other, [{ type: 'error', message: /./ }], { saw, hint: 'not-refused' })
        }
        other.socket.close()
        await trial.until('it is closed', () => other.closed !== null).catch(() => {})
        const sawClosed = `${situation} Another tab of hers, which had not joined, closed.`
        await expectNews(trial, grace, [], { saw: `${sawClosed} Grace received:`, hint: 'not-refused' })
        await expectKnown(trial, { ada: 1, grace: 1 }, { saw: `${sawClosed} GET / returns:`, hint: 'not-refused' })
        for (const text of badMessages(room)) {
          first.say(text)
          const saw = "Ada's tab sent a bad message. Your server responded:"
          await expectNews(trial, first, [{ type: 'error', message: /./ }], { saw, hint: 'no-error' })
        }
        await sendNoise(trial, '/?user=mo&name=Mo')
        await expectNews(trial, grace, [], { saw: 'Ada sent bad messages. Grace received:', hint: 'no-error' })
      },
      async 'speaks-for-itself'(trial) {
        const { room } = trial
        const grace = await tabOn(trial, 'grace')
        const tab = await open(trial, 'ada')
        const claim = { userId: 'grace', name: 'Mallory' }
        const hint = 'another-person'
        tab.say({ type: 'join', boardId: room, ...claim })
        await beat(trial, tab)
        const saw = `Ada's connection joined ${room}, with Grace's userId and another name in the message.`
        await expectKnown(trial, { ada: 1, grace: 1 }, { saw: `${saw} GET / returns:`, hint })
        await expectNews(trial, grace, [ada('user_joined', room)], { saw: `${saw} Grace received:`, hint })
        tab.say({ type: 'leave', boardId: room, ...claim })
        await beat(trial, tab)
        const sawLeft = `Ada's connection left ${room}, with Grace's userId and another name in the message.`
        await expectNews(trial, grace, [ada('user_left', room)], { saw: `${sawLeft} Grace received:`, hint })
        await expectKnown(trial, { grace: 1 }, { saw: `${sawLeft} GET / returns:`, hint })
      },
      async 'any-name'(trial) {
        for (const board of NAMES) {
          const people = [...NAMES, 'grace']
          for (const userId of people) await tabOn(trial, userId, [board])
          const here = Object.fromEntries(people.map((userId) => [userId, 1]))
          const saw = `${people.join(', ')} are on the board ${board}. GET / returns:`
          await expectKnown(trial, here, { saw, hint: 'name' }, { board })
        }
      },
      async 'typing-is-announced'(trial) {
        const { room } = trial
        const { grace, first, second } = await graceAndAda(trial, 2)
        first.say({ type: 'typing', boardId: room })
        const sawOwn = `Ada is on ${room} with two tabs, and types in the first one.`
        await expectNews(trial, first, [], { saw: `${sawOwn} That tab received:`, hint: 'to-itself' })
        await expectNews(trial, second, [], { saw: `${sawOwn} The second tab received:`, hint: 'to-itself' })
        const hint = (differs: Differs) =>
          differs === 'missing' || differs === 'closed' ? 'not-announced' : differs === 'extra' ? 'every-key' : 'other'
        const begins = ada('user_typing', room, { on: true })
        await expectNews(trial, grace, [begins], { saw: `Ada types on ${room}. Grace received:`, hint })
        const observed = { saw: `Ada types on ${room}. GET / returns:`, hint: 'not-known' }
        await expectKnown(trial, { ada: 2, grace: 1 }, observed, { typing: ['ada'] })
        for (let i = 0; i < 3; i++) first.say({ type: 'typing', boardId: room })
        await beat(trial, first)
        const sawOn = `Ada was typing on ${room}, and typed three more keys. Grace received:`
        await expectNews(trial, grace, [], { saw: sawOn, hint: 'every-key' })
        second.say({ type: 'typing', boardId: room })
        await beat(trial, second)
        const sawBoth = `Ada was typing on ${room}, and typed a key in her other tab. Grace received:`
        await expectNews(trial, grace, [], { saw: sawBoth, hint: 'every-key' })
        const third = await open(trial, 'ada')
        const sawThird = `Ada types on ${room}. She joined it with a third tab, which received:`
        const state = await joins(trial, third, sawThird)
        expectState(state, { here: { ada: 3, grace: 1 }, typing: ['ada'] }, { saw: sawThird, hint: 'newcomer-blind' })
        const saw = `Ada types on ${room}. Noor joined it, and received:`
        const joined = await joins(trial, await open(trial, 'noor'), saw)
        const wanted = { here: { ada: 3, grace: 1, noor: 1 }, typing: ['ada'] }
        expectState(joined, wanted, { saw, hint: 'newcomer-blind' })
      },
      async 'typing-ends'(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        const typing = (on: boolean) => ada('user_typing', room, { on })
        for (const round of ['', ' again']) {
          first.say({ type: 'typing', boardId: room })
          await beat(trial, first)
          const hintOn = round === '' ? 'too-early' : 'not-again'
          const sawOn = `Ada types on ${room}${round}. Grace received:`
          await expectNews(trial, grace, [typing(true)], { saw: sawOn, hint: hintOn })
          await trial.tick(TYPING_MS - 250)
          const sawEarly = `Ada typed on ${room}${round}, 4.75 s ago. Grace received:`
          await expectNews(trial, grace, [], { saw: sawEarly, hint: 'too-early' })
          await trial.tick(250 + TYPING_SLACK_MS)
          const saw = `Ada typed on ${room}${round}, 7 s ago, and sent nothing more.`
          const { found } = await known(trial, room)
          const ended = found.typing.includes('ada') ? 'never' : 'not-announced'
          const hint = (differs: Differs) =>
            differs === 'extra' ? 'announced-twice' : differs === 'other' ? 'other' : ended
          await expectNews(trial, grace, [typing(false)], { saw: `${saw} Grace received:`, hint })
          await expectKnown(trial, { ada: 1, grace: 1 }, { saw: `${saw} GET / returns:`, hint: 'never' })
        }
        const second = await tabOn(trial, 'ada')
        first.say({ type: 'typing', boardId: room })
        await beat(trial, first)
        second.say({ type: 'leave', boardId: room })
        await beat(trial, second)
        const sawTwo = `Ada is on ${room} with two tabs, typed in one of them, and left with the other.`
        const hint = 'with-any-tab'
        await expectNews(trial, grace, [typing(true)], { saw: `${sawTwo} Grace received:`, hint })
        await trial.tick(TYPING_MS + TYPING_SLACK_MS)
        await expectNews(trial, grace, [typing(false)], { saw: `${sawTwo} After 7 s, Grace had received:`, hint })
      },
      async 'types-on'(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        const keys = 3
        for (let i = 0; i < keys; i++) {
          first.say({ type: 'typing', boardId: room })
          await beat(trial, first)
          await trial.tick(TYPING_MS - 1000)
        }
        const saw = `Ada typed a key on ${room} every 4 s, ${keys} times, the last of them 4 s ago.`
        const hint = (differs: Differs) => (differs === 'extra' ? 'first-timer' : 'never')
        const typing = (on: boolean) => ada('user_typing', room, { on })
        await expectNews(trial, grace, [typing(true)], { saw: `${saw} Grace received:`, hint })
        const observed = { saw: `${saw} GET / returns:`, hint: 'first-timer' }
        await expectKnown(trial, { ada: 1, grace: 1 }, observed, { typing: ['ada'] })
        await trial.tick(1000 + TYPING_SLACK_MS)
        const sawOver = `Ada typed a key on ${room} every 4 s, ${keys} times, and stopped 7 s ago. Grace received:`
        const hintOver = (differs: Differs) => (differs === 'extra' ? 'announced-twice' : 'never')
        await expectNews(trial, grace, [typing(false)], { saw: sawOver, hint: hintOver })
      },
      async 'typing-is-over'(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        const types = async (on: boolean) => {
          first.say({ type: 'typing', boardId: room, ...(!on && { on }) })
          await beat(trial, first)
        }
        const typing = (on: boolean) => ada('user_typing', room, { on })
        await types(true)
        await types(false)
        const saw = `Ada typed on ${room} and said that typing is over. Grace received:`
        const hint = (differs: Differs) => (differs === 'extra' ? 'announced-twice' : 'ignored')
        await expectNews(trial, grace, [typing(true), typing(false)], { saw, hint })
        await types(false)
        const sawTwice = `Ada typed on ${room} and said twice that typing is over. After the second message, Grace received:`
        await expectNews(trial, grace, [], { saw: sawTwice, hint: 'announced-twice' })
        await trial.tick(3000)
        await types(true)
        await trial.tick(3000)
        const sawAgain = `Ada typed on ${room}, said that typing is over, and typed again 3 s later. After another 3 s, Grace received:`
        const hintAgain = (differs: Differs) => (differs === 'extra' ? 'earlier-timer' : 'never')
        await expectNews(trial, grace, [typing(true)], { saw: sawAgain, hint: hintAgain })
        await trial.tick(2000 + TYPING_SLACK_MS)
        const sawEnd = `Ada typed on ${room}, said that typing is over, and typed again. 7 s later, Grace received:`
        await expectNews(trial, grace, [typing(false)], { saw: sawEnd, hint: hintAgain })
      },
      async 'typing-apart'(trial) {
        const { room } = trial
        const other = `${room}-2`
        const mia = await tabOn(trial, 'mia', [other])
        const noor = await tabOn(trial, 'noor')
        const { grace, first } = await graceAndAda(trial, 1, [room, other])
        while (mia.take() !== undefined);
        const hint = 'one-timer'
        first.say({ type: 'typing', boardId: room })
        await beat(trial, first)
        await trial.tick(TYPING_MS / 2)
        noor.say({ type: 'typing', boardId: room })
        first.say({ type: 'typing', boardId: other })
        await beat(trial, noor)
        await beat(trial, first)
        await trial.tick(TYPING_MS / 2 + TYPING_SLACK_MS)
        const saw = `Ada typed on ${room} 7 s ago. 2.5 s later Noor typed there, and Ada typed on ${other}.`
        const here = { ada: 1, grace: 1, noor: 1 }
        await expectKnown(trial, here, { saw: `${saw} For ${room}, GET / returns:`, hint }, { typing: ['noor'] })
        const sawOther = `${saw} For ${other}, GET / returns:`
        await expectKnown(trial, { ada: 1, mia: 1 }, { saw: sawOther, hint }, { board: other, typing: ['ada'] })
        await trial.tick(TYPING_MS / 2)
        const typing = (userId: string, board: string, on: boolean) => about(userId, 'user_typing', board, { on })
        const newsHere = [true, false].flatMap((on) => [typing('ada', room, on), typing('noor', room, on)])
        await expectNews(trial, grace, newsHere, { saw: `${saw} After 9.5 s, Grace had received:`, hint })
        const newsOther = [typing('ada', other, true), typing('ada', other, false)]
        await expectNews(trial, mia, newsOther, {
          saw: `${saw} After 9.5 s, Mia, who is on ${other}, had received:`,
          hint,
        })
      },
      async 'types-and-goes'(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        const begins = ada('user_typing', room, { on: true })
        first.say({ type: 'typing', boardId: room })
        first.say({ type: 'leave', boardId: room })
        const hint = (differs: Differs) => (differs === 'extra' ? 'ghost' : 'not-announced')
        await expectNews(trial, first, [{ type: 'left' }], {
          saw: `Ada typed on ${room}, left it, and received:`,
          hint,
        })
        await beat(trial, grace)
        const saw = `Ada typed on ${room}, and left it. Grace received:`
        await expectNews(trial, grace, [begins, ...leaving(grace, room)], { saw, hint })
        const observed = { saw: `Ada typed on ${room}, and left it. GET / returns:`, hint: 'stays' }
        await expectKnown(trial, { grace: 1 }, observed)
        const sawBack = `Ada typed on ${room}, left it, and came back. Ada received:`
        const back = await joins(trial, first, sawBack)
        expectState(back, { here: { ada: 1, grace: 1 }, typing: [] }, { saw: sawBack, hint: 'stays' })
        const sawGrace = `Ada typed on ${room}, left it, and came back. Grace received:`
        await expectNews(trial, grace, [ada('user_joined', room)], { saw: sawGrace, hint: 'not-announced' })
        await trial.tick(3000)
        first.say({ type: 'typing', boardId: room })
        await beat(trial, first)
        await trial.tick(3000)
        const sawLater = `Ada typed on ${room}, left, came back, and typed again 3 s ago. Grace received:`
        await expectNews(trial, grace, [begins], { saw: sawLater, hint: 'ghost' })
        first.socket.terminate()
        const sawCut = `Ada types on ${room}, and was cut off.`
        await expectKnown(trial, { grace: 1 }, { saw: `${sawCut} GET / returns:`, hint: 'stays' })
        await beat(trial, grace)
        const cut = leaving(grace, room)
        await trial.tick(TYPING_MS + TYPING_SLACK_MS)
        await expectNews(trial, grace, cut, { saw: `${sawCut} After 7 s, Grace had received:`, hint })
      },
      async heartbeat(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        const busy = await tabOn(trial, 'noor')
        await expectNews(trial, grace, [{ type: 'user_joined', userId: 'noor' }], {
          saw: `Noor joined ${room}. Grace received:`,
          hint: 'early',
        })
        const typist = await tabOn(trial, 'kim', [`${room}-2`])
        const noisy = await tabOn(trial, 'lee', [`${room}-2`])
        const mute = await tabOn(trial, 'mo', [room], { dies: true })
        await expectNews(trial, grace, [{ type: 'user_joined', userId: 'mo' }], {
          saw: `Mo joined ${room}. Grace received:`,
          hint: 'early',
        })
        const joined = () => busy.heard.filter((text) => fieldsOf(text).type === 'joined').length
        for (let i = 0; i < 5; i++) {
          await trial.tick(BEAT_MS)
          for (const tab of [grace, first, mute]) if (tab.closed === null) await beat(trial, tab)
          const before = joined()
          busy.say({ type: 'join', boardId: room })
          await trial.until('it is answered', () => joined() > before || busy.closed !== null).catch(() => {})
          typist.say({ type: 'typing', boardId: `${room}-2` })
          noisy.say(badMessages(`${room}-2`)[i])
          await settled(trial)
        }
        const saw = 'Four tabs were connected for 50 s. Three of them sent a ping message every ten seconds.'
        const hint = ({ here }: Known) =>
          !here.ada || !here.grace ? 'early' : here.noor && !here.mo ? 'pong-only' : 'ping-only'
        const everybody = { ada: 1, grace: 1, mo: 1, noor: 1 }
        const sawKnown = `${saw} The fourth, Noor's, sent join every ten seconds. Mo's tab sends no pong frames. GET / returns:`
        await expectKnown(trial, everybody, { saw: sawKnown, hint })
        const came = [
          { type: 'user_joined', userId: 'noor' },
          { type: 'user_joined', userId: 'mo' },
        ]
        await expectNews(trial, first, came, {
          saw: `${saw} Ada's tab, which sends pings, received:`,
          hint: (differs) => (differs === 'closed' ? 'early' : 'ping-only'),
        })
        const others = { kim: 1, lee: 1 }
        const sawOthers =
          'A tab sent only typing messages for 50 s, one every ten seconds, and another tab only bad messages. GET / returns:'
        const { found } = await known(trial, `${room}-2`)
        const observed = { saw: sawOthers, hint: 'ping-only' }
        await expectKnown(trial, others, observed, { board: `${room}-2`, typing: found.typing })
      },
      async 'silent-tab'(trial) {
        const { room } = trial
        const { grace } = await graceAndAda(trial, 0)
        const dead = await tabOn(trial, 'ada', [room], { dies: true })
        const hintOn = (differs: Differs) => (differs === 'missing' ? 'not-announced' : 'too-early')
        const sawOn = `Ada joined ${room}. Grace received:`
        await expectNews(trial, grace, [ada('user_joined', room)], { saw: sawOn, hint: hintOn })
        // A machine that is gone does not respond to a close frame either.
        dead.socket.pause()
        const stranger = await open(trial, 'noor', { dies: true })
        stranger.socket.pause()
        await pass(trial, GONE_MS - 1000, [grace])
        const sawEarly = `Ada's tab has been silent for ${(GONE_MS - 1000) / 1000} s. Grace received:`
        await expectNews(trial, grace, [], { saw: sawEarly, hint: 'too-early' })
        await pass(trial, GONE_SLACK_MS + 1000, [grace])
        const saw = `Ada's tab has been silent for ${(GONE_MS + GONE_SLACK_MS) / 1000} s.`
        await expectKnown(trial, { grace: 1 }, { saw: `${saw} GET / returns:`, hint: 'never' })
        const hint = (differs: Differs) => (differs === 'extra' ? 'announced-twice' : 'not-announced')
        await expectNews(trial, grace, [ada('user_left', room)], { saw: `${saw} Grace received:`, hint })
        for (const tab of [dead, stranger]) {
          tab.socket.resume()
          const isOver = trial.until('it is over', () => tab.closed !== null, PATIENCE_MS)
          if (await isOver.catch(() => false)) continue
          const { bytes } = tab.shown()
          const sawTab = tab === dead ? saw : `${saw} So has Noor's tab, which is on no board.`
          const finding = { saw: `${sawTab} Its connection:`, bytes: `${bytes}\n`, at: bytes.length + 1 }
          throw new Wrong({ ...finding, wanted: 'Disconnected', hint: tab === dead ? 'not-closed' : 'on-no-board' })
        }
      },
      async 'one-tab-is-silent'(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        await tabOn(trial, 'ada', [room], { dies: true })
        await pass(trial, GONE_MS + GONE_SLACK_MS, [grace, first])
        const saw = `Ada is on ${room} with two tabs. One of them has been silent for ${(GONE_MS + GONE_SLACK_MS) / 1000} s.`
        const hint = ({ here }: Known) => (here.ada === undefined ? 'person-gone' : 'kept-by-the-other')
        await expectKnown(trial, { ada: 1, grace: 1 }, { saw: `${saw} GET / returns:`, hint })
        await expectNews(trial, grace, [], { saw: `${saw} Grace received:`, hint: 'person-gone' })
        await expectNews(trial, first, [], { saw: `${saw} The other one received:`, hint: 'person-gone' })
      },
      async 'nothing-left'(trial) {
        const { room } = trial
        // The timers of earlier checks are gone when the server has served a new tab.
        const noor = await tabOn(trial, 'noor')
        await beat(trial, noor)
        const before = await trial.timers()
        const { grace, first, second } = await graceAndAda(trial, 2)
        for (const on of [true, false, true]) first.say({ type: 'typing', boardId: room, ...(!on && { on }) })
        first.say({ type: 'leave', boardId: room })
        await beat(trial, first)
        for (const tab of [first, second, grace]) tab.socket.close()
        const saw = `Grace and Ada were on ${room}, Ada typed there, and all their tabs closed. Noor stays.`
        await expectKnown(trial, { noor: 1 }, { saw: `${saw} GET / returns:`, hint: 'timers' })
        const isOver = trial.until('the timers are stopped', async () => (await trial.timers()) <= before, PATIENCE_MS)
        if (await isOver.catch(() => false)) return
        const bytes = `timers before: ${before}\ntimers now: `
        const now = await trial.timers()
        throw new Wrong({
          saw: `${saw} Your server has more timers than before:`,
          bytes: `${bytes}${now}`,
          at: bytes.length,
          wanted: String(before),
          hint: 'timers',
        })
      },
    }),
  },
]
