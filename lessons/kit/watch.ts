/** Notices that something in a folder was saved, also where the system tells nobody (WSL, Docker, NFS). */
import { readdirSync, statSync, watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { join } from 'node:path'

/** `polling` from the first change on that was found by looking, of which no event had told. */
export type Noticing = 'events' | 'polling'

export interface Watcher {
  readonly by: Noticing
  stop(): void
}

/** How often to look where events do not arrive: soon enough for whoever has just pressed save. */
const LOOK_MS = 500

/** Editors write a file in several steps, and some by way of another name. */
const SETTLE_MS = 60

export function watchFolder(folder: string, changed: () => void, lookMs = LOOK_MS): Watcher {
  let seen = signatureOf(folder)
  let by: Noticing = 'events'
  /** Runs from an event until the file has settled. */
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

function eventsOf(folder: string, told: () => void): FSWatcher | null {
  try {
    return watch(folder, { recursive: true }, told).on('error', () => {})
  } catch {
    return null
  }
}

/** Changes with every file that is added, taken away or written. A folder that is gone has one too. */
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
