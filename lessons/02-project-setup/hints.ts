/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const TO_DO: Hint = [
  'The exercise still responds with 501 Not Implemented.',
  'Look for the word TODO in the file.',
  'The lesson explains what you have to build. The comments in the file mark the places for it.',
]

export const NO_WORD: Hint = [
  'The client did not get a complete response.',
  'Look for a path through your handler on which it neither returns nor sends anything.',
  'Every request needs an end. A client cannot tell a slow response from one that never comes.',
]

export const NO_LIST: Hint = [
  'The response does not have the shape that a reader expects.',
  'Look at what the handler of GET returns. It has to be one object with a list named events.',
  'An object can get more fields later, for example a cursor. Clients that read only the list today will still work.',
]

/** Hints for a body that does not fit the schema, and that the server treats wrongly. */
const REFUSALS = {
  accepted: [
    'The body has the wrong shape, and your server accepted it as a message.',
    'Look at what is checked before your handler runs. Does the schema say anything about this case?',
    'TypeScript’s types are gone when the program runs. A request can contain anything until your server has checked it.',
  ],
  'ok-with-error': [
    'The body of your response reports an error, but its status reports success.',
    'Look at the status of that response. Perhaps your code sets no status, or it sets one from 200 to 299.',
    'Programs such as pages, proxies and monitors read the status and not the text. After 200, the sender believes that the message was published.',
  ],
  'other-status': [
    'Your server refused the message with a status that means something else.',
    'Look at the status. Which status tells the client to change the request before it sends it again?',
    'A body of the wrong shape is the client’s mistake, and 400 Bad Request says so (RFC 9110, section 15.5.1).',
  ],
  'server-error': [
    'The client made a mistake, and your server reported a mistake of its own.',
    'Look at what your handler does with the body before it has checked it.',
    'A status of 500 or more means that the server is broken. Clients then send the same request again, and an operator is called at night.',
  ],
  'not-named': [
    'Your server refused the message, but the sender does not learn what was wrong.',
    'Look at the text of the response. Does it name the field?',
    'The reader of an error wants to continue. A good error names the field and says which value would be right.',
  ],
  kept: [
    'Your server refused the message, but the message is in the room.',
    'Look at the order of the steps. What happens before the body has been checked?',
    'Check first, and store afterwards. A refused request must not change anything.',
  ],
} satisfies Record<string, Hint>

export const words = {
  server: {
    publishes: {
      title: 'Responds to a message with 201 and the stored message',
      'not-201': [
        'Your server accepted the message, but the status is not 201.',
        'Look at the status. If your code sets none, Fastify sends 200.',
        '201 Created (RFC 9110, section 15.3.2) says that something new exists now. 200 says only that the request succeeded.',
      ],
      'no-route': [
        'Your server knows no route for this address.',
        'Look at the method and the path that you register, letter by letter.',
        'A route is a method and a path. If no route matches, Fastify responds with 404 before any handler runs.',
      ],
      refused: [
        'The message contained every required field, and your server refused it.',
        'Look at what you require of a body. Is it more than a user and a text?',
        'A server has to accept everything that its documentation allows. Test it with the smallest request that is allowed.',
      ],
      failed: [
        'The message was complete, and your server reported an error of its own.',
        'Look at what your handler does with the message, line by line. The response quotes the error.',
        'Fastify turns an error in a handler into status 500. A status of 500 or more means that the server made the mistake.',
      ],
      'not-as-sent': [
        'The response does not contain the message that was sent.',
        'Look at the object that you return. It needs id, room, at, user and text.',
        'The response tells the sender how the message was stored, and under which id everybody will know it.',
      ],
      'no-time': [
        'The message has no readable time.',
        'Look at the value of at. It has to be a number of milliseconds, taken from the server’s clock.',
        'The age of a message is counted from the moment in which the server accepted it. Programs can calculate with a number, but not with a formatted date.',
      ],
    },
    'rooms-apart': {
      title: 'Keeps the messages of different rooms apart',
      mixed: [
        'A message of one room appeared in another room.',
        'Look at where you keep the messages, and at which of them you select for a reader.',
        'A room decides who receives a message. Readers of other rooms must not see it.',
      ],
      missing: [
        'A message that was published is not in its room.',
        'Look at the name under which you store a room, and at the name with which you look it up.',
        'An accepted message stays in its room, whatever happens in other rooms.',
      ],
    },
    'reads-back': {
      title: 'Returns the published messages, oldest first',
      missing: [
        'Not all published messages came back.',
        'Look at where you keep them. Does storing the next message remove the earlier ones?',
        'A feed only grows. When the server responds with 201, it promises to keep the message.',
      ],
      order: [
        'All messages are there, but not in the order in which they were published.',
        'Look at where the new message is added: at the beginning of the list, or at its end?',
        'A feed has the same order for everybody, oldest first. A page may display them in another order.',
      ],
      extra: [
        'More messages came back than were published.',
        'Look at how often your code adds one message to the list.',
        'Each publish adds exactly one message.',
      ],
      'other-id': [
        'The message now has a different id than in the response to its sender.',
        'Look at where the id is made: once for each message, or each time somebody reads?',
        'An id names one message for ever. Clients that have seen the id will use it to ask for the message.',
      ],
      'other-message': [
        'A reader gets the message with other values than its sender got.',
        'Look at what you keep, and at what you return to the sender. Are they the same object?',
        'Make the message once, when it is accepted. Then keep it and send it without a change.',
      ],
    },
    'an-empty-room': {
      title: 'Returns an empty list for a room without messages',
      'not-found': [
        'Nobody has published in this room, and your server responded that the room does not exist.',
        'Look at what your code does if nothing is stored under the room’s name.',
        'Every room starts without messages. An empty list says exactly that; a 404 would tell the reader that the address is wrong.',
      ],
      'not-empty': [
        'Nobody has published in this room, but the list is not empty.',
        'Look at where you take the list from.',
        'A room contains only the messages that were published in it.',
      ],
    },
    'every-character': {
      title: 'Keeps user and text exactly as they were sent',
      changed: [
        'The user or the text came back with other characters than those that were sent, or it was refused.',
        'Look at everything that you do with a text: do you trim it, replace characters, or build JSON by hand?',
        'The feed keeps what people write. A page has to make a text safe when it shows it, because only the page knows where it stands.',
      ],
    },
    'both-fields': {
      title: 'Refuses a message with a missing field, and names the field',
      ...REFUSALS,
    },
    'no-object': {
      title: 'Refuses a body that is not a message at all',
      ...REFUSALS,
    },
    'of-the-right-type': {
      title: 'Refuses a value that is not a text, and does not convert it',
      ...REFUSALS,
      bent: [
        'A value that is not a text was converted into a text and published.',
        'Look at everything that changes a value on its way: your own conversions, and the Fastify setting that the file switches off.',
        'A client that sends a number instead of a text has a bug. If the server refuses it, the bug is found at once. If the server converts it, readers find it later.',
      ],
    },
    'neither-empty-nor-endless': {
      title: 'Refuses texts that are empty or too long, and accepts the longest allowed one',
      ...REFUSALS,
      'too-strict': [
        'The text had the greatest length that is allowed, and your server refused it.',
        'Look at the limit. Is it the greatest allowed length, or the first one that is too long?',
        'A limit is a promise in both directions. The server has to accept everything up to the limit.',
      ],
      'too-strict-below': [
        'User and text had one character each, which is the smallest length that is allowed, and your server refused them.',
        'Look at the lower limit, and at whether you trim the text before you count.',
        'One character is enough, and a space is a character too. A rule that is not documented surprises the authors of clients.',
      ],
      'counts-bytes': [
        'The text has 4000 characters, and your server refused it because of its bytes.',
        'Look at how you measure the length, and at the largest body that you accept.',
        'The limit counts characters. In UTF-8 a character has one to four bytes.',
      ],
    },
    'stamped-by-the-server': {
      title: 'Sets id and time itself, whatever the client sends',
      forged: [
        'The client sent its own id, time or room, and your server kept it.',
        'Look at where you build the message. Which fields of the body does it take, and which value is written last?',
        'Take only the fields that you expect from a request, by name. Ignore every other field.',
      ],
      refused: [
        'The message was complete and had additional fields, and your server refused it.',
        'Look at what your server does with unknown fields.',
        'A client that sends additional fields may be newer than the server. The server ignores the fields that it does not know.',
      ],
      'kept-more': [
        'The client sent a field that does not belong to a message, and your server kept it.',
        'Look at where you build the message. Do you copy the whole body?',
        'A field that nobody has checked can mean something to the programs that read it later. Take only the fields that you expect, by name.',
      ],
    },
    'its-own-time': {
      title: 'Gives each message the time at which it was accepted',
      'wrong-time': [
        'The times of two messages do not differ by the time that passed between them.',
        'Look at when your code reads the clock, and at the unit of the value.',
        'The time belongs to the message, so the clock is read once for each message, in milliseconds.',
      ],
    },
    'ids-of-one-instant': {
      title: 'Gives two messages of the same millisecond different ids',
      'same-id': [
        'Two messages were published within the same millisecond, and they got the same id.',
        'Look at what the id is made of.',
        'Two events can have the same time, however precise the clock is. A counter never gives the same number twice.',
      ],
    },
    'many-at-once': {
      title: 'Keeps many messages that come together, each with an id of its own',
      'too-few-ids': [
        'Two messages of the same room have the same id.',
        'Look at what the id is made of. How many different values can it have?',
        'If ids are chosen at random from a million, two of two thousand ids are equal more often than not. A counter never repeats.',
      ],
      lost: [
        'The server did not keep all messages that came together, or refused some of them.',
        'Look for an `await` between reading the list and storing it, and for a limit on the number of messages.',
        'While a handler waits, other handlers run. If they all store their own copy of the list, only the last copy remains.',
      ],
    },
    'any-name': {
      title: 'Accepts any room name, and treats it as a name only',
      'not-empty': [
        'A room has the name of a property that every object has. It was not empty, or nobody could publish in it.',
        'Look at what you keep the rooms in. What does it contain before anything is stored?',
        'A plain object inherits properties, for example constructor. A Map contains only the entries that were put into it.',
      ],
    },
    'no-such-address': {
      title: 'Responds with 404 if the address is not a room',
      found: [
        'Nothing is at this address, and your server responded as if there were something.',
        'Look at which paths your routes match. Does a route of yours match every path?',
        'A client with a wrong address has to learn it. Otherwise it waits for messages that never come.',
      ],
    },
    'only-json': {
      title: 'Responds with 415 to a body that is not JSON, such as a form',
      'any-type': [
        'The header did not say that the body is JSON, and your server read the body as JSON.',
        'Look at what you do with the header Content-Type. Fastify checks it if you leave its parsers as they are.',
        'A page of another site can send such a request without asking first, because browsers treat text/plain as harmless. A request with application/json has to ask.',
      ],
      'other-status': [
        'Your server refused a body that is not JSON with a status that means something else.',
        'Look at the table of the lesson: which status says that the server cannot read this kind of body?',
        'A 400 says that the content is wrong. The status 415 says that the client has to send another kind of content (RFC 9110, section 15.5.16).',
      ],
      'with-charset': [
        'The header said that the body is JSON in UTF-8, and your server refused it.',
        'Look at how you compare the header.',
        'A media type can have parameters after a semicolon. Compare only the part before it.',
      ],
    },
  },
} satisfies Words
