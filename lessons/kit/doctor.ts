/** Finds problems of the machine that make lessons fail. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { LOCALHOST, listenersOn } from '../../server/start/other-listeners.ts'
import { REPOSITORY, WORK, lessons } from './course.ts'
import type { Diagnosis } from './diagnosis.ts'
import { browserModulesIn, packagesIn } from './packages.ts'
import { PROGRESS } from './progress.ts'

const SANDBOX_PORT = 3000

export async function examine(): Promise<readonly Diagnosis[]> {
  const work = workFolder(WORK)
  return [
    node(),
    packagesIn(REPOSITORY),
    browserModulesIn(REPOSITORY),
    await port(SANDBOX_PORT, 'sandbox'),
    ...(await lanes()),
    work,
    progressFile(PROGRESS),
    temporaryFolder(),
    await fileEvents(WORK, work.isWell),
    browser(),
  ]
}

function node(): Diagnosis {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isWell = major > 24 || (major === 24 && minor >= 12)
  const said = isWell
    ? process.version
    : `${process.version} is too old. Use npm run lesson, which downloads a newer one.`
  return { what: 'Node', isWell, said }
}

async function lanes(): Promise<readonly Diagnosis[]> {
  return Promise.all(lessons().map(({ number, name }) => port(4100 + number, name)))
}

/** Examines a port at both addresses of `localhost`, because a browser may try either one first. */
export async function port(number: number, what: string): Promise<Diagnosis> {
  const trouble = await portTrouble(number)
  const said = trouble === null ? `free, for ${what}` : `${trouble}. The lesson uses another port and shows it.`
  return { what: `port ${number}`, isWell: trouble === null, said }
}

async function portTrouble(number: number): Promise<string | null> {
  // Looks for listeners first, because the binding below would be found too.
  const listening = await listenersOn(number, LOCALHOST)
  const trouble = await bindingTrouble(number)
  if (listening.length > 0 || trouble === 'EADDRINUSE') {
    const where = listening.map((address) => (address.includes(':') ? `[${address}]` : address)).join(' and ')
    return `in use by another program${where === '' ? '' : ` on ${where}`}, which http://localhost:${number} may lead to`
  }
  // Windows reserves ranges of ports for virtual machines.
  if (trouble === 'EACCES') return 'reserved by the system'
  return trouble === null ? null : `not usable (${trouble})`
}

async function bindingTrouble(number: number): Promise<string | null> {
  const server = createServer()
  try {
    server.listen(number, '127.0.0.1')
    await once(server, 'listening')
    return null
  } catch (error) {
    return codeOf(error)
  } finally {
    server.close()
  }
}

/** Examines whether files in the folder can be created and changed. */
export function workFolder(folder: string): Diagnosis {
  const what = 'work folder'
  try {
    mkdirSync(folder, { recursive: true })
    rmSync(mkdtempSync(join(folder, '.doctor-')), { recursive: true })
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
      accessSync(join(folder, file), constants.W_OK)
    return { what, isWell: true, said: folder }
  } catch (error) {
    return { what, isWell: false, said: unwritable(error, folder) }
  }
}

export function progressFile(file: string): Diagnosis {
  const what = 'progress'
  try {
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK)
    return { what, isWell: true, said: file }
  } catch (error) {
    return { what, isWell: false, said: unwritable(error, file) }
  }
}

function temporaryFolder(): Diagnosis {
  const what = 'temporary'
  try {
    rmSync(mkdtempSync(join(tmpdir(), 'fourwire-doctor-')), { recursive: true })
    return { what, isWell: true, said: tmpdir() }
  } catch (error) {
    return { what, isWell: false, said: unwritable(error, tmpdir()) }
  }
}

function unwritable(error: unknown, path: string): string {
  const place = error instanceof Error && 'path' in error ? String(error.path) : path
  const why = WRITE_TROUBLES[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))
  return `${place} cannot be written: ${why}.`
}

const WRITE_TROUBLES: Partial<Record<string, string>> = {
  EACCES: 'it belongs to another user. Change its permissions, and run npm without sudo',
  EPERM: 'it is protected, or open in another program',
  EROFS: 'the file system is read-only. Copy the repository to another folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is a file. Rename that file',
  EEXIST: 'a file has that name. Rename it',
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

const EVENT_MS = 2000

/** Examines whether the system reports saved files. `isWritable`: whether the folder can be written, which this needs. */
async function fileEvents(folder: string, isWritable: boolean): Promise<Diagnosis> {
  const what = 'file events'
  if (!isWritable) return { what, isWell: false, said: 'not tried, because the work folder cannot be written.' }
  const file = join(folder, '.doctor')
  const signal = AbortSignal.timeout(EVENT_MS)
  try {
    const watcher = watch(folder, { signal })
    const changed = once(watcher, 'change', { signal })
    writeFileSync(file, 'changed')
    await changed
    watcher.close()
    return { what, isWell: true, said: 'arrive' }
  } catch {
    return {
      what,
      isWell: false,
      said: 'do not arrive (as in WSL, Docker and network folders). The kit looks for changes twice a second instead.',
    }
  } finally {
    rmSync(file, { force: true })
  }
}

const BROWSERS = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'firefox', 'microsoft-edge']

function browser(): Diagnosis {
  if (process.platform === 'darwin' || process.platform === 'win32')
    return { what: 'browser', isWell: true, said: 'the browser of the system' }
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((path) => BROWSERS.map((name) => join(path, name)))
    .find((path) => existsSync(path))
  const said =
    found ??
    'none found on this machine. Open the address on another machine (npm start -- --lan), or use curl as the lessons show.'
  return { what: 'browser', isWell: found !== undefined, said }
}
