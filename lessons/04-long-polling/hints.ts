/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const AT_ONCE: Hint = [
  'There was nothing new, and your server responded at once instead of waiting.',
  'Look at what hold does before it resolves. What does it wait for?',
  'In long polling the server waits, not the client. If the server responds "nothing" at once, the client asks again at once, as fast as it can.',
]

export const words = {
  'long-poll': {
    holds: {
      title: 'Holds the request while there is nothing new, and responds when an event comes',
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
    },
    'after-the-answer': {
      title: 'Stops following the feed when the request is over',
      'still-followed': [
        'Your server has responded to the requests, but their listeners still follow the feed.',
        'Look at what feed.follow returns, and at the code that should call it.',
        'Everything that is started has to be stopped. If each request leaves a listener, every publish becomes slower than the one before.',
      ],
    },
    'two-clients': {
      title: 'Holds several clients at the same time, and responds to all of them',
      'one-place': [
        'Two clients were held in one room, a message came, and only one of them got it.',
        'Look at where you keep the data of a held request. Is there one place for all requests, or one for each?',
        'A held request is a waiting client. There can be thousands, and each needs its own cursor, its own timer and its own end.',
      ],
    },
    'while-it-looked': {
      title: 'Loses no message between reading the feed and waiting',
      seam: [
        'A message was published after your server had read the feed and before it waited. It did not end the hold.',
        'Look at the cursor from which you follow. Is it the client’s cursor, or a newer one?',
        'Reading and waiting are two steps, and a message can come between them. Follow from the same position that you read from, so that nothing is lost.',
      ],
    },
    'the-wait-it-asked-for': {
      title: 'Responds with 204 when the requested wait is over',
      ignored: [
        'The wait that the client had requested was over, and your server still held the request.',
        'Look at where the duration of your timer comes from.',
        'The client knows the network between it and the server: how long a proxy or a phone allows it to wait.',
      ],
      'empty-list': [
        'The wait was over, and the status of your response does not say that there is nothing.',
        'Look at what you return if the hold ended without new events.',
        'On a quiet feed, most long polls end like this. 204 No Content says it in the fewest bytes, and the client keeps its cursor.',
      ],
      early: [
        'The client was willing to wait longer than your server waited.',
        'Look at the unit of your timer: the request gives the wait in seconds.',
        'Every empty response costs another request. If a request is held for the whole wait, a quiet client needs only two requests a minute.',
      ],
    },
    'no-longer-than-30': {
      title: 'Holds no request for more than 30 s, and reports the wait that it applied',
      'too-long': [
        'The client asked for a wait of an hour, and your server did not end the hold after 30 s.',
        'Look at what limits the wait. The file has a name for the limit.',
        'Many proxies cut a connection that is silent for a minute (RFC 6202, section 5.5, advises 30 s). A longer hold ends as an error, and the client does not know why.',
      ],
      'not-said': [
        'The wait was shorter than requested, and the header does not say so.',
        'Look at the value of the header. Is it the requested wait, or the wait that your server applied?',
        'Preference-Applied (RFC 7240, section 3) tells a client which of its wishes the server has fulfilled.',
      ],
    },
    'a-client-that-left': {
      title: 'Forgets a client that has left',
      'still-held': [
        'The client closed its connection, and your server still holds its request.',
        'Look for the event that reports a closed connection. The response emits it.',
        'Clients leave without a message: pages are closed, phones lose their network. A server that does not notice collects dead clients.',
      ],
    },
    goodbye: {
      title: 'Ends all held requests when the server stops',
      'held-back': [
        'The server was about to stop, and your transport did not end the request that it held.',
        'Look at the function that serve returns, and at the set that it goes through. Does hold add anything to that set?',
        'A server that stops waits for its open requests. If you end them now, the clients reconnect to the next server with their cursors.',
      ],
    },
  },
} satisfies Words
