import { parentPort } from 'node:worker_threads'
import { createHighlighterCore } from '@shikijs/core'
import type { HighlighterCore, ThemeRegistrationRaw } from '@shikijs/core'
import { createJavaScriptRegexEngine } from '@shikijs/engine-javascript'
import typescript from '@shikijs/langs/typescript'
import type { SourcePiece } from '../protocol/source.ts'

/** Runs in a thread that `source.ts` starts: receives a text, and sends back the text's lines as lists of pieces. */
parentPort?.on('message', async (text: string) => parentPort?.postMessage(await split(text)))

async function split(text: string): Promise<SourcePiece[][]> {
  highlighter ??= load()
  const lines = (await highlighter).codeToTokensBase(text, { lang: 'typescript', theme: THEME.name })
  return lines.map((line) => merged(line.map(({ content, color }) => ({ kind: kindOf(color), text: content }))))
}

let highlighter: Promise<HighlighterCore> | undefined

function load(): Promise<HighlighterCore> {
  return createHighlighterCore({ themes: [THEME], langs: [typescript], engine: createJavaScriptRegexEngine() })
}

type Kind = SourcePiece['kind']

/** A colour for each kind of piece. The theme gives each piece the colour of its kind; no page shows these colours. */
const COLOUR: Readonly<Record<Kind, string>> = {
  plain: '#000000',
  comment: '#000001',
  keyword: '#000002',
  string: '#000003',
}

/** A theme that maps TextMate scopes to kinds. If several scopes match, the longer and deeper match decides. */
const THEME = {
  name: 'kinds',
  settings: [
    { settings: { foreground: COLOUR.plain } },
    setting('comment', 'comment'),
    setting('keyword', 'keyword', 'storage', 'constant.language', 'variable.language'),
    // The scopes of operators begin like the scopes of keywords. The contents of `${…}` are inside the scope of a
    // string.
    setting('plain', 'keyword.operator', 'storage.type.function.arrow', 'meta.template.expression'),
    setting('keyword', 'keyword.operator.new', 'keyword.operator.expression'),
    // Every part of a regular expression has the kind `string`. Every part of a comment has the kind `comment`.
    setting('string', 'string', 'string.regexp keyword.operator', 'string.regexp keyword', 'string.regexp constant'),
    setting('comment', 'comment storage', 'comment keyword', 'comment constant', 'comment variable'),
  ],
} satisfies ThemeRegistrationRaw

function setting(kind: Kind, ...scope: string[]) {
  return { scope, settings: { foreground: COLOUR[kind] } }
}

function kindOf(colour = COLOUR.plain): Kind {
  const kinds: readonly Kind[] = ['comment', 'keyword', 'string']
  return kinds.find((kind) => COLOUR[kind] === colour) ?? 'plain'
}

/** Joins neighbouring pieces of the same kind, so that the page has fewer elements. */
function merged(pieces: readonly SourcePiece[]): SourcePiece[] {
  const joined: SourcePiece[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    if (last?.kind === piece.kind) joined[joined.length - 1] = { kind: piece.kind, text: last.text + piece.text }
    else joined.push(piece)
  }
  return joined
}
