/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const ENDS_AT_ONCE: Hint = [
  'A client asked for the stream, and your server ended the response at once.',
  'Look at your condition for 204. Is it also true for a client that has no position, and for a request without `until`?',
  'Most clients want a stream that continues. Only a client that has everything it asked for gets 204.',
]

export const NOT_SERVED: Hint = [
  'A client asked for the stream, and your server did not follow the feed for it.',
  'Look for code that returns, throws or waits before `follow`.',
  'The start of this lesson is a complete stream. What you add must not stop it.',
]

export const NOT_SENT: Hint = [
  'A message was published, and your server did not send it.',
  'Look at the code that makes the bytes of a batch. The start of this lesson had it already.',
  'The start of this lesson sends every message with its id. What you add must not change this.',
]

export const words = {
  sse: {
    'through-a-buffer': {
      title: 'Reaches a client through a proxy that buffers responses',
      collected: [
        'The message reached the proxy, and the proxy is waiting for more bytes.',
        'Look at the headers that you send before the first event. nginx reads one that was made for this case.',
        'A proxy cannot see that a client reads a response while it grows. Buffering is right for pages and wrong for streams, so the response has to forbid it.',
      ],
      'another-value': [
        'The header for the proxy is there, but its value is not the one that the proxy obeys.',
        'Look at the value. The header asks whether the proxy may buffer: yes or no.',
        'A misspelt header causes no error on the web. A program that does not understand it ignores it silently.',
      ],
    },
    'through-a-compressor': {
      title: 'Reaches a client through a proxy that compresses',
      compressed: [
        'The message reached the proxy, which compresses responses and is waiting for more bytes.',
        'Look at the header for caches. It can also forbid proxies to change the content.',
        'A compressor collects bytes and sends them in blocks. A proxy may compress any response, unless the header forbids transforming it (RFC 9111, section 5.2.2.6).',
      ],
      stored: [
        'The stream reaches the client, but a cache may store it and send it to another client.',
        'Look at the value of the header for caches. Does it still contain its earlier value?',
        'One header can contain several directives, separated by commas. Each of them has its own meaning, and none includes another.',
      ],
    },
    'through-silence': {
      title: 'Keeps a quiet connection alive through a proxy that cuts idle ones',
      silent: [
        'No message was published and your server sent nothing, so the proxy cut the idle connection.',
        'Look at what your server sends to a client while there are no messages.',
        'A proxy cannot distinguish a quiet stream from a dead one. A heartbeat, a few bytes sent regularly, shows that the stream is alive.',
      ],
      'too-slow': [
        'Your server sent a heartbeat, but only after the proxy had cut the connection.',
        'Look at the interval and at its unit.',
        'A heartbeat has to be faster than the shortest idle limit of any proxy on the way. The standard advises about 15 seconds (WHATWG HTML, section 9.2.7).',
      ],
      once: [
        'Your server kept the connection alive for a while and then fell silent, so the proxy cut it.',
        'Look at what starts your heartbeat. Does it continue after the first one?',
        'A timeout fires once. A stream can be quiet for hours.',
      ],
      'one-client': [
        'Two clients were connected, and only one of them received heartbeats.',
        'Look at where you keep the timer, and at which client its callback writes to.',
        'Each client has a connection of its own, and each connection can be cut. So each of them needs heartbeats.',
      ],
      'too-often': [
        'Your server sent more than one heartbeat a second to a client.',
        'Look at the unit of your interval, and at how many timers write to one client.',
        'A timer takes milliseconds. Each heartbeat costs bytes and processor time for each client, and a phone cannot sleep.',
      ],
      'after-a-message': [
        'The heartbeats of a client stopped after a message.',
        'Look at what your code does with the timer when it delivers a batch.',
        'A message is no reason to stop. After it, the connection can be silent again for any time.',
      ],
    },
    'a-heartbeat-says-nothing': {
      title: 'Sends heartbeats that deliver no event to the page',
      'an-event': [
        'No message was published, and the page received an event.',
        'Look at how the line of your heartbeat begins. Which lines does a browser ignore?',
        'A line that begins with a colon is a comment: the bytes cross the wire, and the page does not see them. Any data field makes an event.',
      ],
      'an-event-of-its-own': [
        'No message was published, and each heartbeat dispatched an event of its own type.',
        'Look at the lines of your heartbeat. Is one of them a data field? An empty data field counts too.',
        'An event without listeners is still an event. One data line, even without a value, makes the browser dispatch it (WHATWG HTML, section 9.2.6).',
      ],
      'takes-the-id': [
        'No message was published, and the client lost the id of its position.',
        'Look at the fields of your heartbeat. What does an id field without a value do?',
        'An id field counts even without data, and an empty one clears the last id. If the client is cut off after that, it reconnects without Last-Event-ID and loses messages.',
      ],
      'takes-the-time': [
        'Your heartbeat changed the time that the client waits before it reconnects.',
        'Look at the field in your heartbeat. Is it a comment?',
        'A retry field is an order to the client, and the last one counts. A heartbeat must not change anything.',
      ],
      glued: [
        'A message after a heartbeat reached the page without its own id, or not at all.',
        'Look at how your heartbeat ends.',
        'A comment lasts until the end of its line. Everything that follows in the same line belongs to the comment.',
      ],
    },
    'a-heart-that-stops': {
      title: 'Stops the heartbeat when the connection ends',
      'beats-on': [
        'The client has left, and your server still writes to it.',
        'Look at what you do when the stream closes. What else was started with the stream?',
        'Everything that is started has to be stopped. A timer keeps its stream and buffers in memory, and every visit leaves one more.',
      ],
      'still-followed': [
        'A client left, and your server still follows the feed for it.',
        'Look at the code for the event close. The start of this lesson had it already.',
        'Everything that is started for a client has to be stopped when it leaves: its follower and its heartbeat.',
      ],
      'stops-for-all': [
        'A client left, and the heartbeat of another client stopped.',
        'Look at where you keep the timer. Is there one place for all clients, or one for each?',
        'A client that leaves takes its own timer along, and nothing of the others.',
      ],
    },
    'stays-away': {
      title: 'Responds with 204 to a client that has everything it asked for',
      'comes-back': [
        'The client had every event that it asked for, and reconnected. Your server opened another stream.',
        'Look at the two positions in the request: the client’s last id, and the position where it wants to end.',
        'A browser treats the end of a stream as an accident, and reconnects for ever. With 204 the server says that there is nothing to return for (WHATWG HTML, section 9.2).',
      ],
      'an-error': [
        'The client had every event that it asked for, and your server responded with an error.',
        'Look at the status. Whose mistake does it report?',
        'Any status except 200 makes a browser give up. But logs, monitors and other clients read 204 as a success, and an error as a reason to retry.',
      ],
      'too-early': [
        'The client reconnected for the rest of a recording, and your server responded that there is none.',
        'Look at your condition for 204. Does it check this client’s position, or something that is true for every client of a recording?',
        'A connection can be cut in the middle. A client that returns with an earlier id still has events to receive.',
      ],
      'as-text': [
        'The client asked for ten messages and had nine. Your server treated it as if it had all ten.',
        'Look at how you compare the two positions.',
        'A cursor is a name, not a number: as text, 9 comes after 10. You can only test whether two cursors are equal.',
      ],
      'not-for-you': [
        'The client did not ask for an end (`until`), and your server responded with 204.',
        'Look at your condition for 204 if the request has no `until`.',
        'A feed continues. A client that has everything waits for more, unless it named the position where it wants to end.',
      ],
      'goes-on': [
        'A client reconnected for the rest of a recording, and did not get exactly this rest and then the end.',
        'Look at the code that looks for the last wanted event in a batch. The start of this lesson had it already.',
        'A recording ends with the event that the client has named. After it, the response ends too.',
      ],
      'another-epoch': [
        'The client had a position of another epoch, and your server treated it as the end of the recording.',
        'Look at how you compare the two positions. Do you compare all of them, or only the numbers?',
        'The same number in another epoch is another event. Two cursors are equal only if they are equal letter by letter.',
      ],
      'by-its-address': [
        'A client had the last event that it wanted, according to its address, and your server opened another stream.',
        'Look at where your condition takes the client’s position from.',
        'A client can give its position in the address or in the header. The file has computed it from both.',
      ],
    },
    'still-a-stream': {
      title: 'Still sends every message, and cuts a client off if the feed fails',
      'not-a-stream': [
        'The head of your response is not the head of an event stream, so a browser closes it and does not reconnect.',
        'Look at the status and the content type. The start of this lesson had them already.',
        'An EventSource reads a stream only if the status is 200 and the content type is text/event-stream (lesson 5).',
      ],
      'not-all': [
        'Messages were published, and the client did not get each of them once and in order.',
        'Look at what you changed in the code that sends a batch.',
        'A heartbeat is sent in addition. It changes nothing about the messages.',
      ],
      'kept-open': [
        'The feed reported that it cannot continue, and the stream of the client stayed open.',
        'Look at the last argument of the call that follows the feed. The start of this lesson had it already.',
        'After a failure, no message will come on this stream. If it ends, the client reconnects with its id, and misses nothing.',
      ],
    },
    'left-early': {
      title: 'Starts nothing for a client that left while its position was looked up',
      'left-before': [
        'Clients left while your server looked up their position, and your server followed the feed for them after that.',
        'Look at the test of whether the client is still there. Does it come after the last await?',
        'The event close has happened already, and does not happen again. So look at the state first, and listen after that (lesson 6).',
      ],
      'timer-runs': [
        'Clients left while your server looked up their position, and it started a heartbeat for each of them.',
        'Look at where you start the heartbeat. Does the test of whether the client is still there come before it?',
        'For a client that has gone, the event close does not come again. So nothing would ever stop this heartbeat.',
      ],
    },
    goodbye: {
      title: 'Still ends every stream when the server stops',
      'left-open': [
        'The server was about to stop, and your transport left a stream open.',
        'Look at the set of open streams, and at the function that serve returns. The start of this lesson had both already.',
        'A server that stops waits for its responses to end, and a stream does not end by itself (lesson 6).',
      ],
      'cut-off': [
        'The server was about to stop, and your transport cut the connection in the middle of the response.',
        'Look at how you close. A response can be ended without destroying its connection.',
        'A cut connection looks like a network error. A response that ends properly tells the client that nothing is missing.',
      ],
      remembered: [
        'Your transport still remembered a client that had left.',
        'Look at what your code removes when a client leaves.',
        'A set that only grows is a memory leak (lesson 6).',
      ],
    },
  },
} satisfies Words
