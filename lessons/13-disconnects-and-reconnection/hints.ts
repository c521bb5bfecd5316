/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const STAYS_AWAY: Hint = [
  'The connection was cut, and the client never reconnected.',
  'Look at what happens when a connection ends. Which code opens the next one?',
  'An EventSource reconnects by itself; a WebSocket does not. The page has to do it.',
]

export const NO_WELCOME: Hint = [
  'A client connected, and your server did not send it the message `connected`.',
  'Look at what happens right after the handshake. The file that you began with sent this message first.',
  'The first message of a connection holds the cursor of a client that has received nothing yet.',
]

export const GAVE_UP: Hint = [
  'A client stopped trying to reconnect, although nothing had told it to stay away.',
  'Look at every way in which a connection can end: before its handshake, after it, with each close code. Does each of them lead to the next attempt?',
  'A client cannot know how long a server will be away. Only the server can tell it not to come back.',
]

export const words = {
  client: {
    brings: {
      title: 'Delivers every published message, once and in order',
      lost: [
        'A message was sent to the client, and its page never received it.',
        'Look at what you do with a message that arrives.',
        'Every message with a time (at) is an event of the feed. Pass each of them to the page.',
      ],
      doubled: [
        'One message arrived once, and the page received it more than once.',
        'Look at how often your code calls the listener for one message.',
        'The page relies on receiving each message once and in order.',
      ],
      other: [
        'The page received something that is not an event of the feed.',
        'Look at which messages you pass to the page.',
        'Only a message with a time (at) is an event. The server sends other messages too, for example about the people in the room.',
      ],
    },
    'comes-back': {
      title: 'Reconnects, however the connection was lost',
      'only-accidents': [
        'The client reconnects after an unexpected end, but not after a close with a code.',
        'Look at your condition on the close code.',
        'A server that restarts sends 1001 or 1012, and an overloaded one sends 1013. For this client, only 1008 is final; every other code means: come back later.',
      ],
      'says-over': [
        'The client lost its connection and reconnected, and it told its page that the connection is over for good.',
        'Look at when your code calls `ended`.',
        'The page stops when it hears `ended`, and may ask the user to log in again. A connection that will come back is not over.',
      ],
    },
    'goes-on': {
      title: 'Continues after the last message that it delivered',
      lost: [
        'A message that was published while the client was away never reached its page.',
        'Look at the address that the client reconnects to. Does it contain the client’s position?',
        'The server does not remember its clients. A client that returns without a cursor starts at the end of the feed.',
      ],
      doubled: [
        'The page received a message twice: before the cut, and after it.',
        'Look at the cursor in the second address. Which message does it name?',
        'The cursor has to move with every message. If it stays at its first value, every reconnect brings all later messages again.',
      ],
    },
    'before-the-first': {
      title: 'Knows its position before the first message',
      lost: [
        'The client was cut off before its first message, and lost the messages that were published in the meantime.',
        'Look at the first message that the server sends on every connection. It contains a position.',
        'A new client has a position too. If the client remembers only messages, it has no position until the first one, which may take hours in a quiet room.',
      ],
      doubled: [
        'The page received a message twice.',
        'Look at the cursor in the second address.',
        'The position that the server sends first is the one directly before the next message.',
      ],
    },
    'two-clients': {
      title: 'Keeps the state of two clients apart',
      shared: [
        'Two clients run in one page, in two rooms. One of them was cut off, and did not continue after its own last message.',
        'Look at where your variables are declared: inside of `connect`, or outside?',
        'A variable outside of the function belongs to all clients. Each client needs its own cursor, its own count and its own timers.',
      ],
    },
    'a-quiet-room': {
      title: 'Keeps a connection on which nothing happens',
      restless: [
        'Nothing was published for a minute and a half, the server responded to every ping, and the client gave up the connection.',
        'Look at what your code accepts as a sign of life, and at what it does if nothing comes.',
        'Silence does not prove that a connection is dead. Send a ping first; any message after it, even a pong, shows that the connection works.',
      ],
      'too-often': [
        'Nothing happened in the room, and the client sent many pings.',
        'Look at how many timers run after thirty messages. What does each new message do with the timer of the message before it?',
        'One ping after each time of silence is enough. A timer that nobody stops sends its own ping, and each pong starts another timer.',
      ],
    },
    'no-handshake': {
      title: 'Notices a handshake that gets no response',
      'waits-for-ever': [
        'The client asked for a WebSocket, and after a minute it was still waiting for a response.',
        'Look at when you start the timer that watches a connection.',
        'A connection can die before the 101 as well as after it. If you watch only open connections, you can wait for the opening for ever.',
      ],
      impatient: [
        'A handshake got no response for some seconds, and the client gave it up.',
        'Look at the time that you give to a handshake. The page names the shortest one.',
        'A handshake needs several round trips, and a phone with a weak signal needs seconds for them. A client that gives up too early never gets a connection there.',
      ],
    },
    'not-together': {
      title: 'Reconnects at a random moment, not together with all other clients',
      'at-once': [
        'The connection was lost, and the client reconnected at the same moment.',
        'Look at what happens between the end of a connection and the opening of the next one.',
        'Without a pause, every client asks a stopped server thousands of times a second. When the server restarts, this load stops it again.',
      ],
      lockstep: [
        'Twenty clients lost their server at the same moment, and returned at the same moment.',
        'Look at how you calculate the pause. Does anything in it differ between two clients?',
        'If all clients lose the connection together and wait for the same time, they return together: a thundering herd. Only a random part separates clients that run the same program.',
      ],
      narrow: [
        'Twenty clients lost their server at the same moment, and returned almost together.',
        'Look at how large the random part of your pause is.',
        'If a tenth of the pause is random, the returns are spread over a tenth of the time. If the whole pause is random, from zero to its maximum, they are spread evenly.',
      ],
    },
    'waits-longer': {
      title: 'Waits longer after each failure, but never more than 30 s',
      'no-growth': [
        'The server was away, and the client tried again and again at the same pace.',
        'Look at what your pause depends on. Does it use the number of failures in a row?',
        'The longer a server is away, the less likely it is to return in the next second. A pause that doubles ends a short outage soon, and costs little in a long one.',
      ],
      'slow-growth': [
        'The server was away. The pauses grew, but after ten failures they were still short.',
        'Look at how the pause grows: by a fixed step, or by a factor? Look also at its limit.',
        'A pause that doubles reaches 30 s after five failures. If it grows by a second each time, it needs thirty.',
      ],
      'starts-high': [
        'The server had just gone, and some clients waited for long before their first attempt.',
        'Look at the longest pause before the first attempt. If it depends on the number of failures: are these the failures of this client only?',
        'Most outages are short. The first pause is at most one second; only failures in a row make it longer.',
      ],
      'no-limit': [
        'The server was away, and the pauses grew beyond 30 s.',
        'Look at what limits your pause.',
        'After twenty failures, a pause that doubles is longer than a week. The server could be back for days while the page still waits.',
      ],
    },
    'starts-again': {
      title: 'Starts with short pauses again after a success',
      'never-reset': [
        'The server was away for a long time, returned, and was away again. The client continued with its long pauses.',
        'Look at the counter of failures. When is it set back to zero?',
        'The counter is for failures in a row. If a connection worked in between, the next failure is a first one again.',
      ],
    },
    'turned-away': {
      title: 'Counts a connection that is closed at once as a failure',
      'reset-too-early': [
        'Each connection was opened and closed at once with 1013 (try again later). The client’s pauses did not grow.',
        'Look at the code that sets your counter of failures back to zero. What has been proved at that moment?',
        'An open connection proves that the server runs, but not that it can serve you. An overloaded server needs the pauses most.',
      ],
    },
    'dead-silence': {
      title: 'Notices a connection that dies silently',
      'waits-for-ever': [
        'No byte crossed the connection any more, in either direction, and the client did not notice for a minute.',
        'Look for code that asks the server whether it is still there.',
        'To the client, a dead connection and a quiet room look the same. Only a ping shows the difference: without a response in time, the connection is dead.',
      ],
      'waits-for-close': [
        'The client closed the dead connection, and then waited for the close event.',
        'Look at what opens the next connection. Does it wait for an event of the old one?',
        'A close needs a response from the other side, which is gone. A browser may wait a long time for it. Open the next connection without waiting.',
      ],
      'watches-one': [
        'The connections of two clients died silently, and only one of the clients noticed.',
        'Look for the variable that holds the timer of the watch. Is there one for each call of connect?',
        'A page may have two clients. If both keep their timer in the same variable, the second one stops the watch of the first one.',
      ],
    },
    'slow-answers': {
      title: 'Waits for a slow response, and accepts every message as one',
      impatient: [
        'The server responded to a ping after 5 s, and the client had given up the connection.',
        'Look at the time between a ping and the moment when you give up, in milliseconds.',
        'The file gives the server 10 s. A busy server or a weak network needs seconds, and a new connection would not be faster.',
      ],
      'only-pongs': [
        'Messages arrived all the time, and the client gave up the connection because no pong came.',
        'Look at which messages stop the timer that gives up.',
        'Everything that arrives shows that the connection works. It need not be the response to your ping.',
      ],
    },
    'one-connection-at-a-time': {
      title: 'Ignores a connection that it has given up',
      doubled: [
        'A connection that seemed dead started to work again, and the page received its messages a second time.',
        'Look at what you do with the old connection when there is a new one.',
        'Bytes can arrive minutes late, after the new connection has delivered the same messages. Close the old connection and remove its listeners.',
      ],
      lost: [
        'A message that was published while the connection was dead never reached the page.',
        'Look at the address that the client reconnects to.',
        'The new connection has to deliver everything that the old one did not.',
      ],
      'left-open': [
        'The connection died, and the client opened another one. It did not close the old one.',
        'Look at what you do with the old connection when you give it up.',
        'The network can come back. A connection that nobody has closed then works again, and the server serves the same page twice.',
      ],
      'comes-again': [
        'The client had replaced a dead connection. When the old one was closed at last, the client opened a third one.',
        'Look at the listeners of a connection that you have given up. Does its close event still call your code?',
        'The close event of an old connection can come minutes late. Remove all listeners of the old connection, not only the one for messages.',
      ],
    },
    'not-wanted': {
      title: 'Stays away if the server refuses it for good, and informs its page',
      insists: [
        'The server closed with 1008, which means that a rule was broken, and the client reconnected unchanged.',
        'Look at what you do with the close code.',
        'Some ends are final, for example an expired session. The server will refuse the same client every time.',
      ],
      'not-informed': [
        'The server closed with 1008. The client stayed away, but it did not inform its page.',
        'Look at the listener. Which call informs the page that the connection is over for good?',
        'Without that call, the page looks as if everything worked. With it, the page can ask the user to log in again.',
      ],
    },
    stops: {
      title: 'Stops when its page stops it, even between two connections',
      'goes-on': [
        'The client was stopped during a pause, and reconnected after it.',
        'Look at what has to be stopped besides the connection.',
        'Stopping has to end everything: the connection, and every timer that would open another one.',
      ],
      timers: [
        'The client was stopped, and a timer of it can still fire.',
        'Look at each timer that your code starts. Does `stop` know it?',
        'A timer keeps everything that it uses in memory, and acts later, when the page has gone on.',
      ],
    },
    'stops-at-any-time': {
      title: 'Stops at any moment: with a working connection, during a ping, during a handshake',
      'left-open': [
        'The client was stopped, and its connection stayed open.',
        'Look at what `stop` does with the connection.',
        'A page that has stopped its client does not need the connection. The server still sends every message to it.',
      ],
      'goes-on': [
        'The client was stopped, and opened another connection later.',
        'Look at each timer and each listener that calls your code after `stop`.',
        'Stopping has to end everything: the connection, its listeners, and every timer that would open another one.',
      ],
      timers: [
        'The client was stopped, and a timer of it can still fire.',
        'Look at each timer that your code starts: for the pause, for the ping, for its response, for the handshake. Does `stop` know it?',
        'A timer keeps everything that it uses in memory, and acts later, when the page has gone on.',
      ],
    },
  },
  heartbeat: {
    delivers: {
      title: 'Still delivers every event after the cursor',
      lost: [
        'A client did not get the welcome and the events that it got when you began.',
        'Look at what you changed between the handshake and `follow`.',
        'A heartbeat is sent in addition. It changes nothing about the events.',
      ],
      crash: [
        'A client sent bytes that are not a frame, and the process ended.',
        'Look at the events of a socket that your code listens to. It listened to error when you began.',
        'A socket reports a broken frame with the event error. In Node, an event error without a listener ends the process.',
      ],
    },
    'if-the-feed-fails': {
      title: 'Still ends the connection if the feed cannot continue',
      'kept-open': [
        'The feed reported that it cannot continue, and the connection of the client stayed open.',
        'Look at the last argument of the call that follows the feed. It ended the connection when you began.',
        'After a failure, no message will come on this connection. If it ends, the client reconnects with its cursor, and misses nothing.',
      ],
    },
    asks: {
      title: 'Pings a silent client',
      silent: [
        'A client sent nothing for 45 s, and your server never asked whether it is still there.',
        'Look at what your server sends to a socket besides published messages.',
        'No packet tells the server that a client is gone. It notices only if it sends a ping and gets no pong.',
      ],
      'in-text': [
        'Your server sent a text message instead of a ping.',
        'Look at the function that you call. The library has one for pings.',
        'A ping is a frame of its own (lesson 9), and every client, even a browser, responds to it by itself. A text message reaches the page, which has to handle it.',
      ],
      'too-often': [
        'A client was connected for a minute, and your server sent it far more than four pings.',
        'Look at the time that you pass to the timer. It is in milliseconds. Is there one timer for each socket?',
        'Each ping costs a packet in each direction, and wakes up a phone. One in 15 s is enough to find a client that is gone.',
      ],
      'too-seldom': [
        'A client was connected for a minute, and your server sent it fewer than three pings.',
        'Look at how often your timer runs, and whether it sends a ping each time.',
        'A client that responds once can be gone a minute later. Only a ping that comes again and again finds it.',
      ],
    },
    'who-answers-stays': {
      title: 'Keeps a client that responds',
      impatient: [
        'The client responded to every ping, and your server ended its connection.',
        'Look at what a pong changes, and when you check it.',
        'A pong needs a round trip. When you send the next ping, check whether the pong of the previous one has come.',
      ],
    },
    'half-open': {
      title: 'Ends a connection to a client that is gone, within three heartbeats',
      kept: [
        'A client was gone, and after three heartbeats your server still kept its connection.',
        'Look at what you do if a ping has got no pong when it is time for the next ping.',
        'A connection is half-open if one side is gone and the other has not noticed. It still uses memory, and the user still seems to be present.',
      ],
      politely: [
        'A client was gone, and your server sent it a close frame.',
        'Look at the function that you call to end the connection.',
        'A close needs both sides (lesson 9). A client that does not respond to a ping will not respond to a close. Use terminate, which ends the connection at once.',
      ],
    },
    'one-of-two': {
      title: 'Distinguishes clients that are gone from clients that are there',
      'one-answer-for-all': [
        'One of two clients was gone, the other one responded, and your server kept both.',
        'Look at where you store whether a pong came. Is there one variable for all sockets, or one for each?',
        'Data about one client has to be stored for that client. A shared variable only knows that somebody responded.',
      ],
      politely: [
        'A client was gone, and your server sent it a close frame.',
        'Look at the function that you call to end the connection.',
        'A client that does not respond to a ping will not respond to a close.',
      ],
      both: [
        'One of two clients was gone, and your server ended both connections.',
        'Look at which connection you end.',
        'Data about one client has to be stored for that client.',
      ],
    },
    'stops-asking': {
      title: 'Stops the timer of a socket when the socket ends',
      timers: [
        'Two clients disconnected, and their timers still run.',
        'Look at the function that stops the timer. Who calls it when a socket ends?',
        'A timer keeps its socket in memory. A server that stops none keeps every client that it ever had.',
      ],
    },
    goodbye: {
      title: 'When the server stops, closes with a code that makes clients reconnect',
      'no-reason': [
        'The server stopped, and the close code did not say so.',
        'Look at the arguments that you pass to close.',
        'A client decides by the code whether to reconnect. 1012 means that the service restarts, and that the client should return after a pause.',
      ],
      'left-open': [
        'The server stopped, and a connection stayed open.',
        'Look at the function that serve returns. Which connections does it know?',
        'A server that stops waits for its connections to end, and a WebSocket does not end by itself.',
      ],
    },
  },
} satisfies Words
