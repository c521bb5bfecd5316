/** Names and texts that could harm a page that shows them. All four transports deliver them unchanged, or the server refuses them. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { post, raw, statusOf } from '../../raw.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'
import { openLanes } from '../wire/lanes.ts'

const DELIVERED: Record<string, string> = {
  'a script': '<script>alert(1)</script>',
  'an image with a handler': '<img src=x onerror="alert(1)">',
  'the end of a script': '</script><!--',
  'a template': '${alert(1)} {{constructor.constructor("alert(1)")()}}',
  'a link that runs a script': 'javascript:alert(1)',
  'text that changes its direction': 'abc\u202Etxt.exe\u2066\u2069',
  'zero-width characters': 'Ada\u200B\u200D\uFEFFLovelace',
  'a byte order mark at the beginning': '\uFEFFhello',
  'a null character': 'a\0b',
  'control characters': '\u0001\u0007\u001b[31mred\u007f\u0085',
  'line ends of all kinds': 'a\rb\nc\r\nd\u2028e\u2029f',
  'a text that looks like an event': 'x\n\nevent: gap\nid: 0\ndata: {}\n\n',
  'a text that looks like a chunk': 'x\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  'combining characters': `Z${'\u0351\u036b\u0343'.repeat(10)}`,
  'characters of four bytes': '👩‍👩‍👧‍👦 𝄞 🜁',
  'code points without a character': '\uFFFE\uFFFF\u{10FFFF}',
  'only spaces': '   ',
}

test.each(Object.entries(DELIVERED))(
  'every transport delivers a name and a text unchanged: %s',
  async (_what, text) => {
    await using server = await serve()
    using lanes = openLanes(server.origin)
    await until('the streams are open', () => ['sse', 'ws'].every((name) => isOpen(lanes[name as 'sse' | 'ws'])))
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws`)
    await once(socket, 'open')
    expect(
      statusOf(await raw(server.port, post('lobby', { user: text, text }, 'Connection: close\r\n')).closed()),
    ).toBe(201)
    socket.send(JSON.stringify({ type: 'message', user: text, text }))
    await until('every lane has both events', () => lanes.all.every(({ events }) => events.length === 2))
    for (const { name, events } of lanes.all)
      expect(
        events.map((event) => [event.user, event.text]),
        name,
      ).toEqual([
        [text, text],
        [text, text],
      ])
    socket.close()
  },
)

test('half a surrogate pair arrives as the replacement character over every transport', async () => {
  await using server = await serve()
  using lanes = openLanes(server.origin)
  await raw(server.port, post('lobby', { user: '\ud800', text: 'a\udc00b' }, 'Connection: close\r\n')).closed()
  await until('every lane has the event', () => lanes.all.every(({ events }) => events.length === 1))
  for (const { events } of lanes.all) expect(events[0]).toMatchObject({ user: '\ufffd', text: 'a\ufffdb' })
})

test.each([
  [
    'a text of 10 kB',
    { user: 'Ada', text: 'x'.repeat(10_000) },
    /text is \\?"x+.*: it .*4000.*Give text as the text of the message, 1 to 4,000/,
  ],
  ['a name of 10 kB', { user: 'x'.repeat(10_000), text: 'hello' }, /user is \\?"x+.*: it .*64.*1 to 64 characters/],
  ['an empty name', { user: '', text: 'hello' }, /user is \\?"\\?".*1 to 64 characters/],
  ['a name that is not a text', { user: { toString: 'x' }, text: 'hello' }, /user is \{.*1 to 64 characters/],
])('%s is refused with an error that states the allowed values', async (_what, message, error) => {
  await using server = await serve()
  const answer = await raw(server.port, post('lobby', message, 'Connection: close\r\n')).closed()
  expect(statusOf(answer)).toBe(400)
  expect(answer).toMatch(error)
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws`)
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'message', ...message }))
  const told: string[] = []
  socket.on('message', (data) => told.push(String(data)))
  await until('the message over the WebSocket is refused', () =>
    told.some((text) => text.includes('"code":"bad-message"')),
  )
  socket.close()
})

const isOpen = ({ states }: { states: readonly { is: string }[] }): boolean => states.at(-1)?.is === 'open'
