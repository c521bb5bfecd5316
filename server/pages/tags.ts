/** The tags of a page's HTML that name its scripts and styles. */

const STYLES = /^[ \t]*<link rel="stylesheet" href="([^"]+)" \/>\r?\n/gm
const EARLY_SCRIPT = /<script src="([^"]+)"><\/script>/
const SCRIPTS = /^[ \t]*<script type="module" src="([^"]+)"><\/script>\r?\n/gm
const IMPORT_MAPS = /<script type="importmap">(.*?)<\/script>/gs

export interface NamedFiles {
  /** Addresses of the styles. */
  readonly styles: readonly string[]
  /** Address of the classic script that runs before the browser draws the page, or null if the page has none. */
  readonly early: string | null
  /** Addresses of the modules that run when the browser has read the document. */
  readonly scripts: readonly string[]
  /** Names that scripts may import, with their addresses. */
  readonly imports: Readonly<Record<string, string>>
}

export function namedFiles(html: string): NamedFiles {
  return {
    styles: Array.from(html.matchAll(STYLES), ([, href = '']) => href),
    early: EARLY_SCRIPT.exec(html)?.[1] ?? null,
    scripts: Array.from(html.matchAll(SCRIPTS), ([, src = '']) => src),
    imports: Object.assign({}, ...importMaps(html).map((map) => JSON.parse(map).imports)),
  }
}

export function importMaps(html: string): string[] {
  return Array.from(html.matchAll(IMPORT_MAPS), ([, map = '']) => map)
}

/** Returns the HTML with the joined files instead of those that it names. `folder`: address of the joined files. */
export function withJoinedFiles(html: string, folder: string): string {
  const onlyFirst = (tag: string): (() => string) => {
    let count = 0
    return () => (count++ === 0 ? `    ${tag}\n` : '')
  }
  return html
    .replace(EARLY_SCRIPT, `<script src="${folder}early.js"></script>`)
    .replace(STYLES, onlyFirst(`<link rel="stylesheet" href="${folder}style.css" />`))
    .replace(SCRIPTS, onlyFirst(`<script type="module" src="${folder}main.js"></script>`))
}
