/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const BLANK: Hint = [
  'The page was opened, and did not show the board.',
  'Look at what you do with the snapshot when it arrives.',
  'A page starts from a snapshot, which contains the result of everything that happened before.',
]

export const DEAF: Hint = [
  'The board changed, and the page has no connection that would bring the change.',
  'Look at the call that follows the feed, and at the position where it starts.',
  'A snapshot shows the past. Later changes need an open connection.',
]

export const UNSENT: Hint = [
  'Ada changed her board, and the change never reached the server.',
  'Look at what you do with a change besides showing it.',
  'The page only shows what it expects. The change is real when the server has accepted it and the log contains it.',
]

export const NOT_LIVE: Hint = [
  'A transport delivered something, and your state says that it does not deliver.',
  'Look at the report "live". Which part of the state does it change?',
  'A proxy can hold back an open connection. Only a delivered message proves that a transport works.',
]

export const NO_TIME: Hint = [
  'After the first transport was given up, the next one did not get its full time, or was not recognised as working.',
  'Your state contains the time at which the current transport began to deliver nothing. What happens to this time when you change the transport?',
  'Each transport gets its own 4 s, which start when the transport starts. Otherwise the first failure makes all the others fail.',
]

export const words = {
  board: {
    'the-board': {
      title: 'Shows the board, and the changes of others',
      other: [
        'Somebody else changed the board, and the page shows a different board.',
        'Look at what an event changes. Is it the board that the page shows?',
        'Pages that apply the same events in the same order show the same board.',
      ],
      'again-and-again': [
        'Somebody else changed the board three times, and the page fetched the whole board again.',
        'Look at what you do with an event besides applying it.',
        'An event contains the change, so it is enough. A new snapshot for each event costs more than polling.',
      ],
    },
    'in-between': {
      title: 'Includes changes that were made while the snapshot was on its way',
      lost: [
        'A task was added after the snapshot was taken and before the page began to follow the feed. The page never shows this task.',
        'Look at the page’s second request. From which position does it follow the feed?',
        'The snapshot says at which cursor it ends, and the page has to follow from exactly there. "From now on" is later, and nobody delivers the changes between the two.',
      ],
      early: [
        'A task was added while the snapshot was on its way. Its event arrived before there was a board, and the page never shows it.',
        'Look at what you do with an event that arrives while there is no board.',
        'A connection that opens before the snapshot arrives brings events that the snapshot lacks. Keep these events, or open the connection later.',
      ],
    },
    'after-the-snapshot': {
      title: 'Does not apply an event that the snapshot already contains',
      'the-past': [
        'The page applied events from before the snapshot a second time, and now tasks are in the wrong places.',
        'Look at where the page starts to follow, and at what it does with events from before its snapshot.',
        'If a change is applied twice, the result can differ. "Move before c" has another effect after c has moved.',
      ],
    },
    'by-two-transports': {
      title: 'Applies an event once, even if two transports deliver it',
      twice: [
        'Two moves came through one transport, and then through another one. They were applied twice.',
        'Look at the ids. How can you recognise an event that you already have?',
        'When a page changes its transport, both run for a while. Transports deliver at least once; the page has to use the cursor to apply each event once.',
      ],
    },
    'at-once': {
      title: 'Shows its own change at once, before the server responds',
      waits: [
        'Ada moved a task, and her page still showed it in the old place.',
        'Look at what the page shows while its change is on its way.',
        'A user expects to see a change immediately. The page can show it before the server confirms it, and has to remember that it is not confirmed.',
      ],
      other: [
        'The log contains Ada’s change, and her page shows a different board.',
        'Look at what happens to an unconfirmed change when the log confirms it.',
        'The unconfirmed change and the event that confirms it are the same change. It must count once.',
      ],
    },
    'until-the-log': {
      title: 'Shows its own change until the log delivers it',
      flickers: [
        'The server accepted Ada’s change, and her page showed the board without it.',
        'Look at when you remove an unconfirmed change: when the response comes, or when the event comes?',
        'Response and event travel separately, in any order. Between the two, the change is accepted, but the page’s copy of the log does not contain it.',
      ],
      'until-its-event': [
        'The server accepted Ada’s change. Then an earlier event came, and her page showed the board without her change.',
        'Look at what the response changes, and at which event ends an unconfirmed change.',
        'In the log, Ada’s change comes after that event. So it stays on top until the event with the same key comes.',
      ],
      shuffled: [
        'Ada moved a task twice. The server accepted the first move, and then her page showed another board.',
        'Look at the order of your unconfirmed changes after one of them was accepted.',
        'The page applies the unconfirmed changes in the order in which the user made them. If a change is accepted, it keeps its place.',
      ],
    },
    'lets-go': {
      title: 'Stops showing its own change when the log has delivered it',
      clings: [
        'Ada moved a task, and the log confirmed it. Then Ben moved the task again, and her page still shows her move.',
        'Look at what you do with your own change when its event comes.',
        'An unconfirmed change is shown on top of the log only until the log contains it. After that it would hide the changes of others.',
      ],
      'comes-back': [
        'The event of Ada’s change came before the response to her request. Then Ben moved the task, and her page still shows her move.',
        'Look at what you do with the response if the event is there already.',
        'Response and event travel separately, so the response can be the later one. It gives the position of the change: compare it with the position of the page.',
      ],
    },
    'two-move-one': {
      title: 'Shows the state of the log after two people changed one task',
      order: [
        'Ada and Ben moved the same task. The log says which move came later, and Ada’s page shows the other move.',
        'Look at the event of your own change. Do you apply it at its place among the other events?',
        'Each page sees its own change first. The log has one order for everybody, so every page has to apply all events in that order, its own included.',
      ],
      'lost-update': [
        'While Ada’s move was on its way, Ben renamed the same task. Her page has lost the new title.',
        'Look at what you do with another person’s event about a task that you have changed yourself.',
        'Two people can change different fields of one task. If a page skips an event or replaces the whole task, it loses somebody’s change: a lost update.',
      ],
      'gives-in': [
        'Ada’s move was on its way. An event that did not contain it came, and her page took her move back.',
        'Look at which unconfirmed change you remove when an event comes. How do you recognise its event?',
        'Only the event with the same key is the change itself. An event about the same task, or of the same user in another window, is another change.',
      ],
    },
    refused: {
      title: 'Takes back a change that the server refuses, and no other change',
      stays: [
        'The server refused Ada’s change. Her page still shows this change, or shows another wrong board.',
        'Look at what happens to an unconfirmed change if the server refuses it.',
        'Nobody else sees a refused change. If the page keeps showing it, the user believes in a board that does not exist.',
      ],
      'undoes-others': [
        'When Ada’s change was refused, Ben’s later changes disappeared from her page too.',
        'Look at what you return to. Is it a copy of the board from before her change?',
        'Such a copy is out of date. Remove the refused change, and show the log as it is now.',
      ],
      'every-guess': [
        'Two of Ada’s changes were on their way. When the first one was refused, the second one was removed too.',
        'Look at which unconfirmed changes you remove after a refusal.',
        'Each unconfirmed change ends by itself, with its own event or its own refusal. The result of one says nothing about the others.',
      ],
    },
    'two-boards': {
      title: 'Keeps two boards separate',
      mixed: [
        'Two boards were open at the same time, and one of them shows something that belongs to the other.',
        'Look at where your variables are declared. Which of them do two calls of your function share?',
        'A variable outside of the function exists once for all boards. What belongs to one board has to be inside.',
      ],
    },
  },
  fallback: {
    'the-best': {
      title: 'Uses the best transport as long as it delivers',
      other: [
        'WebSocket delivers, and your rules use or try another transport.',
        'Look at what your rules do as time passes while everything works.',
        'If the best transport works, nothing has to change.',
      ],
    },
    'a-cut': {
      title: 'Keeps a transport whose connection is cut and soon restored',
      hasty: [
        'The connection was cut once, and your rules gave up its transport.',
        'Look at what you do if a transport is down. It reconnects by itself.',
        'Connections break, for example when a server restarts. One break says nothing about the transport; a longer silence does.',
      ],
      blind: [
        'The connection was cut, and your state still says that the transport delivers.',
        'Look at the report "down".',
        'Your rules need the time at which a transport went down. Without it, they cannot know for how long the transport has delivered nothing.',
      ],
      'counts-on': [
        'The connection was cut and restored. 6 s later, your rules gave up its transport.',
        'Look at what you reset when the transport delivers again.',
        'Count the 4 s only while the transport does not work. When it delivers again, the time before that no longer counts.',
      ],
    },
    falls: {
      title: 'Changes to the next transport after 4 s without a delivery',
      stays: [
        'WebSockets are refused, and your rules keep trying them.',
        'Look at what your rules do as time passes while the current transport delivers nothing. Which code measures that time?',
        'Some networks always refuse one transport. A page that waits for it shows nothing, although another transport would work.',
      ],
      hasty: [
        'Your rules gave up a transport before its 4 s were over.',
        'Look at when its time starts, and at what ends it.',
        'On a slow connection, even the best transport needs a few round trips.',
      ],
      'no-time': NO_TIME,
      silent: [
        'Your rules gave up a transport, and the state does not contain this.',
        'Look at gaveUp, which the page displays.',
        'A page that has fallen back works less well. Its user should be able to see the reason.',
      ],
    },
    'looks-open': {
      title: 'Gives up a transport that is open and delivers nothing',
      fooled: [
        'The event stream is open, a proxy holds back everything in it, and your rules stay with it.',
        'Look at what you accept as proof that a transport delivers.',
        'A stream that is held back looks like a quiet one. But the server sends its first message at once. If this message does not arrive, later messages will not arrive either.',
      ],
    },
    'round-again': {
      title: 'Starts again after the last transport',
      'dead-end': [
        'For a while, no transport worked. Then WebSockets did, and your rules never tried them.',
        'Look at what comes after the last transport.',
        'If nothing works, the network is down, and no transport is to blame. When it is back, the rules have to try all of them again.',
      ],
    },
    withheld: {
      title: 'Gives up a transport at once if it withholds a change',
      waits: [
        'The transport seemed to work, but it did not deliver a change that the server had accepted. Your rules stayed with it.',
        'Look at the report "withheld". How does it differ from "down"?',
        'A broken connection comes back by itself, so your rules wait for it. A transport that withholds messages looks open, so there is nothing to wait for.',
      ],
    },
    'only-one': {
      title: 'Keeps the transport that the user has chosen',
      leaves: [
        'The user has chosen SSE, which delivers nothing, and your rules changed to another transport, or did not notice when SSE delivered again.',
        'Look at which transports may be used. The state contains them.',
        'The user chose one transport to see how that one behaves. Using another one would ignore the choice.',
      ],
    },
    'back-up': {
      title: 'Returns to a better transport when it works again',
      'stays-down': [
        'WebSockets were refused and now work again. Your rules never tried them, or still report that they were given up.',
        'Look at what your rules do as time passes while a worse transport works. Which code measures that time?',
        'After a minute, the cause may no longer exist, for example because the computer is in another network. A page that is open for days would otherwise use the worse transport for days.',
      ],
    },
    beside: {
      title: 'Keeps the working transport while it tries a better one',
      'lets-go': [
        'WebSockets are still refused. Your rules tried them again, and for this try they stopped the event stream, which was working.',
        'Look at what you change for a try: the current transport, or the one that is tried beside it?',
        'Most tries fail. Keep the working transport until the other one has delivered something; the cursor prevents doubled events.',
      ],
    },
    'every-10-s': {
      title: 'Tries better transports every 10 s, and not earlier',
      early: [
        'WebSockets had worked for a while and were then refused. Your rules changed to SSE, and tried WebSockets again at once.',
        'Look at the moment from which the pause before a try is counted.',
        'The pause starts when a transport is given up. The time before that does not count.',
      ],
      'no-pause': [
        'Your rules tried WebSockets, failed, and tried them again at once.',
        'Look at what starts the pause again after a try.',
        'Each try opens another connection on every page. If the pause is always counted from the same moment, there is no pause any more after the first one.',
      ],
    },
    'tries-again': {
      title: 'Tries again after a failed try',
      once: [
        'Your rules tried WebSockets once, failed, and never tried them again.',
        'Look at what follows after a try that delivered nothing.',
        'A try shows the situation of one moment. Try again after a pause, as long as there is a better transport.',
      ],
    },
    'one-after-the-other': {
      title: 'Tries all better transports, one after the other',
      'the-best-or-none': [
        'The page had fallen back to short polling. WebSockets stay refused and event streams work again, but your rules never try the streams.',
        'Look at what you try after the best transport has failed.',
        'A network that refuses one transport may allow another. Use the best transport that works.',
      ],
    },
  },
  rules: {
    'to-the-moment': {
      title: 'Gives each transport its whole time, and not more',
      hasty: [
        'Your rules gave up the first transport before its 4 s were over.',
        'Look at when its time starts, and at what ends it.',
        'On a slow connection, even the best transport needs a few round trips.',
      ],
      late: [
        'The first transport delivered nothing for 4 s, and your rules did not change to the next one.',
        'Look at what starts the 4 s again. A report that the connection is lost can come several times.',
        'The 4 s begin when the transport stops to deliver. Each further failure is a part of the same silence.',
      ],
      leaves: [
        'The current transport delivered a message each second, and your rules left it or reported that it does not work.',
        'Look at what your rules do while the current transport works and a better one is tried.',
        'A try happens beside the current transport. It changes nothing until the better transport delivers.',
      ],
      early: [
        'A better transport was tried before the 10 s were over.',
        'Look at the moment from which the 10 s are counted. Is it the start of the current transport, and then the last try?',
        'Each try opens another connection on every page. The pause begins again with each try.',
      ],
      'late-try': [
        'A better transport was not tried although 10 s had passed.',
        'Look at what starts the 10 s again. Do messages of the current transport do that?',
        'A busy board delivers all the time. If each message starts the pause again, the page never returns to a better transport.',
      ],
      'short-try': [
        'A try of a better transport ended before its 4 s were over.',
        'Look at the time that you compare, and at what it is compared with.',
        'A transport that is tried needs as much time as one that is current.',
      ],
      'long-try': [
        'A better transport delivered nothing for 4 s, and its try went on.',
        'Look at what ends a try without success.',
        'Each try holds a second connection open. After 4 s, close it, or try the next transport.',
      ],
    },
    'no-try-while-down': {
      title: 'Tries better transports only while the current one works',
      tries: [
        'The current transport was lost for a moment, and your rules tried a better one in this time.',
        'Look at what your rules do as time passes while the current transport delivers nothing.',
        'If the current transport is silent too, the network may be down, and a try shows nothing. Wait for the transport, or give it up after 4 s.',
      ],
    },
    strangers: {
      title: 'Ignores late reports of transports that are not in use',
      'takes-over': [
        'A transport that had been given up, or was not in use, delivered something late. Your rules changed to it.',
        'Look at the report "live". From which transports may it come, and which of them does your state name?',
        'A closed connection can still deliver something. Only the current transport and the one that is tried count.',
      ],
      blamed: [
        'A transport that is not the current one reported a problem, and your rules changed the current one.',
        'Look at which transport a report is about, before you use it.',
        'The problem of one transport says nothing about another one. The try beside the current transport often fails.',
      ],
    },
    'each-in-turn': {
      title: 'Tries each better transport again and again',
      'not-all': [
        'Three transports are better than the current one, and your rules did not try each of them again and again.',
        'Look at how you find the next transport to try, after the second and after the last try.',
        'Any of the better transports may work again some day. So no try is the last one.',
      ],
    },
    'another-list': {
      title: 'Uses only the transports that the page may use',
      'not-in-the-list': [
        'The page may use two of the four transports, and your rules decided as if it were all of them.',
        'Look at where you use a name or the constant list, instead of the list of the state.',
        'The first transport of the list is the best one, whichever it is, and the last one is followed by the first.',
      ],
    },
    'two-pages': {
      title: 'Decides for each page from its own state',
      shared: [
        'Several pages used your rules by turns, and one of them got another decision than alone.',
        'Look at the variables outside of your functions.',
        'The state is all that the rules may remember. A variable beside it is shared by all pages.',
      ],
    },
    'the-state': {
      title: 'Returns a new state that tells the page what happened and when',
      changed: [
        'Your rules changed the state that they got.',
        'Look at each assignment to a part of the state or of its list.',
        'The page compares the old state with the new one to see what has changed. Return another object, and leave the old one as it is.',
      ],
      'still-live': [
        'Your rules changed to another transport, and the state says at once that it delivers.',
        'Look at the fields of the state that you return when you change the transport.',
        'A new transport has delivered nothing yet. If the state says that it delivers, your rules never give it up.',
      ],
      since: [
        'The time in the state is not the time at which the transport began or stopped to deliver.',
        'Look at which reports change sinceMs. Do they also change isLive?',
        'The same report can come again. The time belongs to the change, not to the last report.',
      ],
      reason: [
        'The state does not name the transport that was given up last, with the reason, or names one although the best one is in use.',
        'Look at gaveUp, when a transport is given up and when the best one is in use again.',
        'The page shows this to its user. Nothing is given up while the page uses the best transport.',
      ],
    },
  },
  gaps: {
    'a-gap': {
      title: 'Fetches the board again if the log no longer has the missing events',
      hole: [
        'The page was away longer than the log keeps events, and the log reported a gap. The page continued, and the missing changes never appear.',
        'Look at what you do when the log reports a gap.',
        'After a gap, the events no longer fit the page’s board. Fetch a new snapshot, and follow from its cursor as with the first one.',
      ],
      'after-a-hole': [
        'While the new snapshot was on its way, the page mixed its old board with events from after the gap.',
        'Look at the events that come between the gap and the snapshot. Do they belong to the board that you have?',
        'Events after the gap assume changes that the page does not have. Until the snapshot arrives, keep showing the old board unchanged.',
      ],
      blank: [
        'The log reported a gap, and until the new snapshot came, the page showed nothing.',
        'Look at what happens to the old board when you start again.',
        'The old board is out of date, but better than none. Keep showing it until the new one is there.',
      ],
      'not-joined': [
        'A task was added while the new snapshot was on its way. The page never shows it.',
        'Look at where the connection continues, and at where the new snapshot ends.',
        'The connection was open before the snapshot, so it has already passed the snapshot’s cursor. Join the second snapshot and the events as carefully as the first.',
      ],
    },
    'in-the-snapshot': {
      title: 'Stops showing its own change if a snapshot contains it',
      clings: [
        'Ada’s change was accepted, and its event was lost in a gap, so only the snapshot contains it. Her page still waits for the event, and hides Ben’s later change.',
        'Look at the id that you got when the change was accepted, and compare it with the cursor of the snapshot.',
        'A change is confirmed as soon as the page has the log up to that change, through an event or through a snapshot.',
      ],
      'late-response': [
        'A new snapshot contained Ada’s change before the response to her request came. Her page still waits for the event, and hides Ben’s later change.',
        'Look at what you do with the id when the change is accepted. The snapshot may be there already.',
        'The event of a change that the snapshot contains never comes. When the response gives the position, compare it with the position of the page.',
      ],
    },
    'keeps-its-guess': {
      title: 'Keeps showing a change that is still on its way, also after a gap',
      forgets: [
        'Ada’s change had not reached the server when a gap came. With the new snapshot, her page took the change back.',
        'Look at what you do with unconfirmed changes when a new snapshot comes.',
        'The new snapshot cannot contain a change that is still on its way. The change is not refused either, so the page still shows it.',
      ],
    },
    'another-log': {
      title: 'Forgets the accepted changes of an old log, and only these',
      ghost: [
        'The server lost its log after it had accepted Ada’s change. Her page still shows the change, and nobody else has it.',
        'Look at the positions of your accepted changes when a new snapshot comes. Do they belong to its log?',
        'A position belongs to one log. If the log is a new one, the event of an old position never comes.',
      ],
      'late-ghost': [
        'The response that a change was accepted came after the snapshot of a new log. Ada’s page still shows the change, and nobody else has it.',
        'Look at what `accepted` does if the position belongs to a log that your page has left.',
        'Remember the logs that your page has left. The event of a position in one of them never comes.',
      ],
      forgets: [
        'The server lost its log while Ada’s change was still on its way to it. With the new snapshot, her page took the change back.',
        'Look at which unconfirmed changes you remove if the log is a new one.',
        'A change without a position is not in any log yet. The new log can still accept it.',
      ],
      clings: [
        'A new log accepted Ada’s change. Then Ben moved the task, and her page still shows her move.',
        'Look at what you compare if the log is a new one.',
        'After the new snapshot, everything is as with the first one: the change ends with its event.',
      ],
    },
    'one-connection': {
      title: 'Follows the feed with one connection, and ends it when the board is closed',
      two: [
        'After a gap, the page follows with two connections.',
        'Look at the connection from before the gap. Which code ends it?',
        'Before you start again, end the old connection. Otherwise a page has one more connection after every gap.',
      ],
      'a-second-gap': [
        'A second gap came while the snapshot after the first one was on its way. Now the page follows twice, or shows a wrong board.',
        'Look at what is still running when you start again. Which of the two snapshots counts, and which code ends the connection of the other?',
        'While a request is on its way, anything can happen, even another gap. A new start has to cancel everything that belongs to the previous one.',
      ],
      'closed-for-all': [
        'A page was closed while its snapshot was on its way. The page that was opened after it does not follow the feed.',
        'Look at where you keep the information that a board is closed.',
        'Each board has a state of its own. What one board keeps must not stop the next one.',
      ],
      'too-late': [
        'The page was closed while the snapshot was on its way. When the snapshot arrived, the page started to follow.',
        'Look at the code after the snapshot, and at what can have happened while it waited.',
        'A response arrives even if nobody needs it any more. After each wait, check whether the page is still open, because nobody will end a later connection.',
      ],
      open: [
        'The page was closed, and its connection is still open.',
        'Look at what closing ends. Is it the current connection?',
        'Everything that is started has to be stopped. After a gap, the current connection is not the first one.',
      ],
    },
  },
} satisfies Words
