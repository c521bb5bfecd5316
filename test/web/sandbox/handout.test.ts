import { expect, test } from 'vitest'
import { toHandout } from '../../../web/sandbox/handout.ts'
import { createTracer } from '../../../web/ladder/trace.ts'
import { BEGAN_MS, fixedScene } from '../ladder/scene.ts'

test('the handout lists the messages of each lane in time order, with measured and assumed times', () => {
  expect(handout()).toBe(GOLDEN)
})

test('the handout is no wider than a printed page', () => {
  for (const line of handout().split('\n')) expect(line.length).toBeLessThanOrEqual(100)
})

function handout(): string {
  const session = fixedScene()
  return toHandout({
    room: session.room,
    offsetMs: session.offsetMs,
    boundMs: 0.2,
    network: '',
    fromMs: BEGAN_MS,
    endMs: BEGAN_MS + 2000,
    messages: session.messages.all,
    lanes: session.lanes.map((lane, index) => ({
      trace: createTracer(session, lane)(0.3, () => 0, false),
      index,
      about: 'as it does',
    })),
  })
}

const GOLDEN = `Fourwire · room lobby · 2026-11-21 08:00:00.000 UTC · 2.0 s · clocks agree within ±0.2 ms
Network: no conditions

Published
    500.0       1  tick
    900.0       2  <b>Ada: a & b "c"

Short polling: as it does · GET /feed/lobby/poll?after=CURSOR
       at  direction           what                             bytes     there
    100.0  browser ──▶ server  GET …/poll?after=…               312 B     121.0
    123.5  browser ◀── server  204 no message                   160 B     145.0
   1145.0  browser ──▶ server  GET …/poll?after=…               312 B    1166.0
   1168.0  browser ◀── server  200 messages 1–2                 512 B    1190.0  late 690

Long polling: as it does · GET /feed/lobby/long-poll?after=CURSOR
       at  direction           what                             bytes     there
     50.0  browser ──▶ server  GET …/long-poll?after=…                    ~70.0
    501.0  browser ◀── server  response message 1                        ~521.0  late 21
    522.0  browser ──▶ server  GET …/long-poll?after=…                   ~542.0
    901.0  browser ◀── server  response message 2                        ~921.0  late 21
    922.0  browser ──▶ server  GET …/long-poll?after=…                   ~942.0

SSE: as it does · GET /feed/lobby/sse?after=CURSOR
       at  direction           what                             bytes     there
     10.0  browser ──▶ server  GET …/sse?after=…                           30.0
     31.0  browser ◀── server  200 open, stays open                        52.0
    500.4  browser ◀── server  event: message 1                 140 B     521.0  late 21
    700.0  browser ◀── server  heartbeat                         19 B    ~720.0
    900.5  browser ◀── server  event: message 2                 171 B    1400.0  late 500, resent

WebSocket: as it does · GET /feed/lobby/ws?after=CURSOR
       at  direction           what                             bytes     there
     10.0  browser ──▶ server  GET …/ws?after=…                               –
     32.0  browser ◀── server  open, stays open                           ~52.0
    502.0  browser ◀── server  frame: message 1                          ~522.0  late 22
    600.0  browser ◀── server  ×× the connection was cut                      –
    800.0  browser ──▶ server  GET …/ws?after=…                          ~820.0

Times are in ms from the beginning: "at" when the bytes left, "there" when all of them had arrived.
~ marks a time that was not measured: half a round trip is assumed for each direction.
Bytes are TCP payload, with heads and framing. "late" is the delay from publication to arrival.
"held": in a proxy’s buffer. "resent": by TCP, after a loss. "behind": waited for one of these.
`
