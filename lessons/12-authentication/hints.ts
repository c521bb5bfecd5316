/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const NO_WORD: Hint = [
  'A request for an upgrade got no response.',
  'Look for a path through your listener on which the socket is neither upgraded nor ended.',
  'If a server listens for upgrades, Node leaves these sockets to the listener, without any timeout. Forgotten sockets stay open until the server runs out of them.',
]

const CRASH: Hint = [
  'The process ended because of one request, and every client lost its connection.',
  'Look at the named line. Which header can be missing there, or have a value that nobody expects?',
  'Everybody can send any bytes. Nobody catches an error in a listener unless your code does, and a socket without a listener for errors throws them.',
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
  'no-http': [
    'Your server refused, but its response was not HTTP.',
    'Look at the first line that you write. It begins with the version of HTTP.',
    'Before the 101, each response is a status line, headers and an empty line. A client that cannot read them reports a network error.',
  ],
  'another-status': [
    'Your server refused with a status that means something else.',
    'Look at the status. Is the user unknown, or known but not allowed?',
    '401 means: I do not know who you are, please log in. 403 means: this is not allowed, whoever you are (RFC 9110, sections 15.5.2 and 15.5.4).',
  ],
} satisfies Record<string, Hint>

const REPEATED: Hint = [
  'Your server issued the same secret twice.',
  'Look at what the secret is made of. What differs between two requests in the same millisecond?',
  'The time, the user and the session are known or can be guessed. A secret has to come from a source of random bytes.',
]

const TICKETS = {
  'no-session-found': [
    'A user had logged in, and your server did not find the session of the cookie.',
    'Look at how you read the cookie. Which characters can a secret contain, and which ones does your pattern accept?',
    'A cookie returns exactly the value that the server gave. The server has to read all of it, whatever its characters are.',
  ],
  'no-ticket': [
    'The response contains no ticket that a program could use.',
    'Look at what the route returns: status 201, because the ticket is new, and an object with a field ticket.',
    'A ticket is a secret that stands for a session. It is valid for a short time and for one use.',
  ],
  'the-session-itself': [
    'The ticket that your server issued contains the secret of the session, or a part of it.',
    'Look at where the ticket comes from. It has to be a new secret.',
    'A ticket is part of an address, and addresses are stored in logs and histories. A session is valid for an hour, so its secret must not appear there.',
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
      'other-cookies': [
        'The browser sent two cookies, and your server did not take the one with the name session.',
        'Look at how you find your cookie. What can stand before its name, and after its value?',
        'A browser sends all cookies of a host in one header, in any order. Their names can end in the same letters.',
      ],
      'no-page': [
        'A browser asked for the page of the chat, and did not get it.',
        'Look at your routes. Which of them responds to a GET of the address /?',
        'Everybody may see the page, because it contains the login. Only what belongs to a user needs a session.',
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
      'another-address': [
        'At this address, your server opened a WebSocket for a client that had not logged in.',
        'Look at the conditions around your check. For which addresses does it not run?',
        'A path that nobody uses is still a way in. The listener for upgrades gets the requests for all paths.',
      ],
      'left-open': [
        'The client got its status, and after it your server left the connection open.',
        'Look at how you refuse. Which call ends a socket after its last bytes?',
        'Node gives the sockets of upgrades to the listener, without any timeout. A client that is refused again and again would keep more and more of them.',
      ],
      crash: CRASH,
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
      crash: CRASH,
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
      'from-the-opening': [
        'The session had ended, and the WebSocket stayed open until an hour after it was opened.',
        'Look at the time that your timer waits. From which moment on does it count?',
        'A session begins with the login, not with the socket. A page that reconnects every half hour would never have to log in again.',
      ],
      'too-soon': [
        'The session was valid for another second, and your server had closed its WebSocket.',
        'Look at the unit of the time that your timer waits, and at the socket that it closes.',
        'Date.now and setTimeout both count milliseconds. The session stores the moment of its end, and a timer needs the time that is left.',
      ],
      'others-too': [
        'One session ended, and your server also closed the WebSocket of another session.',
        'Look at which sockets your timer closes.',
        'Each socket belongs to one session, and ends with that session only.',
      ],
      'timer-stays': [
        'The clients had left, and their timers still waited for the end of the session.',
        'Look at what happens when a socket closes. Which code stops its timer?',
        'Whatever is started for a socket has to be ended with it. A page that reconnects all the time would otherwise fill the memory.',
      ],
      'another-code': [
        'Your server closed the socket with a code that does not give the reason.',
        'Look at the code that you close with.',
        'A close code is for a socket what a status is for a response (RFC 6455, section 7.4). 1008 means that a rule was broken, so reconnecting will not help.',
      ],
    },
    'a-ticket': {
      title: 'Gives a ticket to a user who has logged in, and admits a client that uses it',
      ...TICKETS,
      repeated: REPEATED,
      ...BADLY_REFUSED,
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
      'only-one': [
        'A ticket that nobody had used was refused, 29 seconds after it was issued or earlier.',
        'Look at what happens to the other tickets when you issue a ticket, and when one is used. Look at the unit of TICKET_MS too.',
        'Each ticket is valid for itself: for one socket, and for half a minute. Two tabs of one user need two tickets at the same time.',
      ],
      'any-ticket': [
        'Your server never issued this ticket, and opened a WebSocket for it.',
        'Look at what you do if you do not find the ticket. How do you search for it?',
        'Clients can send any text. A plain object has names of its own, such as constructor; a Map has only the keys that you have set.',
      ],
      'a-stranger': [
        'A page of another origin came with a ticket, and your server admitted it.',
        'Look at the order of your conditions. For which requests do you check the origin?',
        'A page may open sockets only on its own server, whatever it knows. Check the origin before you look at any secret.',
      ],
      whose: WHOSE,
    },
    'a-ticket-of-a-session': {
      title: 'Ends what a ticket has opened together with its session',
      ...TICKETS,
      ...BADLY_REFUSED,
      'closed-early': [
        'The session was still valid, and your server closed the WebSocket that its ticket had opened, or did not open it.',
        'Look at the end that a ticket has, and at the end that its socket has.',
        'A ticket is valid for half a minute. The socket that it opened belongs to the session, and lasts as long as the session does.',
      ],
      'lives-on': [
        'The session had ended, and the WebSocket that its ticket had opened stayed open.',
        'Look at the end that a socket gets if it was opened with a ticket.',
        'A ticket stands for a session. It must not give more than the session itself gives, nor for longer.',
      ],
      'outlives-it': [
        'The session had ended, and a ticket that it had requested before still opened a WebSocket.',
        'Look at what you check when a ticket is used.',
        'A ticket stands for a session. If the session has ended, there is nothing left that the ticket could stand for.',
      ],
      'for-an-old-cookie': [
        'The session had ended, and its cookie still got a ticket.',
        'Look at the route for tickets. Does it check the end of the session, as the handshake does?',
        'Every request with a cookie asks the same question: is this session valid now? One function should give the answer everywhere.',
      ],
      whose: WHOSE,
    },
    'read-in-the-log': {
      title: 'Refuses every secret that somebody can read in the access log',
      ...TICKETS,
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
      'timer-stays': [
        'A ticket was over, and a timer of it still ran.',
        'Look at the timer that you start for a ticket. Does it end by itself?',
        'Everybody who has logged in can ask for tickets. If each leaves a timer that never ends, they fill the memory.',
      ],
      'for-ever': [
        'A ticket that nobody had used still admitted somebody after more than half a minute.',
        'Look at how long a ticket is valid. Which code removes tickets that are never used?',
        'A client needs one round trip between getting a ticket and using it. A longer validity helps only a thief.',
      ],
    },
    'nobody-can-guess': {
      title: 'Makes secrets that nobody can guess, and accepts each of them',
      ...TICKETS,
      repeated: REPEATED,
      guessable: [
        'The secrets differ only in a few characters, so a stranger can guess the next one.',
        'Look at what the secret is made of. How many random bits does it contain?',
        'Somebody who has one secret tries the values near to it. With random bytes, no value is nearer than another.',
      ],
      'math-random': [
        'The secret depends on Math.random.',
        'Look at what the secret is made of. Which function in the file is meant for secrets?',
        'Math.random calculates each number from the one before. Somebody who has seen a few of them can calculate the next ones.',
      ],
      'not-found': [
        'Your server accepted some tickets and refused this one, although all are new.',
        'Look at how you read the ticket. Which characters can it contain, and what does an address do to them?',
        'In an address, some characters stand for others. The client encodes them, and the server has to decode them.',
      ],
      whose: WHOSE,
    },
    'nobody-can-read': {
      title: 'Shows its secrets to nobody else',
      ...TICKETS,
      scripts: [
        'A script of a page can read the secret of the session.',
        'Look at the cookie that you set, and at everything that you send to the page.',
        'A script that somebody smuggles into your page reads what the page can read. The browser hides a cookie from scripts if it has the attribute HttpOnly.',
      ],
      'other-origins': [
        'The response that contains a ticket allows pages of other origins to read it.',
        'Look at the headers of this response, and at what adds them.',
        'A browser sends the cookie with a request from any page of the same site. Only the missing permission keeps the page of a stranger from reading the ticket.',
      ],
      printed: [
        'Your program wrote a secret that is still valid to its output.',
        'Look for the line that prints it, perhaps together with all headers of the request.',
        'Logs are copied, searched and kept. Anybody who can read them can act as the user.',
      ],
    },
    'broken-requests': {
      title: 'Goes on, whatever a client sends',
      refused: [
        'After requests with mistakes in them, a client without a mistake could not connect.',
        'Look at what your listener changes when a request fails.',
        'One client must never be able to hurt another one.',
      ],
      crash: CRASH,
      whose: WHOSE,
    },
  },
} satisfies Words
