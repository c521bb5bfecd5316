/** Notices saved files in a folder, even on systems that report no events (WSL, Docker, NFS). */
import { readdirSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { join } from 'node:path'

/** How changes are noticed. Becomes `polling` when a change is found for which no event came. */
export type Noticing = 'events' | 'polling'

export interface Watcher {
  readonly by: Noticing
  stop(): void
}

/** Interval of looking for changes if no events arrive. */
const LOOK_MS = 500

/** Delay after an event, because editors write a file in several steps, and some through another name. */
const SETTLE_MS = 60

export function watchFolder(folder: string, changed: () => void, lookMs = LOOK_MS): Watcher {
  let seen = signatureOf(folder)
  let by: Noticing = 'events'
  /** Timer that runs from an event until the file has settled. */
  let settling: NodeJS.Timeout | null = null

  const look = (how: Noticing) => {
    const now = signatureOf(folder)
    if (now === seen) return
    seen = now
    by = how
    changed()
  }
  const events = eventsOf(folder, () => {
    if (settling) clearTimeout(settling)
    settling = setTimeout(() => {
      settling = null
      look('events')
    }, SETTLE_MS)
  })
  if (events === null) by = 'polling'
  const looking = setInterval(() => {
    if (!settling) look('polling')
  }, lookMs)

  return {
    get by() {
      return by
    },
    stop() {
      clearInterval(looking)
      if (settling) clearTimeout(settling)
      events?.close()
    },
  }
}

function eventsOf(folder: string, onEvent: () => void): FSWatcher | null {
  try {
    return watch(folder, { recursive: true }, onEvent).on('error', () => {})
  } catch {
    return null
  }
}

/** Returns a text that changes whenever a file is added, removed or written. A missing folder has one too. */
export function signatureOf(folder: string): string {
  try {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    return files
      .toSorted()
      .map((file) => `${file} ${lastChangeOf(join(folder, file))}`)
      .join('\n')
  } catch {
    return 'gone'
  }
}

function lastChangeOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined || found.isDirectory() ? '' : `${found.mtimeMs} ${found.size} ${found.ino}`
}
