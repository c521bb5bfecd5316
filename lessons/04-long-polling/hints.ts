/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const AT_ONCE: Hint = [
  'There was nothing new, and your server responded at once instead of waiting.',
  'Look at what hold does before it resolves. What does it wait for?',
  'In long polling the server waits, not the client. If the server responds "nothing" at once, the client asks again at once, as fast as it can.',
]

const ANOTHER_STATUS: Hint = [
  'A hold ended without a message, and your server responded with another status than 204.',
  'Look at what your code sends after a hold without news.',
  'Nothing is wrong if no message came. So the status is a success, and 204 says that there is no content.',
]

const NOT_SAID: Hint = [
  'The header Preference-Applied does not contain the wait that your server used.',
  'Look at the value of the header. Is it the requested wait, or the wait that your server applied?',
  'Preference-Applied (RFC 7240, section 3) tells a client which of its wishes the server has fulfilled.',
]

const EMPTY_LIST: Hint = [
  'The wait was over, and your response used a body to say that there is nothing.',
  'Look at what you return if the hold ended without new events.',
  'On a quiet feed, most long polls end like this. 204 No Content says it in the fewest bytes, and the client keeps its cursor.',
]

const STORED: Hint = [
  'Your response does not forbid caches to keep it.',
  'Look at the header `cache-control` of your response.',
  'Every response is the state of one moment. If a cache kept it, a later request with the same address would get old news.',
]

const TIMER_RUNS: Hint = [
  'A request was over, and its timer still ran.',
  'Look at what your code stops when the hold ends for another reason than the time.',
  'Everything that is started has to be stopped. A timer keeps the memory of its request until its time is over.',
]

export const words = {
  'long-poll': {
    holds: {
      title: 'Holds the request while there is nothing new, and responds when an event comes',
      'byte-by-byte': [
        'Your server held the request, and sent bytes during the hold.',
        'Look for code that writes to the response before the hold is over.',
        'A held request has a late response, not a slow one. The status depends on how the hold ends, so the head cannot be sent before.',
      ],
      'asks-again': [
        'There was nothing new, and your server read the feed again and again while it held the request.',
        'Look for a loop in hold. What does it wait for between two reads?',
        'A loop that asks without a pause uses the whole processor. The feed calls a function of yours when there is an event.',
      ],
      'old-cursor': [
        'Your response contains the new messages, and a cursor that is not the one of the last message.',
        'Look at the field `cursor` of your response. From which read does it come?',
        'The client sends this cursor with its next request. If it is too old, the client gets the same messages again.',
      ],
      'not-all': [
        'Two messages were published at the same moment, and your response does not contain both in their order.',
        'Look at what your code does with the events after the hold.',
        'A message ends the hold, but it need not be the only one. The response contains every event after the client’s cursor.',
      ],
      stored: STORED,
      'at-once': AT_ONCE,
      'not-delivered': [
        'A message was published while your server held the request, but the response does not contain it.',
        'Look at the code after hold. The events that it read before the wait are out of date by then.',
        'A hold ends because something happened. After the hold, the server has to read the feed again to find out what has happened.',
      ],
      'never-woken': [
        'A message was published while your server held the request, and your server did not respond.',
        'Look at the function that the feed calls for each new message. Does it end the hold?',
        'A held request waits for several things at the same time. One of them is a new message.',
      ],
    },
    'in-the-gap': {
      title: 'Delivers a message that was published between a response and the next request',
      'by-time': [
        'Two messages came while no request was waiting, and your server changed their order.',
        'Look for code that sorts or filters events by their time.',
        'The feed has numbered the events in their order. A clock can be corrected, so a later event can have an earlier time.',
      ],
      'not-looked': [
        'A message came while no request was waiting, and the next request did not get it.',
        'Look at the first step for a new request. Does your code read the events after its cursor before it waits?',
        'Between a response and the next request there is a blind gap, in which the client does not listen. The cursor tells the server what to send after the gap.',
      ],
    },
    'at-once': {
      title: 'Responds at once if there are new events already',
      'held-in-vain': [
        'There were new events, and your server still made the client wait.',
        'Look at the condition for holding. Is it checked before hold is called?',
        'A long poll is a short poll that may wait. If there are new events, it does not wait.',
      ],
      'no-cursor': [
        'A client without a cursor did not get one.',
        'Look at the condition for 204. A client without a cursor asks in order to get one.',
        'The first response gives the client the current position of the feed: a cursor, and no events.',
      ],
      gap: [
        'The client’s cursor was from an older epoch, and your server did not report the gap at once.',
        'Look at the condition for holding. What does it say about a gap?',
        'A client with such a cursor may have missed messages. It needs a new cursor now, and not when the next message comes.',
      ],
    },
    'after-the-answer': {
      title: 'Stops following the feed when the request is over',
      'still-followed': [
        'Your server has responded to the requests, but their listeners still follow the feed.',
        'Look at what feed.follow returns, and at the code that should call it.',
        'Everything that is started has to be stopped. If each request leaves a listener, every publish becomes slower than the one before.',
      ],
      'timer-runs': TIMER_RUNS,
    },
    'two-clients': {
      title: 'Holds several clients at the same time, and responds to all of them',
      'one-place': [
        'Two clients were held in one room, a message came, and only one of them got it.',
        'Look at where you keep the data of a held request. Is there one place for all requests, or one for each?',
        'A held request is a waiting client. There can be thousands, and each needs its own cursor, its own timer and its own end.',
      ],
      'one-place-to-stop': [
        'Two clients were held, and both got their responses. Your server stopped only one of their listeners.',
        'Look at where you keep the function that stops a listener. Is there one place for all requests, or one for each?',
        'Each hold has its own listener and its own timer. In a place that is shared, the second hold replaces the first one.',
      ],
    },
    'while-it-looked': {
      title: 'Loses no message between reading the feed and waiting',
      seam: [
        'A message was published after your server had read the feed and before it waited. It did not end the hold.',
        'Look at the cursor from which you follow. Is it the client’s cursor, or a newer one?',
        'Reading and waiting are two steps, and a message can come between them. Follow from the same position that you read from, so that nothing is lost.',
      ],
      gap: [
        'Your server had found nothing new, and then the feed dropped a message that the client did not have. Your response does not report this gap.',
        'Look at what ends the hold, and at the condition for 204. The feed reports a gap without events.',
        'A client that has missed messages must learn it. A response without events is not always a response without news.',
      ],
    },
    'the-wait-it-asked-for': {
      title: 'Responds with 204 when the requested wait is over',
      ignored: [
        'The wait that the client had requested was over, and your server still held the request.',
        'Look at where the duration of your timer comes from.',
        'The client knows the network between it and the server: how long a proxy or a phone allows it to wait.',
      ],
      'empty-list': EMPTY_LIST,
      'another-status': ANOTHER_STATUS,
      'not-said': NOT_SAID,
      stored: STORED,
      early: [
        'The client was willing to wait longer than your server waited.',
        'Look at the unit of your timer: the request gives the wait in seconds.',
        'Every empty response costs another request. If a request is held for the whole wait, a quiet client needs only two requests a minute.',
      ],
      zero: [
        'The client did not want to wait at all, and your server held its request.',
        'Look at what your code does with a wait of 0. Does it take 0 for a missing number?',
        'A client that asks for 0 seconds wants an answer now. In JavaScript, 0 counts as false, so a test for a missing number has to be exact.',
      ],
    },
    'no-longer-than-30': {
      title: 'Holds no request for more than 30 s, and reports the wait that it applied',
      'too-long': [
        'The client asked for a wait of an hour, and your server did not end the hold after 30 s.',
        'Look at what limits the wait. The file has a name for the limit.',
        'Many proxies cut a connection that is silent for a minute (RFC 6202, section 5.5, advises 30 s). A longer hold ends as an error, and the client does not know why.',
      ],
      'too-short': [
        'The client asked for a long wait, and your server ended the hold before 30 s.',
        'Look at what limits the wait. Which number applies if the client asks for more?',
        'Each hold that ends early costs another request. The limit is the longest wait, and a client that asks for more gets this limit.',
      ],
      'not-said': NOT_SAID,
      'empty-list': EMPTY_LIST,
      'another-status': ANOTHER_STATUS,
    },
    'who-sets-the-wait': {
      title: 'Holds for 25 s by default, and obeys Prefer: wait if there is no ?wait=',
      default: [
        'The client did not say how long to wait, and your server did not hold its request for 25 s.',
        'Look at the wait that your code uses if the client names none. The file has a name for it.',
        'A client does not have to know your limits. A server has a default that is safe for most networks.',
      ],
      prefer: [
        'The client asked for its wait in the header Prefer, and your server used another wait.',
        'Look at the code that reads the header.',
        '`Prefer: wait=5` (RFC 7240, section 4.3) is the standard way to tell a server how long the client wants to wait.',
      ],
      both: [
        'The client used ?wait= and the header Prefer, and your server did not obey ?wait=.',
        'Look at which of the two your code reads first.',
        'A library may set the header for all requests. The address was made for this one request, so it has priority.',
      ],
      'not-said': NOT_SAID,
      'empty-list': EMPTY_LIST,
      'another-status': ANOTHER_STATUS,
    },
    'as-many-as-it-wants': {
      title: 'Sends at most as many events as the client wants, and reports that there are more',
      'too-many': [
        'The client wants at most one event in a response, and your response does not contain exactly the first one.',
        'Look at the last argument of each call that reads the feed.',
        'A client sets a limit because it cannot handle more at once. After a hold, the same limit applies.',
      ],
      'no-more': [
        'There were more events than the client wanted in one response, and the response does not say so.',
        'Look at the field `more` of what the feed returns.',
        'If `more` is true, the client asks again at once.',
      ],
      'above-the-maximum': [
        'The client asked for more events than the maximum, and your response does not contain exactly the maximum.',
        'Look at how your code computes the limit. The file has a name for the maximum.',
        'A client may ask for anything. The server decides how large a response can become.',
      ],
    },
    'what-was-there': {
      title: 'Begins with the latest messages if a client wants them, and refuses a malformed request',
      last: [
        'The client asked for the latest messages, and did not get exactly those.',
        'Look at the call that finds the position at which the client begins. The start of this lesson had it already.',
        'A client that opens a page wants to see the latest messages, and then wait for new ones.',
      ],
      'no-cursor-at-all': [
        'The client sent a text that is not a cursor, and your server did not respond with 400.',
        'Look at the call that tests the client’s cursor. The start of this lesson had it already.',
        'A text that is not a cursor is a mistake in the client. If the server accepts it, nobody finds this mistake.',
      ],
      negative: [
        'The client sent a negative wait, and your server did not respond with 400.',
        'Look at the schema of the query. The start of this lesson had the smallest allowed number.',
        'A negative time has no meaning. A request that cannot be obeyed gets an error, so that its author notices it.',
      ],
    },
    'each-for-itself': {
      title: 'Ends each hold only for a reason of its own',
      'not-its-client': [
        'One client left, and your server ended the hold of another client.',
        'Look at what your code ends when a connection closes.',
        'Each hold has three ends of its own. Another client that leaves is none of them.',
      ],
      'not-its-time': [
        'Several requests were held. When the wait of one was over, your server did not end exactly this one.',
        'Look at where you keep the timer, and at which holds its callback ends.',
        'Each client sets its own wait, so each hold has its own timer.',
      ],
      'not-its-room': [
        'Clients were held in two rooms. A message in one room did not end exactly the hold of this room.',
        'Look at which holds a message ends. Does your code know the room of each hold?',
        'A client asks for one room. A message in another room is no news for it. A room can have any name, also the name of a property that every object has.',
      ],
      'another-status': ANOTHER_STATUS,
    },
    'a-client-that-left': {
      title: 'Forgets a client that has left',
      'still-held': [
        'The client closed its connection, and your server still holds its request.',
        'Look for the event that reports a closed connection. The response emits it.',
        'Clients leave without a message: pages are closed, phones lose their network. A server that does not notice collects dead clients.',
      ],
      'left-before': [
        'The client left while your server read the feed, and after that your server held its request.',
        'Look at the state of the response when the hold begins. Can its close event still come?',
        'An event that has happened does not happen again for a new listener. So look at the state first, and listen after that.',
      ],
      'timer-runs': TIMER_RUNS,
    },
    'if-the-feed-fails': {
      title: 'Ends the hold if the feed cannot continue',
      'held-on': [
        'The feed reported that it cannot continue, and your server still held the request.',
        'Look at the last argument of the call that follows the feed.',
        'After a failure, no message will end the hold. If the request ends now, the client asks again, and misses nothing.',
      ],
    },
    goodbye: {
      title: 'Ends all held requests when the server stops',
      'held-back': [
        'The server was about to stop, and your transport did not end the request that it held.',
        'Look at the function that serve returns, and at the set that it goes through. Does hold add anything to that set?',
        'A server that stops waits for its open requests. If you end them now, the clients reconnect to the next server with their cursors.',
      ],
      'some-only': [
        'The server was about to stop, and your transport ended only some of the requests that it held.',
        'Look at what the set contains for each held request, and at the loop that goes through it.',
        'A server that stops waits for every open request. One that stays open keeps the whole server from stopping.',
      ],
      remembered: [
        'Your transport still remembered requests that were over, and ended them a second time.',
        'Look at what hold adds to the set, and at when your code takes it out again.',
        'A set that only grows is a memory leak. Whatever ends the hold also removes it from the set.',
      ],
      'another-status': ANOTHER_STATUS,
    },
  },
} satisfies Words
