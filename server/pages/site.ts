/** The list of this server's pages, and the head with links to them that every HTML page begins with. */
import { escapeHtml } from './markdown.ts'

export interface SitePage {
  /** Address of the page. Pages below this address belong to it: a lesson belongs to `/lessons`. */
  readonly path: string
  /** Text of the link in the head. */
  readonly name: string
  /** Purpose of the page. The page for unknown addresses shows this text. */
  readonly about: string
}

/**
 * The pages, in the order of their links. To add a page, write `web/NAME/index.html` with `<!-- head -->` at the
 * beginning of its body, name the file in `PAGES` (page.ts), and add a line here.
 */
export const SITE: readonly SitePage[] = [
  { path: '/', name: 'Sandbox', about: 'one chat feed, delivered four ways at once' },
  { path: '/lessons', name: 'Lessons', about: 'build each of the four transports yourself' },
  { path: '/docs', name: 'Docs', about: 'how everything works, and what was measured' },
  {
    path: '/board',
    name: 'Board',
    about: 'a task board for several people at once, over any transport that the network lets through',
  },
  { path: '/choose', name: 'Choose', about: 'which transport is right for your workload' },
  { path: '/chat', name: 'Chat', about: 'a plain chat: forty lines of code and a WebSocket' },
]

/**
 * Puts the head of all pages where the document has `<!-- head -->`. `path` is the address of the page, whose link is
 * marked. `web/page/head.ts` adds the parts that need JavaScript.
 */
export function withHead(html: string, path: string): string {
  return html.replace('<!-- head -->', () => head(path))
}

/** Returns a list item with a link for each page. */
export function siteItems(): string {
  return SITE.map(
    ({ path, name, about }) => `<li><a href="${path}">${name}</a> <span>${escapeHtml(about)}</span></li>`,
  ).join('\n')
}

/** On a narrow screen, the button opens the links as a popover. On a wide screen, the links stand in the head. */
function head(path: string): string {
  return `<header class="site">
      <a class="mark" href="/"><img src="/icon.svg" width="20" height="20" alt="" />Fourwire</a>
      <div class="own"></div>
      <button class="button menu" type="button" popovertarget="pages">Pages</button>
      <div id="pages" popover>
        <nav aria-label="Pages">${SITE.map((page) => link(page, path)).join(' ')}</nav>
        <button class="leave" type="button" hidden>Sign out</button>
        <button class="theme" type="button">Dark</button>
      </div>
      <script type="module" src="/page/head.ts"></script>
    </header>`
}

function link({ path, name }: SitePage, current: string): string {
  const isBelow = path !== '/' && current.startsWith(`${path}/`)
  return `<a href="${path}"${current === path ? ' aria-current="page"' : isBelow ? ' aria-current="true"' : ''}>${name}</a>`
}
