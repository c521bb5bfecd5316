/** The pages of all processes, as the host of the show knows them. */
import { FeedError, errorMessage } from '../http/errors.ts'
import type { ShowGuest } from './guest.ts'
import { createParcelBox } from './parcels.ts'
import type { FromHost, GuestFacts, HostQuestion, ParcelBox, Parcel, ToHost } from './parcels.ts'
import type { Show } from './show.ts'

export interface GuestsOfHost {
  receive(parcel: Parcel<ToHost>, from: string): void
  /** Notes that a process no longer runs, and so its pages have lost their connections. */
  gone(process: string): void
}

interface HostParts {
  /** Number of this host. */
  readonly host: number
  readonly show: Show
  /** Returns false if another process may be the host now. Then nothing is done and posted any more. */
  isHost(): boolean
  post(parcel: Parcel<FromHost>, to: string): void
  /** Asks a process to begin a new session, because a parcel of this session is lost. */
  askAgain(session: number, from: string): void
  log(error: unknown): void
}

interface GuestProcess {
  session: number
  /** Number of the last parcel that has arrived in this session. */
  received: number
  box: ParcelBox<FromHost>
  readonly guests: Map<number, RemoteGuest>
}

interface RemoteGuest extends ShowGuest {
  update(facts: GuestFacts): void
  close(): void
}

export function createGuestsOfHost({ host, show, isHost, post, askAgain, log }: HostParts): GuestsOfHost {
  const processes = new Map<string, GuestProcess>()

  return {
    receive(parcel, from) {
      if (parcel.host !== host || !isHost()) return
      const process = sessionOf(parcel, from)
      if (process === null) return
      process.received = parcel.n
      for (const item of parcel.items) take(process, item)
    },
    gone(id) {
      const process = processes.get(id)
      processes.delete(id)
      for (const page of process?.guests.keys() ?? []) leave(process, page)
    },
  }

  /** Returns the process in the session of this parcel. Returns null if the parcel is not the next one. */
  function sessionOf({ session, n }: Parcel<ToHost>, from: string): GuestProcess | null {
    const known = processes.get(from)
    if (known && session < known.session) return null
    if (session === known?.session && n === known.received + 1) return known
    if (session === known?.session || n > 1) {
      askAgain(session, from)
      return null
    }
    const box = createParcelBox<FromHost>((n, items) => {
      if (isHost() && processes.get(from)?.session === session) post({ host, session, n, items }, from)
    })
    const process = known ?? { session, received: 0, box, guests: new Map() }
    processes.set(from, Object.assign(process, { session, received: 0, box }))
    return process
  }

  function take(process: GuestProcess, item: ToHost): void {
    const { guests, box } = process
    if (item.is === 'pages') {
      const pages = new Set(item.pages)
      for (const page of guests.keys()) if (!pages.has(page)) leave(process, page)
      // The parcel tells the process that this host has got everything until now.
      box.add()
    } else if (item.is === 'facts') guests.get(item.page.id)?.update(item.page)
    else if (item.is === 'left') leave(process, item.page)
    else if (item.is === 'asked') box.add({ is: 'answer', call: item.call, answer: answerTo(item.question) })
    else {
      const guest = guests.get(item.page.id) ?? createGuest(process, item.page)
      guests.set(item.page.id, guest)
      guest.update(item.page)
      const answer = (error?: unknown): void => {
        const isExpected = error === undefined || error instanceof FeedError
        if (!isExpected) log(error)
        box.add({ is: 'answer', call: item.call, ...(error instanceof FeedError && { error: errorMessage(error) }) })
      }
      show.heard(guest, item.said).then(() => answer(), answer)
    }
  }

  function answerTo(question: HostQuestion): unknown {
    return question === 'state' ? show.state(false) : show.session()
  }

  function leave(process: GuestProcess | undefined, page: number): void {
    const guest = process?.guests.get(page)
    if (!guest) return
    process?.guests.delete(page)
    guest.close()
    show.left(guest)
  }

  function createGuest(process: GuestProcess, { id, room, pageName, isInstructor }: GuestFacts): RemoteGuest {
    let facts = { isInstructor, isBehind: false }
    let isOpen = true
    return {
      room,
      pageName,
      get isOpen() {
        return isOpen
      },
      get isInstructor() {
        return facts.isInstructor
      },
      get waitingBytes() {
        return facts.isBehind ? Infinity : 0
      },
      send(text) {
        const { last } = process.box
        // Many pages get the same text.
        if (last?.is === 'text' && last.text === text) last.to.push(id)
        else process.box.add({ is: 'text', to: [id], text })
      },
      charge: (cost) => process.box.add({ is: 'cost', to: [id], cost }),
      unseat: () => process.box.add({ is: 'unseat', to: [id] }),
      update(now) {
        const isAdmitted = now.isInstructor !== facts.isInstructor
        facts = now
        if (isAdmitted) show.admitted()
      },
      close: () => void (isOpen = false),
    }
  }
}
