/** The words of the page that are longer than a label: one line of help each, shown on hover and focus. */
import type { TransportName } from '../../server/protocol.ts'

export const TITLE = 'One chat feed, delivered four ways at once. How late, and at what cost?'

/** What else the server serves. */
export const OTHER_PAGES = [
  ['/lessons', 'Lessons'],
  ['/board', 'Board'],
  ['/choose', 'Choose'],
] as const

export const HELP = {
  p50: 'From the moment the server accepted a message to the first line of code that has it in this browser.',
  bound: 'How far this browser’s clock may be off the server’s.',
  expected: 'What the model says for this interval, network and rate.',
  p95: '19 of 20 arrive sooner. Grey below 75 answers: too few to say.',
  p99: '99 of 100 arrive sooner. Grey below 400 answers: too few to say.',
  n: 'Messages measured since you last changed something.',
  all: 'How many arrived how late, on a log scale. The line below is the range that is expected.',
  hop: 'The sandbox passes the bytes on between this browser and your server, unchanged, so that they meet the same network and are counted. So each way there is one hop within the machine more: half the time of a connect, the shortest of the last 15. Your server also has each message a little later than the reference, which is the sandbox itself.',
  bytes:
    'What crossed the wire for each message that arrived, both ways, counted at the server’s sockets, without TCP and IP headers.',
  payload: 'The messages themselves, as JSON.',
  framing: 'What marks where messages end: JSON around them, chunk sizes, SSE fields, frame heads.',
  heads: 'Heads of requests and answers, and what this page publishes.',
  nothing: 'Empty answers, heartbeats, pings.',
  hour: 'If a thousand people read this feed for an hour like this: their requests and their bytes.',
  requests: 'Requests since the figures began.',
  ledger:
    'Messages that never came, came twice. Both stay 0 when you cut, switch or restart; that is the cursor’s doing.',
  only: 'Show this transport alone; it goes on from the same cursor.',
  code: 'The server file and the browser file that run here.',
  clock: 'All times are on the server’s clock. This is how far off ours may be.',
  rate: 'How many messages the metronome publishes a second, at random moments.',
  network: 'Bends the bytes below HTTP, both ways, for all lanes alike.',
  more: 'Every condition by itself, and every way to cut.',
  cut: 'Resets every connection of the feed, in the middle of whatever it is.',
  restart: 'Goodbyes, nobody there for a moment, and a network that is left alone afterwards.',
  proxy:
    'Holds what goes down until 4 KiB are together, 3 s are over, or the answer is complete, as a proxy in between may do.',
  firewall: 'Refuses WebSockets, with 403, as some schools and companies do.',
  token: 'Printed where the server was started. It makes you the instructor in this tab, until it is closed.',
  notInstructor:
    'Only the instructor sets what concerns everybody: whoever opens the page on the machine on which the server runs, or enters the token that was printed there.',
}

/** How each asks, with its setting where it has one. */
export const VERBS: Record<TransportName, string> = {
  'short-poll': 'asks every',
  'long-poll': 'asks; held up to',
  sse: 'one answer that never ends',
  ws: 'one line, open both ways',
}

/** What each condition models, and what it does not. */
export const NETWORK: readonly (readonly [string, string])[] = [
  [
    'latency',
    'Each packet takes so long, one way; a new connection takes a round trip more. Models distance. Not: routes that change, a way up that is longer than the way down, the look-up of names, TLS.',
  ],
  [
    'jitter',
    'Each packet takes up to so much longer, every amount as likely. Models queues of others on the way; nothing overtakes. Not: queues that stay long for seconds.',
  ],
  [
    'bandwidth',
    'Packets leave one behind the other at this rate. Models a narrow line. Not: what a page’s connections take from one another, TCP’s slow start, the bytes below TCP.',
  ],
  [
    'loss',
    'A share of the packets comes one retransmission timeout late (200 ms and a round trip, or more), and what is behind it waits. Models losses where there is little traffic. Not: fast retransmit, nor the slower sending after a loss.',
  ],
  [
    'buffering',
    'What goes down is held until so many bytes are together, so much time is over, or the answer is complete. Models a proxy that collects answers. nginx lets an answer through at once that says X-Accel-Buffering: no, as the event stream here does, so that SSE is not held by the preset of its name: tried with nginx 1.22, which held the same stream until 4 KiB when it was told to ignore that. Most other proxies do not know it, nor does Buffering proxy. Not: what a proxy does with requests.',
  ],
  [
    'slow reader',
    'The client’s application takes so many bytes a second from each of its connections. Models a client that cannot keep up: its receive window fills, then the server’s buffer, then the server waits. A poll asks again only when it has read its answer, so nothing piles up for it. Not: an application that stops and then reads all at once, nor a window that grows.',
  ],
  [
    'idle cut',
    'A connection on which nothing was said for so long is closed. Models proxies and load balancers. Not: NAT tables, which forget and tell nobody.',
  ],
  [
    'firewall',
    'Requests for a WebSocket are refused with 403. Models a filter that knows HTTP and nothing else. Not: one that lets the upgrade through and then breaks it.',
  ],
  [
    'the lab',
    'The page’s own line to the lab, over which it reads the clock and the instructor sets the network, is spared by all of these.',
  ],
  [
    'cut, restart',
    'Cut resets every connection of the feed. Restart says goodbye, refuses everybody for 1.5 s and leaves the network alone; the process itself stays.',
  ],
]
