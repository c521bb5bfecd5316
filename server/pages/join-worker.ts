/** Runs in a thread that `joined.ts` starts: joins the scripts and the styles that the HTML of a page names. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { forBrowser, vendorFile } from './files.ts'
import { join as joinModules } from './join-modules.ts'
import { joinedText, sourceMap } from './joined-text.ts'
import type { Piece } from './joined-text.ts'
import { stateOf } from '../http/rendered.ts'
import type { NamedFiles } from './tags.ts'
import { findVendored } from './vendored.ts'

export interface JoinTask {
  /** Folder that contains `web/`. */
  readonly root: string
  /** Folder that contains `node_modules/`. */
  readonly repository: string
  readonly files: NamedFiles
}

export interface JoinResult {
  /** Files that the texts depend on. The state of a file changes with its content. A missing file has an empty state. */
  readonly states: ReadonlyMap<string, string>
  /** Joined texts and their source maps, by name. */
  readonly texts: ReadonlyMap<string, string>
  /** Hash of the texts. */
  readonly hash: string
  /** Reason why the page cannot be joined; otherwise null. */
  readonly failure: string | null
}

parentPort?.on('message', (task: JoinTask) => parentPort?.postMessage(resultOf(task)))

const mapOfScript = (map: string): string => `//# sourceMappingURL=${map}\n`

function resultOf({ root, repository, files }: JoinTask): JoinResult {
  const states = new Map<string, string>()
  const texts = new Map<string, string>()
  const hash = createHash('sha256')
  let failure: string | null = null
  try {
    joinFiles()
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
    texts.clear()
  }
  return { states, texts, hash: hash.digest('base64url').slice(0, 16), failure }

  function joinFiles(): void {
    const vendored = findVendored(repository)
    const web = join(root, 'web')
    const { styles, early, scripts, imports } = files
    const { main, later } = joinModules(scripts, fileAt, resolve)
    add('style.css', styles.map(styleAt), (map) => `/*# sourceMappingURL=${map} */\n`)
    add('early.js', early === null ? [] : [apart(early)], mapOfScript)
    add('main.js', main, mapOfScript)
    add('later.js', later, mapOfScript)

    function apart(address: string): Piece {
      const file = fileAt(address)
      return { ...file, before: `// ${file.path}`, after: '' }
    }

    function styleAt(address: string): Piece {
      const file = fileAt(address)
      // The joined text has another address than the file.
      const [relative] = /@import[^;]*|url\((?!['"]?(?:\/|data:|#))[^)]*/.exec(file.text) ?? []
      if (relative !== undefined) throw new Error(`${file.path} names a file without a leading slash: "${relative}".`)
      return { ...file, before: `/* ${file.path} */`, after: '' }
    }

    function fileAt(address: string): Pick<Piece, 'path' | 'original' | 'text'> {
      const path = address.slice(1)
      const [folder, file] = vendorFile(vendored, path.replace(/^vendor\//, '')) ?? [web, path]
      const original = read(join(folder, file))
      const text = forBrowser(original, file)
      return folder === web ? { path: `web/${path}`, original, text } : { path, original: text, text }
    }

    function resolve(specifier: string, from: string): string {
      if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, `http://page${from}`).pathname
      const key = Object.keys(imports)
        .filter((name) => name === specifier || (name.endsWith('/') && specifier.startsWith(name)))
        .toSorted((a, b) => b.length - a.length)[0]
      if (key === undefined) throw new Error(`The import map does not have ${specifier}, which ${from} imports.`)
      return `${imports[key]}${specifier.slice(key.length)}`
    }
  }

  function add(name: string, pieces: readonly Piece[], mapped: (map: string) => string): void {
    if (pieces.length === 0) return
    const text = joinedText(pieces) + mapped(`${name}.map`)
    hash.update(text)
    texts.set(name, text).set(`${name}.map`, sourceMap(pieces))
  }

  function read(file: string): string {
    // If the file is missing, for example while an editor replaces it, the page is joined again when the file is there.
    states.set(file, '')
    states.set(file, stateOf(statSync(file)))
    return readFileSync(file, 'utf8')
  }
}
