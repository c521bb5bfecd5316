/** Turns the Markdown of lessons and documents into HTML. Links to other lessons and documents lead to this server. */
import MarkdownIt from 'markdown-it'
import type { StateBlock, Token } from 'markdown-it'

/**
 * Returns the address on this server for the target of a link or a picture. Returns null if this server has no page for
 * the target.
 */
export type AddressOf = (target: string) => string | null

/** Turns Markdown into HTML. `addressOf` sets the addresses of links and pictures. */
export function htmlOf(markdown: string, addressOf: AddressOf): string {
  return md.render(markdown, { addressOf })
}

/** Turns the Markdown of a title into HTML, without a paragraph around the title. */
export function inlineHtmlOf(markdown: string): string {
  return md.renderInline(markdown)
}

export const escapeHtml = (text: string): string => md.utils.escapeHtml(text)

const md = new MarkdownIt({ html: false })

md.block.ruler.before('paragraph', 'details', details, { alt: ['paragraph', 'list'] })

md.core.ruler.push('lesson', (state) => {
  const make = (type: string, tag: string, nesting: -1 | 0 | 1) => new state.Token(type, tag, nesting)
  state.tokens = sections(state.tokens, make)
  const { addressOf } = state.env as { addressOf?: AddressOf }
  if (!addressOf) return
  for (const { children } of state.tokens) lead(children ?? [], addressOf)
})

md.renderer.rules['fence'] = (tokens, at) => {
  const { info = '', content = '' } = tokens[at] ?? {}
  const text = escapeHtml(content.trimEnd())
  // After `sh`, a lesson can give the request that the command sends: `sh PUT /lab/settings {…}`. The page then shows a
  // button that sends the same request.
  const command = /^sh(?: (.+))?$/.exec(info)
  const request = command?.[1] === undefined ? '' : ` data-request="${escapeHtml(command[1])}"`
  // Each command that gets a button has a block of its own.
  const parts = /^(?:(?:npm run look|curl) .*(?:\n|$))+$/.test(text) ? text.split('\n') : [text]
  if (command) return `${parts.map((part) => `<pre class="sh"${request}><code>${part}</code></pre>`).join('')}\n`
  if (info === 'http') return `<div class="http"><pre><code>${text.replace(/⟨.*?⟩/g, '<i>$&</i>')}</code></pre></div>\n`
  // On a narrow page, a drawing becomes smaller, and code scrolls, because line breaks would destroy both. To scroll with
  // the keyboard, the reader must be able to focus the element.
  const isDrawing = info === '' || info === 'text'
  const classes = isDrawing ? `drawn${fitting(content)}` : 'drawn'
  return `<pre class="${classes}" tabindex="0" role="group" aria-label="${isDrawing ? 'Drawing' : 'Code'}"><code>${text}</code></pre>\n`
}

/** Widths of drawings, in columns, for which `web/lesson/lesson.css` has a class. */
const FITTING = [52, 56, 60, 64, 68, 72, 76, 80]

/** Returns the class of the smallest width that holds the drawing. A wider drawing has no class, and scrolls. */
function fitting(drawing: string): string {
  const columns = Math.max(...drawing.split('\n').map((line) => Array.from(line).length))
  const width = FITTING.find((one) => columns <= one)
  return width === undefined ? '' : ` columns-${width}`
}

md.renderer.rules['prediction'] = () => '<fw-prediction></fw-prediction>\n'

/**
 * Reads the only HTML that Markdown may contain here: `<details>`, `<summary>…</summary>` and `</details>`, each alone
 * on a line. The renderer shows all other HTML as text.
 */
function details(state: StateBlock, startLine: number, _endLine: number, isTrial: boolean): boolean {
  const line = state.src.slice(state.bMarks[startLine], state.eMarks[startLine]).trim()
  const [, summary] = /^<summary>([^<]*)<\/summary>$/.exec(line) ?? []
  if (summary === undefined && line !== '<details>' && line !== '</details>') return false
  if (isTrial) return true
  state.line = startLine + 1
  if (summary === undefined) {
    state.push('details', 'details', line === '<details>' ? 1 : -1)
    return true
  }
  state.push('summary_open', 'summary', 1)
  const inline = state.push('inline', '', 0)
  inline.content = summary
  inline.children = []
  state.push('summary_close', 'summary', -1)
  return true
}

type Make = (type: string, tag: string, nesting: -1 | 0 | 1) => Token

/**
 * Puts each heading of level 2 and the text after the heading into a `<section>`. The section *Predict* also gets a
 * field for the reader's prediction. Gives each heading its anchor.
 */
function sections(tokens: readonly Token[], make: Make): Token[] {
  let open: 'predict' | 'other' | null = null
  const close = (): Token[] => {
    const field = open === 'predict' ? [make('prediction', '', 0)] : []
    return open === null ? [] : [...field, make('section_close', 'section', -1)]
  }
  const all = tokens.flatMap((token, i) => {
    if (token.type !== 'heading_open') return [token]
    const name = slug(tokens[i + 1]?.content ?? '')
    token.attrSet('id', name)
    if (token.tag !== 'h2') return [token]
    const before = close()
    const section = make('section_open', 'section', 1)
    section.attrSet('aria-labelledby', name)
    open = name === 'predict' ? 'predict' : 'other'
    if (open === 'predict') section.attrSet('class', 'predict')
    return [...before, section, token]
  })
  return [...all, ...close()]
}

/** Returns the anchor that GitHub gives to a heading. `test/docs.test.ts` checks links with the same rule. */
function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

/** Sets the addresses of links and pictures. If `addressOf` returns null for a link, the link becomes plain text. */
function lead(tokens: readonly Token[], addressOf: AddressOf): void {
  let isPlain = false
  for (const token of tokens) {
    if (token.type === 'link_close') token.hidden = isPlain
    const name = { link_open: 'href', image: 'src' }[token.type]
    if (name === undefined) continue
    const address = addressOf(String(token.attrGet(name) ?? ''))
    if (token.type === 'link_open') token.hidden = isPlain = address === null
    if (address !== null) token.attrSet(name, address)
  }
}

/**
 * Returns the addresses for the links in the text of a lesson. A link to the sandbox leads to this server on any port. A
 * link to another lesson leads to the page of that lesson, and a link to a document beside the text leads to its page.
 */
export const fromLesson =
  (name: string): AddressOf =>
  (target) => {
    const [, here] = /^http:\/\/localhost:3000(\/.*)?$/.exec(target) ?? []
    const [, lesson, anchor = ''] = /^\.\.\/(\d\d-[a-z0-9-]+)\/(?:README\.md)?(#.*)?$/.exec(target) ?? []
    const [, page, place = ''] = /^([\w-]+)\.md(#.*)?$/.exec(target) ?? []
    if (target.startsWith('http://localhost:3000')) return here ?? '/'
    if (lesson !== undefined) return `/lessons/${lesson}${anchor}`
    if (page !== undefined) return `/lessons/${name}${page === 'README' ? '' : `/${page}`}${place}`
    if (target === '../README.md') return '/lessons'
    return /^(?:https?:|#)/.test(target) ? target : '#'
  }
