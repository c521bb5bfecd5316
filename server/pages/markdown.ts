/** Turns the Markdown of lessons and documents into HTML, with links that lead to pages of this server. */
import MarkdownIt from 'markdown-it'
import type { StateBlock, Token } from 'markdown-it'

/** Returns the address on this server for the target of a link or a picture. Returns null if the target has no page. */
export type AddressOf = (target: string) => string | null

/** Returns a page's HTML. By default, links are resolved as in the text of a lesson. */
export function htmlOf(markdown: string, addressOf: AddressOf = fromLesson): string {
  return md.render(markdown, { addressOf })
}

/** Returns the HTML of a title, without a paragraph around it. */
export function inlineHtmlOf(markdown: string): string {
  return md.renderInline(markdown)
}

export const escapeHtml = (text: string): string => md.utils.escapeHtml(text)

const md = new MarkdownIt({ html: false })

md.block.ruler.before('paragraph', 'details', details, { alt: ['paragraph', 'list'] })

md.core.ruler.push('lesson', (state) => {
  const make = (type: string, tag: string, nesting: -1 | 0 | 1) => new state.Token(type, tag, nesting)
  state.tokens = sections(state.tokens, make)
  const { addressOf = fromLesson } = state.env as { addressOf?: AddressOf }
  for (const { children } of state.tokens) lead(children ?? [], addressOf)
})

md.renderer.rules['fence'] = (tokens, at) => {
  const { info = '', content = '' } = tokens[at] ?? {}
  const text = escapeHtml(content.trimEnd())
  // After `sh`, a lesson can name the request that the command sends: `sh PUT /lab/settings {…}`. A button sends it.
  const command = /^sh(?: (.+))?$/.exec(info)
  const request = command?.[1] === undefined ? '' : ` data-request="${escapeHtml(command[1])}"`
  if (command) return `<pre class="sh"${request}><code>${text}</code></pre>\n`
  if (info === 'http') return `<div class="http"><pre><code>${text.replace(/⟨.*?⟩/g, '<i>$&</i>')}</code></pre></div>\n`
  // A drawing keeps its lines on a narrow page. It scrolls instead, so the keyboard must be able to focus it.
  const label = info === '' || info === 'text' ? 'Drawing' : 'Code'
  return `<pre class="drawn" tabindex="0" role="group" aria-label="${label}"><code>${text}</code></pre>\n`
}

md.renderer.rules['prediction'] = () => '<fw-prediction></fw-prediction>\n'

/**
 * Reads the only HTML that pages may contain, one tag per line: `<details>`, `<summary>…</summary>`, `</details>`.
 * The renderer shows all other HTML as text.
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
 * Puts each heading of level 2 and the text after it into a section. The section *Predict* also gets its input field.
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

/** Returns the anchor of a heading, as GitHub builds it. `test/docs.test.ts` checks links with the same rule. */
function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

/** Sets the addresses of links and pictures. A link without an address becomes plain text. */
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

/** Links to the sandbox lead to this server, whatever its port is. Links to other lessons lead to their pages. */
function fromLesson(target: string): string {
  const [, here] = /^http:\/\/localhost:3000(\/.*)?$/.exec(target) ?? []
  const [, lesson, anchor = ''] = /^\.\.\/(\d\d-[a-z0-9-]+)\/(?:README\.md)?(#.*)?$/.exec(target) ?? []
  if (target.startsWith('http://localhost:3000')) return here ?? '/'
  if (lesson !== undefined) return `/lessons/${lesson}${anchor}`
  if (target === '../README.md') return '/lessons'
  return /^(?:https?:|#)/.test(target) ? target : '#'
}
