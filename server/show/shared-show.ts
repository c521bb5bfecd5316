/**
 * The show of several processes that share a Redis. One of them, the host, runs the show. All others pass on what their
 * pages say, and what the host sends to these pages. The host treats the pages of its own process in the same way.
 */
import type { Limiter } from '../access/limits.ts'
import type { Acts } from '../lab/routes.ts'
import type { Peers } from '../peers/peers.ts'
import type { SoleWork } from '../peers/sole-work.ts'
import type { ShowSession, ShowState } from '../protocol/show.ts'
import { createEntrance } from './entrance.ts'
import { createGuestsHere } from './guests-here.ts'
import { createGuestsOfHost } from './guests-of-host.ts'
import type { GuestsOfHost } from './guests-of-host.ts'
import { createHosting } from './hosting.ts'
import type { FromHost, Parcel, ToHost } from './parcels.ts'
import { createShow } from './show.ts'
import type { ServedShow, Show, ShowParts } from './show.ts'

interface SharedShowParts extends ShowParts {
  readonly limiter: Limiter
  readonly peers: Peers
  readonly work: SoleWork
}

export function createSharedShow(parts: SharedShowParts): ServedShow {
  const { peers, log } = parts
  let hosted: { readonly number: number; readonly show: Show; readonly guests: GuestsOfHost } | null = null
  const here = createGuestsHere((parcel, to) => post('show to host', parcel, to))
  const hosting = createHosting({
    work: parts.work,
    file: parts.file,
    begin(number, file) {
      const show = createShow({ ...parts, acts: onlyIf(hosting.isHost, parts.acts), file })
      const guests = createGuestsOfHost({
        host: number,
        show,
        isHost: hosting.isHost,
        post: (parcel, to) => post('show from host', parcel, to),
        askAgain: (session, to) => post('show again', session, to),
        log,
      })
      hosted = { number, show, guests }
      here.follow({ id: peers.own, number })
    },
    end() {
      hosted?.show.stop(false).catch(log)
      hosted = null
    },
    held: (number) => peers.tell('show host', number),
    save: () => void hosted?.show.save().catch(() => {}),
    log,
  })

  const heard = {
    'show to host': (parcel: unknown, from: string) => hosted?.guests.receive(parcel as Parcel<ToHost>, from),
    'show from host': (parcel: unknown, from: string) => here.receive(parcel as Parcel<FromHost>, from),
    'show again': (session: unknown) => here.again(Number(session)),
    'show host': (number: unknown, id: string) => {
      if (hosting.heard(Number(number))) here.follow({ id, number: Number(number) })
    },
    'show over': () => hosting.ended(),
  }
  for (const [topic, listener] of Object.entries(heard)) peers.on(topic, listener)
  peers.onCome((id) => {
    if (hosted && hosting.isHost()) peers.tell('show host', hosted.number, id)
  })
  peers.onGone((id) => hosted?.guests.gone(id))

  return {
    heard: createEntrance(parts, here),
    restarted: () => hosted?.show.restarted(),
    state: async () => (await here.ask('state')) as ShowState,
    session: async () => (await here.ask('session')) as ShowSession,
    async kept(room) {
      const sessions = await parts.work.kept()
      return sessions.find((text) => (JSON.parse(text) as ShowSession).room === room) ?? null
    },
    async stop() {
      const ended = hosted
      // What pages say from now on waits for the next host.
      hosted = null
      await ended?.show.stop()
      await hosting.stop()
      here.stop()
      if (ended) peers.tell('show over', null)
    },
  }

  /** Posts a message to a process. A message to this process does not go through Redis. */
  function post(topic: keyof typeof heard, message: unknown, to: string): void {
    if (to === peers.own) heard[topic](message, to)
    else peers.tell(topic, message, to)
  }
}

/** Returns acts that have an effect only while `isHost` returns true. */
const onlyIf = (isHost: () => boolean, { settings, change, cut, restart }: Acts): Acts => ({
  settings,
  change: (room, wanted) => (isHost() ? change(room, wanted) : settings(room)),
  cut(how) {
    if (isHost()) cut(how)
  },
  restart() {
    if (isHost()) restart()
  },
})
