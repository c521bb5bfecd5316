/** Tests of the show that hold for one process, and for several that share a Redis. */
import { expect, test } from 'vitest'
import { readSession } from '../../../web/show/replay.ts'
import type { Served, ServeOptions } from '../../serve.ts'
import { until } from '../../until.ts'
import { enter, sit } from './guest.ts'

const TOKEN = 'a token of the instructor'

/** `open` starts a server with short times of the show. */
export function testShow(open: (options?: ServeOptions) => Promise<Served>): void {
  test('a page learns the room of the class, and gets the scenes and the state in the lab of this room', async () => {
    await using server = await open()
    const shown = await (await fetch(`${server.origin}/show`)).json()
    expect(shown).toEqual({ room: 'class-1', scene: 'join', step: 'predict', version: 1 })
    const page = await enter(server.origin, { room: shown.room })
    page.say({ say: 'follow', seats: true })
    const { scenes, client } = await page.next('scenes')
    expect(scenes.map(({ id }) => id).slice(0, 2)).toEqual(['join', 'news'])
    expect(client).not.toBe(page.page)
    expect(page.state()).toMatchObject({ scene: 'join', step: 'predict', here: 0, voted: 0, driver: null })
    expect((await page.next('seats')).seats).toEqual([])
  })

  test('the instructor who moves the show first drives it, and every page gets the new step', async () => {
    await using server = await open()
    const stage = await enter(server.origin)
    const phone = await enter(server.origin)
    for (const page of [stage, phone]) page.say({ say: 'follow', seats: false })
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    const { client } = await stage.next('scenes')
    expect(await phone.stateWith({ scene: 'news', step: 'predict' })).toMatchObject({ driver: client })
  })

  test('a second instructor must take over before moving the show, and the error says how', async () => {
    await using server = await open()
    const [stage, remote] = [await enter(server.origin), await enter(server.origin)]
    stage.say({ say: 'follow', seats: false })
    remote.say({ say: 'follow', seats: false })
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    await remote.stateWith({ scene: 'news' })
    expect(await remote.refused({ say: 'go', scene: 'cost', step: 'predict' })).toMatchObject({
      code: 'not-driver',
      remedy: expect.stringContaining('"say":"take"'),
    })
    remote.say({ say: 'take' })
    remote.say({ say: 'go', scene: 'cost', step: 'predict' })
    await stage.stateWith({ scene: 'cost', driver: (await remote.next('scenes')).client })
    expect(await stage.refused({ say: 'go', scene: 'join', step: 'predict' })).toMatchObject({ code: 'not-driver' })
  })

  test('a driver without a connection drives no longer after some time, but one that comes back still drives', async () => {
    await using server = await open({})
    const watcher = await enter(server.origin)
    watcher.say({ say: 'follow', seats: false })
    const driver = await enter(server.origin)
    driver.say({ say: 'take' })
    const client = await until('there is a driver', () => watcher.state()?.driver)
    await driver.leave()
    const again = await enter(server.origin, { page: driver.page })
    again.say({ say: 'follow', seats: false })
    expect((await again.next('scenes')).client).toBe(client)
    expect(again.state()).toMatchObject({ driver: client })
    await again.leave()
    await watcher.stateWith({ driver: null })
  })

  test('only an instructor moves the show', async () => {
    await using server = await open({ isShared: true, token: TOKEN })
    const phone = await sit(server.origin, 'a')
    for (const saying of [{ say: 'take' }, { say: 'go', scene: 'news', step: 'run' }])
      expect(await phone.refused(saying)).toMatchObject({ code: 'not-instructor' })
    const stage = await enter(server.origin, { token: TOKEN })
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    await phone.stateWith({ scene: 'news' })
  })

  test('only an instructor gets the notes of the scenes', async () => {
    await using server = await open({ isShared: true, token: TOKEN })
    const page = await enter(server.origin)
    page.say({ say: 'follow', seats: false })
    expect((await page.next('scenes')).scenes.flatMap(({ notes }) => notes)).toEqual([])
    page.send({ type: 'instructor', token: TOKEN })
    page.say({ say: 'go', scene: 'news', step: 'predict' })
    await page.stateWith({ scene: 'news' })
    expect(
      page
        .told('scenes')
        .at(-1)
        ?.scenes.flatMap(({ notes }) => notes),
    ).not.toEqual([])
  })

  test('a phone gets the explanation of a scene only when the class is there, and no other one', async () => {
    await using server = await open({ isShared: true, token: TOKEN })
    const stage = await enter(server.origin, { token: TOKEN })
    const phone = await sit(server.origin, 'a')
    stage.say({ say: 'follow', seats: false })
    const own = (await stage.next('scenes')).scenes.find(({ id }) => id === 'news')
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    expect(await phone.stateWith({ scene: 'news' })).not.toHaveProperty('sentence')
    stage.say({ say: 'go', scene: 'news', step: 'run' })
    expect(await phone.stateWith({ step: 'run' })).toMatchObject({ sentence: own?.look })
    expect(JSON.stringify([phone.told('scenes'), phone.told('state')])).not.toContain(own?.explain)
    stage.say({ say: 'go', scene: 'news', step: 'explain' })
    expect(await phone.stateWith({ step: 'explain' })).toMatchObject({ sentence: own?.explain })
    expect(
      phone
        .told('scenes')
        .flatMap(({ scenes }) => scenes.map(({ explain }) => explain))
        .join(''),
    ).toBe('')
  })

  test('the server deals each transport of the scenes to an equal share of the seats', async () => {
    await using server = await open()
    const dealt: string[] = []
    for (const key of '12345678') dealt.push((await (await sit(server.origin, key)).next('seat')).seat.dealt)
    expect(dealt.slice(0, 4).toSorted()).toEqual(['long-poll', 'short-poll', 'sse', 'ws'])
    expect(dealt.slice(4)).toEqual(dealt.slice(0, 4))
  })

  test('a key keeps its seat, and no page gets the key', async () => {
    await using server = await open()
    const first = await sit(server.origin, 'a')
    const { seat } = await first.next('seat')
    await first.leave()
    const again = await sit(server.origin, 'a', { name: 'Ada' })
    expect((await again.next('seat')).seat).toEqual({ ...seat, name: 'Ada' })
    expect(JSON.stringify(again.told('seat'))).not.toMatch(/key/)
  })

  test('if two pages have the same key, the newer one has the seat and the older one is told', async () => {
    await using server = await open()
    const older = await sit(server.origin, 'a')
    const newer = await sit(server.origin, 'a')
    await older.next('taken')
    expect((await newer.next('seat')).seat.seat).toBe(1)
    expect(await older.refused({ say: 'fell back', why: null })).toMatchObject({ code: 'no-seat' })
  })

  test('a seat has one vote, which it may change until the vote is closed, and only the instructor sees votes before', async () => {
    await using server = await open({ isShared: true, token: TOKEN })
    const stage = await enter(server.origin, { token: TOKEN })
    stage.say({ say: 'follow', seats: false })
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    const [a, b] = [await sit(server.origin, 'a'), await sit(server.origin, 'b')]
    for (const answer of [0, 2]) a.say({ say: 'vote', scene: 'news', answer })
    b.say({ say: 'vote', scene: 'news', answer: 2 })
    await stage.stateWith({ voted: 2, votes: [0, 0, 2, 0] })
    await a.stateWith({ voted: 2, votes: null })
    b.say({ say: 'vote', scene: 'news', answer: null })
    await stage.stateWith({ voted: 1, votes: [0, 0, 1, 0] })
    stage.say({ say: 'go', scene: 'news', step: 'closed' })
    await a.stateWith({ step: 'closed', votes: [0, 0, 1, 0] })
    expect(await a.refused({ say: 'vote', scene: 'news', answer: 0 })).toMatchObject({
      code: 'vote-closed',
      message: 'The vote for "How old is the news?" is closed.',
    })
  })

  test('a vote for another scene or for an answer that does not exist is refused, and a scene keeps its votes', async () => {
    await using server = await open()
    const stage = await enter(server.origin)
    stage.say({ say: 'follow', seats: false })
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    const phone = await sit(server.origin, 'a')
    phone.say({ say: 'vote', scene: 'news', answer: 1 })
    await stage.stateWith({ votes: [0, 1, 0, 0] })
    stage.say({ say: 'go', scene: 'cost', step: 'predict' })
    await phone.stateWith({ scene: 'cost', voted: 0 })
    expect(await phone.refused({ say: 'vote', scene: 'news', answer: 0 })).toMatchObject({ code: 'vote-closed' })
    expect(await phone.refused({ say: 'vote', scene: 'cost', answer: 4 })).toMatchObject({ code: 'bad-message' })
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    await phone.stateWith({ scene: 'news', voted: 1 })
  })

  test('a page of another room follows the show but cannot sit in it', async () => {
    await using server = await open()
    const page = await enter(server.origin, { room: 'lobby' })
    page.say({ say: 'follow', seats: false })
    expect((await page.next('state')).state.room).toBe('class-1')
    expect(await page.refused({ say: 'sit', key: 'some-secret', name: '' })).toMatchObject({
      code: 'other-class',
      message: 'This page is in the room "lobby", but the class is in "class-1".',
    })
  })

  test('what is nothing that a page can say is refused, and the error names the field', async () => {
    await using server = await open()
    const phone = await sit(server.origin, 'a')
    expect(await phone.refused({ say: 'sing' })).toMatchObject({
      code: 'bad-message',
      message: expect.stringMatching(/"sing"/),
    })
    const report = { transport: 'sse', p50Ms: -1, n: 1, boundMs: 1, lost: 0, doubled: 0 }
    expect(await phone.refused({ say: 'report', report })).toMatchObject({
      message: expect.stringMatching(/report\.p50Ms/),
    })
    expect(await phone.refused({ say: 'report', report: { ...report, p50Ms: 1, more: 'x' } })).toMatchObject({
      code: 'bad-message',
    })
  })

  test('the stage’s figures decide which answer is right when the scene is explained', async () => {
    await using server = await open()
    const stage = await enter(server.origin)
    stage.say({ say: 'follow', seats: false })
    for (const step of ['predict', 'closed', 'run'] as const) stage.say({ say: 'go', scene: 'news', step })
    const figures = { lane: 'short-poll', p50Ms: 2311, n: 60, bytesPerMessage: 500, lost: 0, doubled: 0 } as const
    stage.say({ say: 'measured', scene: 'news', lanes: [figures] })
    stage.say({ say: 'go', scene: 'news', step: 'explain' })
    expect(await stage.stateWith({ step: 'explain' })).toMatchObject({
      done: ['news'],
      measured: [figures],
      outcome: { value: 2311, right: 2, tie: [] },
    })
  })

  test('a show of hands is shown when the vote is closed, and needs a count for each answer', async () => {
    await using server = await open({ isShared: true, token: TOKEN })
    const stage = await enter(server.origin, { token: TOKEN })
    stage.say({ say: 'follow', seats: false })
    const phone = await sit(server.origin, 'a')
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    stage.say({ say: 'hands', hands: [1, 2, 3, 4] })
    await stage.stateWith({ hands: [1, 2, 3, 4] })
    await phone.stateWith({ scene: 'news', hands: null })
    expect(await stage.refused({ say: 'hands', hands: [1] })).toMatchObject({ code: 'bad-message' })
    stage.say({ say: 'go', scene: 'news', step: 'closed' })
    await phone.stateWith({ hands: [1, 2, 3, 4] })
  })

  test('seats go to the pages that ask for them, with names for the instructor only until the stage shows names', async () => {
    await using server = await open({ isShared: true, token: TOKEN })
    const stage = await enter(server.origin, { token: TOKEN })
    const second = await enter(server.origin)
    stage.say({ say: 'take' })
    for (const page of [stage, second]) page.say({ say: 'follow', seats: true })
    const phone = await sit(server.origin, 'a', { name: ' Ada ' })
    const report = { transport: 'sse', p50Ms: 12.5, n: 40, boundMs: 0.4, lost: 0, doubled: 0 } as const
    phone.say({ say: 'preflight', found: [{ transport: 'sse', found: 'works', ms: 3 }] })
    phone.say({ say: 'report', report })
    const seats = (page: typeof stage) => page.told('seats').at(-1)?.seats
    await until('the stage has the report', () => seats(stage)?.[0]?.report)
    expect(seats(stage)).toMatchObject([{ seat: 1, name: 'Ada', here: true, report, preflight: [{ ms: 3 }] }])
    await until('the other page has the report', () => seats(second)?.[0]?.report)
    expect(seats(second)).toMatchObject([{ seat: 1, name: '', report }])
    stage.say({ say: 'stage', names: true })
    await until('the other page has the name', () => seats(second)?.[0]?.name === 'Ada')
    stage.say({ say: 'mute', seat: 1 })
    phone.say({ say: 'fell back', why: 'Rude words.' })
    await until('the other page has no name of a muted seat', () => seats(second)?.[0]?.name === '')
    await until('the seat has fallen back', () => seats(stage)?.[0]?.fellBack !== null)
    await until('the seat has fallen back for the other page too', () => seats(second)?.[0]?.fellBack !== null)
    expect([stage, second].map((page) => seats(page)?.[0]?.fellBack)).toEqual(['', ''])
    await phone.leave()
    await until('the seat is not here', () => seats(second)?.[0]?.here === false)
  })

  test('a removed seat is told, its votes do not count, and its key gets no seat in this class', async () => {
    await using server = await open()
    const stage = await enter(server.origin)
    stage.say({ say: 'follow', seats: false })
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    const phone = await sit(server.origin, 'a')
    phone.say({ say: 'vote', scene: 'news', answer: 0 })
    await stage.stateWith({ voted: 1, here: 1 })
    stage.say({ say: 'remove', seat: 1 })
    await phone.next('removed')
    await stage.stateWith({ voted: 0, here: 0 })
    expect(await phone.refused({ say: 'vote', scene: 'news', answer: 0 })).toMatchObject({ code: 'no-seat' })
    const again = await sit(server.origin, 'a')
    await again.next('removed')
    expect(again.told('seat')).toEqual([])
  })

  test('the next class has a fresh room, and no seats or votes', async () => {
    await using server = await open()
    const stage = await enter(server.origin)
    stage.say({ say: 'follow', seats: false })
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    const phone = await sit(server.origin, 'a')
    phone.say({ say: 'vote', scene: 'news', answer: 0 })
    await stage.stateWith({ voted: 1 })
    stage.say({ say: 'next class' })
    expect(await phone.stateWith({ room: 'class-2' })).toMatchObject({ scene: 'join', voted: 0, here: 0, done: [] })
    expect(phone.told('scenes')).toHaveLength(2)
    expect(await phone.refused({ say: 'vote', scene: 'join', answer: 0 })).toMatchObject({ code: 'other-class' })
    const moved = await sit(server.origin, 'a', { room: 'class-2' })
    expect((await moved.next('seat')).seat).toMatchObject({ seat: 1, name: '' })
  })

  test('a name that was muted and then removed may publish in the next class', async () => {
    await using server = await open()
    const stage = await enter(server.origin)
    stage.say({ say: 'follow', seats: false })
    const phone = await sit(server.origin, 'a', { name: 'Mallory' })
    for (const say of ['mute', 'remove'] as const) stage.say({ say, seat: 1 })
    await phone.next('removed')
    stage.say({ say: 'next class' })
    await stage.stateWith({ room: 'class-2' })
    const body = JSON.stringify({ user: 'Mallory', text: 'hello' })
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${server.origin}/feed/class-2`, { method: 'POST', headers, body })).status).toBe(201)
  })

  test('only the instructor gets the session, which has the scenes that were explained', async () => {
    await using server = await open({ isShared: true, token: TOKEN })
    const get = (path: string, token?: string) =>
      fetch(`${server.origin}/stage/session.${path}`, { headers: token ? { authorization: `Bearer ${token}` } : {} })
    expect((await get('json')).status).toBe(403)
    expect((await get('csv')).status).toBe(403)
    expect((await fetch(`${server.origin}/stage/sheet`)).status).toBe(403)
    const stage = await enter(server.origin, { token: TOKEN })
    stage.say({ say: 'follow', seats: false })
    stage.say({ say: 'go', scene: 'news', step: 'predict' })
    const phone = await sit(server.origin, 'a', { name: 'Ada' })
    phone.say({ say: 'vote', scene: 'news', answer: 2 })
    await stage.stateWith({ voted: 1 })
    stage.say({ say: 'go', scene: 'news', step: 'run' })
    await phone.stateWith({ step: 'run' })
    const report = { transport: 'short-poll', p50Ms: 2400, n: 40, boundMs: 0.4, lost: 0, doubled: 0 } as const
    const figures = { lane: 'short-poll', p50Ms: 2500, n: 60, bytesPerMessage: 812.5, lost: 0, doubled: 0 } as const
    phone.say({ say: 'report', report })
    phone.say({ say: 'fell back', why: '=cmd' })
    await until('the server has the report', () => phone.told('seat').at(-1)?.seat.report)
    stage.say({ say: 'measured', scene: 'news', lanes: [figures] })
    stage.say({ say: 'go', scene: 'news', step: 'explain' })
    await stage.stateWith({ step: 'explain' })
    // The phone returns to its own transport. The session still has the reason from the scene.
    phone.say({ say: 'fell back', why: null })
    await until('the seat has returned', () => phone.told('seat').at(-1)?.seat.fellBack === null)
    stage.say({ say: 'go', scene: 'cost', step: 'predict' })
    await stage.stateWith({ scene: 'cost' })
    const session = await (await get('json', TOKEN)).json()
    expect(session).toMatchObject({
      room: 'class-1',
      scenes: [
        {
          scene: { id: 'news' },
          settings: { ratePerSecond: 2 },
          state: { step: 'explain', scene: 'news', votes: [0, 0, 1, 0], measured: [figures], outcome: { right: 2 } },
          seats: [{ seat: 1, name: '', report, vote: '2.5 s' }],
        },
      ],
    })
    expect(JSON.stringify(session)).not.toMatch(/Ada|keyHash/)
    expect(readSession(JSON.stringify(session), 'class-1.json')).toEqual(session)
    const [head = '', seat, lane] = (await (await get('csv', TOKEN)).text()).split('\r\n')
    expect(head).toMatch(/^class,scene,question,who,name,answer,votes,right,transport/)
    expect(seat).toContain(`seat 1,,2.5 s,1,yes,short-poll,'=cmd,2400,40`)
    expect(lane).toContain('stage,,,,,short-poll,,2500,60,812.5,0,0')
  })

  test('if people sign in, a seat has the name of the person, whatever the page says', async () => {
    const password = 'four-wires-and-a-class'
    await using server = await open({ auth: { password } })
    const body = JSON.stringify({ user: 'Ada', password, as: 'token' })
    const headers = { 'content-type': 'application/json' }
    const { token } = await (await fetch(`${server.origin}/session`, { method: 'POST', headers, body })).json()
    const phone = await sit(server.origin, 'a', { session: token, name: 'Mallory' })
    expect((await phone.next('seat')).seat.name).toBe('Ada')
  })

  test('if people sign in, a person has one seat and one vote, and does not come back after the removal', async () => {
    const password = 'four-wires-and-a-class'
    await using server = await open({ auth: { password }, token: TOKEN })
    const signIn = async (user: string): Promise<string> => {
      const body = JSON.stringify({ user, password, as: 'token' })
      const headers = { 'content-type': 'application/json' }
      return (await (await fetch(`${server.origin}/session`, { method: 'POST', headers, body })).json()).token
    }
    const session = await signIn('Ada')
    const first = await sit(server.origin, 'a', { session })
    const second = await sit(server.origin, 'b', { session })
    expect((await second.next('seat')).seat.seat).toBe(1)
    await first.next('taken')
    const other = await sit(server.origin, 'b', { session: await signIn('Eve') })
    expect((await other.next('seat')).seat.seat).toBe(2)
    const stage = await enter(server.origin, { session, token: TOKEN })
    stage.say({ say: 'remove', seat: 1 })
    await second.next('removed')
    await (await sit(server.origin, 'c', { session })).next('removed')
  })

  test('a muted person cannot publish until the instructor lifts it', async () => {
    await using server = await open()
    const stage = await enter(server.origin)
    const phone = await sit(server.origin, 'a', { name: 'Mallory' })
    const publish = async (): Promise<number> => {
      const body = JSON.stringify({ user: 'Mallory', text: 'hello' })
      const headers = { 'content-type': 'application/json' }
      return (await fetch(`${server.origin}/feed/class-1`, { method: 'POST', headers, body })).status
    }
    expect(await publish()).toBe(201)
    stage.say({ say: 'mute', seat: 1 })
    await until('the seat is muted', () => phone.told('seat').at(-1)?.seat.muted)
    expect(await publish()).toBe(403)
    stage.say({ say: 'unmute', seat: 1 })
    await until('the seat is not muted', () => phone.told('seat').at(-1)?.seat.muted === false)
    expect(await publish()).toBe(201)
    expect(await stage.refused({ say: 'mute', seat: 9 })).toMatchObject({ code: 'no-seat' })
  })

  test('a seat lifts no ban of another muted seat with its name, or of a removed person', async () => {
    await using server = await open()
    const stage = await enter(server.origin)
    for (const key of ['a', 'b']) await sit(server.origin, key, { name: `${key === 'a' ? 'M' : 'm'}allory` })
    await sit(server.origin, 'c', { name: 'Eve' })
    const put = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"is":"removed"}' }
    await fetch(`${server.origin}/moderation/people/Eve`, put)
    for (const seat of [1, 2, 3]) stage.say({ say: 'mute', seat })
    for (const seat of [2, 3]) stage.say({ say: 'unmute', seat })
    expect((await stage.refused({ say: 'mute', seat: 9 })).code).toBe('no-seat')
    const { people } = await (await fetch(`${server.origin}/moderation`)).json()
    expect(people).toMatchObject([
      { user: 'Eve', is: 'removed' },
      { user: 'mallory', is: 'muted' },
    ])
  })
}
