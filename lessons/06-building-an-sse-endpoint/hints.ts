/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'

export const words = {
  sse: {
    'an-event-stream': {
      title: 'Responds with an event stream',
      nothing: [
        'A client asked for the stream, a message was published, and no byte arrived.',
        'Look at the code after reply.hijack. What writes the head of the response now?',
        'After hijack, Fastify writes nothing. Your code has to write the status, the headers and every byte of the body.',
      ],
      'other-type': [
        'The response is not declared as an event stream, so a browser closes it and does not reconnect.',
        'Look at the status and the headers that you send first. The file has prepared them.',
        'The content type tells a client to read the response as a stream (WHATWG HTML, section 9.2.3).',
      ],
      'other-status': [
        'The status of the response is not 200, so a browser closes it and does not reconnect.',
        'Look at the status that you send first. The file has prepared the head.',
        'An EventSource accepts only 200 as the beginning of a stream (WHATWG HTML, section 9.2.3).',
      ],
      'no-such-header': [
        'The head of the response lacks a header that a stream needs, or the header has another value.',
        'Look at the headers that you send with the status. The file has prepared three.',
        'A cache must not keep a stream, and a proxy must not collect it. Each of them obeys a header of its own.',
      ],
    },
    'as-it-happens': {
      title: 'Sends each message when it is published, in one response',
      nothing: [
        'The stream was open, a message was published, and it did not arrive.',
        'Look at how you follow the feed: the room, the position where reading begins, and what is done with each batch.',
        'The feed calls your function for every published message. Each call has to write to the stream, because the client does not ask again.',
      ],
      ended: [
        'The stream ended before all messages had arrived.',
        'Look for code that ends the response: send, end, or a value that the handler returns.',
        'A response that ends with each message is a long poll. A stream stays open.',
      ],
      other: [
        'Messages arrived, but not each of them once and in order.',
        'Look at how often you follow the feed for one client, and from which position.',
        'A client receives each event after its cursor exactly once, and nothing that it has already.',
      ],
    },
    'head-at-once': {
      title: 'Sends the head of the response before there is any message',
      'held-back': [
        'The head of the response arrived only when a message was published.',
        'Look at the code after the head is written. Does anything send it to the client?',
        'Node keeps the head until the first bytes of the body, to send both in one packet. In a quiet room that can take an hour, and the browser shows "connecting" until then.',
      ],
      never: [
        'The client never received the head of the response.',
        'Look for the place where the head is written, and at what has to happen before that.',
        'A stream is open when its head has arrived. The first message can come much later.',
      ],
    },
    'a-whole-commit': {
      title: 'Sends all messages of one commit',
      'first-only': [
        'Three messages were published together, and the client did not receive all of them.',
        'Look at what the feed passes to your function: is it one message, or a list?',
        'The feed reports commits, and one commit can contain several messages. A client never asks for a message that the stream left out.',
      ],
      other: [
        'Three messages were published together, and the client received something else.',
        'Look at how you join the bytes of several messages.',
        'Each message is an event of its own with its own blank line, in the order of the feed.',
      ],
    },
    'every-client': {
      title: 'Sends a message to every client of the room',
      'one-place': [
        'Three clients listened, a message came, and not all of them received it.',
        'Look at where you keep the stream of a client. Is there one place for all clients, or one for each?',
        'A room is a set of clients. A new client is added to the set and replaces nobody.',
      ],
      other: [
        'Three clients listened, a message came, and one of them did not receive it exactly once.',
        'Look at how often your code writes to one client for one message.',
        'To broadcast a message means to write it to each client of the set, once.',
      ],
    },
    'rooms-apart': {
      title: 'Sends nothing to clients of another room',
      'another-room': [
        'A message of one room was sent to a client of another room, or the room’s own client missed it.',
        'Look at which clients you write to. Are they the clients of this room?',
        'A message belongs to its room. If every message goes to every client, there is only one room with many names.',
      ],
    },
    'where-it-begins': {
      title: 'Begins where the client is: at its cursor, or now if it has none',
      'not-from-now': [
        'A client came for the first time, and did not get exactly the messages from then on.',
        'Look at the cursor from which you follow. The file has computed it.',
        'A new client begins with the next message. The position is the end of the room at the moment at which the client comes.',
      ],
      'not-from-there': [
        'A client came with a position, and did not get exactly the messages after this position.',
        'Look at the cursor from which you follow. Is it the client’s position?',
        'A client that reconnects has missed messages. Its position tells you with which one to continue.',
      ],
      twice: [
        'A client that reconnected got a message twice.',
        'Look for two places that send the missed messages.',
        'The feed delivers the missed messages and then the new ones. A program that also reads them sends them twice.',
      ],
      'no-gap': [
        'A client reconnected with a position that points nowhere, and your response does not begin with a gap.',
        'Look at the first lines of the stream. The file has a function that makes them, and the gap is a part of them.',
        'Such a client may have missed messages, and it has to learn that (lesson 7).',
      ],
    },
    'stays-open': {
      title: 'Leaves a quiet stream open, and sends no event of its own',
      ended: [
        'Nothing was published for minutes, and your server ended the stream.',
        'Look for a timer, or for a time limit of the connection.',
        'A stream has no time at which it is over. It stays open until the client leaves or the server stops.',
      ],
      'an-event': [
        'Nothing was published, and the client received an event.',
        'Look for a timer that writes to the stream.',
        'Each event is a message for the page. A comment keeps a connection open without an event (lesson 8).',
      ],
    },
    'a-client-that-left': {
      title: 'Forgets a client that has left, and no other client',
      'still-followed': [
        'A client closed its connection, and your server still follows the feed for it.',
        'Look for the event that reports a closed connection. The response emits it.',
        'When a user closes a page, the page sends no message. If the server does not notice, it writes to dead clients, and each message takes longer than the one before.',
      ],
      'others-too': [
        'One of two clients left, and the other one did not receive the next message.',
        'Look at what you remove when a connection closes. Does it belong to that client only?',
        'When a client leaves, remove what was created for it: its listener, and its place in the set. Everything else belongs to other clients.',
      ],
      'left-before': [
        'A client left while your server looked up its cursor, and your server followed the feed for it after that.',
        'Look at the test of whether the client is still there. Does it come after the last await?',
        'An event that has happened does not happen again for a new listener. So look at the state first, and listen after that.',
      ],
      'timer-runs': [
        'Clients came and left, and timers of your program still ran for them.',
        'Look at what your code starts for each client, and at what it stops when the client leaves.',
        'Everything that is started for a client has to be stopped with it. After a day, these are thousands of timers.',
      ],
    },
    'if-the-feed-fails': {
      title: 'Cuts a client off if the feed cannot continue',
      'kept-open': [
        'The feed reported that it cannot continue, and the stream of the client stayed open.',
        'Look at the last argument of the call that follows the feed.',
        'After a failure, no message will come on this stream. If it ends, the client reconnects with its position, and misses nothing.',
      ],
    },
    goodbye: {
      title: 'Ends every stream when the server stops',
      'left-open': [
        'The server was about to stop, and your transport left a stream open.',
        'Look at the function that serve returns. Which streams does it know?',
        'A server that stops waits for its responses to end, and a stream does not end by itself. A client whose stream is ended reconnects to the next process.',
      ],
      'cut-off': [
        'The server was about to stop, and your transport cut the connection in the middle of the response.',
        'Look at how you close. A response can be ended without destroying its connection.',
        'A cut connection looks like a network error. A response that ends properly tells the client that nothing is missing.',
      ],
      'without-retry': [
        'Your server ended the streams, and did not send a retry time as the last bytes.',
        'Look at what you write when you end a stream. The file has a function for these bytes.',
        'All clients lose their streams at the same instant. The retry time tells each of them when to return, and it differs for each.',
      ],
      'an-event': [
        'The server stopped, and the client received an event of your program.',
        'Look at what you write when you end a stream.',
        'Each event is a message for the page. The end of a stream needs none.',
      ],
      'connection-open': [
        'Your server ended the response, and its connection stayed open.',
        'Look at what your code does after the last byte of the response.',
        'After a response, HTTP keeps a connection open for the next request. A server that stops would wait for it.',
      ],
      remembered: [
        'Your transport still remembered a client that had left.',
        'Look at what your code removes when a client leaves.',
        'A set that only grows is a memory leak. It also makes every later loop over the set longer.',
      ],
    },
  },
} satisfies Words
