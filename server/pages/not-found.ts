/** Builds the page that a browser receives for an unknown address. Programs receive the error `not-found` instead. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { escapeHtml } from './markdown.ts'
import { REPOSITORY, documentHeaders } from './page.ts'
import { siteItems, withHead } from './site.ts'
import type { Rendered } from '../http/rendered.ts'

/** Returns the page. `path` is the requested path. The page shows `path` as text, so HTML in `path` has no effect. */
export async function nothingAt(path: string): Promise<Rendered> {
  const frame = await readFile(join(REPOSITORY, 'web/not-found/index.html'), 'utf8')
  const body = withHead(frame, path)
    .replace('<!-- pages -->', siteItems)
    .replace('<!-- path -->', () => escapeHtml(path))
  return { headers: documentHeaders(body), body }
}
