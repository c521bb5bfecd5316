/**
 * Serves the page of a lesson beside the student's own routes, on each HTTP server of this process: `/page` is the page,
 * and `/page/NAME.ts` is a file of the student without its types, for example the client that the page uses.
 */
import { readFileSync } from 'node:fs'
import { Server } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'

/** `page`: file of the page. `folder`: folder of the student's files. */
export function servePage(page: string, folder: string): void {
  const emit: Emit = Server.prototype.emit
  // The listeners for `request` belong to the student's program, so the page is served before they are called.
  const emitOrServe: Emit = function (this: Server, event, ...args) {
    const isServed = event === 'request' && hasServed(...(args as [IncomingMessage, ServerResponse]))
    return isServed || emit.call(this, event, ...args)
  }
  Server.prototype.emit = emitOrServe

  /** Returns false if the request is for another path. */
  function hasServed({ url = '' }: IncomingMessage, response: ServerResponse): boolean {
    const [path] = url.split('?')
    const [, name] = /^\/page\/([\w-]+\.ts)$/.exec(path ?? '') ?? []
    if (path !== '/page' && name === undefined) return false
    const type = name === undefined ? 'text/html' : 'text/javascript'
    try {
      const text = name === undefined ? readFileSync(page, 'utf8') : withoutTypes(join(folder, name))
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(text)
    } catch (error) {
      // The file is missing, or its syntax is wrong. The checks report this with the line.
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end(String(error))
    }
    return true
  }
}

type Emit = (this: Server, event: string | symbol, ...args: unknown[]) => boolean

/** Returns the text of a file without its types, and suppresses Node's warning that the function is experimental. */
function withoutTypes(file: string): string {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(readFileSync(file, 'utf8'))
  } finally {
    process.emitWarning = emitWarning
  }
}
