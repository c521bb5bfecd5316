/** Tests of the routes of a comparison, with small programs in place of the comparing program. */
import { getPriority } from 'node:os'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ComparisonState } from '../../../server/protocol/comparison.ts'
import { isAlive } from '../../../server/start/ending.ts'
import { serve } from '../../serve.ts'
import type { Served, ServeOptions } from '../../serve.ts'
import { until } from '../../until.ts'
import { FINDINGS, REPORT, fakeProgram } from './programs.ts'
import type { PROGRAMS } from './programs.ts'

const TOKEN = 'k7f2-9xqm-abcd-0123-wxyz'
const AS_INSTRUCTOR = { authorization: `Bearer ${TOKEN}` }
const WORKLOAD = { clients: 10, rate: 2, size: 60, interval: 1, wait: 25 }

async function served(name: keyof typeof PROGRAMS, options: ServeOptions = {}) {
  const program = await fakeProgram(name)
  const server = await serve({ compareProgram: program.file, ...options })
  onTestFinished(() => server.close())
  return { server, program }
}

async function ask({ origin }: Served, method: string, path = '/comparison', body?: unknown, headers = {}) {
  const response = await fetch(origin + path, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : null }
}

const stateOf = async (server: Served): Promise<ComparisonState> => (await ask(server, 'GET')).json

const start = (server: Served, body: unknown = WORKLOAD) => ask(server, 'POST', '/comparison', body)

/** Resolves with the process id that the program has sent. */
const startedPid = (server: Served): Promise<number> =>
  until('the program sends progress', async () => Number((await stateOf(server)).running?.progress?.transport))

const ended = (server: Served): Promise<ComparisonState> =>
  until('the comparison has ended', async () => {
    const state = await stateOf(server)
    return state.running === null ? state : null
  })

describe('the rights', () => {
  test.each([
    ['POST', WORKLOAD],
    ['DELETE', undefined],
  ])('%s is refused for everybody but the instructor of a shared server', async (method, body) => {
    const { server } = await served('endless', { isShared: true, token: TOKEN })
    const refused = await ask(server, method, '/comparison', body)
    expect(refused).toMatchObject({ status: 403, json: { code: 'not-instructor' } })
    expect(refused.json.detail).toContain('the processors of the server’s machine')
    expect((await stateOf(server)).running).toBeNull()
    const { status } = await ask(server, method, '/comparison', body, AS_INSTRUCTOR)
    expect(status).toBe(method === 'POST' ? 202 : 404)
  })

  test('everybody who may read can see the state, and the state says who may start a comparison', async () => {
    const { server } = await served('endless', { isShared: true, token: TOKEN })
    expect((await stateOf(server)).mayStart).toBe(false)
    expect((await ask(server, 'GET', '/comparison', undefined, AS_INSTRUCTOR)).json.mayStart).toBe(true)
    const { server: alone } = await served('endless')
    expect((await stateOf(alone)).mayStart).toBe(true)
  })

  test('with signing in, a person without a session sees neither the state nor the report', async () => {
    const { server } = await served('endless', { auth: { password: 'open sesame open' }, token: TOKEN })
    for (const path of ['/comparison', '/comparison/report'])
      expect(await ask(server, 'GET', path)).toMatchObject({ status: 401, json: { code: 'not-signed-in' } })
  })
})

describe('a workload', () => {
  test.each<[string, unknown, RegExp, RegExp]>([
    ['too many clients', { ...WORKLOAD, clients: 1001 }, /^clients is 1001\.$/, /a whole number from 1 to 1000/],
    ['half a client', { ...WORKLOAD, clients: 1.5 }, /^clients is 1\.5\.$/, /a whole number/],
    ['no client', { ...WORKLOAD, clients: 0 }, /^clients is 0\.$/, /from 1 to 1000/],
    ['a missing rate', { ...WORKLOAD, rate: undefined }, /^rate is missing\.$/, /from 0\.5 to 50/],
    ['a text as the rate', { ...WORKLOAD, rate: '2' }, /^rate is "2"\.$/, /a number from 0\.5 to 50/],
    ['a message that is too long', { ...WORKLOAD, size: 4001 }, /^size is 4001\.$/, /from 30 to 4000/],
    ['polls that are too frequent', { ...WORKLOAD, interval: 0.05 }, /^interval is 0\.05\.$/, /from 0\.1 to 5/],
    ['a long poll that is held too long', { ...WORKLOAD, wait: 31 }, /^wait is 31\.$/, /from 1 to 30/],
    ['a round trip that is too long', { ...WORKLOAD, rtt: 1001 }, /^rtt is 1001\.$/, /from 0 to 1000/],
    ['a measurement that is too long', { ...WORKLOAD, seconds: 21 }, /^seconds is 21\.$/, /from 0\.5 to 20/],
    ['too many repetitions', { ...WORKLOAD, repeat: 6 }, /^repeat is 6\.$/, /from 1 to 5/],
    ['too many deliveries', { ...WORKLOAD, clients: 1000, rate: 3 }, /has 3000 deliveries a second/, /clients or rate/],
    ['too many polls', { ...WORKLOAD, clients: 200, interval: 0.1 }, /has 2000 short polls/, /increase interval/],
    ['too many bytes', { ...WORKLOAD, clients: 800, size: 4000 }, /has 6400000 bytes/, /clients, rate or size/],
    ['no message', { ...WORKLOAD, rate: 0.5, seconds: 1 }, /no message would be sent/, /Increase rate or seconds/],
    ['an unknown figure', { ...WORKLOAD, url: 'http://x' }, /"url" is no figure/, /clients, rate, size/],
    ['a list', [1], /is \[1\], which is not a JSON object/, /Send \{"clients":100/],
  ])('with %s gets 400 with the value and the allowed values', async (_, body, detail, remedy) => {
    const { server } = await served('endless')
    const { status, headers, json } = await start(server, body)
    expect({ status, code: json.code }).toEqual({ status: 400, code: 'bad-workload' })
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(json.detail).toMatch(detail)
    expect(json.remedy).toMatch(remedy)
    expect((await stateOf(server)).running).toBeNull()
  })

  test('at the limits is accepted, and the program gets its figures and all transports', async () => {
    const { server } = await served('refusing')
    const workload = { clients: 1000, rate: 2, size: 2000, interval: 1, wait: 30, rtt: 1000, seconds: 20, repeat: 5 }
    expect(await start(server, workload)).toMatchObject({ status: 202, json: { running: { workload } } })
    const { failure } = await ended(server)
    expect(failure?.why).toBe(
      '--transports short-poll,long-poll,sse,ws,stream --clients 1000 --rate 2 --size 2000 --interval 1 --wait 30 --rtt 1000 --seconds 20 --repeat 5',
    )
  })
})

describe('a running comparison', () => {
  test('is the only one, and everybody sees its start, its progress and the time left', async () => {
    const { server } = await served('endless')
    await start(server)
    const pid = await startedPid(server)
    const { running } = await stateOf(server)
    expect(running).toMatchObject({
      workload: { ...WORKLOAD, seconds: 5, repeat: 3 },
      progress: { repetition: 1, repetitions: 3, done: 0, total: 15 },
    })
    expect(Math.abs(Date.now() - (running?.startedAtMs ?? 0))).toBeLessThan(60_000)
    expect(running?.leftS).toBeGreaterThan(30)
    const second = await start(server)
    expect(second).toMatchObject({ status: 409, json: { code: 'comparison-running' } })
    expect(second.json.detail).toContain(new Date(running?.startedAtMs ?? 0).toISOString())
    expect(Number((await stateOf(server)).running?.progress?.transport)).toBe(pid)
  })

  test('has a time left that follows from the measurements that have ended', async () => {
    const { server } = await served('fast')
    await start(server)
    const { progress, leftS } = await until('fourteen measurements have ended', async () => {
      const { running } = await stateOf(server)
      return running?.progress?.done === 14 ? running : null
    })
    // By the plan, the last of 15 measurements takes 8.5 s.
    expect(leftS, JSON.stringify(progress)).toBeLessThan(5)
  })

  test('has a lower priority than the server', async () => {
    const { server } = await served('endless')
    await start(server)
    expect(getPriority(await startedPid(server))).toBeGreaterThan(getPriority())
  })

  test.each(['endless', 'stubborn'] as const)('that is %s has ended when its cancellation returns', async (name) => {
    const { server } = await served(name)
    await start(server)
    const pid = await startedPid(server)
    expect((await ask(server, 'DELETE')).status).toBe(204)
    expect(isAlive(pid)).toBe(false)
    const { running, failure } = await stateOf(server)
    expect(running).toBeNull()
    expect(failure).toMatchObject({ isCancelled: true, why: 'The instructor has cancelled the measurement.' })
    expect(await ask(server, 'DELETE')).toMatchObject({ status: 404, json: { code: 'no-comparison' } })
  })

  test.each(['endless', 'stubborn'] as const)('that is %s has ended when the server has closed', async (name) => {
    const { server } = await served(name)
    await start(server)
    const pid = await startedPid(server)
    await server.close()
    expect(isAlive(pid)).toBe(false)
  })
})

describe('the report', () => {
  test('does not exist before the first comparison', async () => {
    const { server } = await served('measured')
    expect(await ask(server, 'GET', '/comparison/report')).toMatchObject({
      status: 404,
      json: { code: 'no-comparison' },
    })
    expect((await stateOf(server)).last).toBeNull()
  })

  test('is served in a sandbox that only a page of this server can contain', async () => {
    const { server } = await served('measured')
    await start(server)
    expect(await ended(server)).toMatchObject({ last: { findings: FINDINGS }, failure: null })
    const { status, text, headers } = await ask(server, 'GET', '/comparison/report')
    expect({ status, text, type: headers.get('content-type') }).toEqual({
      status: 200,
      text: REPORT,
      type: 'text/html; charset=utf-8',
    })
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*frame-ancestors 'self'; sandbox$/)
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp')
  })

  test('of the last success stays when a later comparison fails, and the state has both', async () => {
    const { server, program } = await served('measured')
    await start(server)
    await ended(server)
    await program.become('killed')
    await start(server)
    const { last, failure } = await ended(server)
    expect(last?.findings).toEqual(FINDINGS)
    expect(failure).toMatchObject({ isCancelled: false, why: expect.stringContaining('by the signal SIGKILL') })
    expect((await ask(server, 'GET', '/comparison/report')).text).toBe(REPORT)
  })
})

describe('a program', () => {
  test('that crashes is reported with its exit code, and its output stays in the log', async () => {
    const { server } = await served('crashing')
    await start(server)
    const { failure } = await ended(server)
    expect(failure?.why).toMatch(/^The comparing program ended with exit code 1\. The log/)
    expect(JSON.stringify(failure)).not.toContain('secret')
  })

  test('that is missing makes the state say so, and a start gets 501', async () => {
    const server = await serve({ compareProgram: '/nothing/here.ts' })
    onTestFinished(() => server.close())
    expect((await stateOf(server)).missing).toMatch(/is not installed with this server/)
    expect(await start(server)).toMatchObject({ status: 501, json: { code: 'no-compare-program' } })
  })
})

test('the interface description has the routes, with the bounds of each figure', async () => {
  const { server } = await served('endless')
  const { paths } = (await ask(server, 'GET', '/openapi.json')).json
  expect(Object.keys(paths['/comparison'])).toEqual(expect.arrayContaining(['get', 'post', 'delete']))
  const { properties, required } = paths['/comparison'].post.requestBody.content['application/json'].schema
  expect(properties.clients.description).toBe('a whole number from 1 to 1000: clients that receive all messages')
  expect(required).toEqual(['clients', 'rate', 'size', 'interval', 'wait'])
})
