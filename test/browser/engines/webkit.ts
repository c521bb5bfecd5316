/**
 * Runs WebKitGTK's small browser over WebDriver (W3C, the classic protocol), with JSON requests one after the other.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { freePort } from '../../../lessons/kit/port.ts'
import { until } from '../../until.ts'
import type { Engine, EnginePage } from './engine.ts'
import { findProgram } from './engine.ts'

const driver = findProgram('FOURWIRE_WEBKIT_DRIVER', ['WebKitWebDriver'])
const screen = process.env['DISPLAY'] === undefined ? findProgram('FOURWIRE_XVFB', ['Xvfb']) : null
const hasScreen = screen !== null || process.env['DISPLAY'] !== undefined

export const webkit: Engine = {
  name: 'WebKit',
  missing:
    driver === null
      ? 'there is no WebKit: install webkit2gtk-driver, or set FOURWIRE_WEBKIT_DRIVER to the path of WebKitWebDriver'
      : !hasScreen
        ? 'there is no display for WebKit: install xvfb'
        : null,
  open,
}

const ENTER = '\uE007'

/** Key of an element's reference (WebDriver, section 12.1). */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'

async function open(): Promise<EnginePage> {
  if (driver === null) throw new Error(webkit.missing ?? '')
  const home = await mkdtemp(join(tmpdir(), 'fourwire-webkit-'))
  const display = screen === null ? null : await startScreen(screen)
  const port = await freePort()
  const child = spawn(driver, [`--port=${port}`], {
    stdio: 'ignore',
    // The browser leaves no file in the user's home, and asks no service of the desktop.
    env: {
      ...process.env,
      ...(display && { DISPLAY: display.name }),
      // With this value, the browser reports a language that Intl does not know.
      LANG: 'C',
      LC_ALL: 'C',
      HOME: home,
      XDG_RUNTIME_DIR: home,
      GIO_USE_VFS: 'local',
      NO_AT_BRIDGE: '1',
      DBUS_SESSION_BUS_ADDRESS: 'disabled:',
    },
  })
  const origin = `http://127.0.0.1:${port}`
  const stop = async () => {
    await end(child)
    if (display) await end(display.child)
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  try {
    await until('the driver of the browser responds', () => fetch(`${origin}/status`).catch(() => false))
    const { sessionId } = await command<{ sessionId: string }>(`${origin}/session`, {
      // The driver starts its own MiniBrowser.
      capabilities: {},
    })
    const session = `${origin}/session/${sessionId}`
    await command(`${session}/window/rect`, { x: 0, y: 0, width: 1280, height: 720 })
    return pageOf(session, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

function pageOf(session: string, stop: () => Promise<void>): EnginePage {
  const find = async (selector: string): Promise<string> => {
    const found = await command<Record<string, string>>(`${session}/element`, {
      using: 'css selector',
      value: selector,
    })
    return `${session}/element/${found[ELEMENT]}`
  }
  return {
    // The protocol does not report errors of the page.
    trouble: [],
    async goto(url) {
      await command(`${session}/url`, { url })
    },
    evaluate: (act, ...args) =>
      command(`${session}/execute/sync`, { script: `return (${String(act)})(...arguments)`, args }),
    async click(selector) {
      await command(`${await find(selector)}/click`, {})
    },
    async enter(selector, text) {
      await command(`${await find(selector)}/value`, { text: text + ENTER })
    },
    async [Symbol.asyncDispose]() {
      await fetch(session, { method: 'DELETE' }).catch(() => {})
      await stop()
    },
  }
}

async function command<T>(url: string, body: object): Promise<T> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  const { value } = (await answer.json()) as { value: T & { error?: string; message?: string } }
  if (!answer.ok) throw new Error(`WebKit: ${value.error}: ${value.message} (${url})`)
  return value
}

/** Starts an invisible X server, which chooses a free display number. */
async function startScreen(path: string): Promise<{ child: ChildProcess; name: string }> {
  const child = spawn(path, ['-displayfd', '3', '-screen', '0', '1280x720x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const [number] = await once(child.stdio[3] as Readable, 'data')
  return { child, name: `:${String(number).trim()}` }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}
