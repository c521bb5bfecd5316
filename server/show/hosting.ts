/**
 * Chooses the process that runs the show, its host. The host takes the work in Redis again and again. If it does not
 * come to this, because it was killed or paused or cannot reach Redis, another process takes over. Before that, the
 * host's time is over by its own clock, so there are never two hosts. The last change of a host that is late is refused.
 */
import { LogUnavailable } from '../feed/log.ts'
import { FeedError } from '../http/errors.ts'
import type { SoleWork, TakenWork } from '../peers/sole-work.ts'
import { readShow, textOfShow } from './show-file.ts'
import type { ShowFile } from './show-file.ts'

export interface Hosting {
  /** True while no other process can be the host. */
  isHost(): boolean
  /** Notes that another process is the host. Returns false if a later one is known. */
  heard(number: number): boolean
  /** Notes that the host has ended, so that this process need not wait. */
  ended(): void
  stop(): Promise<void>
}

export interface HostingParts {
  readonly work: SoleWork
  /** File for the classes that have ended, in addition to the ones in Redis. */
  readonly file: ShowFile | null
  /** This process is the host from now on. `number`: its number as the host. `file`: where the show is saved. */
  begin(number: number, file: ShowFile): void
  /** This process is no longer the host. */
  end(): void
  /** This process is still the host. Called more often than once a second. */
  held(number: number): void
  /** Saves the show again, because Redis has lost it. */
  save(): void
  log(error: unknown): void
}

/** Time after which another process can take over. */
const LEASE_MS = 3000

/** Time between two looks whether this process is the host. */
const LOOK_MS = 500

/** A process that has not heard of a host for this time asks whether it can take over. */
const SILENT_MS = 2500

/** If Redis has lost the show, a host that still has it can come back in this time. */
const LOST_MS = 2000

export function createHosting(parts: HostingParts): Hosting {
  const { work, begin, end, held, save, log } = parts
  let number: number | null = null
  let untilMs = 0
  let heardMs = -Infinity
  let highest = 0
  let lostSinceMs: number | null = null
  /** What this process as the host has saved last. If Redis loses it, this process has it still. */
  let saved: { readonly number: number; readonly text: string | null } | null = null
  let ending: ReturnType<typeof setTimeout> | undefined
  let isLooking = false
  let isStopped = false
  const timer = setInterval(() => void look(), LOOK_MS).unref()
  void look()

  return {
    isHost,
    heard(other) {
      if (other < highest) return false
      highest = other
      heardMs = performance.now()
      work.note(other)
      if (number !== null && other > number) lose()
      return true
    },
    ended() {
      heardMs = -Infinity
      void look()
    },
    async stop() {
      isStopped = true
      clearInterval(timer)
      clearTimeout(ending)
      if (number === null) return
      number = null
      await work.release()
    },
  }

  function isHost(): boolean {
    return number !== null && performance.now() < untilMs
  }

  async function look(): Promise<void> {
    if (isLooking || isStopped) return
    const nowMs = performance.now()
    if (number === null && nowMs - heardMs < SILENT_MS) return
    isLooking = true
    const isOver = lostSinceMs !== null && nowMs - lostSinceMs > LOST_MS
    try {
      const found = await work.take(LEASE_MS, isOver || saved?.number === highest)
      if (isStopped) await work.release()
      else settle(found, nowMs + LEASE_MS)
    } catch (error) {
      if (!(error instanceof LogUnavailable)) log(error)
    } finally {
      isLooking = false
    }
  }

  /** `endMs`: time at which this process is no longer the host, unless it takes the work again. */
  function settle(found: TakenWork, endMs: number): void {
    if (found.is !== 'lost') lostSinceMs = null
    if (found.is === 'lost') lostSinceMs ??= performance.now()
    else if (found.is === 'other') {
      if (number !== null) lose()
    } else if (found.is === 'held') {
      if (number === null) return
      last(endMs)
      held(number)
      if (found.isLost) save()
    } else {
      if (number !== null) lose()
      take(found, endMs)
    }
  }

  function take(found: Extract<TakenWork, { is: 'taken' }>, endMs: number): void {
    const text = found.isLost && saved?.number === highest ? saved.text : found.text
    number = highest = found.number
    saved = { number, text }
    last(endMs)
    try {
      begin(number, fileOf(number, text))
      held(number)
      if (found.isLost && text !== null) save()
    } catch (error) {
      log(error)
      lose()
      heardMs = performance.now()
      void work.release()
    }
  }

  /** Lets this process be the host until `endMs`. */
  function last(endMs: number): void {
    untilMs = endMs
    clearTimeout(ending)
    ending = setTimeout(lose, endMs - performance.now())
  }

  function lose(): void {
    clearTimeout(ending)
    number = null
    work.drop()
    end()
  }

  /** Returns the file of one host. A later host has another one. */
  function fileOf(own: number, text: string | null): ShowFile {
    const attempt = async (write: () => Promise<boolean>): Promise<void> => {
      if (number === own && isHost() && (await writeOrFail(write))) return
      if (number === own) lose()
      throw new FeedError('log-unavailable', 'Another process runs the show now.', 'Try again.')
    }
    return {
      read() {
        const show = text === null ? null : readShow(text)
        if (text === null || show) return show
        throw new Error(
          'Redis contains no valid show. Delete its key fourwire:{shared}:work:show. The show then begins again.',
        )
      },
      async write(show) {
        const now = textOfShow(show)
        await attempt(() => work.save(now))
        saved = { number: own, text: now }
      },
      async keep(room, session) {
        await attempt(() => work.keep(session))
        await parts.file?.keep(room, session)
        return room
      },
      kept: async () => null,
    }
  }

  async function writeOrFail(write: () => Promise<boolean>): Promise<boolean> {
    try {
      return await write()
    } catch (error) {
      log(error)
      return false
    }
  }
}
