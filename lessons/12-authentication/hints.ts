/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const NO_WORD: Hint = [
  'A request for an upgrade got no response.',
  'Look for a path through your listener on which the socket is neither upgraded nor ended.',
  'If a server listens for upgrades, Node leaves these sockets to the listener, without any timeout. Forgotten sockets stay open until the server runs out of them.',
]

export const NO_SESSION: Hint = [
  'The response to a login contains no cookie.',
  'Look at the route for the login. It set a cookie when you began.',
  'Every later check needs a session.',
]

const WHOSE: Hint = [
  'Your server let the client in, but under another name or none.',
  'Look at where the name in your welcome message comes from.',
  'The session that belongs to the cookie knows the user. Do not trust anything else that a client says about itself.',
]

const BADLY_REFUSED = {
  'after-the-upgrade': [
    'Your server sent 101, and closed the connection after it.',
    'Look at the order. Do you check the request before you make the handshake?',
    'After the 101, the client’s page sees an open connection, and the log reports success. Before the 101 it is still HTTP, which has statuses for a refusal.',
  ],
  'hung-up': [
    'Your server closed the connection without a response.',
    'Look at how you refuse. A status line has to be written before the socket is ended.',
    'A connection that ends without a response looks like a network error, and clients try again. A status says that trying again will not help.',
  ],
  'another-status': [
    'Your server refused with a status that means something else.',
    'Look at the status. Is the user unknown, or known but not allowed?',
    '401 means: I do not know who you are, please log in. 403 means: this is not allowed, whoever you are (RFC 9110, sections 15.5.2 and 15.5.4).',
  ],
} satisfies Record<string, Hint>

export const words = {
  server: {
    somebody: {
      title: 'Admits a user who has logged in, and knows the socket’s user',
      refused: [
        'A user had logged in, the request came from your own page, and your server refused it.',
        'Look at your conditions one by one. Which of them is false for this request?',
        'The origin of your own page is the scheme, host and port of its address. The port can differ from the one that you use while developing.',
      ],
      whose: WHOSE,
    },
    nobody: {
      title: 'Refuses a client without a session with 401, before the 101',
      ...BADLY_REFUSED,
      'let-in': [
        'The client had not logged in, and your server opened a WebSocket for it.',
        'Look at the listener for upgrades. What do you check before you make the handshake?',
        'A handshake is an ordinary HTTP request, and can be refused like one. After the 101, there is no status any more.',
      ],
      'any-cookie': [
        'The cookie belonged to no session, and your server opened a WebSocket for it.',
        'Look at what you do with the value of the cookie.',
        'Clients can send any cookie. Only a value that your server has issued proves a login.',
      ],
    },
    'another-site': {
      title: 'Refuses a page of another site with 403, whoever is logged in',
      ...BADLY_REFUSED,
      hijacked: [
        'A page of another origin opened a WebSocket as Ada, and could read her messages.',
        'Look at the header Origin of this request, and at what you compare it with.',
        'A browser sends the cookies of the target, whichever page made the request, and the same-origin policy does not cover WebSockets. The browser only names the page in Origin; the server has to check it.',
      ],
      'looks-alike': [
        'A page whose address resembles yours opened a WebSocket as Ada.',
        'Look at how you compare. Is the comparison also true for a longer name?',
        'Anybody can register a host name that begins or ends like yours. Two origins are equal or different; similar is not enough.',
      ],
      'null-origin': [
        'A page without an origin of its own opened a WebSocket as Ada.',
        'Look at what you do if Origin is the word null.',
        'A browser sends null for a local file or a sandboxed frame, which any site can create. Your own page never has this origin.',
      ],
    },
    'a-session-that-is-over': {
      title: 'Refuses the cookie of an expired session',
      ...BADLY_REFUSED,
      'still-good': [
        'The session had expired a second ago, and its cookie still opened a WebSocket.',
        'Look at what a session contains besides its user, and at the code that checks it.',
        'The server has to enforce the end of a session. A browser may keep a cookie for ever, and so may a thief.',
      ],
      'too-early': [
        'The session was valid for another second, and your server refused its cookie.',
        'Look at the units of both times that you compare.',
        'Date.now returns milliseconds, and the end of the session is stored in milliseconds too.',
      ],
    },
    'a-socket-that-outlives-it': {
      title: 'Closes a socket when its session expires',
      outlives: [
        'The session had expired, and its WebSocket stayed open.',
        'Look at what happens to a socket after its welcome message. Does any code check the session again?',
        'A response is finished in a moment, but a socket can be open for days. Its permission has to end with the session.',
      ],
      'another-code': [
        'Your server closed the socket with a code that does not give the reason.',
        'Look at the code that you close with.',
        'A close code is for a socket what a status is for a response (RFC 6455, section 7.4). 1008 means that a rule was broken, so reconnecting will not help.',
      ],
    },
    'a-ticket': {
      title: 'Gives a ticket to a user who has logged in, and admits a client that uses it',
      ...BADLY_REFUSED,
      'no-ticket': [
        'The response contains no ticket that a program could use.',
        'Look at what the route returns: status 201, because the ticket is new, and an object with a field ticket.',
        'A ticket is a secret that stands for a session. It is valid for a short time and for one use.',
      ],
      'the-session-itself': [
        'The ticket that your server issued is the secret of the session.',
        'Look at where the ticket comes from. It has to be a new secret.',
        'A ticket is part of an address, and addresses are stored in logs and histories. A session is valid for an hour, so its secret must not appear there.',
      ],
      'for-nobody': [
        'The client had not logged in, and your server issued a ticket.',
        'Look at what you check before you create a ticket.',
        'A ticket stands for a session. Without a session there is nothing that it could stand for.',
      ],
      'not-admitted': [
        'A program came with a valid ticket, without cookie and origin, and your server refused it.',
        'Look at the order of your conditions, and at what each does if the header is missing.',
        'Only browsers send an origin. Another program has no cookies of a user to misuse, so its origin need not be checked.',
      ],
      whose: WHOSE,
    },
    'read-in-the-log': {
      title: 'Refuses every secret that somebody can read in the access log',
      ...BADLY_REFUSED,
      again: [
        'A ticket was used, and then somebody used it a second time.',
        'Look at what happens to a ticket after it has admitted somebody.',
        'An address appears in the access log of your server and of every proxy. A ticket may appear there if it cannot be used a second time.',
      ],
      'a-session': [
        'The address contained the secret of a session, and your server accepted it as a ticket.',
        'Look at which of your two maps you search for the ticket.',
        'If your server accepts a session in the address, somebody will put it there. Then every log contains a secret that is valid for an hour.',
      ],
      'for-ever': [
        'A ticket that nobody had used still admitted somebody after more than half a minute.',
        'Look at how long a ticket is valid. Which code removes tickets that are never used?',
        'A client needs one round trip between getting a ticket and using it. A longer validity helps only a thief.',
      ],
    },
  },
} satisfies Words
