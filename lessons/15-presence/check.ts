import { Wrong } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
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
    checks: [
      {
        name: 'who-comes',
        title: 'Tells who comes who is there, and those who are there who comes',
        hints: {
          'newcomer-blind': [
            'Somebody joined a board, and was not told who is on it.',
            'Look at what the answer to a join holds, and at what is known at the moment in which you make it.',
            'The others are told of changes. A change says nothing to somebody who does not know what it is a change of: who comes needs the state, once, and with itself in it.',
          ],
          'not-told': [
            'Somebody joined a board, and another one on it was not told.',
            'Look at what join says to the others, and whom that reaches.',
            'The others cannot see who comes. Whatever they should know of it somebody has to say.',
          ],
          'told-twice': [
            'Somebody joined a board once, and another one was told more than that.',
            'Look at how often you tell it, and to whom.',
            'Each change is told to each tab of the others once.',
          ],
          other: [
            'Somebody joined a board, and another one was told something else than who.',
            'Look at the type and at the fields: boardId, userId and name.',
            'A tab may be on several boards. Each message has to say of which one it is, and of whom.',
          ],
          'not-known': [
            'Somebody was told to be on a board, and by your own account it is another way.',
            'Look at what join keeps: is the person in the map of the board, and the tab in the set of the person?',
            'What you tell and what you know have to be one thing. Else somebody who comes later is told something else.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const grace = await open(trial, 'grace')
          const sawFirst = `Grace joined ${room}, where nobody was, and got:`
          const alone = { here: { grace: 1 }, typing: [] }
          expectState(await joins(trial, grace, sawFirst), alone, { saw: sawFirst, hint: 'newcomer-blind' })
          const tab = await open(trial, 'ada')
          const saw = `Grace is on ${room}. Ada joined it, and got:`
          const both = { here: { ada: 1, grace: 1 }, typing: [] }
          expectState(await joins(trial, tab, saw), both, { saw, hint: 'newcomer-blind' })
          const hint = (differs: Differs) =>
            differs === 'missing' || differs === 'closed' ? 'not-told' : differs === 'extra' ? 'told-twice' : 'other'
          const sawGrace = `Grace is on ${room}, and Ada joined it. Grace got:`
          await expectNews(trial, grace, [ada('user_joined', room, { name: 'Ada' })], { saw: sawGrace, hint })
          const sawKnown = `Grace and Ada are on ${room}, by one tab each. By your own account:`
          await expectKnown(trial, both.here, { saw: sawKnown, hint: 'not-known' })
        },
      },
      {
        name: 'who-goes',
        title: 'Tells those who stay who leaves',
        hints: {
          'not-told': [
            'Somebody left a board, and another one on it was not told.',
            'Look at what leave does when no tab of the person is left, and at whether those who stay are told behind it.',
            'Who is not told that somebody left shows that one for good.',
          ],
          'told-twice': [
            'Somebody left a board once, and another one was told more than that.',
            'Look at how often you tell it, and at what is told besides.',
            'Each change is told to each tab of the others once.',
          ],
          'still-known': [
            'Somebody left a board, and by your own account is still on it.',
            'Look at what leave takes out: the tab, and with the last tab the person.',
            'What you tell and what you know have to be one thing. Else somebody who comes later is told something else.',
          ],
          'told-itself': [
            'Somebody left a board, and was told so as those are who stay.',
            'Look at whom you leave out where you tell who left: is it still in what you go through?',
            'News of somebody is for everybody else. Who leaves knows it, and waits for one word: that it worked.',
          ],
          'no-answer': [
            'A tab left a board and was not told that it worked.',
            'Look at what follows leave in the handler: the type left was there when you began.',
            'From the word on the client may be sure to hear nothing of the board any more.',
          ],
          'empty-board': [
            'The last one has left a board, and by your own account the board is still there.',
            'Look at what is left of the map of boards when the last person of a board has been taken out.',
            'A board that nobody is on is nothing to keep. Whoever leaves an empty map behind for each has more of them every day, and nobody sees it.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace, first } = await graceAndAda(trial, 1)
          first.say({ type: 'leave', boardId: room })
          const saw = `Ada is on ${room} by one tab, and left it. You answered:`
          const hintOwn = (differs: Differs) =>
            differs === 'missing' || differs === 'closed' ? 'no-answer' : 'told-itself'
          await expectNews(trial, first, [{ type: 'left', boardId: room }], { saw, hint: hintOwn })
          const hint = (differs: Differs) => (differs === 'extra' ? 'told-twice' : 'not-told')
          const sawGrace = `Ada was on ${room} by one tab, and left it. Grace got:`
          await expectNews(trial, grace, [ada('user_left', room)], { saw: sawGrace, hint })
          const sawKnown = `Ada was on ${room} by one tab, and left it. By your own account:`
          await expectKnown(trial, { grace: 1 }, { saw: sawKnown, hint: 'still-known' })
          grace.say({ type: 'leave', boardId: room })
          const sawLast = `Ada left ${room}, and then Grace, the last one there, and got:`
          await expectNews(trial, grace, [{ type: 'left', boardId: room }], { saw: sawLast, hint: hintOwn })
          await expectNoBoard(trial, `Ada left ${room}, and then Grace, the last one there. By your own account:`)
        },
      },
      {
        name: 'second-tab',
        title: 'Takes a second tab for the same person, who is here already',
        hints: {
          'announced-again': [
            'Somebody who was there opened a second tab, and the others were told once more that this one joined.',
            'Look at what you ask before you tell it: whether this tab is new, or whether this person is?',
            'What people want to know is who is here. Of somebody who was here before, a further tab is no news.',
          ],
          'told-itself': [
            'Somebody opened a second tab, and the first one was told of it as of somebody else.',
            'Look at whom you leave out where you tell who joined: one tab, or one person?',
            'News of somebody is for everybody else. A page that is told of its own user shows a stranger by the same name.',
          ],
          'counted-wrong': [
            'Somebody has two tabs on a board, and by your own account it is another number.',
            'Look at what becomes of the first tab when the second one joins, and at what you do where the same tab joins once more.',
            'A person is here by a set of tabs. A second one is added to it and takes no place; the same one again changes nothing.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace, first } = await graceAndAda(trial, 1)
          const second = await tabOn(trial, 'ada')
          const sawGrace = `Ada is on ${room}, and joined it by a second tab. Grace got:`
          await expectNews(trial, grace, [], { saw: sawGrace, hint: 'announced-again' })
          const sawAda = `Ada is on ${room}, and joined it by a second tab. Her first tab got:`
          await expectNews(trial, first, [], { saw: sawAda, hint: 'told-itself' })
          const told = { saw: `Ada is on ${room} by two tabs. By your own account:`, hint: 'counted-wrong' }
          await expectKnown(trial, { ada: 2, grace: 1 }, told)
          await joins(trial, second, `Ada's second tab joined ${room} again, and got:`)
          const sawAgain = `Ada is on ${room} by two tabs, one of which has joined it twice. By your own account:`
          await expectKnown(trial, { ada: 2, grace: 1 }, { saw: sawAgain, hint: 'counted-wrong' })
        },
      },
      {
        name: 'namesakes',
        title: 'Tells two people apart who are called the same',
        hints: {
          'one-person': [
            'Two people with one name are on a board, and you take them for one.',
            'Look at what your maps go by, and at what you compare: the name, or the userId?',
            'A name is how somebody is shown. Who somebody is the server knows by an id that it has given out itself.',
          ],
          'both-gone': [
            'Two people with one name were on a board and one of them left; by your own account so did the other one.',
            'Look at what you go by when you take somebody out: the name, or the userId?',
            'A name is how somebody is shown. Who somebody is the server knows by an id that it has given out itself.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace, first } = await graceAndAda(trial, 1)
          const other = await tabOn(trial, 'ada-2', [room], { name: 'Ada' })
          const saw = `Ada is on ${room}, and another person joined it who is called Ada, too. Grace got:`
          const joined = { type: 'user_joined', boardId: room, userId: 'ada-2', name: 'Ada' }
          await expectNews(trial, grace, [joined], { saw, hint: 'one-person' })
          const sawBoth = `Two people called Ada are on ${room}. By your own account:`
          await expectKnown(trial, { ada: 1, 'ada-2': 1, grace: 1 }, { saw: sawBoth, hint: 'one-person' })
          first.say({ type: 'leave', boardId: room })
          const sawLeft = `Two people called Ada were on ${room}, and ada left it. By your own account:`
          await expectKnown(trial, { 'ada-2': 1, grace: 1 }, { saw: sawLeft, hint: 'both-gone' })
          await expectNews(trial, other, [ada('user_left', room)], {
            saw: `Two people called Ada were on ${room}, and ada left it. The other one got:`,
            hint: 'both-gone',
          })
        },
      },
      {
        name: 'one-tab-closes',
        title: 'Keeps a person here until the last of the tabs has closed',
        hints: {
          'person-left': [
            'Somebody had two tabs on a board and closed one of them, and you say that this one left.',
            'Look at what you ask before you say that somebody left: is any other tab there?',
            'Tabs come and go, and people are here as long as one of them is. To close one of two is no leaving.',
          ],
          'tab-stays': [
            'A tab is closed, and by your own account it is still there.',
            'Look at what leave takes out, and at whether it does so where the person stays, too.',
            'A tab that is not taken out keeps its person here for good.',
          ],
          'not-told': [
            'Somebody closed the last tab, and the others were not told that this one left.',
            'Look at what you do when no tab of the person is left.',
            'Nobody who closes a page says goodbye. The server has to say it.',
          ],
          'told-twice': [
            'Somebody closed the last of two tabs, and the others were told more than that this one left.',
            'Look at how often you tell it: for the person, or for each tab?',
            'Somebody leaves once, however many tabs that took.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace, first, second } = await graceAndAda(trial, 2)
          second.socket.close()
          const saw = `Ada was on ${room} by two tabs, and closed one of them.`
          const gone = ({ here }: Known) => (here.ada === undefined ? 'person-left' : 'tab-stays')
          await expectKnown(trial, { ada: 1, grace: 1 }, { saw: `${saw} By your own account:`, hint: gone })
          await expectNews(trial, grace, [], { saw: `${saw} Grace got:`, hint: 'person-left' })
          first.socket.terminate()
          const sawLast = `${saw} Then her other tab was cut off.`
          await expectKnown(trial, { grace: 1 }, { saw: `${sawLast} By your own account:`, hint: 'tab-stays' })
          const hint = (differs: Differs) => (differs === 'extra' ? 'told-twice' : 'not-told')
          await expectNews(trial, grace, [ada('user_left', room)], { saw: `${sawLast} Grace got:`, hint })
        },
      },
      {
        name: 'boards-apart',
        title: 'Knows for each board by itself who is there and who is typing',
        hints: {
          'another-board': [
            'Somebody did something on one board, and on another one something was told or known of it.',
            'Look at what you keep for each board and what for all of them, and at whom you tell.',
            'To be here means to be on this board. Who is on two of them is there twice, and leaves each by itself.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const other = `${room}-2`
          const noor = await tabOn(trial, 'noor', [other])
          await tabOn(trial, 'grace')
          const hint = 'another-board'
          await expectNews(trial, noor, [], { saw: `Grace joined ${room}. Noor, who is on ${other}, got:`, hint })
          const both = await open(trial, 'ada')
          await joins(trial, both, `Ada joined ${room}, and got:`)
          const sawFirst = `Ada joined ${room}. Noor, who is on ${other}, got:`
          await expectNews(trial, noor, [], { saw: sawFirst, hint })
          const sawJoined = `Ada is on ${room}, where Grace is, and joined ${other}, where Noor is. She got:`
          const joined = await joins(trial, both, sawJoined, other)
          expectState(joined, { here: { ada: 1, noor: 1 }, typing: [] }, { saw: sawJoined, hint })
          const sawNoor = `Ada is on ${room} and joined ${other}, too. Noor, who is there, got:`
          await expectNews(trial, noor, [ada('user_joined', other)], { saw: sawNoor, hint })
          both.say({ type: 'typing', boardId: room })
          await beat(trial, both)
          const sawTyping = `Ada is on both boards, and types on ${room}.`
          await expectNews(trial, noor, [], { saw: `${sawTyping} Noor, who is on ${other}, got:`, hint })
          const sawKnown = `${sawTyping} By your own account, on ${other}:`
          await expectKnown(trial, { ada: 1, noor: 1 }, { saw: sawKnown, hint }, { board: other })
          both.say({ type: 'leave', boardId: room })
          await beat(trial, both)
          const sawLeft = `Ada was on both boards, and left ${room}.`
          await expectNews(trial, noor, [], { saw: `${sawLeft} Noor, who is on ${other}, got:`, hint })
          const sawRest = `${sawLeft} By your own account, on ${other}:`
          await expectKnown(trial, { ada: 1, noor: 1 }, { saw: sawRest, hint }, { board: other })
          await expectKnown(trial, { grace: 1 }, { saw: `${sawLeft} By your own account, there:`, hint })
        },
      },
      {
        name: 'leaves-and-closes',
        title: 'Has a tab go once, though it leaves first and closes then',
        hints: {
          'left-early': [
            'One of two tabs left the board and was closed then, and you say that the person left, who has the other one.',
            'Look at what is counted when a tab closes that has left already.',
            'A tab that goes may say so twice: by a word and by its end. What is a number is one too low then; what is a set bears it.',
          ],
          'told-twice': [
            'A tab left the board and was closed then, and the others were told twice that its person left.',
            'Look at what is asked when a tab closes: was it still on this board?',
            'Leaving is something that happens to somebody who is there. Who has left cannot do it again.',
          ],
          'tab-stays': [
            'A tab has left the board or is closed, and by your own account it is still there.',
            'Look at what leave takes out, on which board, and on how many of them.',
            'A connection that is over was on every board that it had joined, and leaves each of them.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const other = `${room}-2`
          const { grace, first, second } = await graceAndAda(trial, 2, [room, other])
          for (const tab of [second, first]) {
            const isLast = tab === first
            tab.say({ type: 'leave', boardId: room })
            await expectNews(trial, tab, [{ type: 'left', boardId: room }], {
              saw: `A tab of Ada's left ${room}, and got:`,
              hint: 'tab-stays',
            })
            const saw = isLast ? 'Then her other tab did the same.' : `Ada was on ${room} by two tabs, and left by one.`
            const sawGrace = `${saw} Grace got:`
            const news = isLast ? [ada('user_left', room)] : []
            await expectNews(trial, grace, news, { saw: sawGrace, hint: isLast ? 'told-twice' : 'left-early' })
            tab.socket.close()
            // The other board tells when the server has seen the end.
            const sawOther = `${saw} That tab is closed now, and was on ${other}, too. By your own account, there:`
            const rest = isLast ? {} : { ada: 1 }
            await expectKnown(trial, rest, { saw: sawOther, hint: 'tab-stays' }, { board: other })
            const sawEnd = `${saw} Then that tab was closed. By your own account:`
            const hint = isLast ? 'told-twice' : 'left-early'
            await expectKnown(trial, isLast ? { grace: 1 } : { ada: 1, grace: 1 }, { saw: sawEnd, hint })
            await expectNews(trial, grace, [], { saw: `${saw} Then that tab was closed. Grace got:`, hint })
          }
        },
      },
      {
        name: 'typing-is-told',
        title: 'Tells all others who begins to type, once, and those who come later too',
        hints: {
          'not-told': [
            'Somebody types, and another one on the board was not told.',
            'Look at what typing tells, when, and whom that reaches.',
            'The others cannot see what one does. Whatever they should know of it somebody has to say.',
          ],
          'told-itself': [
            'Somebody types in one tab, and a tab of the very same person was told of it.',
            'Look at whom you leave out: one tab, or one person?',
            'News of somebody is for everybody else. A page that is told of its own user shows that somebody types, and means you.',
          ],
          'every-key': [
            'Somebody types on, and the others were told again.',
            'Look at what you ask before you tell it: what was known before?',
            'A page says typing with every key, and there are many pages. What the others need are the changes: that it begins, and that it is over.',
          ],
          'newcomer-blind': [
            'Somebody joined a board on which another one types, and was not told of it.',
            'Look at what the answer to a join holds, and at what a person who types has in what you keep.',
            'Who comes needs the state, once. Of what has begun before there will be no news until it is over.',
          ],
          'not-known': [
            'Somebody types, and by your own account nobody does.',
            'Look at what typing keeps of it, and where.',
            'What you tell and what you know have to be one thing. Else somebody who comes later is told something else.',
          ],
          other: [
            'Somebody types, and another one was told something else than who.',
            'Look at the type and at the fields: boardId, userId, name, and on, which is true.',
            'Who shows that somebody types has to know who, where, and whether it begins or is over.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace, first, second } = await graceAndAda(trial, 2)
          first.say({ type: 'typing', boardId: room })
          const sawOwn = `Ada is on ${room} by two tabs, and types in the first one.`
          await expectNews(trial, first, [], { saw: `${sawOwn} That one got:`, hint: 'told-itself' })
          await expectNews(trial, second, [], { saw: `${sawOwn} The second one got:`, hint: 'told-itself' })
          const hint = (differs: Differs) =>
            differs === 'missing' || differs === 'closed' ? 'not-told' : differs === 'extra' ? 'every-key' : 'other'
          const begins = ada('user_typing', room, { name: 'Ada', on: true })
          await expectNews(trial, grace, [begins], { saw: `Ada types on ${room}. Grace got:`, hint })
          const told = { saw: `Ada types on ${room}. By your own account:`, hint: 'not-known' }
          await expectKnown(trial, { ada: 2, grace: 1 }, told, { typing: ['ada'] })
          for (let i = 0; i < 3; i++) first.say({ type: 'typing', boardId: room })
          await beat(trial, first)
          const sawOn = `Ada was typing on ${room}, and typed three keys more. Grace got:`
          await expectNews(trial, grace, [], { saw: sawOn, hint: 'every-key' })
          const saw = `Ada types on ${room}. Noor joined it, and got:`
          const joined = await joins(trial, await open(trial, 'noor'), saw)
          const wanted = { here: { ada: 2, grace: 1, noor: 1 }, typing: ['ada'] }
          expectState(joined, wanted, { saw, hint: 'newcomer-blind' })
        },
      },
      {
        name: 'typing-ends',
        title: 'Ends typing by itself when nothing more is said of it',
        hints: {
          never: [
            'Somebody typed and said nothing more, and is typing still, long after the time that it should last.',
            'Look at what would end it. Does anything happen where nothing comes?',
            'Whoever is called to the door in the middle of a word says nothing at all. A state that only a message can end stays when the message does not come; so it gets a time, and ends by itself.',
          ],
          'not-told': [
            'Typing has ended by itself, by your own account, and nobody was told.',
            'Look at what happens when the time is over, besides what you keep.',
            'The end is a change like the beginning. Who was told the one waits for the other.',
          ],
          'too-early': [
            'Somebody typed, and you ended it before the time was over that it should last.',
            'Look at the time that you give the timer, in milliseconds.',
            'Between two keys people think. What ends too early flickers.',
          ],
          'told-twice': [
            'Typing was over, and the others were told more than once, or more than that.',
            'Look at how many timers there are, and at what each of them tells.',
            'Each change is told once.',
          ],
          other: [
            'Typing has ended by itself, and the others were told something else than that.',
            'Look at the type and at the fields: boardId, userId, and on, which is false.',
            'Who shows that somebody types has to know who, where, and whether it begins or is over.',
          ],
          'not-again': [
            'Somebody typed, that was over, and then this one typed again; the others were told something else.',
            'Look at what is left of the first time when the time is over.',
            'What has ended can begin again. If the end leaves something behind that looks like typing, the next beginning is no change.',
          ],
          'with-any-tab': [
            'Somebody with two tabs typed in one of them and left by the other, and the typing did not end as it should, 5 s behind the last word of it.',
            'Look at what leave stops, and at whether it has asked by then if another tab is there.',
            'Who types is the person, and the timer is the person’s. It goes with the last tab, and not with any.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace, first } = await graceAndAda(trial, 1)
          const typing = (on: boolean) => ada('user_typing', room, { on })
          for (const round of ['', ' again']) {
            first.say({ type: 'typing', boardId: room })
            await beat(trial, first)
            const hintOn = round === '' ? 'too-early' : 'not-again'
            const sawOn = `Ada types on ${room}${round}. Grace got:`
            await expectNews(trial, grace, [typing(true)], { saw: sawOn, hint: hintOn })
            await trial.tick(TYPING_MS - 500)
            const sawEarly = `Ada typed on ${room}${round}, 4.5 s ago. Grace got:`
            await expectNews(trial, grace, [], { saw: sawEarly, hint: 'too-early' })
            await trial.tick(500 + SLACK_MS)
            const saw = `Ada typed on ${room}${round}, 10 s ago, and said no more.`
            const { found } = await known(trial, room)
            const ended = found.typing.includes('ada') ? 'never' : 'not-told'
            const hint = (differs: Differs) =>
              differs === 'extra' ? 'told-twice' : differs === 'other' ? 'other' : ended
            await expectNews(trial, grace, [typing(false)], { saw: `${saw} Grace got:`, hint })
            await expectKnown(trial, { ada: 1, grace: 1 }, { saw: `${saw} By your own account:`, hint: 'never' })
          }
          const second = await tabOn(trial, 'ada')
          first.say({ type: 'typing', boardId: room })
          await beat(trial, first)
          second.say({ type: 'leave', boardId: room })
          await beat(trial, second)
          const sawTwo = `Ada is on ${room} by two tabs, typed in one of them, and left by the other.`
          const hint = 'with-any-tab'
          await expectNews(trial, grace, [typing(true)], { saw: `${sawTwo} Grace got:`, hint })
          // A little less than ten: who gives up tabs 30 s after their first word shall not do so in this check.
          await trial.tick(TYPING_MS + SLACK_MS - 500)
          await expectNews(trial, grace, [typing(false)], { saw: `${sawTwo} 9.5 s later Grace has got:`, hint })
        },
      },
      {
        name: 'types-on',
        title: 'Has typing go on for as long as somebody types on',
        hints: {
          'first-timer': [
            'Somebody types on and on, and was said to have stopped, at the time that the first key had set.',
            'Look at what becomes of the timer of an earlier key when the next one comes.',
            'Each key begins the time anew. A timer that nobody stops goes off, whatever has happened since it was set.',
          ],
          never: [
            'Somebody typed for a while and stopped, and is typing still.',
            'Look at whether each further key leaves a timer behind that will end it.',
            'To begin anew is two things: the old timer is stopped, and another one is started.',
          ],
          'told-twice': [
            'Somebody typed for a while and stopped, and the others were told so more than once.',
            'Look at how many timers there are when several keys were typed.',
            'There is one state, and so there is one timer that ends it.',
          ],
        },
        async run(trial) {
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
          await expectNews(trial, grace, [typing(true)], { saw: `${saw} Grace got:`, hint })
          const told = { saw: `${saw} By your own account:`, hint: 'first-timer' }
          await expectKnown(trial, { ada: 1, grace: 1 }, told, { typing: ['ada'] })
          await trial.tick(1000 + SLACK_MS)
          const sawOver = `Ada typed a key on ${room} every 4 s, ${keys} times, and stopped 10 s ago. Grace got:`
          const hintOver = (differs: Differs) => (differs === 'extra' ? 'told-twice' : 'never')
          await expectNews(trial, grace, [typing(false)], { saw: sawOver, hint: hintOver })
        },
      },
      {
        name: 'typing-is-over',
        title: 'Ends typing at once where that is said, and no later typing with it',
        hints: {
          ignored: [
            'A page said that typing is over, and you did not say so to the others.',
            'Look at what you do with on, where it is false.',
            'Who has sent the message does not type any more, and everybody can see it. Five seconds of typing behind it are wrong.',
          ],
          'earlier-timer': [
            'Typing was ended by a word and then began again; the timer of the first time ended the second.',
            'Look at what becomes of the timer where typing is ended by a word.',
            'A timer belongs to what it was set for. What ends that earlier has to stop the timer, too; else it goes off in the midst of something else.',
          ],
          'told-twice': [
            'A page said that typing is over, and the others were told more than once.',
            'Look at what you tell where nobody was typing.',
            'The others are told of changes. What is over already cannot end.',
          ],
          never: [
            'Typing was ended by a word, began again, and did not end by itself.',
            'Look at the second beginning: does it set a timer?',
            'A state that only a message can end stays when the message does not come.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace, first } = await graceAndAda(trial, 1)
          const types = async (on: boolean) => {
            first.say({ type: 'typing', boardId: room, ...(!on && { on }) })
            await beat(trial, first)
          }
          const typing = (on: boolean) => ada('user_typing', room, { on })
          await types(true)
          await types(false)
          const saw = `Ada typed on ${room} and said that it is over. Grace got:`
          const hint = (differs: Differs) => (differs === 'extra' ? 'told-twice' : 'ignored')
          await expectNews(trial, grace, [typing(true), typing(false)], { saw, hint })
          await types(false)
          const sawTwice = `Ada typed on ${room} and said twice that it is over. For the second, Grace got:`
          await expectNews(trial, grace, [], { saw: sawTwice, hint: 'told-twice' })
          await trial.tick(3000)
          await types(true)
          await trial.tick(3000)
          const sawAgain = `Ada typed on ${room}, said that it is over, and typed again 3 s later. After 3 s more, Grace got:`
          const hintAgain = (differs: Differs) => (differs === 'extra' ? 'earlier-timer' : 'never')
          await expectNews(trial, grace, [typing(true)], { saw: sawAgain, hint: hintAgain })
          await trial.tick(2000 + SLACK_MS)
          const sawEnd = `Ada typed on ${room}, said that it is over, and typed again, 10 s ago. Grace got:`
          await expectNews(trial, grace, [typing(false)], { saw: sawEnd, hint: hintAgain })
        },
      },
      {
        name: 'types-and-goes',
        title: 'Ends with a person what that person was about to do',
        hints: {
          stays: [
            'Somebody left a board in the midst of typing, and is still typing there.',
            'Look at where you keep who types, and at what of it leave takes out.',
            'What somebody does goes when that one goes. If it is kept in a place of its own, that place has to be cleared as well.',
          ],
          ghost: [
            'Somebody left a board in the midst of typing, and later the others were told of a typing that nobody knows of any more.',
            'Look at the timer: what becomes of it when its person leaves?',
            'A timer holds on to what it was set for. If that is gone, or has come back as something new, it speaks of a past that nobody shares.',
          ],
          'not-told': [
            'Somebody left a board in the midst of typing, and the others were not told that this one left.',
            'Look at the way that leave takes for one who types.',
            'To leave is the end of all. Whether one was typing changes nothing of it.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace, first } = await graceAndAda(trial, 1)
          const begins = ada('user_typing', room, { on: true })
          first.say({ type: 'typing', boardId: room })
          first.say({ type: 'leave', boardId: room })
          const hint = (differs: Differs) => (differs === 'extra' ? 'ghost' : 'not-told')
          await expectNews(trial, first, [{ type: 'left' }], { saw: `Ada typed on ${room}, left it, and got:`, hint })
          await beat(trial, grace)
          const saw = `Ada typed on ${room}, and left it. Grace got:`
          await expectNews(trial, grace, [begins, ...leaving(grace, room)], { saw, hint })
          const told = { saw: `Ada typed on ${room}, and left it. By your own account:`, hint: 'stays' }
          await expectKnown(trial, { grace: 1 }, told)
          const sawBack = `Ada typed on ${room}, left it, and came back. She got:`
          const back = await joins(trial, first, sawBack)
          expectState(back, { here: { ada: 1, grace: 1 }, typing: [] }, { saw: sawBack, hint: 'stays' })
          const sawGrace = `Ada typed on ${room}, left it, and came back. Grace got:`
          await expectNews(trial, grace, [ada('user_joined', room)], { saw: sawGrace, hint: 'not-told' })
          await trial.tick(3000)
          first.say({ type: 'typing', boardId: room })
          await beat(trial, first)
          await trial.tick(3000)
          const sawLater = `Ada typed on ${room}, left, came back, and typed again 3 s ago. Grace got:`
          await expectNews(trial, grace, [begins], { saw: sawLater, hint: 'ghost' })
          first.socket.terminate()
          const sawCut = `Ada types on ${room}, and was cut off.`
          await expectKnown(trial, { grace: 1 }, { saw: `${sawCut} By your own account:`, hint: 'stays' })
          await beat(trial, grace)
          const cut = leaving(grace, room)
          await trial.tick(TYPING_MS + SLACK_MS)
          await expectNews(trial, grace, cut, { saw: `${sawCut} 10 s later Grace has got:`, hint })
        },
      },
      {
        name: 'heartbeat',
        title: 'Keeps a tab for as long as anything comes from it',
        hints: {
          early: [
            'A tab says ping every ten seconds, as it should, and you gave it up.',
            'Look at what begins the time anew that a tab may be silent.',
            'The time runs from the last sign of life and not from the first. Who never begins it anew throws everybody out in turn.',
          ],
          'ping-only': [
            'A tab says something every ten seconds, though it is no ping, and you gave it up.',
            'Look at which messages begin the time anew.',
            'Whatever comes shows that somebody is there. A ping is what one says who has nothing else to say.',
          ],
          'pong-only': [
            'A tab says ping every ten seconds, as it should, and you gave it up, since it answered none of your own pings.',
            'Look at what begins the time anew: answers to pings of the protocol alone?',
            'A ping of the protocol asks the machine, and what a page says comes from the page. Who asks for more may do so; what comes by itself counts nevertheless.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace, first } = await graceAndAda(trial, 1)
          const busy = await tabOn(trial, 'noor')
          await expectNews(trial, grace, [{ type: 'user_joined', userId: 'noor' }], {
            saw: `Noor joined ${room}. Grace got:`,
            hint: 'early',
          })
          const mute = await tabOn(trial, 'mo', [room], { dies: true })
          await expectNews(trial, grace, [{ type: 'user_joined', userId: 'mo' }], {
            saw: `Mo joined ${room}. Grace got:`,
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
          const saw = 'Four tabs are there for 50 s. Three of them say ping every ten seconds.'
          const hint = ({ here }: Known) =>
            !here.ada || !here.grace ? 'early' : here.noor && !here.mo ? 'pong-only' : 'ping-only'
          const everybody = { ada: 1, grace: 1, mo: 1, noor: 1 }
          const sawKnown = `${saw} The fourth, Noor's, says join every ten seconds. Mo's answers no ping of the protocol. By your own account:`
          await expectKnown(trial, everybody, { saw: sawKnown, hint })
          const came = [
            { type: 'user_joined', userId: 'noor' },
            { type: 'user_joined', userId: 'mo' },
          ]
          await expectNews(trial, first, came, {
            saw: `${saw} One of these, Ada's, got:`,
            hint: (differs) => (differs === 'closed' ? 'early' : 'ping-only'),
          })
        },
      },
      {
        name: 'silent-tab',
        title: 'Gives up a tab from which nothing comes any more',
        hints: {
          never: [
            'A tab has died without a word, and by your own account it is still there, twice the time later that it may be silent.',
            'Look at what would take it out. Does anything happen where nothing comes?',
            'A machine that is switched off closes no connection. Only time can tell that somebody is gone; who waits for an event waits for good.',
          ],
          'too-early': [
            'A tab was silent for less than the time that it may be, and you gave it up.',
            'Look at the time that you give it, in milliseconds, and at when it begins.',
            'A tunnel, a busy machine, a page in the background: each is silent for a while and comes back. Who is hasty makes people blink.',
          ],
          'not-told': [
            'A tab has died without a word, and was taken out; the others were not told that its person left.',
            'Look at the way on which a silent tab is taken out: is it that of a tab which closes?',
            'How somebody has left is nothing to the others. There is one way out, and all go by it.',
          ],
          'told-twice': [
            'A tab has died without a word, and the others were told more than once that its person left.',
            'Look at what happens when the time is over, and then at what happens when the connection ends by that.',
            'To end a connection leads to its close, and that is a leaving already. Who does it by hand as well does it twice.',
          ],
          'not-closed': [
            'A silent tab was taken out, and its connection is still open.',
            'Look at what becomes of the connection of a tab that you give up.',
            'If the tab was only asleep it wakes up, has a connection that works, and believes to be here; nobody else does. Ended, it notices, comes back and joins again.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace } = await graceAndAda(trial, 0)
          const dead = await tabOn(trial, 'ada', [room], { dies: true })
          const hintOn = (differs: Differs) => (differs === 'missing' ? 'not-told' : 'too-early')
          const sawOn = `Ada joined ${room}. Grace got:`
          await expectNews(trial, grace, [ada('user_joined', room)], { saw: sawOn, hint: hintOn })
          await pass(trial, GONE_MS - 1000, [grace])
          const sawEarly = `Nothing has come from Ada's tab for ${(GONE_MS - 1000) / 1000} s. Grace got:`
          await expectNews(trial, grace, [], { saw: sawEarly, hint: 'too-early' })
          await pass(trial, GONE_MS + 1000, [grace])
          const saw = `Nothing has come from Ada's tab for ${(2 * GONE_MS) / 1000} s.`
          await expectKnown(trial, { grace: 1 }, { saw: `${saw} By your own account:`, hint: 'never' })
          const hint = (differs: Differs) => (differs === 'extra' ? 'told-twice' : 'not-told')
          await expectNews(trial, grace, [ada('user_left', room)], { saw: `${saw} Grace got:`, hint })
          const isOver = trial.until('it is over', () => dead.closed !== null, PATIENCE_MS)
          if (await isOver.catch(() => false)) return
          const { bytes } = dead.shown()
          const finding = { saw: `${saw} Its connection:`, bytes: `${bytes}\n`, at: bytes.length + 1 }
          throw new Wrong({ ...finding, wanted: 'Disconnected', hint: 'not-closed' })
        },
      },
      {
        name: 'one-tab-is-silent',
        title: 'Gives up one of two tabs, and keeps the person',
        hints: {
          'person-gone': [
            'One of two tabs has died without a word. You gave up the person, whose other tab is alive.',
            'Look at what a silent tab takes along: itself, or its person?',
            'Being silent is something that happens to a tab. The person is gone when the last of them is.',
          ],
          'kept-by-the-other': [
            'One of two tabs has died without a word, and by your own account it is still there.',
            'Look at what the time belongs to that somebody may be silent: to the tab, or to the person?',
            'Each tab has to be alive by itself. If one of them speaks for all, the dead ones stay for as long as the person has any.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const { grace, first } = await graceAndAda(trial, 1)
          await tabOn(trial, 'ada', [room], { dies: true })
          await pass(trial, 2 * GONE_MS, [grace, first])
          const saw = `Ada is on ${room} by two tabs. From one of them nothing has come for ${(2 * GONE_MS) / 1000} s.`
          const hint = ({ here }: Known) => (here.ada === undefined ? 'person-gone' : 'kept-by-the-other')
          await expectKnown(trial, { ada: 1, grace: 1 }, { saw: `${saw} By your own account:`, hint })
          await expectNews(trial, grace, [], { saw: `${saw} Grace got:`, hint: 'person-gone' })
          await expectNews(trial, first, [], { saw: `${saw} The other one got:`, hint: 'person-gone' })
        },
      },
    ],
  },
]
