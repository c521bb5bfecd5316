/** The requests in a lesson's text, to be sent from the page: beneath each stands what was sent and what came. */
import { troubleOf } from '../../transports/ask.ts'
import { wordsOf } from './words.ts'

interface Asked {
  readonly method: string
  /** On this server. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** A stream has no end: so much of it is shown. */
const SHOWN_MS = 5000
const SHOWN_CHARS = 4000

/** Where a command is more than one request it stays one for the terminal. */
export function offerTries(text: ParentNode): void {
  for (const block of text.querySelectorAll('.http, pre.sh')) {
    const written = block.textContent ?? ''
    const asked = block.matches('.http') ? requestIn(written) : commandIn(written)
    if (asked) block.after(tryOf(asked))
  }
}

function tryOf(asked: Asked): HTMLElement {
  const box = document.createElement('div')
  const button = document.createElement('button')
  const shown = document.createElement('pre')
  box.className = 'try'
  button.className = 'button'
  button.type = 'button'
  button.textContent = 'Try'
  shown.hidden = true
  shown.setAttribute('aria-live', 'polite')
  box.append(button, shown)
  button.addEventListener('click', async () => {
    button.disabled = true
    shown.hidden = false
    shown.textContent = ''
    await exchange(asked, (piece) => shown.append(piece)).catch((error: unknown) => shown.append(troubleOf(error)))
    button.disabled = false
  })
  return box
}

/** What the page says and hears; the browser adds heads of its own, which only the sandbox sees. */
async function exchange({ method, path, headers, body }: Asked, show: (piece: string) => void): Promise<void> {
  const url = path.includes('⟨') ? path.replace(/⟨[^⟩]*⟩/, await cursorOf(path)) : path
  const heads = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`)
  show(`${method} ${url}\n${heads.join('')}${body === undefined ? '' : `\n${body}\n`}\n`)
  const signal = AbortSignal.timeout(SHOWN_MS + 1000 * waitIn(url))
  const response = await fetch(url, { method, headers, cache: 'no-store', signal, ...(body !== undefined && { body }) })
  show(`${response.status} ${response.statusText}\n`)
  for (const [name, value] of response.headers) show(`${name}: ${value}\n`)
  show('\n')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let chars = 0
  try {
    for (let part = await reader?.read(); part && !part.done && chars < SHOWN_CHARS; part = await reader?.read()) {
      chars += part.value.length
      show(part.value)
    }
    await reader?.cancel()
  } catch {
    show('\n… and so on: a stream has no end.')
  }
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
  return { method: 'GET', path, headers: pairs(heads) }
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
  const [, path] = /^(?:http:\/\/)?localhost:\d+(\/.*)$/.exec(urls[0] ?? '') ?? []
  if (path === undefined || urls.length > 1) return null
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    path,
    headers: pairs(heads),
    ...(body !== undefined && { body }),
  }
}

function pairs(heads: readonly string[]): Record<string, string> {
  return Object.fromEntries(heads.flatMap((name, i) => (i % 2 === 0 ? [[name, heads[i + 1] ?? '']] : [])))
}
