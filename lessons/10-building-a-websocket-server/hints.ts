/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const NO_WELCOME: Hint = [
  'The handshake was complete, and then no message came.',
  'Look at what happens when a client has connected. Do you send the first message of the transcript?',
  'A client waits until the server says that it is ready. The handshake only says that something listens.',
]

export const OTHER_WELCOME: Hint = [
  'A message to a new client differs from the transcript.',
  'Look at the fields of the messages that you send to a new client, letter by letter.',
  'Client and server have agreed on a protocol. The client recognises a message by its type.',
]

const CONFIRMED_TO_ALL: Hint = [
  'One client sent a message, and another client got the confirmation too.',
  'Look at which client you send the result of publish to.',
  'A confirmation is a response, and goes only to the client that asked. The others get the event itself.',
]

const NOT_ACCEPTED: Hint = [
  'A client sent a message to its room, and did not learn that it was accepted.',
  'Look at how you handle the type message. The file has a function for it, which is asynchronous.',
  'A message is published when the feed has stored it. Until you confirm that, the client does not know whether the message arrived.',
]

/** Hints for a message that no server can use, and that the server treats wrongly. */
const REFUSED = {
  crash: [
    'A client sent a message that your program could not read, and the process ended. Every client lost its connection.',
    'Look at the named line. What catches an error that is thrown there?',
    'An error that a listener throws ends the process, and so does a rejected promise that nobody handles. A server has to survive every message.',
  ],
  silent: [
    'A client sent a message that your server does not know, and got no response.',
    'Look at every path through your handler. Which one ends without sending anything?',
    'A program that gets no response waits, or tries again. An error message is a response too.',
  ],
  closed: [
    'A client sent a message that your server does not know, and your server closed its connection.',
    'Look for the cause: a call of close or terminate, or an error that is not caught.',
    'The rest of the connection is still good. If you close it, the client reconnects and sends the same message again.',
  ],
  'not-named': [
    'The client got an error, but its message does not say what was wrong.',
    'Look at the text of the error. Does it contain anything that the client sent?',
    'A person reads the error to find a mistake. A good error names the problem and quotes the value.',
  ],
  'no-error': [
    'The client sent an invalid message, and the response is not an error.',
    'Look at how you recognise the kinds of messages. What happens with every other message?',
    'A server handles the messages that it knows, and refuses all others with an error that names the problem.',
  ],
  deaf: [
    'A client got an error, and then its ping got no response.',
    'Look at what your code does after an error. Does it still listen to the client?',
    'The connection continues after a mistake. Everything that was possible before the error has to be possible after it.',
  ],
  twice: [
    'One message got more than one response.',
    'Look at the code that sends the response. Does it run once for each message?',
    'Each message gets one response. A client that counts responses would be wrong from then on.',
  ],
} satisfies Record<string, Hint>

export const words = {
  ws: {
    welcome: {
      title: 'Welcomes a client that connects without a path',
    },
    ping: {
      title: 'Responds to a ping with a pong',
      silent: [
        'A client sent a ping, and got no response.',
        'Look for the code that listens to the messages of this client. What does it do with one?',
        'A message arrives as an event at any time. Your code has to listen for that event.',
      ],
      other: [
        'Your response to a ping is not a pong.',
        'Look at what you read from the text before you compare it, and at what you send.',
        'A message arrives as text. JSON.parse turns it into an object, and the field type says what kind of message it is.',
      ],
    },
    'no-json': {
      title: 'Responds to invalid JSON with an error, and keeps the connection',
      ...REFUSED,
    },
    'unknown-type': {
      title: 'Responds to an unknown type with an error that names the type',
      ...REFUSED,
    },
    anything: {
      title: 'Responds to every other JSON value with an error',
      ...REFUSED,
    },
    'for-one-alone': {
      title: 'Sends an error only to the client that made the mistake',
      'sent-to-all': [
        'One client made a mistake, and another client got the error.',
        'Look at which client you send an error to: the one that made the mistake, or all clients?',
        'A response goes only to the client that sent the message. Other clients would believe that it is a response to their own message.',
      ],
      ...REFUSED,
    },
    'as-published': {
      title: 'Sends each message of the room when it is published, once and in order',
      nothing: [
        'A message was published in the client’s room, and the client did not receive it.',
        'Look at how you follow the feed: the room, the position where reading begins, and what is done with each batch.',
        'The client asks once, by connecting. After that the server sends each new message by itself.',
      ],
      other: [
        'The client did not receive the messages of its room once each and in order.',
        'Look at what you do with a batch. It can contain several events, and each event is a message of its own.',
        'The feed reports commits, which may contain several events. A WebSocket client expects one event in each message.',
      ],
      changed: [
        'A message came out different from the event that was published.',
        'Look at what you send for an event. Is it the whole event, made into a text by JSON.stringify?',
        'Clients rely on every field of an event. A text that is put together by hand breaks at the first quote or line end.',
      ],
    },
    'after-its-cursor': {
      title: 'Starts after the cursor that the client brings',
      'from-now-on': [
        'A client returned with its cursor, and did not receive the messages that it had missed.',
        'Look at where you start to follow: at the cursor, or at the end of the room?',
        'While a connection is broken, the feed continues. The cursor tells the server which messages the client has missed.',
      ],
      'too-much': [
        'A client returned with its cursor, and received messages that it already had.',
        'Look at where you start to follow: at the cursor, or at the beginning of the room?',
        'If the server sends a message again, the client displays it twice.',
      ],
    },
    'a-gap': {
      title: 'Tells a client that messages were dropped before it got them',
      'not-told': [
        'Messages were dropped before the client could get them, and the client was not told.',
        'Look at what you do with a batch whose gap is true. It contains no events.',
        'A client that does not know of the gap shows a conversation with a hole in it. If it knows, it can load the rest.',
      ],
      'no-cursor': [
        'The message about the gap does not name the room and the position after it.',
        'Look at the fields that you send. The batch contains the cursor.',
        'After a gap, the old cursor is useless. The client needs the new one, or it would meet the same gap at its next connection.',
      ],
      'not-told-at-once': [
        'A client came with a cursor that points nowhere, and your server did not tell it so after the welcome.',
        'Look at the code between the welcome and `follow`. It told the client of a gap when you began.',
        'A client can have missed messages before it connects as well as after that. In both cases, only the server knows it.',
      ],
    },
    'if-the-feed-fails': {
      title: 'Cuts a client off if the feed cannot continue',
      'kept-open': [
        'The feed reported that it cannot continue, and the connection of the client stayed open.',
        'Look at the last argument of the call that follows the feed.',
        'After a failure, no message will come on this connection. If it ends, the client can connect again with its cursor, and misses nothing.',
      ],
    },
    'rooms-apart': {
      title: 'Sends each client the messages of its own room, once',
      'another-room': [
        'A message was published in one room, and a client of another room received it.',
        'Look at which client you write to when the feed calls your function. Is it the client that you follow the feed for?',
        'Each client follows its own room. If every message goes to every connection, there is only one room with many names.',
      ],
      twice: [
        'Two clients were in the room, and one of them received a message more than once.',
        'Look at which client you write to when the feed calls your function. Is it the client that you follow the feed for?',
        'The feed calls your function once for each client that follows. Send the batch to that client only.',
      ],
      'sent-to-all': CONFIRMED_TO_ALL,
      'its-own-room': [
        'A client sent a message, and it was not published in the room of this client.',
        'Look at where you keep the room. Is there one place for all clients, or one for each?',
        'A variable outside of the function that handles one connection is shared by all connections. It has the value of the client that came last.',
      ],
      'not-accepted': NOT_ACCEPTED,
      'one-place': [
        'Two clients were in the room, and one of them did not receive the message.',
        'Look at where you keep a client. Is there one place for all clients, or one for each?',
        'A new client is added, and replaces nobody.',
      ],
    },
    says: {
      title: 'Publishes a client’s message, and refuses an invalid one',
      'not-accepted': NOT_ACCEPTED,
      'not-sent-back': [
        'A client sent a message, and did not get the event with the id that your server confirmed.',
        'Look at where the id comes from, and at which client you leave out.',
        'An event goes to all clients in the room. Its sender needs it too: only the event shows at which place of the conversation the message stands.',
      ],
      'sent-to-all': CONFIRMED_TO_ALL,
      'not-stored': [
        'A client sent a message, and the feed does not have it.',
        'Look at the way of a message from one client to the others. Does it lead through publish?',
        'A client that was away gets what it missed from the feed. A message that was only passed on is lost for it.',
      ],
      'follows-again': [
        'A client sent messages, and your server followed the feed once more for each of them.',
        'Look at where you call follow. How often does this code run for one client?',
        'Everything that is started for a client is started once, and ended when the client leaves.',
      ],
      'not-received': [
        'A client sent a message, and another client in the room did not receive it.',
        'Look at the room that you publish in. Is it the client’s room?',
        'The message of one client reaches the others through the feed, and not directly.',
      ],
      ...REFUSED,
    },
    'a-breach': {
      title: 'Survives a client that breaks the protocol',
      crash: [
        'One client sent a message that is too long, and the process ended. Every client lost its connection.',
        'Look at the events that you listen to on a client. One of them reports errors on its connection.',
        'An error event without a listener is thrown, and ends the process. ws closes the connection by itself; your code only has to listen to the event.',
      ],
      'not-closed': [
        'One client sent a message that is too long, and its connection stayed open.',
        'Look at the options for the handshake. Do they still limit the length of a message?',
        'A server that accepts messages of any length lets strangers fill its memory.',
      ],
      'others-too': [
        'One client broke the protocol, and then another client got no response.',
        'Look at what your code does after an error on one connection.',
        'An error of one client must not affect the others.',
      ],
    },
    'a-client-that-left': {
      title: 'Forgets a client that has left, and no other client',
      'still-followed': [
        'A client closed its connection, and your server still follows the feed for it.',
        'Look for the event that reports a closed connection. The client’s socket emits it.',
        'Everything that is started for a client has to stop when it leaves. Otherwise the server reads the feed for dead clients, and every message takes longer.',
      ],
      'others-too': [
        'One of two clients left, and the other one did not receive the next message.',
        'Look at what you remove when a connection closes. Does it belong to that client only?',
        'When a client leaves, remove only what was created for it. Everything else belongs to other clients.',
      ],
    },
    goodbye: {
      title: 'Closes every connection when the server stops, with a code that says why',
      'left-open': [
        'The server was about to stop, and your transport left a connection open.',
        'Look at the function that serve returns. Which connections does it know?',
        'A server that stops waits for its connections, and a WebSocket does not end by itself. A client whose connection is closed reconnects to the next process.',
      ],
      'cut-off': [
        'The server was about to stop, and your transport cut a connection without a close frame.',
        'Look at how you close. A WebSocket has a frame for it.',
        'A cut looks like a network error to the client (1006). A close frame with a code says what happened, and whether to reconnect.',
      ],
      'all-is-well': [
        'The server was about to stop, and the close code does not say so.',
        'Look at the arguments of close. The code is the first one.',
        'Clients decide by the code: 1000 means that the conversation is finished. 1001 and 1012 mean that the server stops, and that another one will follow.',
      ],
    },
  },
} satisfies Words
