/** Looks for what makes lessons fail for reasons that have nothing to do with them. */
import { existsSync, mkdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { REPOSITORY, WORK, lessons } from './course.ts'

export interface Finding {
  readonly what: string
  readonly isWell: boolean
  /** What was found; where it is not well, what to do. */
  readonly said: string
}

const SANDBOX_PORT = 3000

export async function examine(): Promise<readonly Finding[]> {
  return [
    node(),
    packagesIn(REPOSITORY),
    await port(SANDBOX_PORT, 'sandbox'),
    ...(await lanes()),
    folder(),
    await fileEvents(),
    browser(),
  ]
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isWell = major > 24 || (major === 24 && minor >= 12)
  const said = isWell
    ? process.version
    : `${process.version} is too old. Start with npm run lesson: that brings a newer one.`
  return { what: 'Node', isWell, said }
}

/** Are those that `package.json` names the ones that are there? After an update they may not be. */
export function packagesIn(root: string): Finding {
  const { dependencies, devDependencies } = packageIn(root) ?? {}
  const wanted = Object.entries({ ...dependencies, ...devDependencies })
  const wrong = wanted.flatMap(([name, version]) => {
    const found = packageIn(join(root, 'node_modules', name))
    if (found === null) return [`${name} is missing`]
    return found.version === version ? [] : [`${name} is ${found.version} and should be ${version}`]
  })
  const [first] = wrong
  const more = wrong.length > 1 ? `, and ${wrong.length - 1} more` : ''
  return { what: 'packages', isWell: first === undefined, said: first ? `${first}${more}. Run npm ci.` : 'installed' }
}

interface Package {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

function packageIn(folder: string): Package | null {
  const file = join(folder, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
}

async function lanes(): Promise<readonly Finding[]> {
  return Promise.all(lessons().map(({ number, name }) => port(4100 + number, name)))
}

async function port(number: number, what: string): Promise<Finding> {
  const server = createServer()
  try {
    server.listen(number, '127.0.0.1')
    await once(server, 'listening')
    return { what: `port ${number}`, isWell: true, said: `free, for ${what}` }
  } catch {
    return {
      what: `port ${number}`,
      isWell: false,
      said: `in use. The lesson takes another one and says which; or stop what is there.`,
    }
  } finally {
    server.close()
  }
}

function folder(): Finding {
  try {
    mkdirSync(WORK, { recursive: true })
    writeFileSync(join(WORK, '.doctor'), '')
    return { what: 'work folder', isWell: true, said: WORK }
  } catch (error) {
    return {
      what: 'work folder',
      isWell: false,
      said: `${WORK} cannot be written: ${String(error)}. Give yourself the right to.`,
    }
  } finally {
    rmSync(join(WORK, '.doctor'), { force: true })
  }
}

const EVENT_MS = 2000

async function fileEvents(): Promise<Finding> {
  const what = 'file events'
  const file = join(WORK, '.doctor')
  const over = AbortSignal.timeout(EVENT_MS)
  try {
    const watcher = watch(WORK, { signal: over })
    const told = once(watcher, 'change', { signal: over })
    writeFileSync(file, 'changed')
    await told
    watcher.close()
    return { what, isWell: true, said: 'arrive' }
  } catch {
    return {
      what,
      isWell: false,
      said: 'do not arrive here (WSL, Docker and network folders). Changes are looked for twice a second instead.',
    }
  } finally {
    rmSync(file, { force: true })
  }
}

const BROWSERS = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'firefox', 'microsoft-edge']

function browser(): Finding {
  if (process.platform === 'darwin' || process.platform === 'win32')
    return { what: 'browser', isWell: true, said: 'the system\u2019s own' }
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((path) => BROWSERS.map((name) => join(path, name)))
    .find((path) => existsSync(path))
  const said =
    found ??
    'none found on this machine. Open the address on another one (npm start -- --lan), or use curl as the lessons show.'
  return { what: 'browser', isWell: found !== undefined, said }
}
