import { expect, test } from 'vitest'
import { createLabels } from '../../../web/ladder/labels.ts'

interface Item {
  readonly id: number
  readonly chat?: boolean
}

test('labels have a minimum distance, and a later update does not change which of them are shown', () => {
  const labels = createLabels<Item>({ idOf: ({ id }) => id, atMs: ({ id }) => id * 10, spacePx: () => 25 })
  const items = Array.from({ length: 8 }, (_, id) => ({ id }))
  labels.update(items.slice(0, 5), 1)
  const first = items.map((item) => labels.has(item))
  labels.update(items.slice(2), 1)
  expect(items.map((item) => labels.has(item)).slice(0, 5)).toEqual(first.slice(0, 5))
  expect(items.filter((item) => labels.has(item)).map(({ id }) => id)).toEqual([0, 3, 6])
})

test('an important label replaces an unimportant one', () => {
  const labels = createLabels<Item>({
    idOf: ({ id }) => id,
    atMs: ({ id }) => id * 10,
    spacePx: () => 25,
    matters: ({ chat = false }) => chat,
  })
  const items = [{ id: 0 }, { id: 1, chat: true }, { id: 2, chat: true }]
  labels.update(items, 1)
  expect(items.map((item) => labels.has(item))).toEqual([false, true, false])
})

test('a change of the scale chooses the labels again', () => {
  const labels = createLabels<Item>({ idOf: ({ id }) => id, atMs: ({ id }) => id * 10, spacePx: () => 25 })
  const items = [{ id: 0 }, { id: 1 }]
  labels.update(items, 1)
  labels.update(items, 10)
  expect(items.map((item) => labels.has(item))).toEqual([true, true])
})
