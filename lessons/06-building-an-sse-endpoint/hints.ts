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
    },
  },
} satisfies Words
