/** What a browser is shown where nothing is; programs get the catalogue's error (error-handler.ts). */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { escapeHtml } from './lessons/markdown.ts'
import { REPOSITORY, documentHeaders } from './page.ts'
import type { Rendered } from './rendered.ts'

/** `path` as it was asked for: whatever is in it becomes text. */
export async function nothingAt(path: string): Promise<Rendered> {
  const frame = await readFile(join(REPOSITORY, 'web/nothing.html'), 'utf8')
  const body = frame.replace('<!-- path -->', () => escapeHtml(path))
  return { headers: documentHeaders(body), body }
}
