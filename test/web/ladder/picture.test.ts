import { expect, test } from 'vitest'
import type { Colours } from '../../../web/drawing/colours.ts'
import type { Look } from '../../../web/ladder/scene.ts'
import { toSvg } from '../../../web/ladder/picture.ts'
import { createSvgPen } from '../../../web/drawing/svg-pen.ts'
import { fixedScene, spanOfScene } from './scene.ts'

const COLOURS: Colours = {
  paper: '#fff',
  fill: '#eee',
  line: '#ccc',
  edge: '#888',
  ink: '#111',
  ink2: '#444',
  ink3: '#666',
  lanes: { 'short-poll': 'short', 'long-poll': 'long', sse: 'sse', ws: 'ws', stream: 'stream', yours: 'ink' },
  font: '"A font", sans-serif',
  mix: (colour, share) => `${colour}-${share}`,
}

test('the picture shows each message as a shape in its lane’s colour, and each empty response as a hollow shape', () => {
  const svg = picture()
  const filled = (colour: string) => [...svg.matchAll(new RegExp(`<path d="[^"]*Z" fill="${colour}"`, 'g'))].length
  // One more shape in each colour stands before the lane's name.
  expect([filled('short'), filled('long'), filled('sse'), filled('ws')]).toEqual([3, 3, 3, 2])
  expect(
    [...svg.matchAll(/Z" fill="#fff"\/>\n<path d="[^"]*Z" fill="none" stroke="(\w+)"/g)].map(([, lane]) => lane),
  ).toEqual(['short', 'sse'])
})

test('each line of the picture is slanted by the time that its bytes took', () => {
  const svg = picture()
  // Lines up and down of both polls, at 0.3 px per millisecond.
  expect(svg).toContain('M30 ')
  expect(svg).toMatch(/M343\.5 [\d.]+L349\.8 /)
  expect(svg).toMatch(/M350\.4 [\d.]+L357 /)
  // Line of a message that was lost and sent again: level at half height.
  expect(svg).toMatch(/M270\.15 [\d.]+L273\.15 ([\d.]+)L417 \1L420 /)
})

test('the picture contains names of people as text, without markup or control characters', () => {
  const svg = picture()
  expect(svg).toContain('&lt;b&gt;Ada: a &amp; b &quot;c&quot; ')
  for (const hostile of ['<b>', '\u0007', '\u202E']) expect(svg).not.toContain(hostile)
  expect(svg).toContain('font-family="&quot;A font&quot;, sans-serif"')
})

test('the picture closes every element that it opens', () => {
  const open: string[] = []
  for (const [, close, name, self] of picture().matchAll(/<(\/?)([a-zA-Z]+)[^>]*?(\/?)>/g)) {
    if (self) continue
    if (close) expect(open.pop()).toBe(name)
    else open.push(name ?? '')
  }
  expect(open).toEqual([])
})

test('the SVG pen clips until its state is restored, and then draws as before', () => {
  const pen = createSvgPen(() => 10)
  pen.fillStyle = 'red'
  pen.save()
  pen.rect(0, 0, 10, 10)
  pen.clip()
  pen.fillStyle = 'blue'
  pen.fillRect(1, 1, 2, 2)
  pen.restore()
  pen.fillRect(5, 5, 1, 1)
  expect(pen.elements().split('\n')).toEqual([
    '<clipPath id="clip1"><path d="M0 0h10v10h-10Z"/></clipPath>',
    '<g clip-path="url(#clip1)">',
    '<rect x="1" y="1" width="2" height="2" fill="blue"/>',
    '</g>',
    '<rect x="5" y="5" width="1" height="1" fill="red"/>',
  ])
})

function picture(): string {
  const look: Look = {
    colours: COLOURS,
    unit: 1,
    phone: false,
    rows: [0, 1, 2, 3].map((i) => ({ top: 36 + i * 96, height: 95 })),
  }
  const origin = { atMs: spanOfScene().endMs, label: 'now' } as const
  const view = { width: 660, height: 450, look, span: spanOfScene(), origin }
  return toSvg(fixedScene(), view, COLOURS, (_, text) => text.length * 6)
}
