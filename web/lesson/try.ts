/**
 * Adds buttons that send the requests in a lesson's text. Below each request, the page shows the bytes that crossed the
 * wire.
 */
import type { Inspected } from '../../server/protocol/wire.ts'
import { isOver } from '../inspect/exchange.ts'
import { plainParts } from '../inspect/plain.ts'
import { see } from '../inspect/see.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import { ofLane, troubleOf } from '../transports/ask.ts'
import { wordsOf } from './words.ts'

interface Asked {
  readonly method: string
  /** True if the request goes to the student's server, false if it goes to this page's server. */
  readonly isYours: boolean
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface TryPlace {
  session(): (SessionFacts & SessionActs) | undefined
  /** Address of the student's server; empty if no lesson runs. */
  readonly mine: string
}

/** Time after which the page stops showing a stream. A stream itself does not end. */
const SHOWN_MS = 5000
const SHOWN_CHARS = 8000

/**
 * Interval at which the page asks the server for the bytes. The server reports bytes a little after they crossed the
 * wire.
 */
const LOOK_MS = 200

const SETTINGS = '/lab/settings'
const PATIENCE_MS = 2000

/**
 * Adds a button to each request in the text. A command that sends several requests gets no button, because it is meant
 * for the terminal.
 */
export function offerTries(text: ParentNode, place: TryPlace): void {
  let tries = 0
  for (const block of text.querySelectorAll<HTMLElement>('.http, pre.sh')) {
    const written = block.textContent ?? ''
    const { request } = block.dataset
    const asked = request ? madeBy(request) : block.matches('.http') ? requestIn(written) : commandIn(written)
    if (asked && (!asked.isYours || (place.mine !== '' && isKept(asked))))
      block.after(tryOf(asked, place, () => `try${++tries}`))
  }
}

function tryOf(asked: Asked, place: TryPlace, newName: () => string): HTMLElement {
  const box = document.createElement('div')
  const button = document.createElement('button')
  const shown = document.createElement('pre')
  box.className = 'try'
  button.className = 'button'
  button.type = 'button'
  button.textContent = 'Try'
  shown.hidden = true
  shown.tabIndex = 0
  shown.setAttribute('role', 'region')
  shown.setAttribute('aria-label', 'Bytes that crossed the wire')
  shown.setAttribute('aria-live', 'polite')
  box.append(button, shown)
  const undo = asked.path.startsWith(SETTINGS) ? undoOf(asked) : null
  if (undo) box.insertBefore(undo.button, shown)
  button.addEventListener('click', async () => {
    button.disabled = true
    await undo?.remember()
    shown.hidden = false
    shown.textContent = '…'
    await exchange(asked, place, newName(), (text) => {
      if (shown.textContent !== text) shown.textContent = text
    })
    button.disabled = false
  })
  return box
}

interface Undo {
  /** Puts back what `remember` has found. It is hidden until then. */
  readonly button: HTMLButtonElement
  /** Reads the settings that the request is about to change. The first settings count until they are put back. */
  remember(): Promise<void>
}

function undoOf({ path, body = '{}' }: Asked): Undo {
  const button = document.createElement('button')
  let former: Fields | null = null
  button.className = 'button'
  button.type = 'button'
  button.hidden = true
  button.textContent = 'Undo'
  button.addEventListener('click', async () => {
    button.disabled = true
    const undone = await settingsAfter(path, former ?? {})
    button.disabled = false
    if (undone === null) return
    former = null
    button.hidden = true
  })
  const remember = async (): Promise<void> => {
    const now = former === null ? await settingsAfter(path, {}) : null
    if (now === null) return
    former = sameFields(JSON.parse(body), now)
    button.hidden = false
  }
  return { button, remember }
}

/** Changes the settings. Returns the settings after the change, and null if it failed. */
async function settingsAfter(path: string, change: Fields): Promise<Fields | null> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(path, { method: 'PUT', headers, body: JSON.stringify(change) }).catch(() => null)
  return response?.ok ? response.json() : null
}

/** Returns the fields of `of` that `like` has too, also inside their objects. */
function sameFields(like: Fields, of: Fields): Fields {
  return Object.fromEntries(
    Object.entries(like).map(([name, value]) => {
      const isFields = typeof value === 'object' && value !== null
      return [name, isFields ? sameFields(value as Fields, of[name] as Fields) : of[name]]
    }),
  )
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Sends the request under a separate lane name, because the sandbox keeps the bytes only of requests that belong to a
 * lane. Shows the bytes while they come.
 */
async function exchange(
  asked: Asked,
  { session: sessionNow, mine }: TryPlace,
  name: string,
  show: (text: string) => void,
) {
  const session = sessionNow()
  const lane = session?.laneName(name)
  const ending = new AbortController()
  const url = ofLane(`${asked.isYours ? mine : ''}${await dated(asked.path)}`, lane)
  const limit = setTimeout(() => ending.abort(), SHOWN_MS + 1000 * waitIn(url))
  let heard: string | null = null
  const asking = send(asked, url, ending.signal).then((text) => (heard = text))
  const over = asking.then(() => performance.now())
  for (let found: Inspected | null = null; ;) {
    const overAtMs = await Promise.race([over, pause()])
    const exchange = lane === undefined ? null : (session?.exchanges.latestIn(lane) ?? null)
    found = exchange === null ? null : ((await session?.inspect(exchange).catch(() => null)) ?? found)
    const text = found && session ? textOf(found, session) : null
    if (text !== null) show(text)
    if (text !== null && text.length > SHOWN_CHARS) ending.abort()
    const isLate = overAtMs !== undefined && performance.now() - overAtMs > PATIENCE_MS
    if (overAtMs === undefined || (!isLate && !(found && isOver(found)))) {
      if (overAtMs !== undefined) await pause()
      continue
    }
    // If there is no lab, or if the lab does not keep this request, the page shows only what it has sent and received
    // itself.
    if (text === null) show(`${heard ?? ''}\n(This is what the page sent and received. The exact bytes are not known.)`)
    break
  }
  clearTimeout(limit)
}

function textOf(found: Inspected, session: SessionFacts & SessionActs): string {
  const text = plainParts(see(found, (id) => session.isOwn(id)))
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}\n… (the rest is not shown)` : text
}

const pause = (): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), LOOK_MS))

/**
 * Sends the request. Returns the request and the response as far as the page may read them. A browser hides some
 * responses from the page.
 */
async function send({ method, headers, body }: Asked, url: string, signal: AbortSignal): Promise<string> {
  let text = `${method} ${url}\n\n`
  try {
    // `-d @lessons/hello.json` names a file. The server has this file at the same path.
    const sent = body?.startsWith('@') ? await (await fetch(`/${body.slice(1)}`, { signal })).text() : body
    const response = await fetch(url, {
      method,
      headers,
      cache: 'no-store',
      signal,
      ...(sent !== undefined && { body: sent }),
    })
    text += `${response.status} ${response.statusText}\n`
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) text += part.value
    return text
  } catch (error) {
    return signal.aborted ? text : text + troubleOf(error)
  }
}

/**
 * Replaces a cursor in the path by the room's current cursor, because the cursor in the lesson's text belongs to
 * another feed.
 */
async function dated(path: string): Promise<string> {
  return path.includes('⟨') ? path.replace(/⟨[^⟩]*⟩/, await cursorOf(path)) : path
}

/** Returns the time in seconds for which the server may hold this long poll. */
function waitIn(url: string): number {
  return Math.min(30, Number(new URL(url, location.origin).searchParams.get('wait') ?? 0))
}

/** Returns the room's current cursor. */
async function cursorOf(path: string): Promise<string> {
  const [, room = 'lobby'] = /^\/feed\/([^/]+)\//.exec(path) ?? []
  const answer = await fetch(`/feed/${room}/poll`)
  const { cursor }: { cursor: string } = await answer.json()
  return cursor
}

/**
 * Reads a request such as `GET /path HTTP/1.1` and its headers. Returns null for a WebSocket, which `fetch` cannot
 * open.
 */
function requestIn(text: string): Asked | null {
  const [first = '', ...lines] = (text.split('\n\n')[0] ?? '').split('\n')
  const [, path = ''] = /^GET (\/\S*) HTTP\/1\.1$/.exec(first.trim()) ?? []
  const isElsewhere = /⟨/.test(path.replace(/after=⟨[^⟩]*⟩/, ''))
  const heads = lines.flatMap((line) => /^([\w-]+): (.*)$/.exec(line)?.slice(1) ?? [])
  const isPlain = !/\/ws\b/.test(path) && !/upgrade|sec-|⟨/i.test(heads.join(' '))
  if (path === '' || isElsewhere || !isPlain) return null
  const isYours = heads.some((head) => /^localhost:41\d\d$/.test(head))
  return { method: 'GET', isYours, path, headers: pairs(heads.filter((_, i) => heads[i - (i % 2)] !== 'Host')) }
}

/** Reads a request such as `PUT /path {"json":true}`, as one of Fourwire's own commands sends it. */
function madeBy(request: string): Asked | null {
  const [, method = '', path = '', body = ''] = /^([A-Z]+) (\/\S*) (\{.*\})$/.exec(request) ?? []
  return method === '' ? null : { method, isYours: false, path, headers: { 'content-type': 'application/json' }, body }
}

/**
 * Reads one `curl` command. Returns null if the text contains anything else, such as a variable, a pipe or a second
 * command.
 */
function commandIn(text: string): Asked | null {
  const words = wordsOf(text.trim())
  if (words?.[0] !== 'curl') return null
  const heads: string[] = []
  const urls: string[] = []
  let method: string | undefined
  let body: string | undefined
  for (let i = 1; i < words.length; i++) {
    const word = words[i] ?? ''
    if (/^(?:-[siSN]+|--raw)$/.test(word)) continue
    if (!word.startsWith('-')) urls.push(word)
    // The options -w and -o change only what a terminal shows. The page has its own time limit.
    else if (word === '-w' || word === '-o' || word === '--max-time') i++
    else if (word === '-X') method = words[++i]
    else if (word === '-H') heads.push(...(/^([\w-]+): *(.*)$/.exec(words[++i] ?? '')?.slice(1) ?? []))
    else if (word === '-d') body = words[++i]
    else return null
  }
  const [, port, path] = /^(?:http:\/\/)?localhost:(\d+)(\/.*)$/.exec(urls[0] ?? '') ?? []
  if (path === undefined || urls.length > 1) return null
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    isYours: port !== location.port && /^41\d\d$/.test(port ?? ''),
    path,
    headers: pairs(heads),
    ...(body !== undefined && { body }),
  }
}

/** Reports whether the sandbox records the request. The sandbox records only requests of the feed. */
const isKept = ({ path }: Asked): boolean => path.startsWith('/feed/')

function pairs(heads: readonly string[]): Record<string, string> {
  return Object.fromEntries(heads.flatMap((name, i) => (i % 2 === 0 ? [[name, heads[i + 1] ?? '']] : [])))
}
