/** The words of the page that are longer than a label: one line of help each, shown on hover and focus. */
import type { TransportName } from '../../server/protocol.ts'

export const TITLE = 'One chat feed, delivered four ways at once. How late, and at what cost?'

export const HELP = {
  p50: 'From the moment the server accepted a message to the first line of code that has it in this browser.',
  bound: 'How far this browser’s clock may be off the server’s.',
  expected: 'What the model says for this interval, network and rate.',
  p95: '19 of 20 arrive sooner. Grey below 75 answers: too few to say.',
  p99: '99 of 100 arrive sooner. Grey below 400 answers: too few to say.',
  n: 'Messages measured since you last changed something.',
  all: 'How many arrived how late, on a log scale. The line below is the range that is expected.',
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
  cut: 'Resets every connection of the feed, in the middle of whatever it is.',
  restart: 'Goodbyes, nobody there for a moment, and a network that is left alone afterwards.',
  proxy:
    'Holds what goes down until 4 KiB are together, 3 s are over, or the answer is complete, as a proxy in between may do.',
  firewall: 'Refuses WebSockets, with 403, as some schools and companies do.',
  notInstructor:
    'Only the instructor sets what concerns everybody: whoever opens the page on the machine on which the server runs.',
}

/** How each asks, with its setting where it has one. */
export const VERBS: Record<TransportName, string> = {
  'short-poll': 'asks every',
  'long-poll': 'asks; held up to',
  sse: 'one answer that never ends',
  ws: 'one line, open both ways',
}
