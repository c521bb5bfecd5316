import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import { words } from './hints.ts'
import {
  BEAT_MS,
  GONE_MS,
  PATIENCE_MS,
  SLACK_MS,
  TYPING_MS,
  ada,
  beat,
  expectKnown,
  expectNews,
  expectNoBoard,
  expectState,
} from './tabs.ts'
import { fieldsOf, graceAndAda, joins, known, leaving, open, pass, tabOn } from './tabs.ts'
import type { Differs, Known } from './tabs.ts'

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
        await expectNews(trial, grace, [ada('user_joined', room, { name: 'Ada' })], { saw: sawGrace, hint })
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
        const hint = (differs: Differs) => (differs === 'extra' ? 'announced-twice' : 'not-announced')
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
        const begins = ada('user_typing', room, { name: 'Ada', on: true })
        await expectNews(trial, grace, [begins], { saw: `Ada types on ${room}. Grace received:`, hint })
        const observed = { saw: `Ada types on ${room}. GET / returns:`, hint: 'not-known' }
        await expectKnown(trial, { ada: 2, grace: 1 }, observed, { typing: ['ada'] })
        for (let i = 0; i < 3; i++) first.say({ type: 'typing', boardId: room })
        await beat(trial, first)
        const sawOn = `Ada was typing on ${room}, and typed three more keys. Grace received:`
        await expectNews(trial, grace, [], { saw: sawOn, hint: 'every-key' })
        const saw = `Ada types on ${room}. Noor joined it, and received:`
        const joined = await joins(trial, await open(trial, 'noor'), saw)
        const wanted = { here: { ada: 2, grace: 1, noor: 1 }, typing: ['ada'] }
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
          await trial.tick(TYPING_MS - 500)
          const sawEarly = `Ada typed on ${room}${round}, 4.5 s ago. Grace received:`
          await expectNews(trial, grace, [], { saw: sawEarly, hint: 'too-early' })
          await trial.tick(500 + SLACK_MS)
          const saw = `Ada typed on ${room}${round}, 10 s ago, and sent nothing more.`
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
        // This is a little less than 10 s, because a program that gives up tabs 30 s after their first message must not do so here.
        await trial.tick(TYPING_MS + SLACK_MS - 500)
        await expectNews(trial, grace, [typing(false)], { saw: `${sawTwo} After 9.5 s, Grace had received:`, hint })
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
        await trial.tick(1000 + SLACK_MS)
        const sawOver = `Ada typed a key on ${room} every 4 s, ${keys} times, and stopped 10 s ago. Grace received:`
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
        await trial.tick(2000 + SLACK_MS)
        const sawEnd = `Ada typed on ${room}, said that typing is over, and typed again. 10 s later, Grace received:`
        await expectNews(trial, grace, [typing(false)], { saw: sawEnd, hint: hintAgain })
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
        await trial.tick(TYPING_MS + SLACK_MS)
        await expectNews(trial, grace, cut, { saw: `${sawCut} After 10 s, Grace had received:`, hint })
      },
      async heartbeat(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        const busy = await tabOn(trial, 'noor')
        await expectNews(trial, grace, [{ type: 'user_joined', userId: 'noor' }], {
          saw: `Noor joined ${room}. Grace received:`,
          hint: 'early',
        })
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
      },
      async 'silent-tab'(trial) {
        const { room } = trial
        const { grace } = await graceAndAda(trial, 0)
        const dead = await tabOn(trial, 'ada', [room], { dies: true })
        const hintOn = (differs: Differs) => (differs === 'missing' ? 'not-announced' : 'too-early')
        const sawOn = `Ada joined ${room}. Grace received:`
        await expectNews(trial, grace, [ada('user_joined', room)], { saw: sawOn, hint: hintOn })
        await pass(trial, GONE_MS - 1000, [grace])
        const sawEarly = `Ada's tab has been silent for ${(GONE_MS - 1000) / 1000} s. Grace received:`
        await expectNews(trial, grace, [], { saw: sawEarly, hint: 'too-early' })
        await pass(trial, GONE_MS + 1000, [grace])
        const saw = `Ada's tab has been silent for ${(2 * GONE_MS) / 1000} s.`
        await expectKnown(trial, { grace: 1 }, { saw: `${saw} GET / returns:`, hint: 'never' })
        const hint = (differs: Differs) => (differs === 'extra' ? 'announced-twice' : 'not-announced')
        await expectNews(trial, grace, [ada('user_left', room)], { saw: `${saw} Grace received:`, hint })
        const isOver = trial.until('it is over', () => dead.closed !== null, PATIENCE_MS)
        if (await isOver.catch(() => false)) return
        const { bytes } = dead.shown()
        const finding = { saw: `${saw} Its connection:`, bytes: `${bytes}\n`, at: bytes.length + 1 }
        throw new Wrong({ ...finding, wanted: 'Disconnected', hint: 'not-closed' })
      },
      async 'one-tab-is-silent'(trial) {
        const { room } = trial
        const { grace, first } = await graceAndAda(trial, 1)
        await tabOn(trial, 'ada', [room], { dies: true })
        await pass(trial, 2 * GONE_MS, [grace, first])
        const saw = `Ada is on ${room} with two tabs. One of them has been silent for ${(2 * GONE_MS) / 1000} s.`
        const hint = ({ here }: Known) => (here.ada === undefined ? 'person-gone' : 'kept-by-the-other')
        await expectKnown(trial, { ada: 1, grace: 1 }, { saw: `${saw} GET / returns:`, hint })
        await expectNews(trial, grace, [], { saw: `${saw} Grace received:`, hint: 'person-gone' })
        await expectNews(trial, first, [], { saw: `${saw} The other one received:`, hint: 'person-gone' })
      },
    }),
  },
]
