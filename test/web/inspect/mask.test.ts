import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Inspected, Part } from '../../../server/protocol/wire.ts'
import { sectionsOf } from '../../../web/inspect/exchange.ts'
import { plainText } from '../../../web/inspect/plain.ts'
import { see } from '../../../web/inspect/see.ts'
import { body, chunk, event, frame, head, inspected, textFrame } from './parts.ts'

const ANSWER = head(false, 'HTTP/1.1 200 OK', 'content-type: application/json; charset=utf-8')

test('the inspector masks other people’s messages character by character, but not ticks and messages of this page', () => {
  const events = [event('k3.1', 'Eve', 'héllo "you" 👋'), event('k3.2'), event('k3.3', 'Ada', 'mine')]
  const text = `{"events":[${events.join(',')}],"cursor":"k3.3","gap":false,"more":false}`
  const shown = textShown(inspected([ANSWER, body(text)]), ['k3.3'])
  expect(shown).toContain('"id":"k3.1","room":"lobby"')
  expect(shown).toContain('"user":"•••","text":"•••••••••••••••"')
  expect(shown).toContain(events[1])
  expect(shown).toContain(events[2])
  expect(shown).toContain('"cursor":"k3.3"')
})

test('the inspector masks the bytes of a frame like its text', () => {
  const shown = textShown(inspected([textFrame('{"id":"k3.1","user":"Eve"}')], { transport: 'ws' }))
  const hex = Buffer.from('{"id":"k3.1","user":"').toString('hex').replace(/../g, '$& ')
  expect(shown).toContain(`${hex}•• •• •• 22 7d`)
})

test('the inspector masks names in presence messages, but not texts that the server wrote', () => {
  const typing = '{"type":"user_typing","room":"lobby","userId":"u-1","name":"Eve"}'
  const connected = '{"type":"connected","message":"Connected to lobby.","room":"lobby","cursor":"k3.1"}'
  const shown = textShown(inspected([textFrame(typing), textFrame(connected)], { transport: 'ws' }))
  expect(shown).toContain('{"type":"user_typing","room":"lobby","userId":"•••","name":"•••"}')
  expect(shown).toContain(connected)
})

test('the inspector masks the task of another person in an event, and shows a task of this page', () => {
  const change = (id: string) =>
    `{"id":"${id}","type":"task_created","user":"Eve","task":{"id":"t1","title":"secret","list":"todo","done":false}}`
  const text = `{"events":[${change('k3.1')},${change('k3.2')}],"cursor":"k3.2"}`
  const shown = textShown(inspected([ANSWER, body(text)]), ['k3.2'])
  expect(shown).toContain(
    '"type":"task_created","user":"•••","task":{"id":"••","title":"••••••","list":"••••","done":false}}',
  )
  expect(shown).toContain(change('k3.2'))
})

test('the inspector does not mask text that this page sends', () => {
  const masked = frame('81 85 37 fa 21 3d 7f 9f 4d 51 58', true)
  expect(textShown(inspected([body('{"user":"Ada","text":"hi"}', true), masked]))).toContain('"text":"hi"')
})

test('the inspector masks the rest of a message whose beginning is missing', () => {
  const dropped: Part = { is: 'dropped', up: false, at: 0, bytes: 40 }
  const rest = 'ret, all of it","more":"secret"}'
  expect(textShown(inspected([ANSWER, dropped, body(rest)]))).not.toMatch(/ret|secret/)
  expect(textShown(inspected([dropped, textFrame(rest, { opcode: 0 })], { transport: 'ws' }))).not.toMatch(/ret|secret/)
  const torn = { ...textFrame(event('k3.1', 'Eve', 'secret')), length: 2000 }
  expect(textShown(inspected([torn, textFrame(rest, { opcode: 0 })], { transport: 'ws' }))).not.toMatch(/ret|secret/)
})

test('after dropped bytes, the inspector can read the next complete event', () => {
  const dropped: Part = { is: 'dropped', up: false, at: 0, bytes: 40 }
  const stream = [ANSWER, dropped, chunk(`id: k3.2\ndata: ${event('k3.2')}\n\n`)]
  expect(textShown(inspected(stream, { transport: 'sse' }))).toContain(event('k3.2'))
  expect(textShown(inspected([dropped, textFrame(event('k3.2'))], { transport: 'ws' }))).toContain(event('k3.2'))
})

test('text that the server has masked stays masked, even in messages of this page', () => {
  const own = textFrame('{"id":"k3.1","text":"token=abc"}')
  const masked = { ...own, payload: own.payload.replace(Buffer.from('abc').toString('hex'), '••••••') }
  expect(textShown(inspected([masked], { transport: 'ws' }), ['k3.1'])).toContain('"text":"token=•••"')
})

test('the inspector masks binary and compressed frames', () => {
  const secret = Buffer.from('secret').toString('hex')
  expect(textShown(inspected([frame(`82 06 ${secret}`), frame(`c1 06 ${secret}`)], { transport: 'ws' }))).not.toContain(
    'secret',
  )
})

/** Characters that mark text of other people, because they occur nowhere else. */
const planted = fc
  .array(fc.constantFrom('Ω', 'Ж', '鼠', '🐘', '\u0001', '"', '\\', '{', '}', ',', ':', '\n'), {
    minLength: 1,
    maxLength: 30,
  })
  .map((signs) => signs.join(''))
const PLANTED = /[ΩЖ鼠🐘]/u
const PLANTED_HEX = /ce a9|d0 96|e9 bc a0|f0 9f 90 98/

const others = fc.record({ user: planted, text: planted })
const written = fc.array(fc.option(others), { minLength: 1, maxLength: 5 })

test('the inspector never shows text of other people, no matter how the bytes are split', () => {
  fc.assert(
    fc.property(written, fc.infiniteStream(fc.nat()), fc.boolean(), (messages, cuts, drops) => {
      const events = messages.map((message, i) => event(`k3.${i}`, message?.user, message?.text))
      const poll = `{"events":[${events.join(',')}],"cursor":"k3.9","gap":false,"more":false}`
      const stream = events.map((one, i) => `id: k3.${i}\ndata: ${one}\n\n`)
      const before: Part[] = drops ? [{ is: 'dropped', up: false, at: 0, bytes: 9 }] : []
      const answers = [
        inspected([ANSWER, ...before, ...pieces(poll, cuts, drops).map((text) => body(text))]),
        inspected([ANSWER, ...before, ...pieces(poll, cuts, drops).map(chunk)]),
        inspected(
          [
            ANSWER,
            ...before,
            ...stream
              .flatMap((one) => pieces(one, cuts, false))
              .slice(drops ? 1 : 0)
              .map(chunk),
          ],
          { transport: 'sse' },
        ),
        inspected([...before, ...events.flatMap((one) => fragments(pieces(one, cuts, false))).slice(drops ? 1 : 0)], {
          transport: 'ws',
        }),
      ]
      for (const answer of answers) {
        const shown = textShown(answer)
        expect(shown).not.toMatch(PLANTED)
        expect(shown).not.toMatch(PLANTED_HEX)
        expect(see(answer, () => true).bytesDown).toBe(see(answer, () => false).bytesDown)
      }
    }),
  )
})

test('masking a text does not change its length', () => {
  fc.assert(
    fc.property(written, (messages) => {
      const events = messages.map((message, i) => event(`k3.${i}`, message?.user, message?.text))
      const answer = inspected([ANSWER, body(`[${events.join(',')}]`), ...events.map((one) => textFrame(one))])
      const lengthOf = (isOwn: boolean) =>
        Array.from(
          plainText(
            answer,
            see(answer, () => isOwn),
          ),
        ).length
      expect(lengthOf(false)).toBe(lengthOf(true))
    }),
  )
})

/** Everything that a reader sees of an exchange: the lines, and the copy. */
function textShown(exchange: Inspected, own: readonly string[] = []): string {
  const seen = see(exchange, (id) => own.includes(id))
  const lines = sectionsOf(exchange, seen).flatMap((section) => [
    section.title,
    ...section.lines().map(({ bytes, meaning }) => `${bytes} ${meaning}`),
  ])
  return [...lines, plainText(exchange, seen)].join('\n')
}

/** Divides a text at any place except inside a character, because no decoder would show the halves. */
function pieces(text: string, cuts: fc.Stream<number>, drops: boolean): string[] {
  const signs = Array.from(text)
  const at = Array.from(cuts.take(2), (cut) => cut % signs.length).sort((a, b) => a - b)
  const [first = 0, second = 0] = at
  const all = [signs.slice(0, first), signs.slice(first, second), signs.slice(second)].map((piece) => piece.join(''))
  return drops ? all.slice(1) : all
}

function fragments(texts: readonly string[]): Part[] {
  return texts.map((text, i) => textFrame(text, { opcode: i === 0 ? 1 : 0, fin: i === texts.length - 1 }))
}
