import { expect, test } from 'vitest'
import { toHandout } from '../../../web/sandbox/handout.ts'
import { createTracer } from '../../../web/ladder/trace.ts'
import { BEGAN_MS, fixedScene } from '../ladder/scene.ts'

test('the handout lists each lane in time order, with measured and assumed times', () => {
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
Network: as it is

Published
    500.0       1  tick
    900.0       2  <b>Ada: a & b "c"

Short polling: as it does · GET /feed/lobby/poll?after=CURSOR
       at  way                 what                             bytes     there
    100.0  browser ──▶ server  GET …/poll?after=…               312 B     121.0
    123.5  browser ◀── server  204 nothing in it                160 B     145.0
   1145.0  browser ──▶ server  GET …/poll?after=…               312 B    1166.0
   1168.0  browser ◀── server  200 messages 1–2                 512 B    1190.0  late 690

Long polling: as it does · GET /feed/lobby/long-poll?after=CURSOR
       at  way                 what                             bytes     there
     50.0  browser ──▶ server  GET …/long-poll?after=…                    ~70.0
    501.0  browser ◀── server  answer message 1                          ~521.0  late 21
    522.0  browser ──▶ server  GET …/long-poll?after=…                   ~542.0
    901.0  browser ◀── server  answer message 2                          ~921.0  late 21
    922.0  browser ──▶ server  GET …/long-poll?after=…                   ~942.0

SSE: as it does · GET /feed/lobby/sse?after=CURSOR
       at  way                 what                             bytes     there
     10.0  browser ──▶ server  GET …/sse?after=…                           30.0
     31.0  browser ◀── server  200 open, and stays so                      52.0
    500.4  browser ◀── server  event: message 1                 140 B     521.0  late 21
    700.0  browser ◀── server  heartbeat                         19 B    ~720.0
    900.5  browser ◀── server  event: message 2                 171 B    1400.0  late 500, resent

WebSocket: as it does · GET /feed/lobby/ws?after=CURSOR
       at  way                 what                             bytes     there
     10.0  browser ──▶ server  GET …/ws?after=…                               –
     32.0  browser ◀── server  open, and stays so                         ~52.0
    502.0  browser ◀── server  frame: message 1                          ~522.0  late 22
    600.0  browser ◀── server  ×× the connection was cut                      –
    800.0  browser ──▶ server  GET …/ws?after=…                          ~820.0

All times in ms since the beginning, "at" where it left and "there" where it was read whole.
~ stands before times that nobody measured: half a round trip is taken for the way.
Bytes are TCP payload, with heads and framing. Late: from being published to being in the browser.
Held: in a buffer on the way. Resent: by TCP, after a loss. Behind: what followed one of those.
`
