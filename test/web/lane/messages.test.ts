import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Event } from '../../../server/protocol/feed.ts'
import { createMessages } from '../../../web/lane/messages.ts'

test('the page’s cursor is just before the first missing event, no matter in which order events arrive', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([4, 5, 6, 7, 8, 9]), (seqs) => {
      const messages = createMessages()
      messages.startAt('k3.3')
      for (const seq of seqs) messages.add(event(`k3.${seq}`))
      const missing = [4, 5, 6, 7, 8, 9, 10].find((seq) => !seqs.includes(seq)) ?? 0
      expect(messages.cursor).toBe(`k3.${missing - 1}`)
      expect(messages.all.map(({ seq }) => seq)).toEqual([...seqs].sort((a, b) => a - b))
    }),
  )
})

test('an event that arrives on several lanes is one message', () => {
  const messages = createMessages()
  messages.startAt('k3.0')
  const [first, second] = [messages.add(event('k3.1')), messages.add(event('k3.1'))]
  expect(first).toBe(second)
  expect(messages.all).toHaveLength(1)
})

test('after a gap, the page’s cursor moves to the end of the gap or to a later event that the page has', () => {
  const messages = createMessages()
  messages.startAt('k3.3')
  messages.add(event('k3.9'))
  messages.skipTo('k3.8')
  expect(messages.cursor).toBe('k3.9')
  messages.skipTo('k3.5')
  expect(messages.cursor).toBe('k3.9')
})

test('messages of a new epoch follow those of the old one, and events of an unknown epoch are ignored', () => {
  const messages = createMessages()
  messages.startAt('k3.7')
  messages.add(event('k3.8'))
  expect(messages.add(event('k4.1'))).toBeUndefined()
  messages.skipTo('k4.0')
  messages.add(event('k4.1'))
  expect(messages.cursor).toBe('k4.1')
  expect(messages.all.map(({ event: { id } }) => id)).toEqual(['k3.8', 'k4.1'])
})

test('the page keeps only a limited number of the newest messages', () => {
  const messages = createMessages()
  messages.startAt('k3.0')
  for (let seq = 1; seq <= 30_000; seq++) messages.add(event(`k3.${seq}`))
  expect(messages.all.length).toBeLessThanOrEqual(11_000)
  expect(messages.all.at(-1)?.seq).toBe(30_000)
  expect(messages.cursor).toBe('k3.30000')
})

function event(id: string): Event {
  return { id, room: 'lobby', type: 'tick', at: 0 }
}
