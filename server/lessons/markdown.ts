/** A lesson's page as HTML: its sections, its blocks by what they are for, and its links where they lead on this server. */
import MarkdownIt from 'markdown-it'
import type { StateBlock, Token } from 'markdown-it'

export function htmlOf(markdown: string): string {
  return md.render(markdown)
}

/** Of a title: words and code, nothing around them. */
export function inlineHtmlOf(markdown: string): string {
  return md.renderInline(markdown)
}

export const escapeHtml = (text: string): string => md.utils.escapeHtml(text)

const md = new MarkdownIt({ html: false })

md.block.ruler.before('paragraph', 'details', details, { alt: ['paragraph', 'list'] })

md.core.ruler.push('lesson', (state) => {
  const make = (type: string, tag: string, nesting: -1 | 0 | 1) => new state.Token(type, tag, nesting)
  state.tokens = sections(state.tokens, make)
  for (const { children } of state.tokens) for (const token of children ?? []) lead(token)
})

md.renderer.rules['fence'] = (tokens, at) => {
  const { info = '', content = '' } = tokens[at] ?? {}
  const text = escapeHtml(content.trimEnd())
  if (info === 'sh') return `<pre class="sh"><code>${text}</code></pre>\n`
  if (info === 'http') return `<div class="http"><pre><code>${text.replace(/⟨.*?⟩/g, '<i>$&</i>')}</code></pre></div>\n`
  // A drawing keeps its lines, however narrow the page: it scrolls, and so keys have to reach it.
  return `<pre class="drawn" tabindex="0" role="region" aria-label="Drawing"><code>${text}</code></pre>\n`
}

md.renderer.rules['prediction'] = () => '<fw-prediction></fw-prediction>\n'

/**
 * The one piece of HTML that pages have, line by line: `<details>`, `<summary>…</summary>`, `</details>`.
 * All other HTML is text.
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

/** Everything up to the next heading of its rank is a section; the one that asks for a prediction has the field for it. */
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

/** As in `test/docs.test.ts`: what links within the page are written against. */
function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

/** Links to the sandbox lead to this one, whatever its port is; links to other lessons lead to their pages here. */
function lead(token: Token): void {
  if (token.type !== 'link_open') return
  const href = String(token.attrGet('href') ?? '')
  const [, here] = /^http:\/\/localhost:3000(\/.*)?$/.exec(href) ?? []
  const [, lesson, anchor = ''] = /^\.\.\/(\d\d-[a-z0-9-]+)\/(?:README\.md)?(#.*)?$/.exec(href) ?? []
  if (href.startsWith('http://localhost:3000')) token.attrSet('href', here ?? '/')
  else if (lesson !== undefined) token.attrSet('href', `/lessons/${lesson}${anchor}`)
  else if (href === '../README.md') token.attrSet('href', '/lessons')
  else if (!/^(?:https?:|#)/.test(href)) token.attrSet('href', '#')
}
