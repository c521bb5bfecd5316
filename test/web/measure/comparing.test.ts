/** Tests of the workload for a comparison, and of the sentences that compare its verdict with the model. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COMPARISON_LIMITS, readMeasuredWorkload } from '../../../server/comparison/workload.ts'
import type { Findings, TransportFindings } from '../../../server/protocol/comparison.ts'
import type { TransportName } from '../../../server/protocol/feed.ts'
import { LABELS } from '../../../web/lane/order.ts'
import { choiceAgreement, enoughSeconds, isNearly, measurableOf } from '../../../web/measure/comparing.ts'
import { FIGURES, readWorkload } from '../../../web/measure/workload.ts'

const FORM = { ...readWorkload(''), latency: 0, clients: 100 }
const CONDITIONS = { intervalMs: 1000, waitS: 25 }

describe('the measured workload', () => {
  test('is the workload of the form, if that is within the limits', () => {
    expect(measurableOf(FORM, CONDITIONS, COMPARISON_LIMITS)).toEqual({
      workload: { clients: 100, rate: 1, size: 60, interval: 1, wait: 25, rtt: 0 },
      changes: [],
    })
  })

  test('has fewer clients if they would get or send too much, and says so', () => {
    const clientsOf = (change: Partial<typeof FORM>, intervalMs = 1000) => {
      const { workload, changes } = measurableOf({ ...FORM, ...change }, { intervalMs, waitS: 25 }, COMPARISON_LIMITS)
      expect(changes[0]).toBe(
        `The measurement has ${workload.clients.toLocaleString('en')} clients instead of ${(change.clients ?? 100).toLocaleString('en')}.`,
      )
      return workload.clients
    }
    expect(clientsOf({ clients: 100_000 })).toBe(1000)
    expect(clientsOf({ clients: 1000, rate: 50 })).toBe(40)
    expect(clientsOf({ clients: 1000, rate: 2, bytes: 4000 })).toBe(500)
    expect(clientsOf({ clients: 1000 }, 100)).toBe(100)
  })

  test('names each other figure that it changes, and each part of the network that it leaves out', () => {
    const form = { ...FORM, rate: 0.01, bytes: 5, latency: 600, path: 'firewall', idle: 5 } as const
    const { workload, changes } = measurableOf(form, { intervalMs: 30_000, waitS: 25 }, COMPARISON_LIMITS)
    expect(workload).toEqual({ clients: 100, rate: 0.5, size: 30, interval: 5, wait: 25, rtt: 1000 })
    expect(changes).toEqual([
      'It publishes 0.5 messages a second instead of 0.01.',
      'Its texts have 30 bytes instead of 5, because each contains a mark.',
      'Its short polls pause for 5 s instead of 30 s.',
      'Its network adds a round trip of 1,000 ms instead of 1,200 ms.',
      'It leaves out the obstacle on the network path and the time without messages.',
    ])
  })

  test('is the same as another one even if the pause of short polls differs a little', () => {
    const { workload } = measurableOf(FORM, CONDITIONS, COMPARISON_LIMITS)
    expect(isNearly(workload, { ...workload, interval: 1.004 })).toBe(true)
    expect(isNearly(workload, { ...workload, interval: 2 })).toBe(false)
    expect(isNearly(workload, { ...workload, rate: 1.01 })).toBe(false)
    expect(isNearly(workload, { ...workload, clients: 200 })).toBe(false)
    expect(isNearly(workload, { ...workload, rtt: 40 })).toBe(false)
  })

  test('is accepted by the server, whatever the form contains', () => {
    const seed = Math.trunc(Math.random() * 2 ** 31)
    console.log(`seed ${seed}`)
    const between = ({ from, to }: { from: number; to: number }) => fc.double({ min: from, max: to, noNaN: true })
    const { rate, bytes, clients } = FIGURES
    fc.assert(
      fc.property(
        between(rate),
        fc.integer({ min: bytes.from, max: bytes.to }),
        fc.integer({ min: clients.from, max: clients.to }),
        fc.integer({ min: 100, max: 3_600_000 }),
        (rate, bytes, clients, intervalMs) => {
          const form = { ...FORM, rate, bytes, clients }
          const { workload } = measurableOf(form, { intervalMs, waitS: 25 }, COMPARISON_LIMITS)
          expect(readMeasuredWorkload(workload)).toMatchObject(workload)
        },
      ),
      { seed, numRuns: 1000 },
    )
  })
})

const measured = (transport: string, bytes: number, changes: Partial<TransportFindings> = {}): TransportFindings => ({
  transport,
  bytes,
  p95Ms: 3,
  doubt: null,
  ...changes,
})

function agreement(fits: string | null, transports: readonly TransportFindings[], form: TransportName = 'ws') {
  const findings: Findings = { verdict: '', fits, transports }
  return choiceAgreement(
    { advice: { transport: 'ws', close: ['ws'] }, choiceForForm: form, findings, ageS: 2 },
    (name) => String(Reflect.get(LABELS, name)),
  )
}

test('a comparison of rare messages lasts longer, so that enough of them come for a verdict', () => {
  expect([0.5, 1, 2, 50].map((rate) => enoughSeconds(rate, 3, [5, 10, 20]))).toEqual([20, 10, 5, 5])
  expect(enoughSeconds(0.1, 3, [5, 10, 20])).toBe(20)
})

describe('the choices of the model and of a measurement', () => {
  test('agree if they are the same transport', () => {
    expect(agreement('ws', [measured('ws', 100)])).toEqual({
      agrees: true,
      sentence: 'They agree: the model recommends WebSocket, and the measurement too.',
      reasons: [],
    })
  })

  test('may differ because their rules differ, although the measured bytes support the model', () => {
    const { agrees, sentence, reasons } = agreement('sse', [measured('ws', 100), measured('sse', 150)])
    expect({ agrees, sentence }).toEqual({
      agrees: false,
      sentence: 'They do not agree: the model recommends WebSocket, and the measurement recommends SSE.',
    })
    expect(reasons).toHaveLength(2)
    expect(reasons[0]).toMatch(/^They have different rules\./)
    expect(reasons[1]).toMatch(/supports the model: WebSocket needed 100 bytes for each delivery, and SSE 150\.$/)
  })

  test('may differ because the measured bytes contradict the model, or the delays are too long or in doubt', () => {
    const reasons = (changes: Partial<TransportFindings>) =>
      agreement('sse', [measured('ws', 300, changes), measured('sse', 150)]).reasons.join(' ')
    expect(reasons({})).toContain('The bytes contradict the model')
    expect(reasons({ p95Ms: 2500 })).toContain('later than 2,500 ms, and the form allows 2,000 ms.')
    expect(reasons({ doubt: 'Busy.' })).toContain('left WebSocket out, because its delays cannot be told')
    expect(reasons({ bytes: null })).not.toContain('bytes for each delivery')
  })

  test('cannot be compared if the measurement cannot choose, and do not contradict each other if all is equal', () => {
    expect(agreement(null, [measured('ws', 100, { doubt: 'Busy.' })])).toMatchObject({
      agrees: null,
      sentence: expect.stringMatching(/^It cannot be told whether they agree: the model recommends WebSocket/),
    })
    expect(agreement(null, [measured('ws', 100)])).toMatchObject({
      agrees: null,
      sentence: expect.stringMatching(/^They do not contradict each other/),
    })
  })

  test('come with the choice for the whole form, if the measured workload has another one', () => {
    expect(agreement('ws', [], 'short-poll').reasons).toEqual([
      'For the whole form, the model recommends Short polling. The measured workload differs from the form, so the model chooses WebSocket for it.',
    ])
  })

  test('do not exist if no transport is fast enough for the model', () => {
    const findings = { verdict: '', fits: 'ws', transports: [] }
    const none = choiceAgreement(
      { advice: { transport: null, close: [] }, choiceForForm: null, findings, ageS: 2 },
      String,
    )
    expect(none).toMatchObject({ agrees: null, sentence: expect.stringContaining('no transport that is fast enough') })
  })
})
