/** Tests of what processes and the host of the show say to each other, if parcels are lost. */
import { expect, onTestFinished, test } from 'vitest'
import type { ShowSaying } from '../../../server/protocol/show.ts'
import type { ShowGuest } from '../../../server/show/guest.ts'
import { createGuestsHere } from '../../../server/show/guests-here.ts'
import type { GuestsHere } from '../../../server/show/guests-here.ts'
import { createGuestsOfHost } from '../../../server/show/guests-of-host.ts'
import type { GuestsOfHost } from '../../../server/show/guests-of-host.ts'
import type { Show } from '../../../server/show/show.ts'
import { until } from '../../until.ts'

const FOLLOW: ShowSaying = { say: 'follow', seats: false }

/** A process with pages and a host, and a link between them that loses parcels on demand. */
function link() {
  const loses = { toHost: false, fromHost: false }
  const heard: [said: ShowSaying['say'], guest: ShowGuest][] = []
  const left: ShowGuest[] = []
  const here: GuestsHere = createGuestsHere((parcel, to) => {
    if (!loses.toHost) hosts.get(to)?.receive(parcel, 'p')
  })
  onTestFinished(here.stop)
  const hosts = new Map<string, GuestsOfHost>()

  /** Adds a host that does what `act` does. */
  function follow(number: number, act: () => Promise<void> = async () => {}): void {
    const show: Pick<Show, 'heard' | 'left' | 'admitted'> = {
      heard(guest, { say }) {
        heard.push([say, guest])
        return act()
      },
      left: (guest) => void left.push(guest),
      admitted: () => {},
    }
    const id = `host ${number}`
    const guests = createGuestsOfHost({
      host: number,
      show: show as Show,
      isHost: () => true,
      post: (parcel) => !loses.fromHost && here.receive(parcel, id),
      askAgain: (session) => !loses.fromHost && here.again(session),
      log: () => {},
    })
    hosts.set(id, guests)
    here.follow({ id, number })
  }

  return { loses, heard, left, here, hosts, follow, said: () => heard.map(([say]) => say) }
}

function page() {
  const got: string[] = []
  const guest: ShowGuest = {
    room: 'class-1',
    pageName: 'aabbccdd',
    isOpen: true,
    isInstructor: false,
    waitingBytes: 0,
    send: (text) => void got.push(text),
    charge: () => {},
    unseat: () => {},
  }
  return { guest, got }
}

test('a text that is lost on its way to a page is noticed with the next one, and the page follows again', async () => {
  const { loses, heard, here, follow, said } = link()
  const { guest, got } = page()
  follow(1)
  await here.heard(guest, FOLLOW)
  await until('it is heard', () => heard[0])
  const send = (text: string) => heard.at(-1)?.[1].send(text)
  send('one')
  await until('the first text arrives', () => got.length === 1)
  loses.fromHost = true
  send('two')
  await new Promise(setImmediate)
  loses.fromHost = false
  send('three')
  await until('the page follows again', () => said().length === 2)
  send('four')
  await until('the last text arrives', () => got.at(-1) === 'four')
  expect(got).toEqual(['one', 'four'])
})

test('a saying that is lost on its way to the host is said again, and so is one without an answer', async () => {
  const { loses, here, follow, said } = link()
  const { guest } = page()
  follow(1)
  loses.toHost = true
  await here.heard(guest, FOLLOW)
  await new Promise(setImmediate)
  loses.toHost = false
  // The next parcel says which pages there are, once a second.
  await until('it is heard', () => said().length === 1)
  loses.fromHost = true
  await here.heard(guest, { say: 'take' })
  await until('it is heard, but its answer is lost', () => said().length >= 2)
  loses.fromHost = false
  await until('it is heard again', () => said().filter((say) => say === 'take').length === 2)
})

test('the next host gets what pages have said before and what no host has answered, but no next class twice', async () => {
  const { here, follow, said } = link()
  const [followed, leading] = [page(), page()]
  const never = () => new Promise<void>(() => {})
  follow(1)
  await here.heard(followed.guest, FOLLOW)
  await until('it is heard', () => said().length === 1)
  follow(2, never)
  await here.heard(followed.guest, { say: 'fell back', why: null })
  await here.heard(leading.guest, { say: 'next class' })
  await until('they are heard', () => said().includes('next class'))
  const before = said().length
  follow(3)
  await until('the page has its error', () => leading.got.length === 1)
  expect(JSON.parse(leading.got[0] ?? '')).toMatchObject({ type: 'error', code: 'log-unavailable' })
  await until('the rest is heard', () => said().length === before + 2)
  expect(said().slice(before)).toEqual(['follow', 'fell back'])
})

test('the pages of a process that has gone have left, and so has a page whose leaving was lost', async () => {
  const { loses, left, here, hosts, follow, said } = link()
  const [stays, goes] = [page(), page()]
  follow(1)
  for (const { guest } of [stays, goes]) await here.heard(guest, FOLLOW)
  await until('both are heard', () => said().length === 2)
  loses.toHost = true
  here.left(goes.guest)
  await new Promise(setImmediate)
  loses.toHost = false
  await until('one has left', () => left.length === 1)
  hosts.get('host 1')?.gone('p')
  expect(left).toHaveLength(2)
  expect(left.map(({ isOpen }) => isOpen)).toEqual([false, false])
})
