/** The requests in a lesson's text, to be sent from the page: beneath each stands what crossed the wire for it, byte for byte. */
import type { Inspected } from '../../../server/protocol.ts'
import { isOver } from '../../inspect/exchange.ts'
import { plainParts } from '../../inspect/plain.ts'
import { see } from '../../inspect/see.ts'
import type { Session } from '../../state/session.ts'
import { ofLane, troubleOf } from '../../transports/ask.ts'
import { wordsOf } from './words.ts'

interface Asked {
  readonly method: string
  /** Of the student's server, else of this one. */
  readonly isYours: boolean
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface TryPlace {
  session(): Session | undefined
  /** To the student's server; empty where there is none. */
  readonly way: string
}

/** A stream has no end: so much of it is shown. */
const SHOWN_MS = 5000
const SHOWN_CHARS = 8000

/** What crossed is told a little after it did, and is asked for as often. */
const LOOK_MS = 200
const PATIENCE_MS = 2000

/** Where a command is more than one request it stays one for the terminal. */
export function offerTries(text: ParentNode, place: TryPlace): void {
  let tries = 0
  for (const block of text.querySelectorAll('.http, pre.sh')) {
    const written = block.textContent ?? ''
    const asked = block.matches('.http') ? requestIn(written) : commandIn(written)
    if (asked && (!asked.isYours || (place.way !== '' && isSimple(asked))))
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
  shown.setAttribute('aria-label', 'What crossed the wire')
  shown.setAttribute('aria-live', 'polite')
  box.append(button, shown)
  button.addEventListener('click', async () => {
    button.disabled = true
    shown.hidden = false
    shown.textContent = '…'
    await exchange(asked, place, newName(), (text) => {
      if (shown.textContent !== text) shown.textContent = text
    })
    button.disabled = false
  })
  return box
}

/** Asks under a lane's name of its own, so that the sandbox keeps what crosses, and shows that as it grows. */
async function exchange(
  asked: Asked,
  { session: sessionNow, way }: TryPlace,
  name: string,
  show: (text: string) => void,
) {
  const session = sessionNow()
  const lane = session?.laneName(name)
  const ending = new AbortController()
  const url = ofLane(`${asked.isYours ? way : ''}${await dated(asked.path)}`, lane)
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
    // No lab, or a request that it keeps nothing of: then only what the page itself has seen.
    if (text === null) show(`${heard ?? ''}\n(What the page said and heard; the bytes are not known.)`)
    break
  }
  clearTimeout(limit)
}

function textOf(found: Inspected, session: Session): string {
  const text = plainParts(see(found, (id) => session.isOwn(id)))
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}\n… and so on` : text
}

const pause = (): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), LOOK_MS))

/** Answers in words what the page has said and heard. What it may not read is still what crossed. */
async function send({ method, headers, body }: Asked, url: string, signal: AbortSignal): Promise<string> {
  let text = `${method} ${url}\n\n`
  try {
    const response = await fetch(url, {
      method,
      headers,
      cache: 'no-store',
      signal,
      ...(body !== undefined && { body }),
    })
    text += `${response.status} ${response.statusText}\n`
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) text += part.value
    return text
  } catch (error) {
    return signal.aborted ? text : text + troubleOf(error)
  }
}

/** With the room's present cursor: what stands there in the text is another's. */
async function dated(path: string): Promise<string> {
  return path.includes('⟨') ? path.replace(/⟨[^⟩]*⟩/, await cursorOf(path)) : path
}

/** How long a long poll asks to be held, in seconds. */
function waitIn(url: string): number {
  return Math.min(30, Number(new URL(url, location.origin).searchParams.get('wait') ?? 0))
}

/** The room's present one: what stands there in the text is another's. */
async function cursorOf(path: string): Promise<string> {
  const [, room = 'lobby'] = /^\/feed\/([^/]+)\//.exec(path) ?? []
  const answer = await fetch(`/feed/${room}/poll`)
  const { cursor }: { cursor: string } = await answer.json()
  return cursor
}

/** `GET /path HTTP/1.1` and its heads; what follows is the answer. A WebSocket is no fetch. */
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

/** One `curl` and nothing else: no variable, no pipe, nothing behind it. */
function commandIn(text: string): Asked | null {
  const words = wordsOf(text.trim())
  if (words?.[0] !== 'curl') return null
  const heads: string[] = []
  const urls: string[] = []
  let method: string | undefined
  let body: string | undefined
  for (let i = 1; i < words.length; i++) {
    const word = words[i] ?? ''
    if (/^-[siSN]+$/.test(word)) continue
    if (!word.startsWith('-')) urls.push(word)
    // What a terminal shows of it.
    else if (word === '-w' || word === '-o') i++
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

/** What a page may ask of another origin without asking first whether it may, and the sandbox keeps. */
const isSimple = ({ method, path, headers, body }: Asked): boolean =>
  path.startsWith('/feed/') && method === 'GET' && body === undefined && Object.keys(headers).length === 0

function pairs(heads: readonly string[]): Record<string, string> {
  return Object.fromEntries(heads.flatMap((name, i) => (i % 2 === 0 ? [[name, heads[i + 1] ?? '']] : [])))
}
