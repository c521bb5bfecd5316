import type { Words } from '../kit/exercise.ts'

export const words = {
  chat: {
    'comes-back': {
      title: 'Sends a message back to the client that sent it, as text',
      nothing: [
        'A client was alone in the chat. It sent a message and received nothing.',
        'Look at the listener for `message`, and at which clients you send the text to. Is the sender one of them?',
        'The page shows a message when it comes back from the server. So the sender is a receiver too.',
      ],
      binary: [
        'The message came back as a binary message.',
        'Look at what you pass to `send`: the text, or the bytes that the listener gets?',
        'WebSocket has messages of text and messages of bytes. `ws` gives you bytes, also for a text, and sends bytes as a binary message. In the page, a binary message is no text that JSON can be read from.',
      ],
      changed: [
        'The message that came back is not the one that was sent.',
        'Look at what you pass to `send`.',
        'The chat passes a message on. The pages read its fields `username` and `message`.',
      ],
      twice: [
        'The client received its own message more than once.',
        'Look at how often `send` is called for one client.',
        'The sender is one of the clients. If you also respond to the sender, it gets the message twice.',
      ],
    },
    everybody: {
      title: 'Sends each message to every connected client, once',
      missing: [
        'Three clients were connected, one sent a message, and one of the others did not receive it.',
        'Look at the loop that sends. Does it go through all clients, and does every new client get into them?',
        'A chat is a broadcast: one message in, and one message out for each client.',
      ],
      changed: [
        'One client received a message that differs from the one that was sent.',
        'Look at what you pass to `send`.',
        'The chat passes a message on. All pages have to show the same name and the same text.',
      ],
      twice: [
        'A client received one message more than once.',
        'Look at how often `send` is called for one message and one client.',
        'Each client gets each message once. If it got a message twice, its page would show the message twice.',
      ],
    },
    'bad-json': {
      title: 'Ignores a text that is no message, and closes nobody',
      crash: [
        'A client sent a text that is no message, and your process ended. Everybody lost the connection.',
        'Look at the line that reads the JSON. What does it do with `hello`, and what comes out for `null`?',
        'Anybody can send anything to a server. An error in a listener that nobody catches ends the process, so one bad text ends the chat for everybody.',
      ],
      closed: [
        'A client sent a text that is no message, and a connection was closed.',
        'Look at what you do with a text that you cannot use.',
        'One bad text is no reason to lose a person. Ignore the text, and keep the connection.',
      ],
      'passed-on': [
        'A client sent a text that is no message, and the others received it.',
        'Look at what you check before you send: that the text is JSON, that the JSON is an object, and that both fields are texts.',
        'The pages trust what the server sends. If the server passes on every text, each page has to deal with it.',
      ],
      deaf: [
        'A client sent a text that is no message, and then a good message. The good message did not arrive.',
        'Look at what remains after a bad text. Is the client still in your set, and does its listener still work?',
        'After a bad text, everything goes on as before.',
      ],
    },
    'who-is-gone': {
      title: 'Forgets a client that is gone, and nobody else',
      'not-counted': [
        'Clients were connected, and the number at /people is too small.',
        'Look at what /people counts, and at when a client is added to it.',
        'The set has to contain exactly the clients that are connected now.',
      ],
      stays: [
        'A client left, and the number at /people still includes it.',
        'Look for the event of a socket that reports the end of the connection.',
        'A page that is closed says nothing. If the server does not remove its client, it goes on sending to nobody, and the set grows as long as the process runs.',
      ],
      'others-too': [
        'One client left, and another one was forgotten too.',
        'Look at what you remove when a connection closes: one client, or all?',
        'Each connection closes for itself. The other clients are still there.',
      ],
      deaf: [
        'One client left, and the next message did not reach the other one.',
        'Look at what you do when a connection closes.',
        'For those who stay, nothing changes when somebody leaves.',
      ],
    },
    'breaks-the-rules': {
      title: 'Goes on if a client breaks the rules of WebSocket',
      crash: [
        'A client sent bytes that are no WebSocket frame, and your process ended. Everybody lost the connection.',
        'Look at the events of a socket that you listen to. Is `error` one of them?',
        'In Node, an `error` event that nobody listens to ends the process. `ws` closes the bad connection by itself, but it needs a listener for the error.',
      ],
      deaf: [
        'A client sent bytes that are no WebSocket frame. After that, the message of another client did not arrive.',
        'Look at what your listener for `error` does.',
        'An error of one connection concerns only this connection.',
      ],
    },
  },
} satisfies Words
