import { expect, test } from 'vitest'
import { settingsText } from '../../../web/presenter/settings.ts'

test('the presenter reads what a scene sets in words, with a loss in percent and without zeros', () => {
  const conditions = { latencyMs: 15, lossRate: 0.03, idleCutMs: 0, bufferingObeysHeader: false, firewall: true }
  expect(settingsText({ set: { ratePerSecond: 5, conditions }, acts: [{ atS: 4, restart: true }] })).toBe(
    '5 messages a second; latency each way 15 ms; loss 3 %; no cut after silence; no exception for X-Accel-Buffering; firewall on; after 4 s: the server restarts.',
  )
  expect(settingsText({ set: {}, acts: [] })).toBe('Nothing.')
})
