/**
 * The pages of this process. Says to the host of the show what these pages say, and gives them what the host sends. A
 * new host gets everything again that it has to know, so no page has to connect again.
 */
import { FeedError, errorMessage } from '../http/errors.ts'
import type { ErrorMessage } from '../protocol/feed.ts'
import type { ShowSaying } from '../protocol/show.ts'
import { WAITING_BYTES } from './followers.ts'
import type { ShowGuest } from './guest.ts'
import { createParcelBox } from './parcels.ts'
import type { FromHost, GuestFacts, HostQuestion, ParcelBox, Parcel, ToHost } from './parcels.ts'

export interface GuestsHere {
  /** Says to the host what a page has said. An error goes to the page. Resolves when the page may say more. */
  heard(guest: ShowGuest, said: ShowSaying): Promise<void>
  left(guest: ShowGuest): void
  /** Rejects with `log-unavailable` (503) if no host answers in time. */
  ask(question: HostQuestion): Promise<unknown>
  /** From now on, this process is the host. */
  follow(host: ShowHost): void
  receive(parcel: Parcel<FromHost>, from: string): void
  /** Says everything again, because the host has not got everything in this session. */
  again(session: number): void
  stop(): void
}

export interface ShowHost {
  readonly id: string
  readonly number: number
}

interface GuestHere {
  readonly id: number
  readonly guest: ShowGuest
  /** What the page has said last, as far as the host has done it. A new host has to know it. */
  follow: ShowSaying | null
  sit: ShowSaying | null
  /** What the page has said, and the host has not done yet. The host has got only the first. */
  queue: Saying[]
  told: GuestFacts
}

interface Saying {
  readonly said: ShowSaying
  readonly call: number
  readonly sinceMs: number
  /** True if the page has said this before, to an earlier host. */
  readonly isRepeated: boolean
  /** True if a host may have got it. */
  isSaid: boolean
  readonly done: PromiseWithResolvers<void>
}

interface Question {
  readonly question: HostQuestion
  readonly sinceMs: number
  readonly answer: PromiseWithResolvers<unknown>
}

/** A page may say more while so many of its sayings wait. */
const WAITING_SAYINGS = 8

/** Time in which the host must do what a page has said. Another host takes over sooner. */
const SAYING_MS = 10_000

const ANSWER_MS = 5000

const BEAT_MS = 1000

/** `post` sends a parcel to the host. */
export function createGuestsHere(post: (parcel: Parcel<ToHost>, to: string) => void): GuestsHere {
  const guests = new Map<ShowGuest, GuestHere>()
  const pages = new Map<number, GuestHere>()
  const questions = new Map<number, Question>()
  let host: ShowHost | null = null
  let session = 0
  let received = 0
  let box = open()
  let count = 0
  const timer = setInterval(beat, BEAT_MS).unref()

  return {
    async heard(guest, said) {
      const here = guests.get(guest) ?? enter(guest)
      const done = Promise.withResolvers<void>()
      here.queue.push(sayingOf(said, false, done))
      if (here.queue.length === 1) say(here)
      if (here.queue.length > WAITING_SAYINGS) await done.promise
    },
    left(guest) {
      const here = guests.get(guest)
      if (!here) return
      guests.delete(guest)
      pages.delete(here.id)
      for (const { done } of here.queue) done.resolve()
      box.add({ is: 'left', page: here.id })
    },
    ask(question) {
      const answer = Promise.withResolvers<unknown>()
      const call = ++count
      questions.set(call, { question, sinceMs: performance.now(), answer })
      box.add({ is: 'asked', call, question })
      return answer.promise
    },
    follow(next) {
      if (host && next.number <= host.number) return
      host = next
      begin()
    },
    receive(parcel, from) {
      if (from !== host?.id || parcel.host !== host.number || parcel.session !== session) return
      if (parcel.n !== received + 1) return begin()
      received = parcel.n
      for (const item of parcel.items) take(item)
    },
    again(lost) {
      if (lost === session) begin()
    },
    stop: () => clearInterval(timer),
  }

  /** Opens the box of this session. A parcel of an earlier session is not posted any more. */
  function open(): ParcelBox<ToHost> {
    const own = session
    return createParcelBox((n, items) => {
      if (host && own === session) post({ host: host.number, session, n, items }, host.id)
    })
  }

  /** Begins a session: says everything that the host has to know. */
  function begin(): void {
    session += 1
    received = 0
    box = open()
    box.add({ is: 'pages', pages: [...pages.keys()] })
    for (const here of pages.values()) {
      const waiting = here.queue.filter(({ isRepeated }) => !isRepeated)
      const known = [here.follow, here.sit].filter((said) => said !== null)
      here.queue = [...known.map((said) => sayingOf(said, true)), ...waiting]
      // Everything else has the same effect if it is done twice.
      if (waiting[0]?.said.say === 'next class' && waiting[0].isSaid) refuse(here, waiting[0], notAgain())
      say(here)
    }
    for (const [call, { question }] of questions) box.add({ is: 'asked', call, question })
  }

  function enter(guest: ShowGuest): GuestHere {
    const id = ++count
    const here: GuestHere = { id, guest, follow: null, sit: null, queue: [], told: factsOf(id, guest) }
    guests.set(guest, here)
    pages.set(id, here)
    return here
  }

  /** Says to the host what this page has said first. */
  function say(here: GuestHere): void {
    const [first] = here.queue
    if (!first) return
    first.isSaid = host !== null
    here.told = factsOf(here.id, here.guest)
    box.add({ is: 'said', call: first.call, page: here.told, said: first.said })
  }

  function take(item: FromHost): void {
    if (item.is === 'answer') {
      const question = questions.get(item.call)
      questions.delete(item.call)
      if (question) return question.answer.resolve(item.answer)
      for (const here of pages.values()) if (here.queue[0]?.call === item.call) return answered(here, item.error)
      return
    }
    for (const page of item.to) {
      const here = pages.get(page)
      if (!here) continue
      if (item.is === 'unseat') here.sit = null
      else if (item.is === 'cost') here.guest.charge(item.cost)
      else if (here.guest.isOpen) here.guest.send(item.text)
      if (item.is === 'text') tellFacts(here)
    }
  }

  function answered(here: GuestHere, error?: ErrorMessage): void {
    const [saying] = here.queue
    if (!saying) return
    const { said, done } = saying
    if (error) refuse(here, saying, error)
    else {
      here.queue.shift()
      if (said.say === 'follow') here.follow = said
      if (said.say === 'sit') here.sit = said
      done.resolve()
    }
    say(here)
  }

  /** Takes a saying from the queue. The page gets the error, unless this process has repeated the saying. */
  function refuse(here: GuestHere, saying: Saying, error: ErrorMessage): void {
    here.queue = here.queue.filter((one) => one !== saying)
    if (!saying.isRepeated && here.guest.isOpen) here.guest.send(JSON.stringify(error))
    saying.done.resolve()
  }

  function sayingOf(said: ShowSaying, isRepeated: boolean, done = Promise.withResolvers<void>()): Saying {
    return { said, call: ++count, sinceMs: performance.now(), isRepeated, isSaid: false, done }
  }

  function tellFacts(here: GuestHere): void {
    const { isInstructor, isBehind } = here.told
    const now = factsOf(here.id, here.guest)
    if (now.isInstructor === isInstructor && now.isBehind === isBehind) return
    here.told = now
    box.add({ is: 'facts', page: now })
  }

  function beat(): void {
    const nowMs = performance.now()
    box.add({ is: 'pages', pages: [...pages.keys()] })
    for (const here of pages.values()) {
      tellFacts(here)
      const [first] = here.queue
      if (first && nowMs - first.sinceMs > SAYING_MS) answered(here, errorMessage(noHost()))
    }
    for (const [call, { sinceMs, answer }] of questions) {
      if (nowMs - sinceMs <= ANSWER_MS) continue
      questions.delete(call)
      answer.reject(noHost())
    }
  }
}

const factsOf = (id: number, { room, pageName, isInstructor, waitingBytes }: ShowGuest): GuestFacts => ({
  id,
  room,
  pageName,
  isInstructor,
  isBehind: waitingBytes > WAITING_BYTES,
})

const notAgain = (): ErrorMessage =>
  errorMessage(
    new FeedError(
      'log-unavailable',
      'Another process runs the show now. The class may have ended before.',
      'Begin the next class again if the name of the class is still the same.',
    ),
  )

const noHost = (): FeedError =>
  new FeedError('log-unavailable', 'No process runs the show at present.', 'Check Redis, and try again.')
