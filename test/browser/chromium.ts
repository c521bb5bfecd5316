import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright'
import type { Browser } from 'playwright'

export interface Found {
  readonly executablePath: string
  /** Origin of this Chromium, in words. */
  readonly how: string
}

/**
 * Finds a Chromium that runs: the one of FOURWIRE_CHROMIUM, Playwright's own, or the system's. Otherwise it installs
 * one, by Playwright or (as root, with apt) from the distribution. It logs its steps to stderr, and throws an error
 * with a remedy if every way fails.
 */
export async function findChromium(): Promise<Found> {
  const named = process.env['FOURWIRE_CHROMIUM']
  if (named) return fromEnvironment(named)
  for (const look of [ofPlaywright, ofSystem, installedByPlaywright, installedByApt]) {
    const found = await look()
    if (found === undefined) continue
    say(`using ${found.executablePath} (${found.how})`)
    return found
  }
  throw new Error(`No Chromium found, and none could be installed (see above). ${REMEDY}`)
}

/**
 * Finds a Chromium once, before the tests that share it start. Two installations at a time would disturb each other,
 * and would take longer than a test may. For Vitest's `globalSetup`.
 */
export async function setup(): Promise<void> {
  process.env['FOURWIRE_CHROMIUM'] = (await findChromium()).executablePath
}

export interface LaunchOptions {
  /**
   * Throttles the timers of hidden pages and keeps left pages in the page cache, as for a person. Default: neither,
   * as Playwright sets it.
   */
  readonly realistic?: boolean
  /** Further flags, such as `--host-resolver-rules=MAP lan.test 127.0.0.1`. */
  readonly args?: readonly string[]
}

/**
 * Launches a headless browser that makes no request by itself. The caller closes it, which takes at most a few
 * seconds.
 */
export async function launch(options: LaunchOptions = {}): Promise<Browser> {
  return endingInTime(await start(options))
}

async function start({ realistic = false, args = [] }: LaunchOptions): Promise<Browser> {
  const { executablePath } = await findChromium()
  const options = { executablePath, args: [...QUIET, ...args], ignoreDefaultArgs: realistic ? [...UNREALISTIC] : [] }
  // Chromium refuses to run as root inside its sandbox. All other users get the sandbox, if the system has one.
  if (process.getuid?.() === 0) return chromium.launch({ ...options, chromiumSandbox: false })
  return chromium.launch({ ...options, chromiumSandbox: true }).catch((error: Error) => {
    if (!error.message.includes('No usable sandbox')) throw error
    say('this system gives Chromium no sandbox; going on without, for the pages are our own')
    return chromium.launch({ ...options, chromiumSandbox: false })
  })
}

/** Time after which a browser that does not close is killed, with all its processes. */
const CLOSE_MS = 5000

/** Adds a time limit to the browser's `close`, because Playwright waits without one, and some browsers do not end. */
async function endingInTime(browser: Browser): Promise<Browser> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const pid = processInfo.find(({ type }) => type === 'browser')?.id
  const close = browser.close.bind(browser)
  browser.close = async (options) => {
    const timer = setTimeout(() => {
      say(`one did not end within ${CLOSE_MS} ms, and is killed`)
      if (pid !== undefined) killAll(pid)
    }, CLOSE_MS)
    try {
      await close(options)
    } finally {
      clearTimeout(timer)
    }
  }
  return browser
}

/** Kills a browser with its child processes. Except on Windows, Playwright starts it in a process group. */
function killAll(pid: number): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // The browser has just ended by itself.
  }
}

/**
 * Flags against requests to the network. Playwright sets most of them, but the tests must not depend on its defaults.
 */
const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
]

/** Playwright's defaults that hide how a background tab affects a transport. */
const UNREALISTIC = [
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--disable-back-forward-cache',
]

const REMEDY =
  'Install Chromium or Chrome, or set FOURWIRE_CHROMIUM to the path of one: FOURWIRE_CHROMIUM=/usr/bin/chromium npm test'

async function fromEnvironment(executablePath: string): Promise<Found> {
  if (await runs(executablePath)) return { executablePath, how: 'FOURWIRE_CHROMIUM' }
  throw new Error(
    `FOURWIRE_CHROMIUM is "${executablePath}", which does not run. Correct it, or unset it to have one found.`,
  )
}

async function ofPlaywright(): Promise<Found | undefined> {
  return firstThatRuns([chromium.executablePath()], "Playwright's own")
}

async function ofSystem(): Promise<Found | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const inPath = folders.flatMap((folder) => COMMANDS.map((command) => join(folder, command)))
  return firstThatRuns([...inPath, ...usualPlaces()], "the system's")
}

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'msedge']

function usualPlaces(): string[] {
  if (process.platform === 'darwin') {
    return ['Chromium', 'Google Chrome', 'Microsoft Edge'].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    )
  }
  if (process.platform !== 'win32') return []
  const folders = ['ProgramFiles', 'ProgramFiles(x86)', 'LocalAppData'].map((name) => process.env[name] ?? '')
  return folders
    .filter((folder) => folder !== '')
    .flatMap((folder) => WINDOWS_PROGRAMS.map((program) => join(folder, program)))
}

const WINDOWS_PROGRAMS = [
  'Google/Chrome/Application/chrome.exe',
  'Chromium/Application/chrome.exe',
  'Microsoft/Edge/Application/msedge.exe',
]

async function installedByPlaywright(): Promise<Found | undefined> {
  say('none here; running: npx playwright install chromium')
  const cli = join(import.meta.dirname, '../../node_modules/playwright/cli.js')
  await succeeds(process.execPath, [cli, 'install', 'chromium'])
  return firstThatRuns([chromium.executablePath()], "Playwright's own, just downloaded")
}

async function installedByApt(): Promise<Found | undefined> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined
  say('that gave none that runs; as root: apt-get update && apt-get install -y chromium')
  const installed =
    (await succeeds('apt-get', ['update'])) && (await succeeds('apt-get', ['install', '-y', 'chromium']))
  return installed ? firstThatRuns(['/usr/bin/chromium'], "the distribution's, just installed") : undefined
}

async function firstThatRuns(paths: readonly string[], how: string): Promise<Found | undefined> {
  for (const executablePath of paths) {
    if (await runs(executablePath)) return { executablePath, how }
  }
  return undefined
}

/**
 * Checks that a program runs. A file alone is no proof: Ubuntu's chromium-browser may only start a snap, and a
 * downloaded browser may lack libraries.
 */
async function runs(path: string): Promise<boolean> {
  if (!existsSync(path)) return false
  // On Windows, asking for the version opens a window.
  return process.platform === 'win32' || succeeds(path, ['--version'], 'ignore')
}

/** Runs a command and sends its output to stderr or nowhere. Resolves to true if it succeeded. */
function succeeds(
  command: string,
  args: readonly string[],
  output: 'inherit' | 'ignore' = 'inherit',
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const stderr = output === 'inherit' ? process.stderr : output
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const child = spawn(command, args, { stdio: ['ignore', stderr, stderr], env })
  child.once('error', () => resolve(false))
  child.once('exit', (code) => resolve(code === 0))
  return promise
}

function say(what: string): void {
  process.stderr.write(`Chromium for the tests: ${what}\n`)
}
