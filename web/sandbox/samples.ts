/** Samples of all marks for "How to read". Each sample shows two invented seconds of a lane. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type {
  ArrivalMark,
  BeatMark,
  CutMark,
  ExchangeMark,
  GapMark,
  Held,
  Mark,
  SentMark,
  StreamMark,
} from '../lane/mark.ts'
import type { Absence } from '../session/session.ts'
import type { Message } from '../lane/messages.ts'
import type { Trace } from '../ladder/geometry.ts'

export interface Sample {
  readonly title: string
  readonly text: string
  readonly trace: Trace
  readonly absences: readonly Absence[]
}

const WAY_MS = 60

export const SAMPLES: readonly Sample[] = [
  sample(
    'short-poll',
    'A message is published, waits and arrives',
    'The vertical line is the moment when the server accepted the message. The bar is the wait on the server. Then a response brings the message to the browser.',
    [poll(1440, 1560, 1), arrival(1560, 600)],
  ),
  sample(
    'short-poll',
    'A response without a message',
    'A hollow mark is a whole request and response without a message. This is the cost of polling.',
    [poll(480, 600), poll(1480, 1600)],
  ),
  sample(
    'short-poll',
    'Many messages in one response',
    'Up to three shapes are stacked. For more messages, the ladder shows their number. The figure below is the delay of the oldest message in ms.',
    [poll(1440, 1560, 3), arrival(1560, 400, 800, 1150)],
  ),
  sample(
    'long-poll',
    'A request is held, then answered',
    'On the thick part of the line, the server holds a request and can send at any moment.',
    [poll(100, 1360, 1), arrival(1360, 1300), poll(1370, null)],
  ),
  sample(
    'long-poll',
    'The blind gap',
    'Between a response and the next request, the server has no request to answer. A message that is published in this gap waits for the next request.',
    [
      poll(-900, 1050, 1, 75),
      arrival(1050, 900),
      poll(1050, 1350, 1, 75),
      arrival(1350, 1000),
      poll(1350, null, 0, 75),
    ],
  ),
  sample(
    'sse',
    'Events in one endless response',
    'There is no gap, but only one direction. A dotted line is a heartbeat, which keeps proxies from closing the quiet connection.',
    [stream(-900, -780), arrival(560, 500), beat('heartbeat', 1040), arrival(1560, 1500)],
  ),
  sample(
    'ws',
    'Frames in both directions',
    'Both edges are thick, because the browser can send at any moment too. A line with a hollow foot is a message that you sent. Dotted lines are ping, pong and, in black or white, the close.',
    [stream(-900, -780), sent(560), arrival(760, 700), beat('ping', 1100), beat('pong', 1240), beat('close', 1600)],
  ),
  sample('sse', 'Held on the way', 'A proxy holds the bytes back, and then passes them on together.', [
    stream(-900, -780),
    held(1500, 400, 'buffered'),
    held(1500.2, 900, 'behind'),
  ]),
  sample(
    'ws',
    'Lost and sent again',
    'A packet was lost. Everything after it waits until the packet has been sent again.',
    [stream(-900, -780), held(1250, 500, 'lost'), held(1250.2, 900, 'behind')],
  ),
  sample(
    'ws',
    'Cut and reconnected',
    'The connection ended here. The lane reconnected from its own cursor, and received the messages that it had missed.',
    [stream(-900, -780, 600, 'cut'), cut(600), stream(1260, 1380), arrival(1520, 900)],
  ),
  sample(
    'ws',
    'A silent failure',
    'The bytes get lost, and neither side is informed. The thick edge becomes a dashed line until a side notices the failure.',
    [{ ...stream(-900, -780, 1300, 'cut'), silentFromMs: 500 }, cut(1300), stream(1500, 1620)],
  ),
  sample(
    'sse',
    'The server is absent',
    'The server’s line becomes dots, because there is no server to answer.',
    [stream(-900, -780, 500, 'cut'), cut(500), stream(900, null, 960, 'refused'), stream(1500, 1620)],
    [{ fromMs: 500, toMs: 1560 }],
  ),
  sample('ws', 'Refused', 'The server or a proxy refused the connection, or there was no server.', [
    stream(700, null, 820, 'refused'),
    stream(1600, null, 1720, 'refused'),
  ]),
  sample(
    'short-poll',
    'Queued in the browser',
    'A browser opens at most six connections to one host, so this request waits in the browser. The network does not cause this wait.',
    [{ ...poll(500, 1620, 1), sentAtMs: 1500, reachedAtMs: 1500 + WAY_MS }, arrival(1620, 700)],
  ),
  sample(
    'sse',
    'An announced gap',
    'The lane was disconnected for too long. The server no longer has these messages, and announces the gap.',
    [
      stream(-900, -780, 300, 'cut'),
      cut(300),
      stream(760, 880),
      { kind: 'gap', id: 0, atMs: 900, first: 418, last: 431 },
      arrival(1760, 1700),
    ],
  ),
]

function sample(
  transport: TransportName,
  title: string,
  text: string,
  marks: readonly Mark[],
  absences: readonly Absence[] = [],
): Sample {
  const slow = marks.some((mark) => mark.kind === 'exchange' && mark.leftAtMs !== undefined)
  const trace: Trace = {
    name: transport,
    transport,
    exchanges: marks.filter((mark): mark is ExchangeMark => mark.kind === 'exchange'),
    streams: marks.filter((mark): mark is StreamMark => mark.kind === 'stream'),
    arrivals: marks.filter((mark): mark is ArrivalMark => mark.kind === 'arrival'),
    sent: marks.filter((mark): mark is SentMark => mark.kind === 'sent'),
    beats: marks.filter((mark): mark is BeatMark => mark.kind === 'beat'),
    cuts: marks.filter((mark): mark is CutMark => mark.kind === 'cut'),
    gaps: marks.filter((mark): mark is GapMark => mark.kind === 'gap'),
    pending: [],
    halfTripMs: slow ? 150 : WAY_MS,
    publishedAtMs: ({ event }) => event.at,
    labelled: () => null,
  }
  return { title, text, trace, absences }
}

function poll(askedAtMs: number, endedAtMs: number | null, carried = 0, slowMs?: number): ExchangeMark {
  const wayMs = slowMs === undefined ? WAY_MS : slowMs * 2
  const left = endedAtMs === null || slowMs === undefined ? {} : { leftAtMs: endedAtMs - wayMs }
  return { kind: 'exchange', id: 0, askedAtMs, endedAtMs, carried, reachedAtMs: askedAtMs + wayMs, ...left }
}

function stream(
  askedAtMs: number,
  openedAtMs: number | null,
  endedAtMs: number | null = null,
  failed?: 'cut' | 'refused',
): StreamMark {
  return { kind: 'stream', id: 0, askedAtMs, openedAtMs, endedAtMs, ...(failed && { failed }) }
}

function arrival(atMs: number, ...publishedMs: readonly number[]): ArrivalMark {
  return { kind: 'arrival', id: 0, atMs, messages: publishedMs.map(message) }
}

function held(atMs: number, publishedMs: number, why: Held): ArrivalMark {
  return { ...arrival(atMs, publishedMs), leftAtMs: publishedMs, held: why }
}

function beat(is: BeatMark['is'], atMs: number): BeatMark {
  return { kind: 'beat', id: 0, is, up: is === 'pong', atMs, bytes: 0, exchange: 0 }
}

function message(at: number): Message {
  return { event: { id: '', room: '', type: 'tick', at }, seq: 0, order: 0, receivedAtMs: [], delayMs: [] }
}

function sent(atMs: number): SentMark {
  return { kind: 'sent', id: 0, atMs }
}

function cut(atMs: number): CutMark {
  return { kind: 'cut', id: 0, atMs }
}
