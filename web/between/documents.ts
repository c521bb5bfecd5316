/**
 * Takes the advice about proxies and firewalls from the page of server/README.md, so that there is one source for it.
 */

export interface ProxyAdvice {
  /** Cells of the matching rows: the problem, what one sees, and the solution. */
  readonly rows: readonly (readonly Node[])[]
  /** Configurations of proxies that let everything through, each with the name of its language. */
  readonly configurations: readonly Element[]
}

const SECTION = 'behind-a-proxy-for-tls'

/** Returns the advice for these problems; null if this installation has no documents. */
export async function adviceFor(patterns: readonly RegExp[]): Promise<ProxyAdvice | null> {
  const document = await loadDocument('/docs/server')
  const heading = document?.getElementById(SECTION)
  if (!heading) return null
  const parts: Element[] = []
  for (let next = heading.nextElementSibling; next && next.tagName !== heading.tagName; next = next.nextElementSibling)
    parts.push(next)
  const all = <E extends Element>(selector: string) =>
    parts.flatMap((part) => [...(part.matches(selector) ? [part] : []), ...part.querySelectorAll(selector)]) as E[]
  const rows = all<HTMLTableRowElement>('tbody tr').filter(({ cells: [first] }) =>
    patterns.some((pattern) => pattern.test(first?.textContent?.trim() ?? '')),
  )
  return {
    rows: rows.map(({ cells }) => Array.from(cells, (cell) => contentOf(cell))),
    configurations: all('pre').map((block) => window.document.importNode(block, true)),
  }
}

function contentOf(cell: Element): Node {
  const fragment = window.document.createDocumentFragment()
  for (const node of cell.childNodes) fragment.append(window.document.importNode(node, true))
  return fragment
}

/** Loads a page of this server as a document. Its scripts do not run. Returns null if there is no such page. */
function loadDocument(path: string): Promise<Document | null> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    request.responseType = 'document'
    request.onload = () => resolve(request.status === 200 ? request.responseXML : null)
    request.onerror = () => resolve(null)
    request.open('GET', path)
    request.send()
  })
}
